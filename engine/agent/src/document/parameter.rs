//! The parameters of a command document.

use regex::Regex;
use serde_json::{Map, Value};

use super::{DocumentError, object, type_error};

#[derive(Debug, Clone)]
pub(super) struct Parameter {
    kind: Kind,
    default: Option<Value>,
    allowed_values: Option<Vec<Value>>,
    allowed_pattern: Option<Regex>,
    characters: Range,
    items: Range,
    /// The value reaches a script as `$SSM_<name>` and is never pasted into its text.
    pub(super) by_environment: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    String,
    StringList,
    StringMap,
    MapList,
    Integer,
    Boolean,
}

#[derive(Debug, Clone, Default)]
struct Range {
    min: Option<u64>,
    max: Option<u64>,
}

const KEYS: [&str; 11] = [
    "type",
    "description",
    "default",
    "allowedValues",
    "allowedPattern",
    "minChars",
    "maxChars",
    "minItems",
    "maxItems",
    "displayType",
    "interpolationType",
];

impl Parameter {
    pub(super) fn parse(name: &str, text: &Value) -> Result<Self, DocumentError> {
        let place = format!("parameter `{name}`");
        let keys = object(text, &place, &KEYS)?;
        let fail = |problem: String| DocumentError::Parameter { name: name.to_owned(), problem };
        let kind = keys.get("type").and_then(Value::as_str).unwrap_or_default();
        let kind = Kind::parse(kind).ok_or_else(|| fail(format!("unknown type `{kind}`")))?;
        let by_environment = match keys.get("interpolationType").map(Value::as_str) {
            None => false,
            Some(Some("ENV_VAR")) if kind == Kind::String => true,
            Some(Some("ENV_VAR")) => {
                return Err(fail("only a String can be an environment variable".to_owned()));
            }
            Some(_) => return Err(fail("interpolationType must be `ENV_VAR`".to_owned())),
        };
        let allowed_values = match keys.get("allowedValues") {
            None => None,
            Some(Value::Array(values)) => Some(values.clone()),
            Some(_) => return Err(type_error(format!("allowedValues of {place}"), "a list")),
        };
        let allowed_pattern = match keys.get("allowedPattern") {
            None => None,
            Some(Value::String(pattern)) => {
                Some(Regex::new(pattern).map_err(|error| fail(error.to_string()))?)
            }
            Some(_) => return Err(type_error(format!("allowedPattern of {place}"), "a text")),
        };
        let number = |key: &str| match keys.get(key) {
            None => Ok(None),
            Some(value) => value
                .as_u64()
                .or_else(|| value.as_str()?.parse().ok())
                .map(Some)
                .ok_or_else(|| type_error(format!("{key} of {place}"), "a number")),
        };
        Ok(Self {
            kind,
            default: keys.get("default").filter(|value| !value.is_null()).cloned(),
            allowed_values,
            allowed_pattern,
            characters: Range { min: number("minChars")?, max: number("maxChars")? },
            items: Range { min: number("minItems")?, max: number("maxItems")? },
            by_environment,
        })
    }

    /// Returns the value to use, checked. What a client sends as a list of texts is turned into the parameter's type.
    pub(super) fn value(&self, name: &str, given: Option<&Value>) -> Result<Value, DocumentError> {
        let fail = |problem: &str| DocumentError::Parameter {
            name: name.to_owned(),
            problem: problem.to_owned(),
        };
        let typed = |value: &Value| self.kind.typed(value).map_err(fail);
        let Some(given) = given else {
            let default = self.default.as_ref();
            return typed(default.ok_or_else(|| DocumentError::NoValue(name.to_owned()))?);
        };
        let value = typed(given)?;
        if matches!(self.kind, Kind::Integer | Kind::Boolean) {
            let default = self.default.as_ref().map(typed).transpose()?;
            if default.is_some_and(|default| default != value) {
                return Err(fail(
                    "an Integer or Boolean of a command document can only keep its default",
                ));
            }
        }
        let texts: Vec<&str> = match &value {
            Value::String(text) => vec![text],
            Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Vec::new(),
        };
        if let Some(allowed) = &self.allowed_values {
            let listed = |text: &&str| allowed.iter().any(|value| value.as_str() == Some(text));
            if !texts.iter().all(listed) || (texts.is_empty() && !allowed.contains(&value)) {
                return Err(fail("the value is not one of allowedValues"));
            }
        }
        if let Some(pattern) = &self.allowed_pattern
            && !texts.iter().all(|text| pattern.is_match(text))
        {
            return Err(fail("the value does not match allowedPattern"));
        }
        if let Value::String(text) = &value
            && !self.characters.holds(text.chars().count())
        {
            return Err(fail("the value is shorter than minChars or longer than maxChars"));
        }
        if let Value::Array(list) = &value
            && !self.items.holds(list.len())
        {
            return Err(fail("the value has fewer items than minItems or more than maxItems"));
        }
        Ok(value)
    }
}

impl Range {
    fn holds(&self, count: usize) -> bool {
        let count = count as u64;
        self.min.is_none_or(|min| min <= count) && self.max.is_none_or(|max| count <= max)
    }
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "String" => Self::String,
            "StringList" => Self::StringList,
            "StringMap" => Self::StringMap,
            "MapList" => Self::MapList,
            "Integer" => Self::Integer,
            "Boolean" => Self::Boolean,
            _ => return None,
        })
    }

    fn typed(self, value: &Value) -> Result<Value, &'static str> {
        // The wire carries every parameter as a list of texts.
        let single = value.as_array().filter(|list| list.len() == 1).map_or(value, |list| &list[0]);
        match self {
            Self::String => {
                Some(single.clone()).filter(Value::is_string).ok_or("the value must be a text")
            }
            Self::StringList if value.is_string() => Ok(Value::Array(vec![value.clone()])),
            Self::StringList => {
                let texts = |list: &Vec<Value>| list.iter().all(Value::is_string);
                let list = value.as_array().filter(|list| texts(list)).cloned();
                list.map(Value::Array).ok_or("the value must be a list of texts")
            }
            Self::StringMap if single.as_str() == Some("") => Ok(Value::Object(Map::new())),
            Self::StringMap => {
                Some(from_json(single)).filter(Value::is_object).ok_or("the value must be a map")
            }
            Self::MapList => {
                let maps = |list: &Vec<Value>| list.iter().all(Value::is_object);
                let whole = from_json(value);
                let parsed = |list: &Vec<Value>| list.iter().map(from_json).collect::<Vec<_>>();
                let nested = from_json(single).as_array().cloned();
                let list = whole.as_array().map(parsed).filter(maps).or(nested).filter(maps);
                list.map(Value::Array).ok_or("the value must be a list of maps")
            }
            Self::Integer => Some(from_json(single))
                .filter(|value| value.is_i64() || value.is_u64())
                .ok_or("the value must be an integer"),
            Self::Boolean => Some(from_json(single))
                .filter(Value::is_boolean)
                .ok_or("the value must be a boolean"),
        }
    }
}

/// A text that holds JSON is read; any other value is what it is.
fn from_json(value: &Value) -> Value {
    let text = value.as_str();
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_else(|| value.clone())
}
