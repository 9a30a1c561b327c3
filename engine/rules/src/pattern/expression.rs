//! Match expressions: the objects in a list of alternatives.

use super::error::{PatternError, Reason};
use super::numeric;
use super::scan::{Scanner, Token};
use crate::condition::address::Network;
use crate::condition::fold::Folded;
use crate::condition::wildcard::{Wildcard, WildcardError};
use crate::condition::{Condition, Exclusion};

const FOLDED: &str = "equals-ignore-case";
/// How often the service gives the place of what is wrong inside a list of `anything-but`.
const PLACES_IN_LIST: usize = 2;

/// Reads an expression whose object has been opened.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<Condition, PatternError> {
    let Token::Name(operator) = scanner.next()? else {
        return Err(scanner.error(Reason::NoOperator));
    };
    match &*operator {
        "exactly" => Ok(Condition::Text(single(scanner, "exact")?.into())),
        "prefix" => affix(scanner, Affix::Prefix),
        "suffix" => affix(scanner, Affix::Suffix),
        FOLDED => Ok(Condition::FoldedText(Folded::new(&single(scanner, FOLDED)?))),
        "wildcard" => {
            let text = string(scanner, "wildcard")?;
            let wildcard = wildcard(scanner, &text)?;
            close(scanner)?;
            Ok(Condition::Wildcard(wildcard))
        }
        "cidr" => {
            // The service calls it a prefix here.
            let text = string(scanner, "prefix")?;
            let network =
                Network::parse(&text).map_err(|error| PatternError::bare(error.into()))?;
            close(scanner)?;
            Ok(Condition::Network(network))
        }
        "exists" => exists(scanner),
        "numeric" => {
            if scanner.next()? != Token::ArrayStart {
                return Err(scanner.error(Reason::NumericNotAnArray));
            }
            let condition = numeric::read(scanner)?;
            end(scanner, Reason::NumericTooMany)?;
            Ok(condition)
        }
        "anything-but" => anything_but(scanner),
        _ => Err(scanner.error(Reason::UnknownOperator(operator.into_owned()))),
    }
}

fn exists(scanner: &mut Scanner<'_>) -> Result<Condition, PatternError> {
    let Token::Bool(exists) = scanner.next()? else {
        return Err(scanner.error(Reason::ExistsNotABool));
    };
    close(scanner)?;
    Ok(if exists { Condition::Exists } else { Condition::Absent })
}

#[derive(Clone, Copy)]
enum Affix {
    Prefix,
    Suffix,
}

/// Reads `"text"` or `{"equals-ignore-case": "text"}`.
fn affix(scanner: &mut Scanner<'_>, affix: Affix) -> Result<Condition, PatternError> {
    let (operator, capital) = match affix {
        Affix::Prefix => ("prefix", "Prefix"),
        Affix::Suffix => ("suffix", "Suffix"),
    };
    let token = scanner.next()?;
    if token == Token::ObjectStart {
        let Token::Name(inner) = scanner.next()? else {
            return Err(scanner.error(Reason::NoInnerOperator(capital)));
        };
        if inner != FOLDED {
            let inner = inner.into_owned();
            return Err(scanner.error(Reason::UnsupportedInner { outer: operator, inner }));
        }
        let folded = Folded::new(&single(scanner, FOLDED)?);
        close(scanner)?;
        return Ok(match affix {
            Affix::Prefix => Condition::FoldedPrefix(folded),
            Affix::Suffix => Condition::FoldedSuffix(folded),
        });
    }
    let Token::Text(text) = token else {
        return Err(scanner.error(Reason::NotAString(operator)));
    };
    scanner.need();
    close(scanner)?;
    Ok(match affix {
        Affix::Prefix => Condition::Prefix(text.into()),
        Affix::Suffix => Condition::Suffix(text.into()),
    })
}

/// What stands in `anything-but`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inner {
    Values,
    Folded,
    Prefix,
    Suffix,
    Wildcard,
}

fn anything_but(scanner: &mut Scanner<'_>) -> Result<Condition, PatternError> {
    let mut token = scanner.next()?;
    let mut inner = Inner::Values;
    if token == Token::ObjectStart {
        let Token::Name(operator) = scanner.next()? else {
            return Err(scanner.error(Reason::NoInnerOperator("Anything-But")));
        };
        inner = match &*operator {
            FOLDED => Inner::Folded,
            "prefix" => Inner::Prefix,
            "suffix" => Inner::Suffix,
            "wildcard" => Inner::Wildcard,
            _ => {
                let inner = operator.into_owned();
                return Err(
                    scanner.error(Reason::UnsupportedInner { outer: "anything-but", inner })
                );
            }
        };
        token = scanner.next()?;
    }
    let exclusion = match token {
        Token::ArrayStart if inner == Inner::Values => value_list(scanner)?,
        Token::ArrayStart => text_list(scanner, inner)?,
        Token::Text(_) | Token::Number { .. } if inner == Inner::Values => one_value(&token),
        Token::Text(_) | Token::Number { .. } => {
            let text = inner_text(scanner, token, inner)?;
            exclusion(scanner, vec![text], inner)?
        }
        Token::ObjectStart
        | Token::ObjectEnd
        | Token::ArrayEnd
        | Token::Name(_)
        | Token::Bool(_)
        | Token::Null
        | Token::End => return Err(scanner.error(Reason::AnythingButValue)),
    };
    if inner != Inner::Values {
        end(scanner, Reason::NumericTooMany)?;
    }
    end(scanner, Reason::NumericTooMany)?;
    Ok(Condition::AnythingBut(exclusion))
}

