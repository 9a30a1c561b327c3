//! From the place where the service's reader stopped to the value of the file.

use runbook::document::escape;
use serde_json::Value;

use crate::pattern::{Pattern, PatternError};

/// A pattern as JSON on one line, and which part of it is which value.
pub(super) struct Written {
    pub(super) text: String,
    parts: Vec<Part>,
}

struct Part {
    start: usize,
    end: usize,
    /// As a JSON pointer from the pattern.
    path: String,
}

impl Written {
    pub(super) fn of(value: &Value) -> Self {
        let mut written = Self { text: String::new(), parts: Vec::new() };
        written.write(value, "");
        written
    }

    fn write(&mut self, value: &Value, path: &str) {
        let start = self.text.len();
        match value {
            Value::Object(fields) => {
                self.text.push('{');
                for (number, (name, field)) in fields.iter().enumerate() {
                    self.separate(number);
                    self.text.push_str(&Value::from(name.as_str()).to_string());
                    self.text.push(':');
                    self.write(field, &format!("{path}/{}", escape(name)));
                }
                self.text.push('}');
            }
            Value::Array(elements) => {
                self.text.push('[');
                for (number, element) in elements.iter().enumerate() {
                    self.separate(number);
                    self.write(element, &format!("{path}/{number}"));
                }
                self.text.push(']');
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                self.text.push_str(&value.to_string());
            }
        }
        self.parts.push(Part { start, end: self.text.len(), path: path.to_owned() });
    }

    fn separate(&mut self, number: usize) {
        if number > 0 {
            self.text.push(',');
        }
    }

    /// The innermost value of which the text up to `read` ends with a part.
    fn at(&self, read: usize) -> Option<&str> {
        let mut parts = self.parts.iter();
        // What lies within is written, and so listed, before what it lies in.
        parts.find(|part| part.start < read && read <= part.end).map(|part| part.path.as_str())
    }
}

/// Returns the path of the value at which reading stopped; empty for the pattern as a whole.
pub(super) fn find(value: &Value, error: &PatternError) -> String {
    let Some(place) = error.place() else {
        return refused_alone(value, "", error).unwrap_or_default();
    };
    let written = Written::of(value);
    let mut units = 1;
    let read = written.text.char_indices().find_map(|(offset, character)| {
        let is_reached = units >= place.column;
        units += character.len_utf16();
        is_reached.then_some(offset)
    });
    written.at(read.unwrap_or(written.text.len())).unwrap_or_default().to_owned()
}

/// What has no place lies in one operator: the first that is refused for the same reason when it stands alone.
fn refused_alone(value: &Value, path: &str, error: &PatternError) -> Option<String> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, field)| {
            refused_alone(field, &format!("{path}/{}", escape(name)), error)
        }),
        Value::Array(elements) => elements.iter().enumerate().find_map(|(number, element)| {
            let path = format!("{path}/{number}");
            let (name, _) = element.as_object()?.iter().next()?;
            let alone = Pattern::parse(&format!("{{\"x\":[{element}]}}"));
            if alone.is_err_and(|alone| alone.reason == error.reason) {
                return Some(format!("{path}/{}", escape(name)));
            }
            refused_alone(element, &path, error)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}
