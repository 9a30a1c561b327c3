//! Why a pattern is refused, in the service's words.

use std::fmt;

use crate::condition::address::NetworkError;
use crate::condition::wildcard::WildcardError;

/// How much of a pattern is quoted in a message, in UTF-16 units, as the service's JSON reader does.
const QUOTED_UNITS_MAX: usize = 500;

/// Why a pattern is refused.
///
/// It displays as the message of the service's `InvalidEventPatternException`, with the place where the service gives one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Event pattern is not valid. Reason: {reason}{place}")]
pub struct PatternError {
    /// What is wrong.
    pub reason: Reason,
    place: Places,
}

/// Where reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The line, from 1.
    pub line: usize,
    /// The column after what was read last, from 1, in UTF-16 units.
    pub column: usize,
}

impl PatternError {
    /// Where reading stopped, if the reason lies in the text and not in what it amounts to.
    pub fn place(&self) -> Option<Place> {
        self.place.place
    }

    pub(crate) fn bare(reason: Reason) -> Self {
        Self { reason, place: Places { source: Box::default(), place: None, times: 0 } }
    }

    /// `times` is how often the service's message repeats the place: twice for what is wrong inside a list of `anything-but`.
    pub(crate) fn at(reason: Reason, source: &str, offset: usize, times: usize) -> Self {
        let read = &source[..offset];
        let line = read.matches('\n').count() + 1;
        let start = read.rfind('\n').map_or(0, |newline| newline + 1);
        let column = read[start..].encode_utf16().count() + 1;
        let place = Some(Place { line, column });
        Self { reason, place: Places { source: quoted(source).into(), place, times } }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Places {
    source: Box<str>,
    place: Option<Place>,
    times: usize,
}

impl fmt::Display for Places {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Place { line, column }) = self.place else { return Ok(()) };
        for _ in 0..self.times {
            let source = &self.source;
            write!(formatter, "\n at [Source: (String){source}; line: {line}, column: {column}]")?;
        }
        Ok(())
    }
}

fn quoted(source: &str) -> String {
    let mut units = 0;
    let within = |character: &char| {
        units += character.len_utf16();
        units <= QUOTED_UNITS_MAX
    };
    let kept: String = source.chars().take_while(within).collect();
    match source[kept.len()..].encode_utf16().count() {
        0 => format!("\"{kept}\""),
        cut => format!("\"{kept}\"[truncated {cut} chars]"),
    }
}

