//! Where the placeholders of a template are.

use serde_json::Value;

use super::NAME_CHARACTERS_MAX;

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Text(Box<str>),
    Place(Place),
}

/// A placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) part: Part,
    pub(super) quoting: Quoting,
}

/// How a placeholder stands to quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    None,
    /// It is all there is between two quotes.
    Whole,
    /// It is one part of a quoted string.
    Part,
}

/// What a placeholder stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Path(Box<str>),
    RuleArn,
    RuleName,
    IngestionTime,
    /// The event without its detail.
    Event,
    EventJson,
}

impl Part {
    fn of(name: &str) -> Self {
        match name {
            "aws.events.rule-arn" => Self::RuleArn,
            "aws.events.rule-name" => Self::RuleName,
            "aws.events.event.ingestion-time" => Self::IngestionTime,
            "aws.events.event" => Self::Event,
            "aws.events.event.json" => Self::EventJson,
            _ => Self::Path(name.into()),
        }
    }

    pub(super) fn name(&self) -> &str {
        match self {
            Self::Path(name) => name,
            Self::RuleArn => "aws.events.rule-arn",
            Self::RuleName => "aws.events.rule-name",
            Self::IngestionTime => "aws.events.event.ingestion-time",
            Self::Event => "aws.events.event",
            Self::EventJson => "aws.events.event.json",
        }
    }
}

/// Says whether a path may have this name.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=NAME_CHARACTERS_MAX).contains(&name.len()) && name.bytes().all(is_part)
}

/// Cuts a template into text and placeholders. A `<` that begins no placeholder is text.
pub(super) fn read(template: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut is_quoted = false;
    let mut opened = 0;
    let mut start = 0;
    let mut at = 0;
    let bytes = template.as_bytes();
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if is_quoted => at += 1,
            b'"' => {
                is_quoted = !is_quoted;
                opened = at;
            }
            b'<' => {
                if let Some(name) = placeholder(&template[at + 1..]) {
                    let end = at + name.len() + 2;
                    if start < at {
                        segments.push(Segment::Text(template[start..at].into()));
                    }
                    let is_whole = opened + 1 == at && bytes.get(end) == Some(&b'"');
                    let quoting = match (is_quoted, is_whole) {
                        (false, _) => Quoting::None,
                        (true, true) => Quoting::Whole,
                        (true, false) => Quoting::Part,
                    };
                    segments.push(Segment::Place(Place { part: Part::of(name), quoting }));
                    start = end;
                    at = end;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if start < template.len() {
        segments.push(Segment::Text(template[start..].into()));
    }
    segments
}

fn placeholder(text: &str) -> Option<&str> {
    let name = &text[..text.find('>')?];
    let is_predefined = name.starts_with("aws.") && name.split('.').all(is_name);
    (is_name(name) || is_predefined).then_some(name)
}

/// Checks that a template is JSON when each placeholder is filled in.
pub(super) fn check(segments: &[Segment]) -> Result<(), String> {
    let filled: String = segments
        .iter()
        .map(|segment| match segment {
            Segment::Text(text) => text,
            Segment::Place(_) => "0",
        })
        .collect();
    check_text(&filled)
}

/// Checks that a text is one JSON value, or several strings.
pub(super) fn check_text(text: &str) -> Result<(), String> {
    let mut values = 0;
    let mut strings = 0;
    for value in serde_json::Deserializer::from_str(text).into_iter::<Value>() {
        let value = value.map_err(|error| error.to_string())?;
        values += 1;
        strings += usize::from(value.is_string());
    }
    match (values, strings) {
        (1, _) => Ok(()),
        (0, _) => Err("there is no value".to_owned()),
        (values, strings) if values == strings => Ok(()),
        (_, _) => Err("there is more than one value".to_owned()),
    }
}
