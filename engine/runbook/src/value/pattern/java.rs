//! From Java's notation to that of the `regex` and `fancy-regex` crates.

mod class;

use std::iter::Peekable;
use std::str::Chars;

use super::property;

const HORIZONTAL: &str =
    r"\x{20}\x{9}\x{A0}\x{1680}\x{180E}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}";
const VERTICAL: &str = r"\x{A}-\x{D}\x{85}\x{2028}\x{2029}";

/// Returns the pattern in the crates' notation.
pub(super) fn translate(source: &str) -> Result<String, String> {
    let mut translator = Translator {
        rest: source.chars().peekable(),
        made: String::with_capacity(source.len() + 16),
        groups: 0,
        unicode: false,
        commented: false,
    };
    translator.pattern()?;
    if translator.groups != 0 {
        return Err("a parenthesis is not closed".to_owned());
    }
    if translator.commented {
        // A comment at the end must not hide what is put after the pattern.
        translator.made.push('\n');
    }
    Ok(translator.made)
}

struct Translator<'s> {
    rest: Peekable<Chars<'s>>,
    made: String,
    /// Open parentheses.
    groups: usize,
    /// `(?U)`: the short classes know all of Unicode.
    unicode: bool,
    /// `(?x)`: there may be comments.
    commented: bool,
}

/// What an escape stands for.
enum Escape {
    Character(char),
    /// The inside of a class, and whether it is all but that.
    Class(String, bool),
    /// A class by name, which stands for itself in and out of brackets.
    Named(String),
    /// Something that matches no single character; not allowed in a class.
    Other(String),
    Quoted(String),
}

