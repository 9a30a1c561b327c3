//! Input templates: what a target gets, made of parts of the event.

mod place;
mod render;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value;

use crate::path::{JsonPath, PathError};
use place::{Part, Place, Quoting, Segment};

/// How many characters a template may have.
pub const TEMPLATE_CHARACTERS_MAX: usize = 8192;
/// How many paths a template may name.
pub const PATHS_MAX: usize = 100;
/// How many characters the name of a path may have.
pub const NAME_CHARACTERS_MAX: usize = 256;

/// A compiled template with its paths.
///
/// A template is JSON in which `<name>` stands for what a path of that name leads to, or one or more quoted strings. Outside quotes
/// a placeholder becomes JSON, with `""` for what is missing. Inside quotes it becomes text: a string as it is, what is missing as
/// nothing, an object or a list as its JSON without quotes, except where it is all there is between the quotes: that is an error.
#[derive(Debug, Clone)]
pub struct Template {
    segments: Vec<Segment>,
    paths: BTreeMap<String, JsonPath>,
}

/// What is known about the rule and the event's way in, for `<aws.events.…>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleContext<'a> {
    /// `<aws.events.rule-arn>`.
    pub rule_arn: &'a str,
    /// `<aws.events.rule-name>`.
    pub rule_name: &'a str,
    /// `<aws.events.event.ingestion-time>`, as ISO 8601.
    pub ingestion_time: &'a str,
}

/// Why a template is refused. It displays as the service's message for a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason_for}", reason_for = self.message("this target"))]
pub enum TemplateError {
    /// It has no characters or more than [`TEMPLATE_CHARACTERS_MAX`].
    Length(usize),
    /// It has more than [`PATHS_MAX`] paths.
    TooManyPaths(usize),
    /// The name of a path has other characters than letters, digits, `_` and `-`, or is too long, or begins with `AWS`.
    Name(String),
    /// A path is refused.
    Path {
        /// Its name.
        name: String,
        /// Why.
        error: PathError,
    },
    /// A placeholder has no path and is none of the predefined ones.
    Placeholder(String),
    /// It is neither JSON nor quoted strings.
    Json(String),
}

/// Why a template cannot be rendered for an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A placeholder that is all there is between two quotes leads to an object or a list.
    #[error("the placeholder <{0}> is quoted but leads to an object or a list")]
    QuotedStructure(String),
    /// What came out is no JSON.
    #[error("the template gives no valid JSON for this event: {0}")]
    Json(String),
    /// The input path leads to nothing.
    #[error("the path `{0}` leads to nothing in this event")]
    NothingAtPath(String),
}

impl TemplateError {
    /// The service's message for a target of this identifier.
    pub fn message(&self, target: &str) -> String {
        match self {
            Self::Length(characters) => format!(
                "InputTemplate for target {target} has {characters} characters; it must have 1 to {TEMPLATE_CHARACTERS_MAX}."
            ),
            Self::TooManyPaths(paths) => format!(
                "InputPathsMap for target {target} has {paths} paths; it must have at most {PATHS_MAX}."
            ),
            Self::Name(name) => {
                format!("InputPathsMap for target {target} contains invalid key {name}.")
            }
            Self::Path { name, error } => {
                format!(
                    "InputPathsMap for target {target} contains an invalid path for {name}: {error}."
                )
            }
            Self::Placeholder(name) => {
                format!("InputTemplate for target {target} contains invalid placeholder {name}.")
            }
            Self::Json(error) => format!("Invalid InputTemplate for target {target} : {error}."),
        }
    }
}

impl Template {
    /// Reads a template with its paths by name.
    pub fn parse<'a>(
        template: &str,
        paths: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, TemplateError> {
        let characters = template.chars().count();
        if !(1..=TEMPLATE_CHARACTERS_MAX).contains(&characters) {
            return Err(TemplateError::Length(characters));
        }
        let paths = read_paths(paths)?;
        let segments = place::read(template);
        for segment in &segments {
            if let Segment::Place(Place { part: Part::Path(name), .. }) = segment
                && !paths.contains_key(&**name)
            {
                return Err(TemplateError::Placeholder(name.to_string()));
            }
        }
        place::check(&segments).map_err(TemplateError::Json)?;
        Ok(Self { segments, paths })
    }

    /// Fills the template in. The result is JSON text.
    pub fn render(&self, event: &Value, context: &RuleContext<'_>) -> Result<String, RenderError> {
        let mut output = String::new();
        for segment in &self.segments {
            match segment {
                Segment::Text(text) => output.push_str(text),
                Segment::Place(place) => {
                    let value = self.value(&place.part, event, context);
                    match (place.quoting, value.as_deref()) {
                        (Quoting::None, value) => render::json(&mut output, value),
                        (Quoting::Whole, Some(Value::Object(_) | Value::Array(_))) => {
                            return Err(RenderError::QuotedStructure(place.part.name().to_owned()));
                        }
                        (Quoting::Whole | Quoting::Part, value) => {
                            render::text(&mut output, value);
                        }
                    }
                }
            }
        }
        place::check_text(&output).map_err(RenderError::Json)?;
        Ok(output)
    }

    fn value<'v>(
        &self,
        part: &Part,
        event: &'v Value,
        context: &RuleContext<'_>,
    ) -> Option<Cow<'v, Value>> {
        let text = |text: &str| Some(Cow::Owned(Value::from(text)));
        match part {
            Part::Path(name) => self.paths.get(&**name)?.find(event),
            Part::RuleArn => text(context.rule_arn),
            Part::RuleName => text(context.rule_name),
            Part::IngestionTime => text(context.ingestion_time),
            Part::Event => Some(Cow::Owned(render::without_detail(event))),
            Part::EventJson => Some(Cow::Borrowed(event)),
        }
    }
}

fn read_paths<'a>(
    paths: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<BTreeMap<String, JsonPath>, TemplateError> {
    let mut read = BTreeMap::new();
    for (name, path) in paths {
        if !place::is_name(name) || name.get(..3).is_some_and(|s| s.eq_ignore_ascii_case("aws")) {
            return Err(TemplateError::Name(name.to_owned()));
        }
        let path = JsonPath::parse(path)
            .map_err(|error| TemplateError::Path { name: name.to_owned(), error })?;
        read.insert(name.to_owned(), path);
    }
    if read.len() > PATHS_MAX {
        return Err(TemplateError::TooManyPaths(read.len()));
    }
    Ok(read)
}
