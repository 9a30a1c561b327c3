//! The tokens of a pattern's text. Duplicate names and places survive here, which a JSON value would lose.

use std::borrow::Cow;

use super::error::{JsonError, PatternError, Reason};

const VALUE: &str = "expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
const NAME: &str = "was expecting double-quote to start field name";
const COLON: &str = "was expecting a colon to separate field name and value";

/// A token. Names of fields and strings are as the text has them, unescaped.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token<'text> {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Name(Cow<'text, str>),
    Text(Cow<'text, str>),
    Number { value: f64, written: &'text str },
    Bool(bool),
    Null,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Frame {
    Object,
    Array,
}

/// Reads token after token.
#[derive(Debug)]
pub(crate) struct Scanner<'text> {
    text: &'text str,
    at: usize,
    frames: Vec<Frame>,
    /// Whether a comma must come before the next element.
    is_first: bool,
    /// The value after a name, which is read together with it.
    ahead: Option<(Token<'text>, usize)>,
    /// Where the service's reader stands: after the last token, but only after the opening quote of a string that it has not needed.
    place: usize,
    /// The end of the last token.
    end: usize,
    depth_max: usize,
}

impl<'text> Scanner<'text> {
    pub(crate) fn new(text: &'text str, depth_max: usize) -> Self {
        Self {
            text,
            at: 0,
            frames: Vec::new(),
            is_first: true,
            ahead: None,
            place: 0,
            end: 0,
            depth_max,
        }
    }

    /// The next token. After a name its value's token has been looked at, so places lie behind it.
    pub(crate) fn next(&mut self) -> Result<Token<'text>, PatternError> {
        if let Some((token, end)) = self.ahead.take() {
            self.end = end;
            return self.enter(token);
        }
        self.skip_blanks();
        let Some(frame) = self.frames.last().copied() else {
            if self.peek().is_none() {
                self.place = self.at;
                return Ok(Token::End);
            }
            return self.value_and_enter();
        };
        let closing = if frame == Frame::Object { '}' } else { ']' };
        if self.peek() == Some(closing) {
            self.step();
            self.frames.pop();
            self.is_first = false;
            self.place = self.at;
            return Ok(if frame == Frame::Object { Token::ObjectEnd } else { Token::ArrayEnd });
        }
        if !self.is_first {
            self.separator(frame)?;
        }
        self.is_first = false;
        match frame {
            Frame::Object => self.name(),
            Frame::Array => self.value_and_enter(),
        }
    }

    /// Moves the place behind a string that has been needed.
    pub(crate) fn need(&mut self) {
        self.place = self.end;
    }

    /// The end of the last token, to cut a part out of the text.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// An error at the current place.
    pub(crate) fn error(&self, reason: impl Into<Reason>) -> PatternError {
        PatternError::at(reason.into(), self.text, self.place, 1)
    }

    /// An error at the current place, which the message gives `times` times.
    pub(crate) fn error_in_list(&self, reason: impl Into<Reason>, times: usize) -> PatternError {
        PatternError::at(reason.into(), self.text, self.place, times)
    }

    /// Checks that only blanks follow.
    pub(crate) fn finish(&mut self) -> Result<(), PatternError> {
        self.skip_blanks();
        if self.at < self.text.len() {
            self.place = self.at;
            return Err(self.error(Reason::TextAfterPattern));
        }
        Ok(())
    }

    fn separator(&mut self, frame: Frame) -> Result<(), PatternError> {
        let expected = match frame {
            Frame::Object => "was expecting comma to separate Object entries",
            Frame::Array => "was expecting comma to separate Array entries",
        };
        match self.peek() {
            Some(',') => {
                self.step();
                self.skip_blanks();
                Ok(())
            }
            Some(character) => {
                self.step();
                Err(self.unexpected(character, expected))
            }
            None => Err(self.ended(frame)),
        }
    }

    fn ended(&mut self, frame: Frame) -> PatternError {
        self.place = self.at;
        self.error(JsonError::End(match frame {
            Frame::Object => ": expected close marker for Object",
            Frame::Array => ": expected close marker for Array",
        }))
    }

    fn name(&mut self) -> Result<Token<'text>, PatternError> {
        match self.peek() {
            Some('"') => {}
            Some(character) => return Err(self.unexpected(character, NAME)),
            None => return Err(self.ended(Frame::Object)),
        }
        let name = self.string()?;
        self.skip_blanks();
        match self.peek() {
            Some(':') => self.step(),
            Some(character) => {
                self.step();
                return Err(self.unexpected(character, COLON));
            }
            None => return Err(self.ended(Frame::Object)),
        }
        let value = self.value()?;
        self.ahead = Some((value, self.at));
        Ok(Token::Name(name))
    }

    fn value_and_enter(&mut self) -> Result<Token<'text>, PatternError> {
        let value = self.value()?;
        self.end = self.at;
        self.enter(value)
    }

    fn enter(&mut self, token: Token<'text>) -> Result<Token<'text>, PatternError> {
        let frame = match token {
            Token::ObjectStart => Frame::Object,
            Token::ArrayStart => Frame::Array,
            Token::ObjectEnd
            | Token::ArrayEnd
            | Token::Name(_)
            | Token::Text(_)
            | Token::Number { .. }
            | Token::Bool(_)
            | Token::Null
            | Token::End => return Ok(token),
        };
        if self.frames.len() == self.depth_max {
            return Err(self.error(Reason::TooDeep(self.depth_max)));
        }
        self.frames.push(frame);
        self.is_first = true;
        Ok(token)
    }

    fn value(&mut self) -> Result<Token<'text>, PatternError> {
        self.skip_blanks();
        let token = match self.peek() {
            Some('{') => self.single(Token::ObjectStart),
            Some('[') => self.single(Token::ArrayStart),
            Some('"') => {
                let opened = self.at + 1;
                let text = self.string()?;
                self.place = opened;
                return Ok(Token::Text(text));
            }
            Some(character) if character == '-' || character.is_ascii_digit() => self.number()?,
            Some(character) if character.is_alphabetic() => self.word()?,
            Some(character) => {
                self.step();
                return Err(self.unexpected(character, VALUE));
            }
            None => {
                self.place = self.at;
                return Err(self.error(JsonError::End("")));
            }
        };
        self.place = self.at;
        Ok(token)
    }

    fn single(&mut self, token: Token<'text>) -> Token<'text> {
        self.step();
        token
    }

    fn word(&mut self) -> Result<Token<'text>, PatternError> {
        let rest = &self.text[self.at..];
        let is_part = |character: char| character.is_alphanumeric() || "_$".contains(character);
        let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        let word = &rest[..end];
        self.at += end;
        match word {
            "true" => Ok(Token::Bool(true)),
            "false" => Ok(Token::Bool(false)),
            "null" => Ok(Token::Null),
            _ => {
                self.place = self.at;
                Err(self.error(JsonError::Token(word.to_owned())))
            }
        }
    }

    fn number(&mut self) -> Result<Token<'text>, PatternError> {
        let rest = &self.text[self.at..];
        let is_part = |character: char| character.is_ascii_digit() || "+-.eE".contains(character);
        let end = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        let written = &rest[..end];
        self.at += end;
        if let Ok(value) = serde_json::from_str(written) {
            return Ok(Token::Number { value, written });
        }
        self.place = self.at;
        Err(self.error(JsonError::Number(written.to_owned())))
    }

    fn string(&mut self) -> Result<Cow<'text, str>, PatternError> {
        let rest = &self.text[self.at..];
        let Some(end) = closing_quote(rest) else {
            self.at = self.text.len();
            self.place = self.at;
            return Err(self.error(JsonError::End(" in a string")));
        };
        self.at += end + 1;
        let inner = &rest[1..end];
        if !inner.bytes().any(|byte| byte == b'\\' || byte < b' ') {
            return Ok(Cow::Borrowed(inner));
        }
        match serde_json::from_str::<String>(&rest[..=end]) {
            Ok(text) => Ok(Cow::Owned(text)),
            Err(error) => {
                self.place = self.at;
                Err(self.error(JsonError::String(error.to_string())))
            }
        }
    }

    fn unexpected(&mut self, character: char, expected: &'static str) -> PatternError {
        self.place = self.at;
        self.error(JsonError::Character { character, code: u32::from(character), expected })
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn step(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
    }
}

/// The offset of the quote that closes the string at the start of `text`.
fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at),
            _ => {}
        }
    }
    None
}
