//! Selectors: the JSONPath that SSM accepts.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;

/// The longest selector text, in bytes.
pub const SELECTOR_BYTES_MAX: usize = 1_024;

/// `$.a.b`, `$..name`, `$.list[0]`, `$['a b']`: child, deep scan (which always gives a list) and index.
///
/// The operators are those SSM documents for step outputs; there are no filters, slices or wildcards. Serialised as its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selector {
    source: String,
    /// The operators of `source`, in order.
    moves: Vec<Move>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Move {
    Child(String),
    /// Every value under this key, at any depth, in document order.
    Deep(String),
    Index(usize),
}

/// Why a selector cannot be read, and where: a byte offset into its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct SelectorError {
    pub offset: usize,
    pub message: String,
}

impl Selector {
    /// Reads a selector; it begins with `$`.
    pub fn parse(source: &str) -> Result<Self, SelectorError> {
        if source.len() > SELECTOR_BYTES_MAX {
            return Err(error(0, format!("a selector has at most {SELECTOR_BYTES_MAX} bytes")));
        }
        let Some(mut rest) = source.strip_prefix('$') else {
            return Err(error(0, "a selector begins with `$.`"));
        };
        let mut moves = Vec::new();
        while !rest.is_empty() {
            let offset = source.len() - rest.len();
            let (next, after) = read_move(rest).map_err(|message| error(offset, message))?;
            moves.push(next);
            rest = after;
        }
        Ok(Self { source: source.to_owned(), moves })
    }

    /// Returns the text it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Returns what it selects from `value`: with a deep scan always a list, perhaps empty, otherwise one value or nothing.
    pub fn select(&self, value: &Value) -> Option<Value> {
        let mut found = vec![value];
        let mut scanned = false;
        for step in &self.moves {
            match step {
                Move::Child(name) => {
                    found = found.into_iter().filter_map(|v| v.get(name)).collect();
                }
                Move::Index(index) => {
                    found = found.into_iter().filter_map(|v| v.as_array()?.get(*index)).collect();
                }
                Move::Deep(name) => {
                    scanned = true;
                    let mut deeper = Vec::new();
                    for value in found {
                        scan(value, name, &mut deeper);
                    }
                    found = deeper;
                }
            }
        }
        if scanned {
            Some(Value::Array(found.into_iter().cloned().collect()))
        } else {
            found.first().map(|value| (*value).clone())
        }
    }
}

fn read_move(text: &str) -> Result<(Move, &str), String> {
    if let Some(rest) = text.strip_prefix("..") {
        let (name, rest) = read_name(rest)?;
        return Ok((Move::Deep(name), rest));
    }
    if let Some(rest) = text.strip_prefix('.') {
        let (name, rest) = read_name(rest)?;
        return Ok((Move::Child(name), rest));
    }
    let Some(rest) = text.strip_prefix('[') else {
        return Err("`.name`, `..name` or `[index]` is expected here".to_owned());
    };
    if let Some(quote @ ('\'' | '"')) = rest.chars().next() {
        let (name, rest) = rest[1..]
            .split_once(quote)
            .and_then(|(name, rest)| Some((name, rest.strip_prefix(']')?)))
            .ok_or_else(|| format!("`{quote}]` is missing"))?;
        return Ok((Move::Child(name.to_owned()), rest));
    }
    let (index, rest) = rest.split_once(']').ok_or("`]` is missing")?;
    let index = index.parse().map_err(|_| {
        format!("`[{index}]` is not an index; filters and wildcards are not supported")
    })?;
    Ok((Move::Index(index), rest))
}

fn read_name(text: &str) -> Result<(String, &str), String> {
    let end = text.find(['.', '[']).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    match name.chars().find(|c| c.is_whitespace() || "]*?()@'\"".contains(*c)) {
        _ if name.is_empty() => Err("a name is missing".to_owned()),
        Some(odd) => {
            Err(format!("`{odd}` cannot stand in a name; write ['{name}'] if it is part of one"))
        }
        None => Ok((name.to_owned(), rest)),
    }
}

fn scan<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v Value>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                if key == name {
                    found.push(member);
                }
                scan(member, name, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| scan(item, name, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn error(offset: usize, message: impl Into<String>) -> SelectorError {
    SelectorError { offset, message: message.into() }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Serialize for Selector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

impl<'de> Deserialize<'de> for Selector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let source = String::deserialize(deserializer)?;
        Self::parse(&source).map_err(de::Error::custom)
    }
}
