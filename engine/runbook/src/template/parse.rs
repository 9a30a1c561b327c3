//! Reading templates.
//!
//! `{{ … }}` has SSM's meaning and cannot be escaped, as in SSM. In schema 0.4 `${{ … }}` holds CEL, and a map whose only key is
//! `secret` is a reference to a secret. What a reference stands for is never read again: there is no nested expansion.

use serde_json::Value;

use super::script::Script;
use super::{Expression, Global, Reference, Segment, Template, scan};
use crate::plan::Schema;

/// Why a text is not a template, and where: a byte offset into it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct TemplateError {
    pub offset: usize,
    pub message: String,
    /// What to write instead, where that is known.
    pub help: Option<String>,
}

impl TemplateError {
    fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into(), help: None }
    }

    fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}

/// How a text is read.
#[derive(Clone, Copy)]
struct Reading {
    schema: Schema,
    /// Whether it is the text of a script: braces that cannot be a reference are the script's own.
    is_script: bool,
}

/// What could be read of a text, and what is wrong with the rest.
#[derive(Default)]
struct Parts {
    segments: Vec<Segment>,
    literal: String,
    errors: Vec<TemplateError>,
    script: Script,
}

impl Template {
    /// Reads one string; of several mistakes, gives the first.
    pub fn parse_text(text: &str, schema: Schema) -> Result<Self, TemplateError> {
        let (template, errors) = Self::parse_all(text, schema, false);
        errors.into_iter().next().map_or(Ok(template), Err)
    }

    /// Reads one string; what cannot be read is left in it as text and said beside it. In a script, braces that cannot be a reference
    /// are no mistakes.
    pub(crate) fn parse_all(
        text: &str,
        schema: Schema,
        is_script: bool,
    ) -> (Self, Vec<TemplateError>) {
        let Parts { mut segments, errors, .. } = parts(text, Reading { schema, is_script });
        let whole = match segments.as_slice() {
            [] => return (Self::Literal(Value::String(String::new())), errors),
            [_] => segments.pop(),
            _ => None,
        };
        let template = match whole {
            Some(Segment::Text(text)) => Self::Literal(Value::String(text)),
            Some(Segment::Reference(reference)) => Self::Reference(reference),
            Some(Segment::Expression(expression)) => Self::Expression(expression),
            None => Self::Text(segments),
        };
        (template, errors)
    }

    /// Reads every string in a value; mistakes come all at once, each with the JSON pointer of its string.
    pub fn from_value(value: Value, schema: Schema) -> Result<Self, Vec<(String, TemplateError)>> {
        Self::from_inputs(value, schema, &|_| false)
    }

    /// As [`Self::from_value`]; `is_script` says of a JSON pointer whether the text there is a script's.
    pub(crate) fn from_inputs(
        value: Value,
        schema: Schema,
        is_script: &dyn Fn(&str) -> bool,
    ) -> Result<Self, Vec<(String, TemplateError)>> {
        let mut reader = Reader { schema, is_script, errors: Vec::new() };
        let template = reader.read(value, "");
        if reader.errors.is_empty() { Ok(template) } else { Err(reader.errors) }
    }

    /// Returns the value if it holds no references.
    pub fn as_literal(&self) -> Option<&Value> {
        match self {
            Self::Literal(value) => Some(value),
            Self::Reference(_)
            | Self::Expression(_)
            | Self::Text(_)
            | Self::List(_)
            | Self::Map(_)
            | Self::Secret(_) => None,
        }
    }
}

/// Parts a text into what it says and what it refers to.
fn parts(text: &str, reading: Reading) -> Parts {
    let mut parts = Parts::default();
    let mut at = 0;
    while let Some(found) = text[at..].find("{{") {
        let open = at + found;
        if text[open + 2..].starts_with('{') {
            // Of more than two braces in a row, the last two open the reference.
            parts.literal.push_str(&text[at..=open]);
            at = open + 1;
            continue;
        }
        let is_expression = reading.schema == Schema::V0_4 && text[at..open].ends_with('$');
        let literal_end = if is_expression { open - 1 } else { open };
        parts.literal.push_str(&text[at..literal_end]);
        let inner = open + 2;
        let end = if is_expression {
            scan::expression_end(&text[inner..])
        } else {
            text[inner..].find("}}")
        };
        let Some(length) = end else {
            if reading.schema == Schema::V0_4 && (is_expression || !reading.is_script) {
                let opened = if is_expression { "${{" } else { "{{" };
                let message = format!("`{opened}` is not closed by `}}}}`");
                parts.errors.push(TemplateError::new(literal_end, message));
            }
            at = literal_end;
            break;
        };
        let source = &text[inner..inner + length];
        at = inner + length + 2;
        let whole = &text[literal_end..at];
        if !is_expression && reading.is_script && parts.script.keeps(source) {
            parts.literal.push_str(whole);
        } else if is_expression {
            parts.add(whole, expression(source, inner).map(Segment::Expression));
        } else {
            let found = reference(source, open, reading.schema);
            parts.add(whole, found.map(Segment::Reference));
        }
    }
    parts.literal.push_str(&text[at..]);
    parts.end_literal();
    parts
}

impl Parts {
    fn add(&mut self, whole: &str, segment: Result<Segment, TemplateError>) {
        match segment {
            Ok(segment) => {
                self.end_literal();
                self.segments.push(segment);
            }
            Err(error) => {
                self.literal.push_str(whole);
                self.errors.push(error);
            }
        }
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.segments.push(Segment::Text(std::mem::take(&mut self.literal)));
        }
    }
}