impl Translator<'_> {
    fn pattern(&mut self) -> Result<(), String> {
        while let Some(next) = self.rest.next() {
            match next {
                '\\' => {
                    let escape = self.escape()?;
                    self.escaped(escape);
                }
                '[' => self.class()?,
                '(' => self.group()?,
                ')' => {
                    self.groups = self
                        .groups
                        .checked_sub(1)
                        .ok_or("a parenthesis is closed that was not opened")?;
                    self.made.push(')');
                }
                other => self.made.push(other),
            }
        }
        Ok(())
    }

    fn escaped(&mut self, escape: Escape) {
        match escape {
            Escape::Character(character) => self.character(character),
            Escape::Class(inside, false) => self.made.push_str(&format!("[{inside}]")),
            Escape::Class(inside, true) => self.made.push_str(&format!("[^{inside}]")),
            Escape::Named(text) | Escape::Other(text) => self.made.push_str(&text),
            Escape::Quoted(text) => text.chars().for_each(|character| self.character(character)),
        }
    }

    fn character(&mut self, character: char) {
        if character.is_ascii_alphanumeric() {
            self.made.push(character);
        } else {
            self.made.push_str(&hexadecimal(character));
        }
    }

    fn group(&mut self) -> Result<(), String> {
        self.groups += 1;
        self.made.push('(');
        if self.rest.peek() != Some(&'?') {
            return Ok(());
        }
        self.rest.next();
        match self.rest.peek() {
            Some(':' | '=' | '!' | '<' | '>') => self.made.push('?'),
            Some('a'..='z' | 'A'..='Z' | '-') => return self.flags(),
            _ => return Err("`(?` is followed by nothing that is known".to_owned()),
        }
        Ok(())
    }

    /// Reads `(?i)` and `(?i:`; `u`, `U` and `d` are Java's own.
    fn flags(&mut self) -> Result<(), String> {
        let mut kept = String::new();
        loop {
            match self.rest.next() {
                Some('u' | 'd') => {}
                Some('U') => self.unicode = !kept.contains('-'),
                Some(flag @ ('i' | 'm' | 's' | 'x' | '-')) => {
                    self.commented |= flag == 'x';
                    kept.push(flag);
                }
                Some(':') => {
                    let kept = kept.trim_end_matches('-');
                    self.made.push_str(&format!("?{kept}:"));
                    return Ok(());
                }
                Some(')') => {
                    self.groups -= 1;
                    self.made.pop();
                    let kept = kept.trim_end_matches('-');
                    if !kept.is_empty() {
                        self.made.push_str(&format!("(?{kept})"));
                    }
                    return Ok(());
                }
                Some(other) => return Err(format!("there is no flag `{other}`")),
                None => return Err("a parenthesis is not closed".to_owned()),
            }
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<Escape, String> {
        let next = self.rest.next().ok_or("a backslash stands at the end")?;
        let class = |inside: &str, negated| Escape::Class(inside.to_owned(), negated);
        Ok(match next {
            'd' | 'D' | 's' | 'S' | 'w' | 'W' if self.unicode => Escape::Named(format!(r"\{next}")),
            'd' | 'D' => class("0-9", next == 'D'),
            's' | 'S' => class(r"\x{20}\x{9}-\x{D}", next == 'S'),
            'w' | 'W' => class("a-zA-Z0-9_", next == 'W'),
            'h' | 'H' => class(HORIZONTAL, next == 'H'),
            'v' | 'V' => class(VERTICAL, next == 'V'),
            'R' => Escape::Other(format!(r"(?:\r\n|[{VERTICAL}])")),
            'Z' => Escape::Other(r"(?=(?:\r\n|[\x{A}\x{D}\x{85}\x{2028}\x{2029}])?\z)".to_owned()),
            'A' | 'b' | 'B' | 'z' | 'G' | '1'..='9' => Escape::Other(format!(r"\{next}")),
            'k' => Escape::Other(format!(r"\k<{}>", self.between('<', '>')?)),
            'p' | 'P' => self.property(next == 'P')?,
            'Q' => Escape::Quoted(self.quoted()),
            't' => Escape::Character('\t'),
            'n' => Escape::Character('\n'),
            'r' => Escape::Character('\r'),
            'f' => Escape::Character('\u{C}'),
            'a' => Escape::Character('\u{7}'),
            'e' => Escape::Character('\u{1B}'),
            '0' | 'x' | 'u' | 'c' => Escape::Character(self.numbered(next)?),
            other if other.is_ascii_alphabetic() => {
                return Err(format!("there is no escape `\\{other}`"));
            }
            other => Escape::Character(other),
        })
    }

    fn property(&mut self, negated: bool) -> Result<Escape, String> {
        let name = match self.rest.peek() {
            Some('{') => self.between('{', '}')?,
            Some(_) => self.rest.next().map(String::from).unwrap_or_default(),
            None => return Err("a property lacks its name".to_owned()),
        };
        Ok(match property::class(&name) {
            Some(inside) => Escape::Class(inside.to_owned(), negated),
            None => Escape::Named(property::named(&name, negated)?),
        })
    }

    fn between(&mut self, open: char, close: char) -> Result<String, String> {
        if self.rest.next() != Some(open) {
            return Err(format!("`{open}` is missing"));
        }
        let mut name = String::new();
        loop {
            match self.rest.next() {
                Some(end) if end == close => return Ok(name),
                Some(character) => name.push(character),
                None => return Err(format!("`{close}` is missing")),
            }
        }
    }

    /// Reads the text up to `\E`.
    fn quoted(&mut self) -> String {
        let mut text = String::new();
        while let Some(character) = self.rest.next() {
            if character == '\\' && self.rest.next_if_eq(&'E').is_some() {
                break;
            }
            text.push(character);
        }
        text
    }

    /// Reads a character given by its number: `\x41`, `\x{1F600}`, `\u0041`, `\0101`, or by its control letter: `\cA`.
    fn numbered(&mut self, kind: char) -> Result<char, String> {
        let wrong = || format!("`\\{kind}` is not followed by the number of a character");
        let number = match kind {
            'c' => {
                let letter = self.rest.next().filter(char::is_ascii).ok_or_else(wrong)?;
                u32::from(letter) ^ 64
            }
            'x' if self.rest.peek() == Some(&'{') => {
                u32::from_str_radix(&self.between('{', '}')?, 16).map_err(|_| wrong())?
            }
            'x' => self.digits(16, 2..=2).ok_or_else(wrong)?,
            'u' => {
                let first = self.digits(16, 4..=4).ok_or_else(wrong)?;
                self.surrogate(first).ok_or_else(wrong)?
            }
            _ => self.digits(8, 1..=3).ok_or_else(wrong)?,
        };
        char::from_u32(number).ok_or_else(wrong)
    }

    /// Joins the two halves by which Java writes a character beyond 16 bits.
    fn surrogate(&mut self, first: u32) -> Option<u32> {
        if !(0xD800..0xDC00).contains(&first) {
            return Some(first);
        }
        self.rest.next_if_eq(&'\\')?;
        self.rest.next_if_eq(&'u')?;
        let second = self.digits(16, 4..=4)?.checked_sub(0xDC00)?;
        Some(0x1_0000 + ((first - 0xD800) << 10) + second)
    }

    fn digits(&mut self, radix: u32, count: std::ops::RangeInclusive<usize>) -> Option<u32> {
        let mut number = 0;
        let mut found = 0;
        while found < *count.end()
            && let Some(digit) = self.rest.peek().and_then(|digit| digit.to_digit(radix))
        {
            self.rest.next();
            number = number * radix + digit;
            found += 1;
        }
        count.contains(&found).then_some(number)
    }
}

fn hexadecimal(character: char) -> String {
    format!(r"\x{{{:X}}}", u32::from(character))
}