/// What is wrong with a pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// The text is longer than the caller allows.
    #[error("the pattern has {characters} characters, more than {characters_max}")]
    TooLong {
        /// How many there are.
        characters: usize,
        /// How many may be.
        characters_max: usize,
    },
    /// Objects lie in objects deeper than the caller allows.
    #[error("the pattern is nested deeper than {0} levels")]
    TooDeep(usize),
    /// `$or` multiplies to more combinations than the caller allows.
    #[error("$or makes more than {0} combinations of conditions")]
    TooManyCombinations(usize),
    /// The text is no JSON here.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// Something follows the pattern.
    #[error("unexpected text after the pattern")]
    TextAfterPattern,
    /// The pattern is a list or a scalar.
    #[error("Filter is not an object")]
    NotAnObject,
    /// A field has a scalar where an object or a list of alternatives must be.
    #[error("\"{0}\" must be an object or an array")]
    NeitherObjectNorArray(String),
    /// An object without fields.
    #[error("Empty objects are not allowed")]
    EmptyObject,
    /// A list without alternatives.
    #[error("Empty arrays are not allowed")]
    EmptyArray,
    /// A list in a list of alternatives.
    #[error("Match value must be String, number, true, false, or null")]
    NotAMatchValue,
    /// An operator is used as the name of a field inside `$or`.
    #[error("{0} is Ruler reserved fieldName which cannot be used inside $or.")]
    ReservedInOr(String),
    /// `$or` has something else than a list.
    #[error("It must be an Array followed with $or.")]
    OrNotAnArray,
    /// The list of `$or` has something else than objects.
    #[error("Only JSON object is allowed in array of $or relationship.")]
    OrNotObjects,
    /// `$or` of fewer than two.
    #[error("There must have at least 2 Objects in $or relationship.")]
    OrTooFew,
    /// An empty object stands where an operator must be.
    #[error("Match expression name not found")]
    NoOperator,
    /// There is no such operator.
    #[error("Unrecognized match type {0}")]
    UnknownOperator(String),
    /// An operator has a value of another type than a string.
    #[error("{0} match pattern must be a string")]
    NotAString(&'static str),
    /// Two operators in one object.
    #[error("Only one key allowed in match expression")]
    SecondOperator,
    /// `exists` has something else than a boolean.
    #[error("exists match pattern must be either true or false.")]
    ExistsNotABool,
    /// `prefix` or `suffix` has an empty object.
    #[error("{0} expression name not found")]
    NoInnerOperator(&'static str),
    /// `prefix`, `suffix` or `anything-but` has an operator that it does not take.
    #[error("Unsupported {outer} pattern: {inner}")]
    UnsupportedInner {
        /// The operator.
        outer: &'static str,
        /// What stands in it.
        inner: String,
    },
    /// `anything-but` has something else than strings, numbers or an operator.
    #[error("Value of anything-but must be an array or single string/number value.")]
    AnythingButValue,
    /// A list of `anything-but` has something else than strings and numbers.
    #[error("Inside anything but list, start|null|boolean is not supported.")]
    AnythingButElement,
    /// A list of `anything-but` has strings and numbers, or nothing.
    #[error(
        "Inside anything but list, either all values are number or string, mixed type is not supported"
    )]
    AnythingButMixed,
    /// `equals-ignore-case` in `anything-but` has something else than strings.
    #[error(
        "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
    )]
    AnythingButFoldedElement,
    /// An empty prefix or suffix would exclude everything.
    #[error("Null prefix/suffix not allowed")]
    EmptyAffix,
    /// `numeric` has something else than a list.
    #[error("Value of numeric must be an array.")]
    NumericNotAnArray,
    /// `numeric` does not begin with an operator.
    #[error("Invalid member in numeric match: {0}")]
    NumericMember(String),
    /// `numeric` has an operator that does not exist.
    #[error("Unrecognized numeric range operator: {0}")]
    NumericOperator(String),
    /// A comparison with something else than a number.
    #[error("Value of {0} must be numeric")]
    NotANumber(String),
    /// More follows a comparison that stands alone.
    #[error("Too many elements in numeric expression")]
    NumericTooMany,
    /// Something else than an operator follows the lower end of a range.
    #[error("Bad value in numeric range: {0}")]
    RangeValue(String),
    /// What follows the lower end of a range is no upper end.
    #[error("Bad numeric range operator: {0}")]
    RangeOperator(String),
    /// More follows a range.
    #[error("Too many terms in numeric range expression")]
    RangeTooMany,
    /// A range that contains nothing.
    #[error("Bottom must be less than top")]
    RangeEmpty,
    /// A wildcard is refused.
    #[error(transparent)]
    Wildcard(#[from] WildcardError),
    /// A network is refused.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

/// Why a text is no JSON.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// A word that is no literal.
    #[error(
        "Unrecognized token '{0}': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
    )]
    Token(String),
    /// A character that cannot stand here.
    #[error("Unexpected character ('{character}' (code {code})): {expected}")]
    Character {
        /// The character.
        character: char,
        /// Its code point.
        code: u32,
        /// What may stand here.
        expected: &'static str,
    },
    /// The text ends too early.
    #[error("Unexpected end-of-input{0}")]
    End(&'static str),
    /// A string is no JSON string.
    #[error("Illegal string: {0}")]
    String(String),
    /// A number is no JSON number.
    #[error("Illegal number: {0}")]
    Number(String),
}