fn expression(source: &str, start: usize) -> Result<Expression, TemplateError> {
    let skipped = source.len() - source.trim_start().len();
    Expression::parse(source.trim())
        .map_err(|error| TemplateError::new(start + skipped + error.offset, error.message))
}

fn reference(source: &str, open: usize, schema: Schema) -> Result<Reference, TemplateError> {
    if let Some((area, name)) = source.split_once(':') {
        let area = area.trim();
        return prefixed(area, name.trim()).map_err(|message| {
            let error = TemplateError::new(open, message);
            match area {
                "ssm" | "ssm-secure" => error.help(
                    "give a parameter of the runbook the default \"{{ssm:NAME}}\" and refer to that, or read it with getParameter",
                ),
                _ => error,
            }
        });
    }
    let mut names = source.split('.').map(str::trim);
    match (names.next(), names.next(), names.next()) {
        (Some(name), None, None) if is_name(name) => Ok(Reference::Parameter(name.to_owned())),
        (Some(step), Some(output), None) if is_name(step) && is_name(output) => {
            Ok(Reference::StepOutput { step: step.to_owned(), output: output.to_owned() })
        }
        _ => Err(unreadable(source, open, schema)),
    }
}

fn prefixed(area: &str, name: &str) -> Result<Reference, String> {
    match area {
        "variable" if is_name(name) => Ok(Reference::Variable(name.to_owned())),
        "variable" => Err(format!("`{name}` is not the name of a variable")),
        "global" => match Global::ALL.into_iter().find(|global| global.name() == name) {
            Some(global) => Ok(Reference::Global(global)),
            None => Err(format!(
                "`global:{name}` does not exist; there are {}",
                Global::ALL.map(|global| format!("global:{global}")).join(", ")
            )),
        },
        "automation" if name == "EXECUTION_ID" => Ok(Reference::ExecutionId),
        "automation" => {
            Err(format!("`automation:{name}` does not exist; there is automation:EXECUTION_ID"))
        }
        "ssm" | "ssm-secure" => {
            Err(format!("`{{{{{area}:…}}}}` can only be the default of a parameter"))
        }
        _ => Err(format!("`{area}:` is not known; there are variable:, global: and automation:")),
    }
}

fn unreadable(source: &str, open: usize, schema: Schema) -> TemplateError {
    let shown: String = source.trim().chars().take(60).collect();
    let error = TemplateError::new(open, format!("`{{{{ {shown} }}}}` is not a reference"));
    let forms = "write {{ Parameter }}, {{ Step.Output }}, {{ variable:name }}, {{ global:NAME }} or {{ automation:EXECUTION_ID }}";
    match schema {
        Schema::V0_3 => error.help(forms),
        Schema::V0_4 => error.help(format!("{forms}, or compute with ${{{{ … }}}}")),
    }
}

pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// Reads the strings of a value.
struct Reader<'r> {
    schema: Schema,
    is_script: &'r dyn Fn(&str) -> bool,
    errors: Vec<(String, TemplateError)>,
}

impl Reader<'_> {
    fn read(&mut self, value: Value, path: &str) -> Template {
        match value {
            Value::String(text) => {
                let is_script = (self.is_script)(path);
                let (template, errors) = Template::parse_all(&text, self.schema, is_script);
                self.errors.extend(errors.into_iter().map(|error| (path.to_owned(), error)));
                template
            }
            Value::Array(items) => {
                let items: Vec<Template> = items
                    .into_iter()
                    .enumerate()
                    .map(|(index, item)| self.read(item, &format!("{path}/{index}")))
                    .collect();
                if items.iter().all(|item| item.as_literal().is_some()) {
                    return Template::Literal(items.into_iter().filter_map(into_literal).collect());
                }
                Template::List(items)
            }
            Value::Object(members) => self.read_map(members, path),
            Value::Null | Value::Bool(_) | Value::Number(_) => Template::Literal(value),
        }
    }

    fn read_map(&mut self, mut members: serde_json::Map<String, Value>, path: &str) -> Template {
        if self.schema == Schema::V0_4 && members.len() == 1 && members.contains_key("secret") {
            let name = members.remove("secret").unwrap_or_default();
            let path = format!("{path}/secret");
            if !name.is_string() {
                let error =
                    TemplateError::new(0, "`secret` takes the name of a SecureString parameter");
                self.errors.push((path.clone(), error));
            }
            return Template::Secret(Box::new(self.read(name, &path)));
        }
        let mut templates = std::collections::BTreeMap::new();
        for (name, member) in members {
            let path = format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
            let reading = Reading { schema: self.schema, is_script: false };
            let refers = |part: &Segment| !matches!(part, Segment::Text(_));
            if parts(&name, reading).segments.iter().any(refers) {
                let error = TemplateError::new(
                    0,
                    format!("a reference cannot be the name of a property: `{name}`"),
                );
                self.errors.push((path.clone(), error));
            }
            let template = self.read(member, &path);
            templates.insert(name, template);
        }
        if templates.values().all(|template| template.as_literal().is_some()) {
            let literal = templates
                .into_iter()
                .filter_map(|(name, template)| Some((name, into_literal(template)?)));
            return Template::Literal(Value::Object(literal.collect()));
        }
        Template::Map(templates)
    }
}

fn into_literal(template: Template) -> Option<Value> {
    match template {
        Template::Literal(value) => Some(value),
        Template::Reference(_)
        | Template::Expression(_)
        | Template::Text(_)
        | Template::List(_)
        | Template::Map(_)
        | Template::Secret(_) => None,
    }
}
