//! Conditions of statements.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::pattern::{check_literal, like};
use super::{Refusals, texts};

/// What a condition compares.
enum Key<'k> {
    /// A tag of the resource.
    Tag(&'k str),
    /// Text that not every request has.
    Text(&'static str),
    Truth(&'static str),
    Address,
}

/// How it compares; values are alternatives.
#[derive(Clone, Copy)]
enum Operator {
    Equals,
    NotEquals,
    Like,
    Bool,
    IpAddress,
}

/// Returns the conditions, all of which must hold.
pub(super) fn convert(
    operators: &Map<String, Value>,
    place: &str,
    refusals: &mut Refusals,
) -> Vec<String> {
    let mut conditions = Vec::new();
    for (name, compared) in operators {
        let place = format!("{place}.{name}");
        let Some(operator) = Operator::named(name) else {
            refusals.add(&place, "this operator is not converted");
            continue;
        };
        let Value::Object(compared) = compared else {
            refusals.add(&place, "is a JSON object of keys and values");
            continue;
        };
        for (key, values) in compared {
            let place = format!("{place}.{key}");
            match one(operator, key, values) {
                Ok(condition) => conditions.push(condition),
                Err(reason) => refusals.add(&place, reason),
            }
        }
    }
    conditions
}

impl Operator {
    fn named(name: &str) -> Option<Self> {
        match name {
            "StringEquals" => Some(Self::Equals),
            "StringNotEquals" => Some(Self::NotEquals),
            "StringLike" => Some(Self::Like),
            "Bool" => Some(Self::Bool),
            "IpAddress" => Some(Self::IpAddress),
            _ => None,
        }
    }
}

impl<'k> Key<'k> {
    /// Reads a key; its case does not matter, but that of a tag's does.
    fn named(key: &'k str) -> Option<Self> {
        if let Some((kind, tag)) = key.split_once('/') {
            let kind = kind.to_ascii_lowercase();
            let is_tag = matches!(kind.as_str(), "ssm:resourcetag" | "aws:resourcetag");
            return (is_tag && !tag.is_empty()).then_some(Self::Tag(tag));
        }
        match key.to_ascii_lowercase().as_str() {
            "ssm:documenttype" => Some(Self::Text("documentType")),
            "ssm:overwrite" => Some(Self::Truth("overwrite")),
            "ssm:recursive" => Some(Self::Truth("recursive")),
            "aws:multifactorauthpresent" => Some(Self::Truth("mfa")),
            "aws:sourceip" => Some(Self::Address),
            _ => None,
        }
    }

    /// Returns the expression that is compared, and the one that says whether the request has it.
    fn text(&self) -> Option<(String, String)> {
        match self {
            Self::Tag(tag) => {
                Some((format!("resource.getTag({tag:?})"), format!("resource.hasTag({tag:?})")))
            }
            Self::Text(name) => Some((format!("context.{name}"), format!("context has {name}"))),
            Self::Truth(_) | Self::Address => None,
        }
    }
}

fn one(operator: Operator, key: &str, values: &Value) -> Result<String, String> {
    let key = Key::named(key).ok_or("this key is not converted")?;
    let values = if let Value::Bool(value) = values {
        vec![value.to_string()]
    } else {
        texts(values).unwrap_or_default()
    };
    if values.is_empty() {
        return Err("is compared to a text, or to a list of at least one".to_owned());
    }
    values.iter().try_for_each(|value| check_literal(value))?;
    let any = |conditions: Vec<String>| conditions.join(" || ");
    match (operator, &key) {
        (Operator::Bool | Operator::Equals, Key::Truth(name)) => truth(name, &values, ""),
        (Operator::NotEquals, Key::Truth(name)) => truth(name, &values, "!"),
        (Operator::IpAddress, Key::Address) => {
            let ranges = values.iter().map(|value| range(value)).collect::<Result<_, _>>()?;
            Ok(format!("(context has sourceAddress && ({}))", any(ranges)))
        }
        (Operator::Equals | Operator::NotEquals | Operator::Like, Key::Tag(_) | Key::Text(_)) => {
            let (text, is_there) = key.text().ok_or("this key is no text")?;
            let alike = |value: &String| match operator {
                Operator::Like => like(&text, value),
                Operator::Equals | Operator::NotEquals | Operator::Bool | Operator::IpAddress => {
                    Ok(format!("{text} == {value:?}"))
                }
            };
            let alike = values.iter().map(alike).collect::<Result<_, _>>()?;
            let not = if matches!(operator, Operator::NotEquals) { "!" } else { "" };
            Ok(format!("{not}({is_there} && ({}))", any(alike)))
        }
        (Operator::Like | Operator::IpAddress, Key::Truth(_))
        | (Operator::Bool | Operator::IpAddress, Key::Tag(_) | Key::Text(_))
        | (
            Operator::Equals | Operator::NotEquals | Operator::Like | Operator::Bool,
            Key::Address,
        ) => Err("this key is not converted with this operator".to_owned()),
    }
}

fn truth(name: &str, values: &[String], not: &str) -> Result<String, String> {
    let mut alike = Vec::new();
    for value in values {
        match value.to_ascii_lowercase().as_str() {
            truth @ ("true" | "false") => alike.push(format!("context.{name} == {truth}")),
            _ => return Err(format!("{value:?} is neither true nor false")),
        }
    }
    Ok(format!("{not}({})", alike.join(" || ")))
}

/// Returns the condition that the caller's address is in a range, or is this one.
fn range(text: &str) -> Result<String, String> {
    let (address, length) =
        text.split_once('/').map_or((text, None), |(address, length)| (address, Some(length)));
    let is_range = address.parse::<IpAddr>().is_ok_and(|address| {
        let length_max = if address.is_ipv4() { 32 } else { 128 };
        length.is_none_or(|length| length.parse::<u8>().is_ok_and(|length| length <= length_max))
    });
    if !is_range {
        return Err(format!("{text:?} is no address and no range of addresses"));
    }
    Ok(format!("context.sourceAddress.isInRange(ip({text:?}))"))
}