fn one_value(token: &Token<'_>) -> Exclusion {
    match token {
        Token::Text(text) => Exclusion::Texts(vec![(&**text).into()]),
        Token::Number { value, .. } => Exclusion::Numbers(vec![*value]),
        Token::ObjectStart
        | Token::ObjectEnd
        | Token::ArrayStart
        | Token::ArrayEnd
        | Token::Name(_)
        | Token::Bool(_)
        | Token::Null
        | Token::End => Exclusion::Texts(Vec::new()),
    }
}

/// Reads a list of strings or of numbers.
fn value_list(scanner: &mut Scanner<'_>) -> Result<Exclusion, PatternError> {
    let mut texts: Vec<Box<str>> = Vec::new();
    let mut numbers = Vec::new();
    loop {
        match scanner.next()? {
            Token::ArrayEnd => break,
            Token::Text(text) => {
                scanner.need();
                texts.push(text.into());
            }
            Token::Number { value, .. } => numbers.push(value),
            Token::ObjectStart
            | Token::ObjectEnd
            | Token::ArrayStart
            | Token::Name(_)
            | Token::Bool(_)
            | Token::Null
            | Token::End => {
                return Err(scanner.error_in_list(Reason::AnythingButElement, PLACES_IN_LIST));
            }
        }
    }
    match (texts.is_empty(), numbers.is_empty()) {
        (false, true) => Ok(Exclusion::Texts(texts)),
        (true, false) => Ok(Exclusion::Numbers(numbers)),
        (true, true) | (false, false) => Err(scanner.error(Reason::AnythingButMixed)),
    }
}

fn text_list(scanner: &mut Scanner<'_>, inner: Inner) -> Result<Exclusion, PatternError> {
    let mut texts = Vec::new();
    loop {
        let token = scanner.next()?;
        if token == Token::ArrayEnd {
            return exclusion(scanner, texts, inner);
        }
        let text = inner_text(scanner, token, inner)
            .map_err(|error| scanner.error_in_list(error.reason, PLACES_IN_LIST))?;
        texts.push(text);
    }
}

/// Checks one value of an operator in `anything-but`.
fn inner_text(
    scanner: &mut Scanner<'_>,
    token: Token<'_>,
    inner: Inner,
) -> Result<String, PatternError> {
    let Token::Text(text) = token else {
        return Err(scanner.error(match inner {
            Inner::Values | Inner::Folded => Reason::AnythingButFoldedElement,
            Inner::Prefix | Inner::Suffix => Reason::NotAString("prefix/suffix"),
            Inner::Wildcard => Reason::NotAString("wildcard"),
        }));
    };
    scanner.need();
    if text.is_empty() && matches!(inner, Inner::Prefix | Inner::Suffix) {
        return Err(scanner.error(Reason::EmptyAffix));
    }
    Ok(text.into_owned())
}

fn exclusion(
    scanner: &Scanner<'_>,
    texts: Vec<String>,
    inner: Inner,
) -> Result<Exclusion, PatternError> {
    let boxed = |texts: Vec<String>| texts.into_iter().map(String::into_boxed_str).collect();
    Ok(match inner {
        Inner::Values => Exclusion::Texts(boxed(texts)),
        Inner::Folded => Exclusion::Folded(texts.iter().map(|text| Folded::new(text)).collect()),
        Inner::Prefix => Exclusion::Prefixes(boxed(texts)),
        Inner::Suffix => Exclusion::Suffixes(boxed(texts)),
        Inner::Wildcard => {
            let wildcards = texts.iter().map(|text| wildcard(scanner, text));
            Exclusion::Wildcards(wildcards.collect::<Result<_, _>>()?)
        }
    })
}

/// Only what is wrong in the text itself has a place: complexity is found later by the service.
fn wildcard(scanner: &Scanner<'_>, text: &str) -> Result<Wildcard, PatternError> {
    Wildcard::parse(text).map_err(|error| match error {
        WildcardError::TooComplex => PatternError::bare(error.into()),
        WildcardError::Consecutive(_) | WildcardError::Escape(_) => scanner.error(error),
    })
}

/// Reads a string and the end of its object.
fn single(scanner: &mut Scanner<'_>, operator: &'static str) -> Result<String, PatternError> {
    let text = string(scanner, operator)?;
    close(scanner)?;
    Ok(text)
}

fn string(scanner: &mut Scanner<'_>, operator: &'static str) -> Result<String, PatternError> {
    let Token::Text(text) = scanner.next()? else {
        return Err(scanner.error(Reason::NotAString(operator)));
    };
    scanner.need();
    Ok(text.into_owned())
}

fn close(scanner: &mut Scanner<'_>) -> Result<(), PatternError> {
    end(scanner, Reason::SecondOperator)
}

fn end(scanner: &mut Scanner<'_>, reason: Reason) -> Result<(), PatternError> {
    if scanner.next()? == Token::ObjectEnd { Ok(()) } else { Err(scanner.error(reason)) }
}
