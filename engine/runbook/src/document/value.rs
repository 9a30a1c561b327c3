//! The values of a document, by `serde_yaml`, with bounds.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, EnumAccess, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::document::{DEPTH_MAX, KEY_BYTES_MAX, Limits};
use crate::source::{Index, Position, Span};

/// Why no value could be made of a text that is YAML.
pub(crate) struct Fault {
    message: String,
    offset: usize,
    too_large: bool,
}

impl Fault {
    pub(crate) fn into_diagnostic(self, index: &Index) -> Diagnostic {
        let at: Position = index.unmarked_byte(self.offset);
        let code = if self.too_large { codes::TOO_LARGE } else { codes::SYNTAX };
        Diagnostic::error(code, Span { start: at, end: at }, self.message)
    }
}

/// Reads the one document of a text. Of duplicate keys the last counts; the pass for places reports them.
pub(crate) fn read(text: &str, limits: &Limits) -> Result<Value, Fault> {
    let left = Left {
        limits: *limits,
        values: Cell::new(limits.values),
        bytes: Cell::new(limits.expanded_bytes),
    };
    let seed = ValueSeed { left: &left, depth: 0 };
    seed.deserialize(serde_yaml::Deserializer::from_str(text)).map_err(|error| Fault {
        message: message(&error),
        offset: error.location().map_or(0, |location| location.index()),
        too_large: is_too_large(&error.to_string()),
    })
}

/// How a message of what is too large begins.
const MORE_THAN: &str = "the document holds more than";
const A_KEY_WITH: &str = "a key has more than";

fn is_too_large(message: &str) -> bool {
    ["repetition limit", "recursion limit", "nest deeper", MORE_THAN, A_KEY_WITH]
        .iter()
        .any(|part| message.contains(part))
}

fn message(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    if text.contains("nest deeper") {
        return format!("values nest deeper than {DEPTH_MAX}");
    }
    if text.contains("repetition limit") {
        return "the aliases repeat too much: expanded, the document would be too large".to_owned();
    }
    text
}

/// What a document may still hold.
struct Left {
    limits: Limits,
    values: Cell<usize>,
    bytes: Cell<usize>,
}

#[derive(Clone, Copy)]
struct ValueSeed<'b> {
    left: &'b Left,
    depth: usize,
}

impl ValueSeed<'_> {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth == DEPTH_MAX {
            return Err(E::custom(format!("values nest deeper than {DEPTH_MAX}")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn take<E: serde::de::Error>(self) -> Result<(), E> {
        let left =
            self.left.values.get().checked_sub(1).ok_or_else(|| {
                E::custom(format!("{MORE_THAN} {} values", self.left.limits.values))
            })?;
        self.left.values.set(left);
        Ok(())
    }

    fn take_text<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        let left = self.left.bytes.get().checked_sub(text.len()).ok_or_else(|| {
            let limit = self.left.limits.expanded_bytes;
            E::custom(format!("{MORE_THAN} {limit} bytes of text once its aliases are expanded"))
        })?;
        self.left.bytes.set(left);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        self.take()?;
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("a number must be finite; write it in quotes to mean text"))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Value, E> {
        self.take_text(value)?;
        Ok(Value::String(value.to_owned()))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(value) = from.next_element_seed(inner)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut map = Map::new();
        let mut merged = Vec::new();
        while let Some(key) = from.next_key::<String>()? {
            self.take_text(&key)?;
            if key.len() > KEY_BYTES_MAX {
                return Err(A::Error::custom(format!("{A_KEY_WITH} {KEY_BYTES_MAX} bytes")));
            }
            let value = from.next_value_seed(inner)?;
            if key == "<<" {
                merged.push(value);
            } else {
                map.insert(key, value);
            }
        }
        for source in merged {
            merge(&mut map, source).map_err(A::Error::custom)?;
        }
        Ok(Value::Object(map))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _from: A) -> Result<Value, A::Error> {
        Err(A::Error::custom("tags are not allowed"))
    }
}

/// Adds the entries of a merge key (`<<`) that the map does not state itself.
fn merge(map: &mut Map<String, Value>, source: Value) -> Result<(), &'static str> {
    match source {
        Value::Object(entries) => {
            for (key, value) in entries {
                map.entry(key).or_insert(value);
            }
            Ok(())
        }
        Value::Array(sources) => sources.into_iter().try_for_each(|source| merge(map, source)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Err("the merge key `<<` takes a map or a list of maps")
        }
    }
}
