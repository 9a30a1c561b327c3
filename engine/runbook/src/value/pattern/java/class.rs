//! Classes of characters: `[a-z&&[^x]]`.

use super::{Escape, Translator, hexadecimal};

impl Translator<'_> {
    /// Reads a class, the opening bracket being read. A `-` is a range only between two characters, and `[` opens an inner class.
    pub(super) fn class(&mut self) -> Result<(), String> {
        self.made.push('[');
        if self.rest.next_if_eq(&'^').is_some() {
            self.made.push('^');
        }
        let mut is_first = true;
        loop {
            let next = self.rest.next().ok_or("a bracket is not closed")?;
            match next {
                ']' if !is_first => {
                    self.made.push(']');
                    return Ok(());
                }
                '[' => self.class()?,
                '&' if self.rest.next_if_eq(&'&').is_some() => self.made.push_str("&&"),
                '\\' => match self.escape()? {
                    Escape::Character(character) => self.range(character)?,
                    Escape::Other(_) => {
                        return Err("this escape has no place in a class".to_owned());
                    }
                    escape @ (Escape::Class(..) | Escape::Named(_) | Escape::Quoted(_)) => {
                        self.escaped(escape);
                    }
                },
                character => self.range(character)?,
            }
            is_first = false;
        }
    }

    /// Writes a character of a class, or the range that begins with it.
    fn range(&mut self, first: char) -> Result<(), String> {
        self.made.push_str(&hexadecimal(first));
        let mut ahead = self.rest.clone();
        if ahead.next() != Some('-') || matches!(ahead.next(), Some('[' | ']') | None) {
            if first == ':' {
                // As a range of one: `[:` alone would begin a class of POSIX, which Java does not have.
                self.made.push_str("-:");
            }
            return Ok(());
        }
        self.rest.next();
        let last = match self.rest.next() {
            Some('\\') => match self.escape()? {
                Escape::Character(last) => last,
                Escape::Class(..) | Escape::Named(_) | Escape::Other(_) | Escape::Quoted(_) => {
                    return Err("a range ends with a character".to_owned());
                }
            },
            Some(last) => last,
            None => return Err("a bracket is not closed".to_owned()),
        };
        if last < first {
            return Err(format!("the range `{first}-{last}` ends before it begins"));
        }
        self.made.push('-');
        self.made.push_str(&hexadecimal(last));
        Ok(())
    }
}
