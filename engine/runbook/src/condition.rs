//! The conditions of `aws:branch` and `aws:loop`.

use std::cmp::Ordering;

use serde_json::Value;

use crate::plan::{Condition, Operator};
use crate::template::{References, ResolveError, Scope};
use crate::value;

impl Condition {
    /// Says whether it holds. Operands are resolved only as far as the answer needs them: `And` and `Or` stop early.
    pub fn holds(&self, scope: &dyn Scope) -> Result<bool, ResolveError> {
        match self {
            Self::Compare { variable, operator, value } => {
                operator.compare(&variable.resolve(scope)?, &value.resolve(scope)?)
            }
            Self::And(parts) => {
                for part in parts {
                    if !part.holds(scope)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Or(parts) => {
                for part in parts {
                    if part.holds(scope)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Not(part) => Ok(!part.holds(scope)?),
        }
    }

    /// Returns everything it refers to.
    pub fn references(&self) -> References {
        let mut references = References::default();
        self.collect(&mut references);
        references
    }

    fn collect(&self, references: &mut References) {
        match self {
            Self::Compare { variable, value, .. } => {
                references.add_template(variable);
                references.add_template(value);
            }
            Self::And(parts) | Self::Or(parts) => {
                for part in parts {
                    part.collect(references);
                }
            }
            Self::Not(part) => part.collect(references),
        }
    }
}

impl Operator {
    /// All of them, in the order SSM documents them.
    pub const ALL: [Self; 11] = [
        Self::StringEquals,
        Self::EqualsIgnoreCase,
        Self::StartsWith,
        Self::EndsWith,
        Self::Contains,
        Self::NumericEquals,
        Self::NumericGreater,
        Self::NumericLesser,
        Self::NumericGreaterOrEquals,
        Self::NumericLesserOrEquals,
        Self::BooleanEquals,
    ];

    /// Returns its name in a document.
    pub fn name(self) -> &'static str {
        match self {
            Self::StringEquals => "StringEquals",
            Self::EqualsIgnoreCase => "EqualsIgnoreCase",
            Self::StartsWith => "StartsWith",
            Self::EndsWith => "EndsWith",
            Self::Contains => "Contains",
            Self::NumericEquals => "NumericEquals",
            Self::NumericGreater => "NumericGreater",
            Self::NumericLesser => "NumericLesser",
            Self::NumericGreaterOrEquals => "NumericGreaterOrEquals",
            Self::NumericLesserOrEquals => "NumericLesserOrEquals",
            Self::BooleanEquals => "BooleanEquals",
        }
    }

    /// Returns the operator of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.name() == name)
    }

    /// Applies the operator: `variable` stands on the left, so `NumericGreater` is `variable > value`.
    ///
    /// Text operators take text and, by their text, numbers and booleans; numeric ones numbers and text that is a number;
    /// `BooleanEquals` booleans and the words true and false in any case. Anything else is [`ResolveError::Operand`].
    pub fn compare(self, variable: &Value, value: &Value) -> Result<bool, ResolveError> {
        match self {
            Self::StringEquals => Ok(self.text(variable)? == self.text(value)?),
            Self::EqualsIgnoreCase => {
                Ok(self.text(variable)?.to_lowercase() == self.text(value)?.to_lowercase())
            }
            Self::StartsWith => Ok(self.text(variable)?.starts_with(&self.text(value)?)),
            Self::EndsWith => Ok(self.text(variable)?.ends_with(&self.text(value)?)),
            Self::Contains => Ok(self.text(variable)?.contains(&self.text(value)?)),
            Self::NumericEquals => Ok(self.order(variable, value)?.is_eq()),
            Self::NumericGreater => Ok(self.order(variable, value)?.is_gt()),
            Self::NumericLesser => Ok(self.order(variable, value)?.is_lt()),
            Self::NumericGreaterOrEquals => Ok(self.order(variable, value)?.is_ge()),
            Self::NumericLesserOrEquals => Ok(self.order(variable, value)?.is_le()),
            Self::BooleanEquals => Ok(self.boolean(variable)? == self.boolean(value)?),
        }
    }

    fn text(self, operand: &Value) -> Result<String, ResolveError> {
        match operand {
            Value::String(_) | Value::Number(_) | Value::Bool(_) => Ok(value::text(operand)),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(self.refuse("text", operand)),
        }
    }

    fn boolean(self, operand: &Value) -> Result<bool, ResolveError> {
        let word = match operand {
            Value::Bool(boolean) => return Ok(*boolean),
            Value::String(word) => word.trim(),
            Value::Null | Value::Number(_) | Value::Array(_) | Value::Object(_) => "",
        };
        if word.eq_ignore_ascii_case("true") {
            Ok(true)
        } else if word.eq_ignore_ascii_case("false") {
            Ok(false)
        } else {
            Err(self.refuse("booleans", operand))
        }
    }

    fn order(self, left: &Value, right: &Value) -> Result<Ordering, ResolveError> {
        let (left, right) = (self.number(left)?, self.number(right)?);
        Ok(left.order(right))
    }

    fn number(self, operand: &Value) -> Result<Decimal, ResolveError> {
        let digits = match operand {
            Value::Number(_) => value::text(operand),
            Value::String(text) => text.trim().to_owned(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
        };
        if let Ok(integer) = digits.parse() {
            return Ok(Decimal::Integer(integer));
        }
        match digits.parse::<f64>() {
            Ok(float) if float.is_finite() => Ok(Decimal::Float(float)),
            _ => Err(self.refuse("numbers", operand)),
        }
    }

    fn refuse(self, expected: &'static str, operand: &Value) -> ResolveError {
        const CHARACTERS_MAX: usize = 40;
        let found = match operand.as_str() {
            Some(text) => {
                format!("the text `{}`", text.chars().take(CHARACTERS_MAX).collect::<String>())
            }
            None => value::kind(operand).to_owned(),
        };
        ResolveError::Operand { operator: self.name(), expected, found }
    }
}

/// A number that is exact as long as both sides are integers.
#[derive(Clone, Copy)]
enum Decimal {
    Integer(i128),
    Float(f64),
}

impl Decimal {
    fn order(self, other: Self) -> Ordering {
        match (self, other) {
            (Self::Integer(left), Self::Integer(right)) => left.cmp(&right),
            // Finite numbers are totally ordered once zero has one sign.
            (left, right) => (left.float() + 0.0).total_cmp(&(right.float() + 0.0)),
        }
    }

    #[expect(clippy::cast_precision_loss, reason = "compared with a float, which is no more exact")]
    fn float(self) -> f64 {
        match self {
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}
