//! Resolving a template against a run.

use serde_json::{Map, Value};

use super::{Reference, ResolveError, Scope, Segment, Template};
use crate::value;

/// The longest text a template may make of one string, in bytes.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// The size of a whole resolved template, counted as its text and 16 bytes for each value.
pub const RESOLVED_BYTES_MAX: usize = 8 << 20;

impl Template {
    /// Returns the value with every reference replaced.
    pub fn resolve(&self, scope: &dyn Scope) -> Result<Value, ResolveError> {
        Resolver { scope, bytes_left: RESOLVED_BYTES_MAX }.value(self)
    }

    /// Resolves all that does not read `item`, so that each item of a `forEach` resolves the rest alone.
    ///
    /// `part.prepare(scope)?.resolve(item_scope)` equals `part.resolve(item_scope)` when both scopes agree on all but `item`.
    pub fn prepare(&self, scope: &dyn Scope) -> Result<Template, ResolveError> {
        if !self.reads_item() {
            return self.resolve(scope).map(Template::Literal);
        }
        Ok(match self {
            Self::List(items) => {
                let mut prepared = Vec::with_capacity(items.len());
                for item in items {
                    let item_prepared = item.prepare(scope)?;
                    if let Self::Literal(Value::Array(inner)) = &item_prepared
                        && item.is_spliced()
                    {
                        prepared.extend(inner.iter().cloned().map(Self::Literal));
                    } else {
                        prepared.push(item_prepared);
                    }
                }
                Self::List(prepared)
            }
            Self::Map(members) => Self::Map(
                members
                    .iter()
                    .map(|(name, member)| Ok((name.clone(), member.prepare(scope)?)))
                    .collect::<Result<_, ResolveError>>()?,
            ),
            Self::Secret(name) => Self::Secret(Box::new(name.prepare(scope)?)),
            Self::Text(segments) => Self::Text(
                segments
                    .iter()
                    .map(|segment| prepare_segment(segment, scope))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Literal(_) | Self::Reference(_) | Self::Expression(_) => self.clone(),
        })
    }

    /// Whether a list that it stands for becomes part of the list around it: `["{{ Names }}"]` is as long as `Names`.
    fn is_spliced(&self) -> bool {
        matches!(self, Self::Reference(_))
    }

    fn reads_item(&self) -> bool {
        match self {
            Self::Literal(_) | Self::Reference(_) => false,
            Self::Expression(expression) => expression.reads.item,
            Self::Text(segments) => segments.iter().any(Segment::reads_item),
            Self::List(items) => items.iter().any(Self::reads_item),
            Self::Map(members) => members.values().any(Self::reads_item),
            Self::Secret(name) => name.reads_item(),
        }
    }
}

impl Segment {
    fn reads_item(&self) -> bool {
        matches!(self, Self::Expression(expression) if expression.reads.item)
    }
}

fn prepare_segment(segment: &Segment, scope: &dyn Scope) -> Result<Segment, ResolveError> {
    if segment.reads_item() {
        return Ok(segment.clone());
    }
    let mut text = String::new();
    append(segment, scope, &mut text)?;
    Ok(Segment::Text(text))
}

impl Reference {
    /// Returns what it names, with its type.
    pub fn resolve(&self, scope: &dyn Scope) -> Result<Value, ResolveError> {
        let found = match self {
            Self::Parameter(name) => scope.parameter(name),
            Self::StepOutput { step, output } => scope.step_output(step, output),
            Self::Variable(name) => scope.variable(name),
            Self::Global(global) => Some(scope.global(*global)),
            Self::ExecutionId => Some(scope.execution_id()),
        };
        found.ok_or_else(|| ResolveError::Missing(self.describe()))
    }
}

struct Resolver<'s> {
    scope: &'s dyn Scope,
    bytes_left: usize,
}

impl Resolver<'_> {
    fn value(&mut self, template: &Template) -> Result<Value, ResolveError> {
        match template {
            Template::Literal(literal) => self.account(literal.clone()),
            Template::Reference(reference) => {
                let value = reference.resolve(self.scope)?;
                self.account(value)
            }
            Template::Expression(expression) => {
                let value = expression.evaluate(self.scope)?;
                self.account(value)
            }
            Template::Text(segments) => {
                let mut text = String::new();
                for segment in segments {
                    append(segment, self.scope, &mut text)?;
                }
                self.account(Value::String(text))
            }
            Template::List(items) => {
                let mut values = Vec::with_capacity(items.len());
                for item in items {
                    let value = self.value(item)?;
                    if let (true, Some(inner)) = (item.is_spliced(), value.as_array()) {
                        values.extend(inner.iter().cloned());
                    } else {
                        values.push(value);
                    }
                }
                Ok(Value::Array(values))
            }
            Template::Map(members) => members
                .iter()
                .map(|(name, member)| Ok((name.clone(), self.value(member)?)))
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            Template::Secret(name) => secret(self.value(name)?),
        }
    }

    fn account(&mut self, value: Value) -> Result<Value, ResolveError> {
        self.bytes_left = self
            .bytes_left
            .checked_sub(value::size_bytes(&value))
            .ok_or_else(|| ResolveError::TooLarge("the resolved value".to_owned()))?;
        Ok(value)
    }
}

fn append(segment: &Segment, scope: &dyn Scope, text: &mut String) -> Result<(), ResolveError> {
    let (value, name) = match segment {
        Segment::Text(literal) => {
            text.push_str(literal);
            return check_text(text);
        }
        Segment::Reference(reference) => (reference.resolve(scope)?, reference.describe()),
        Segment::Expression(expression) => {
            (expression.evaluate(scope)?, format!("`{}`", expression.source))
        }
    };
    if value::secret_name(&value).is_some() {
        return Err(ResolveError::SecretInText(name));
    }
    text.push_str(&value::text(&value));
    check_text(text)
}

fn check_text(text: &str) -> Result<(), ResolveError> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(ResolveError::TooLarge("a text".to_owned()));
    }
    Ok(())
}

/// A secret named by a Secret parameter, or by an output that holds one, is that secret.
fn secret(name: Value) -> Result<Value, ResolveError> {
    if let Value::String(name) = name {
        return Ok(value::secret(name));
    }
    if value::secret_name(&name).is_some() {
        return Ok(name);
    }
    Err(ResolveError::NotASecret { found: value::kind(&name) })
}
