//! Grants with inputs or parameters in them: `parameters:read:{Name}`, `commands:send:Patch@tag:Tier={{ Tier }}`.

use std::collections::BTreeSet;

use super::{Area, Grant, GrantError, escape};

/// How many grants one template may make.
pub const EXPANSIONS_MAX: usize = 1_000;

/// What a template comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expansion {
    /// One grant for each combination of values; none where a value is an empty list.
    Known(Vec<Grant>),
    /// The values of `names` are not known yet; `widest` covers whatever they may be.
    Unknown { names: BTreeSet<String>, widest: Vec<Grant> },
}

enum Piece<'t> {
    Text(&'t str),
    Name(&'t str),
}

/// Puts values in the place of `{Name}` and `{{ Name }}`.
///
/// `lookup` returns the values of a name, each of which makes a grant of its own, or `None` where they are not known yet.
/// A value never acts as syntax: a `*` in it is literal, and in a URL that does not begin with the value it cannot leave the part
/// in which it stands. An HTTP method may be in lower case, the name of a service in upper case.
pub fn expand(
    template: &str,
    lookup: &dyn Fn(&str) -> Option<Vec<String>>,
) -> Result<Expansion, GrantError> {
    let mut parts = template.splitn(3, ':');
    let area = parts.next().unwrap_or_default();
    let parsed = Area::parse(area);
    let http = parsed == Some(Area::Http);
    let mut names = BTreeSet::new();
    let mut texts = vec![area.to_owned()];
    for (index, part) in parts.enumerate() {
        let place = match (index, http) {
            (0, true) => Place::Method,
            (0, false) if parsed == Some(Area::Api) => Place::Service,
            (0, false) => Place::Verb,
            (_, true) => Place::Url,
            (_, false) => Place::Resource,
        };
        let expanded = Part { template, pieces: pieces(template, part)?, place };
        let choices = expanded.expand(lookup, &mut names)?;
        if texts.len().saturating_mul(choices.len()) > EXPANSIONS_MAX {
            return Err(GrantError::TooManyExpansions { template: template.to_owned() });
        }
        texts = texts
            .iter()
            .flat_map(|text| choices.iter().map(move |choice| format!("{text}:{choice}")))
            .collect();
    }
    let mut grants = texts.iter().map(|text| Grant::parse(text)).collect::<Result<Vec<_>, _>>()?;
    grants.sort();
    grants.dedup();
    Ok(if names.is_empty() {
        Expansion::Known(grants)
    } else {
        Expansion::Unknown { names, widest: grants }
    })
}

/// Returns whether a value decides which host the grants of a template name: such grants do not name it in so many words.
pub fn takes_host_from_value(template: &str) -> bool {
    let mut parts = template.splitn(3, ':');
    if parts.next().and_then(Area::parse) != Some(Area::Http) {
        return false;
    }
    let url = parts.nth(1).unwrap_or_default();
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _port)| host);
    host.contains('{')
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Verb,
    Method,
    Service,
    Resource,
    Url,
}

struct Part<'t> {
    template: &'t str,
    pieces: Vec<Piece<'t>>,
    place: Place,
}

impl Part<'_> {
    fn expand(
        &self,
        lookup: &dyn Fn(&str) -> Option<Vec<String>>,
        names: &mut BTreeSet<String>,
    ) -> Result<Vec<String>, GrantError> {
        let mut texts = vec![String::new()];
        for (index, piece) in self.pieces.iter().enumerate() {
            let choices = match piece {
                Piece::Text(text) => vec![(*text).to_owned()],
                Piece::Name(name) => {
                    if let Some(values) = lookup(name) {
                        let value = |value: &String| self.value(index, name, value);
                        values.iter().map(value).collect::<Result<_, _>>()?
                    } else {
                        names.insert((*name).to_owned());
                        if self.place == Place::Url && index == 0 && !self.is_scheme() {
                            return Ok(vec!["*".to_owned()]);
                        }
                        vec!["*".to_owned()]
                    }
                }
            };
            if texts.len().saturating_mul(choices.len()) > EXPANSIONS_MAX {
                return Err(GrantError::TooManyExpansions { template: self.template.to_owned() });
            }
            texts = texts
                .iter()
                .flat_map(|text| choices.iter().map(move |choice| format!("{text}{choice}")))
                .collect();
        }
        Ok(texts)
    }

    fn value(&self, index: usize, name: &str, value: &str) -> Result<String, GrantError> {
        let refused = || GrantError::Value {
            template: self.template.to_owned(),
            name: name.to_owned(),
            value: value.to_owned(),
        };
        match self.place {
            Place::Verb | Place::Method | Place::Service
                if !value.bytes().all(|byte| byte.is_ascii_alphabetic()) =>
            {
                Err(refused())
            }
            Place::Verb => Ok(value.to_owned()),
            Place::Method => Ok(value.to_ascii_uppercase()),
            Place::Service => Ok(value.to_ascii_lowercase()),
            Place::Url if index > 0 || self.is_scheme() => {
                let syntax = |byte: u8| b"/?#@:\\%[]".contains(&byte);
                let in_path = self.path_began(index);
                let allowed = |byte: u8| !syntax(byte) || (in_path && b"/:@".contains(&byte));
                if value.bytes().all(allowed) { Ok(escape(value)) } else { Err(refused()) }
            }
            Place::Resource | Place::Url => Ok(escape(value)),
        }
    }

    /// Returns whether the host has ended, by the template's own text, before the piece at `index`.
    fn path_began(&self, index: usize) -> bool {
        let mut text = String::new();
        for piece in &self.pieces[..index] {
            match piece {
                Piece::Text(part) => text.push_str(part),
                Piece::Name(_) => text.push('x'),
            }
        }
        match text.split_once("://") {
            Some((_, rest)) => rest.contains('/'),
            None => text.contains('/'),
        }
    }

    /// Returns whether the first value is only the scheme of the URL.
    fn is_scheme(&self) -> bool {
        matches!(self.pieces.get(1), Some(Piece::Text(text)) if text.starts_with("://"))
    }
}

fn pieces<'t>(template: &str, mut part: &'t str) -> Result<Vec<Piece<'t>>, GrantError> {
    let mut pieces = Vec::new();
    while let Some(open) = part.find('{') {
        if open > 0 {
            pieces.push(Piece::Text(&part[..open]));
        }
        let (inner, close) = match part[open..].strip_prefix("{{") {
            Some(inner) => (inner, "}}"),
            None => (&part[open + 1..], "}"),
        };
        let end = inner.find(close);
        let name = end.map(|end| inner[..end].trim()).unwrap_or_default();
        let Some(end) = end.filter(|_| !name.is_empty() && !name.contains('{')) else {
            return Err(GrantError::Template { template: template.to_owned() });
        };
        pieces.push(Piece::Name(name));
        part = &inner[end + close.len()..];
    }
    if !part.is_empty() {
        pieces.push(Piece::Text(part));
    }
    Ok(pieces)
}
