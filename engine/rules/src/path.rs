//! JSON paths of input transformers and rule files.

use std::borrow::Cow;
use std::str::FromStr;

use serde_json::Value;

/// How many steps a path may have.
pub const STEPS_MAX: usize = 100;

/// A compiled path: `$`, `$.detail.state`, `$.resources[0]`, `$['detail-type']`, `$.resources[*]`. The `$.` may be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    source: Box<str>,
    steps: Vec<Step>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    /// The field of an object.
    Name(Box<str>),
    /// The element of a list, from 0.
    Position(usize),
    /// Each element of a list, or each field of an object.
    Every,
}

/// What a path begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum First<'p> {
    /// `$` alone, or whatever there is.
    Any,
    Name(&'p str),
    Position,
}

/// Why a text is no path. Offsets count bytes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// There is nothing.
    #[error("the path is empty")]
    Empty,
    /// Two dots, or a dot at the end.
    #[error("the path `{path}` has no name at offset {offset}")]
    NoName {
        /// The path.
        path: String,
        /// Where.
        offset: usize,
    },
    /// Something else than a dot or a bracket follows a bracket or the `$`.
    #[error("the path `{path}` needs `.` or `[` at offset {offset}")]
    NoSeparator {
        /// The path.
        path: String,
        /// Where.
        offset: usize,
    },
    /// A bracket that is not closed.
    #[error("the path `{path}` has no `]` for the `[` at offset {offset}")]
    Unclosed {
        /// The path.
        path: String,
        /// Where.
        offset: usize,
    },
    /// What stands in brackets is no position, no quoted name and no `*`.
    #[error(
        "the path `{path}` has no position, quoted name or `*` in the brackets at offset {offset}"
    )]
    Brackets {
        /// The path.
        path: String,
        /// Where.
        offset: usize,
    },
    /// There are more steps than [`STEPS_MAX`].
    #[error("the path has more than {STEPS_MAX} steps")]
    TooLong,
}

impl JsonPath {
    /// Reads a path.
    pub fn parse(source: &str) -> Result<Self, PathError> {
        if source.is_empty() {
            return Err(PathError::Empty);
        }
        let mut reader = Reader { source, at: 0, steps: Vec::new() };
        if source == "$" || source.starts_with("$.") || source.starts_with("$[") {
            reader.at = 1;
        } else if !source.starts_with('[') {
            reader.name()?;
        }
        while reader.at < source.len() {
            if reader.steps.len() == STEPS_MAX {
                return Err(PathError::TooLong);
            }
            reader.step()?;
        }
        Ok(Self { source: source.into(), steps: reader.steps })
    }

    /// The text it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The first step, which an event must have a field for.
    pub(crate) fn first(&self) -> First<'_> {
        match self.steps.first() {
            None | Some(Step::Every) => First::Any,
            Some(Step::Name(name)) => First::Name(name),
            Some(Step::Position(_)) => First::Position,
        }
    }

    /// What the path leads to. With `[*]` it is the list of all that it leads to.
    pub fn find<'value>(&self, value: &'value Value) -> Option<Cow<'value, Value>> {
        let mut found = vec![value];
        let mut is_list = false;
        for step in &self.steps {
            is_list |= *step == Step::Every;
            let before = std::mem::take(&mut found);
            for value in before {
                step.follow(value, &mut found);
            }
        }
        match (is_list, found.as_slice()) {
            (false, [single]) => Some(Cow::Borrowed(single)),
            (_, []) => None,
            (_, several) => {
                Some(Cow::Owned(several.iter().map(|value| (*value).clone()).collect()))
            }
        }
    }
}

impl FromStr for JsonPath {
    type Err = PathError;

    fn from_str(source: &str) -> Result<Self, PathError> {
        Self::parse(source)
    }
}

impl Step {
    fn follow<'value>(&self, value: &'value Value, found: &mut Vec<&'value Value>) {
        match (self, value) {
            (Self::Name(name), Value::Object(fields)) => found.extend(fields.get(&**name)),
            (Self::Position(position), Value::Array(elements)) => {
                found.extend(elements.get(*position));
            }
            (Self::Every, Value::Array(elements)) => found.extend(elements),
            (Self::Every, Value::Object(fields)) => found.extend(fields.values()),
            (Self::Name(_) | Self::Position(_) | Self::Every, _) => {}
        }
    }
}

struct Reader<'source> {
    source: &'source str,
    at: usize,
    steps: Vec<Step>,
}

impl Reader<'_> {
    fn step(&mut self) -> Result<(), PathError> {
        let rest = &self.source[self.at..];
        if let Some(rest) = rest.strip_prefix('.') {
            self.at += 1;
            if let Some(after) = rest.strip_prefix('*')
                && (after.is_empty() || after.starts_with(['.', '[']))
            {
                self.at += 1;
                self.steps.push(Step::Every);
                return Ok(());
            }
            return self.name();
        }
        if rest.starts_with('[') {
            return self.brackets();
        }
        Err(PathError::NoSeparator { path: self.source.to_owned(), offset: self.at })
    }

    fn name(&mut self) -> Result<(), PathError> {
        let rest = &self.source[self.at..];
        let end = rest.find(['.', '[']).unwrap_or(rest.len());
        if end == 0 {
            return Err(PathError::NoName { path: self.source.to_owned(), offset: self.at });
        }
        self.steps.push(Step::Name(rest[..end].into()));
        self.at += end;
        Ok(())
    }

    fn brackets(&mut self) -> Result<(), PathError> {
        let offset = self.at;
        let path = || self.source.to_owned();
        let rest = &self.source[offset + 1..];
        let quote = rest.chars().next().filter(|first| ['\'', '"'].contains(first));
        let end = match quote {
            Some(quote) => rest[1..].find(quote).map(|end| end + 2),
            None => rest.find(']'),
        };
        let Some(end) = end else { return Err(PathError::Unclosed { path: path(), offset }) };
        if !rest[end..].starts_with(']') {
            return Err(PathError::Unclosed { path: path(), offset });
        }
        let inner = &rest[..end];
        let is_position = !inner.is_empty() && inner.bytes().all(|byte| byte.is_ascii_digit());
        let step = match (quote, inner) {
            (Some(_), quoted) => Step::Name(quoted[1..quoted.len() - 1].into()),
            (None, "*") => Step::Every,
            (None, digits) if is_position => match digits.parse() {
                Ok(position) => Step::Position(position),
                Err(_) => return Err(PathError::Brackets { path: path(), offset }),
            },
            (None, _) => return Err(PathError::Brackets { path: path(), offset }),
        };
        self.steps.push(step);
        self.at = offset + 1 + end + 1;
        Ok(())
    }
}
