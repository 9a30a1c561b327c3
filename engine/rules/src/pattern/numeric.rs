//! The list of `numeric`: one comparison, or the lower and the upper end of a range.

use super::error::{PatternError, Reason};
use super::scan::{Scanner, Token};
use crate::condition::{Bound, Condition, Interval};

/// Reads a list that has been opened.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<Condition, PatternError> {
    let token = scanner.next()?;
    let Token::Text(operator) = &token else {
        return Err(scanner.error(Reason::NumericMember(written(&token))));
    };
    let operator = operator.to_string();
    scanner.need();
    let token = scanner.next()?;
    match operator.as_str() {
        "=" => {
            let value = number(scanner, &token, &operator)?;
            last(scanner, Reason::NumericTooMany)?;
            Ok(Condition::Number(value))
        }
        ">" | ">=" => {
            let value = number(scanner, &token, &operator)?;
            let lower = Bound { value, is_open: operator == ">" };
            let token = scanner.next()?;
            if token == Token::ArrayEnd {
                return Ok(Condition::Numeric(Interval { lower: Some(lower), upper: None }));
            }
            range(scanner, lower, &token)
        }
        "<" | "<=" => {
            let value = number(scanner, &token, &operator)?;
            last(scanner, Reason::NumericTooMany)?;
            let upper = Bound { value, is_open: operator == "<" };
            Ok(Condition::Numeric(Interval { lower: None, upper: Some(upper) }))
        }
        _ => Err(scanner.error(Reason::NumericOperator(operator))),
    }
}

fn range(
    scanner: &mut Scanner<'_>,
    lower: Bound,
    token: &Token<'_>,
) -> Result<Condition, PatternError> {
    let Token::Text(operator) = token else {
        return Err(scanner.error(Reason::RangeValue(written(token))));
    };
    scanner.need();
    let is_open = match &**operator {
        "<" => true,
        "<=" => false,
        _ => return Err(scanner.error(Reason::RangeOperator(operator.to_string()))),
    };
    let token = scanner.next()?;
    let value = number(scanner, &token, operator)?;
    last(scanner, Reason::RangeTooMany)?;
    let upper = Bound { value, is_open };
    #[expect(clippy::float_cmp, reason = "a range of one number is written with that number twice")]
    let is_single = lower.value == upper.value && !lower.is_open && !upper.is_open;
    if lower.value >= upper.value && !is_single {
        return Err(scanner.error(Reason::RangeEmpty));
    }
    Ok(Condition::Numeric(Interval { lower: Some(lower), upper: Some(upper) }))
}

fn number(scanner: &Scanner<'_>, token: &Token<'_>, operator: &str) -> Result<f64, PatternError> {
    if let Token::Number { value, .. } = token {
        return Ok(*value);
    }
    // The service spells this one comparison out.
    let operator = if operator == "=" { "equals" } else { operator };
    Err(scanner.error(Reason::NotANumber(operator.to_owned())))
}

fn last(scanner: &mut Scanner<'_>, reason: Reason) -> Result<(), PatternError> {
    if scanner.next()? == Token::ArrayEnd { Ok(()) } else { Err(scanner.error(reason)) }
}

fn written(token: &Token<'_>) -> String {
    match token {
        Token::ObjectStart => "{".to_owned(),
        Token::ObjectEnd => "}".to_owned(),
        Token::ArrayStart => "[".to_owned(),
        Token::ArrayEnd => "]".to_owned(),
        Token::Name(text) | Token::Text(text) => text.to_string(),
        Token::Number { written, .. } => (*written).to_owned(),
        Token::Bool(value) => value.to_string(),
        Token::Null => "null".to_owned(),
        Token::End => String::new(),
    }
}
