//! From a pattern's text to its clauses: objects, lists of alternatives and `$or`.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::error::{PatternError, Reason};
use super::expression;
use super::scan::{Scanner, Token};
use super::{Clause, Key, Limits, Pattern};
use crate::condition::{Condition, address};
use crate::event::FieldPath;

const OR: &str = "$or";

/// Names that an object of `$or` may not have, so that old patterns with a field of that name keep their meaning.
const RESERVED: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

/// Reads a pattern. Where it cannot be read with `$or` as an operator, `$or` is the name of a field, if it can be read so.
pub(super) fn parse(text: &str, limits: &Limits) -> Result<Pattern, PatternError> {
    let characters = text.chars().count();
    let characters_max = limits.characters;
    if characters > characters_max {
        return Err(PatternError::bare(Reason::TooLong { characters, characters_max }));
    }
    match Parser::new(text, limits, true).pattern() {
        Err(error) if text.contains(OR) => {
            Parser::new(text, limits, false).pattern().map_err(|_| error)
        }
        result => result,
    }
}

type Keys = BTreeMap<String, Arc<Key>>;

struct Parser<'text> {
    text: &'text str,
    scanner: Scanner<'text>,
    combinations_max: usize,
    has_or: bool,
    path: Vec<String>,
    fields: usize,
}

impl<'text> Parser<'text> {
    fn new(text: &'text str, limits: &Limits, has_or: bool) -> Self {
        Self {
            text,
            scanner: Scanner::new(text, limits.nesting_levels),
            combinations_max: limits.combinations,
            has_or,
            path: Vec::new(),
            fields: 0,
        }
    }

    fn pattern(mut self) -> Result<Pattern, PatternError> {
        if self.scanner.next()? != Token::ObjectStart {
            return Err(self.scanner.error(Reason::NotAnObject));
        }
        let mut clauses = vec![Keys::new()];
        self.object(&mut clauses, false)?;
        self.scanner.finish()?;
        let clauses =
            clauses.into_iter().map(|keys| Clause { keys: keys.into_values().collect() }).collect();
        Ok(Pattern { clauses, fields: self.fields })
    }

    /// Reads the fields of an object into each of `clauses`.
    fn object(&mut self, clauses: &mut Vec<Keys>, is_in_or: bool) -> Result<(), PatternError> {
        let mut is_empty = true;
        while let Token::Name(name) = self.scanner.next()? {
            let name = name.into_owned();
            is_empty = false;
            if self.has_or && name == OR {
                self.alternatives(clauses)?;
                continue;
            }
            if is_in_or && RESERVED.contains(&name.as_str()) {
                return Err(self.scanner.error(Reason::ReservedInOr(name)));
            }
            self.path.push(name);
            self.field(clauses, is_in_or)?;
            self.path.pop();
        }
        if is_empty {
            return Err(self.scanner.error(Reason::EmptyObject));
        }
        Ok(())
    }

    fn field(&mut self, clauses: &mut Vec<Keys>, is_in_or: bool) -> Result<(), PatternError> {
        match self.scanner.next()? {
            Token::ObjectStart => self.object(clauses, is_in_or),
            Token::ArrayStart => self.key(clauses),
            Token::ObjectEnd
            | Token::ArrayEnd
            | Token::Name(_)
            | Token::Text(_)
            | Token::Number { .. }
            | Token::Bool(_)
            | Token::Null
            | Token::End => {
                let name = self.path.last().cloned().unwrap_or_default();
                Err(self.scanner.error(Reason::NeitherObjectNorArray(name)))
            }
        }
    }

    /// Reads `$or`: each of its objects makes its own copy of the clauses so far.
    fn alternatives(&mut self, clauses: &mut Vec<Keys>) -> Result<(), PatternError> {
        if self.scanner.next()? != Token::ArrayStart {
            return Err(self.scanner.error(Reason::OrNotAnArray));
        }
        let before = std::mem::take(clauses);
        let mut count = 0_usize;
        loop {
            match self.scanner.next()? {
                Token::ArrayEnd => break,
                Token::ObjectStart => {}
                Token::ObjectEnd
                | Token::ArrayStart
                | Token::Name(_)
                | Token::Text(_)
                | Token::Number { .. }
                | Token::Bool(_)
                | Token::Null
                | Token::End => return Err(self.scanner.error(Reason::OrNotObjects)),
            }
            count += 1;
            if clauses.len() + before.len() > self.combinations_max {
                return Err(self.scanner.error(Reason::TooManyCombinations(self.combinations_max)));
            }
            let mut branch = before.clone();
            self.object(&mut branch, true)?;
            clauses.append(&mut branch);
        }
        if count < 2 {
            return Err(self.scanner.error(Reason::OrTooFew));
        }
        Ok(())
    }

    /// Reads a list of alternatives.
    fn key(&mut self, clauses: &mut [Keys]) -> Result<(), PatternError> {
        let start = self.scanner.at() - 1;
        let mut conditions = Vec::new();
        loop {
            let condition = match self.scanner.next()? {
                Token::ArrayEnd => break,
                Token::ObjectStart => expression::read(&mut self.scanner)?,
                Token::Text(text) => {
                    self.scanner.need();
                    match address::parse(&text) {
                        Some(address) => Condition::Address(address),
                        None => Condition::Text(text.into()),
                    }
                }
                Token::Number { value, .. } => Condition::Number(value),
                Token::Bool(value) => Condition::Bool(value),
                Token::Null => Condition::Null,
                Token::ArrayStart | Token::ObjectEnd | Token::Name(_) | Token::End => {
                    return Err(self.scanner.error(Reason::NotAMatchValue));
                }
            };
            conditions.push(condition);
        }
        if conditions.is_empty() {
            return Err(self.scanner.error(Reason::EmptyArray));
        }
        let path = self.path.join(".");
        let key = Arc::new(Key {
            path: FieldPath::new(&path),
            conditions,
            wanted: self.text[start..self.scanner.at()].into(),
            ordinal: self.fields,
        });
        self.fields += 1;
        for keys in clauses {
            keys.insert(path.clone(), Arc::clone(&key));
        }
        Ok(())
    }
}
