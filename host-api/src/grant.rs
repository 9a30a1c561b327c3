//! What a step may do.
//!
//! A grant is `area:verb:resource`, for commands with `@target`: `parameters:read:/app/*`, `commands:send:AWS-RunShellScript@tag:Role=web`,
//! `http:GET:https://api.example.org/*`, `network:connect:10.0.0.0/8`, `ops:create`, `api:ssm:Get*`. In a resource or target `*` stands for any run of
//! characters; `\*`, `\@` and `\\` stand for themselves. `*` as the verb is every verb of the area, an absent resource is every resource, and
//! `*` alone is everything. Nothing else is allowed: what no grant names is denied.

pub mod access;
mod area;
mod ceiling;
mod network;
pub mod operation;
mod pattern;
mod set;
mod template;
mod url_pattern;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use access::Access;
pub use area::{Area, Verb};
pub use ceiling::{Ceiling, Grants, Origin};
pub use network::NetworkRange;
pub use pattern::{Pattern, escape};
pub use set::GrantSet;
pub use template::{EXPANSIONS_MAX, Expansion, expand, takes_host_from_value};
pub use url_pattern::UrlPattern;

/// The length of a grant's text, in bytes.
pub const GRANT_BYTES_MAX: usize = 4_096;

/// Why a text is not a grant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    #[error("grant is empty")]
    Empty,
    #[error("grant is longer than {GRANT_BYTES_MAX} bytes")]
    TooLong,
    #[error("unknown area `{area}` in grant `{grant}`; there are {}", Area::names())]
    UnknownArea { grant: String, area: String },
    #[error("grant `{grant}` has no verb; area `{area}` has {}", area.verb_names())]
    MissingVerb { grant: String, area: Area },
    #[error("unknown verb `{verb}` in grant `{grant}`; area `{area}` has {}", area.verb_names())]
    UnknownVerb { grant: String, area: Area, verb: String },
    #[error("grant `{grant}` names a resource, but area `{area}` has none")]
    UnexpectedResource { grant: String, area: Area },
    #[error("grant `{grant}` ends with an empty {part}; leave it out or write `*`")]
    EmptyPart { grant: String, part: &'static str },
    #[error("`\\` in `{text}` must be followed by `*`, `@` or `\\`")]
    Escape { text: String },
    #[error("`{url}` is not a URL pattern: {problem}")]
    Url { url: String, problem: &'static str },
    #[error("`{text}` is neither an address nor a range such as `10.0.0.0/8`")]
    Network { text: String },
    #[error("template `{template}` has an unclosed or empty `{{`")]
    Template { template: String },
    #[error("template `{template}` makes more than {EXPANSIONS_MAX} grants")]
    TooManyExpansions { template: String },
    #[error("value `{value}` of `{name}` cannot stand where template `{template}` puts it")]
    Value { template: String, name: String, value: String },
}

/// One thing that is allowed.
///
/// `Display` gives the canonical text, which parses to an equal value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Grant(Scope);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Scope {
    Everything,
    /// `verb` is `None` for every verb of the area.
    Within {
        area: Area,
        verb: Option<Verb>,
        resource: Resource,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Resource {
    Any,
    Named(Pattern),
    /// A command document, and the nodes it may go to; `None` for any.
    Command {
        document: Pattern,
        target: Option<Pattern>,
    },
    Url(UrlPattern),
    Network(NetworkRange),
    /// Operations by name, in whatever spelling.
    Operation(Pattern),
}

impl Grant {
    /// Returns the grant of everything there is.
    pub fn everything() -> Self {
        Self(Scope::Everything)
    }

    /// Reads a grant.
    pub fn parse(text: &str) -> Result<Self, GrantError> {
        if text.is_empty() {
            return Err(GrantError::Empty);
        }
        if text.len() > GRANT_BYTES_MAX {
            return Err(GrantError::TooLong);
        }
        if text == "*" {
            return Ok(Self::everything());
        }
        let mut parts = text.splitn(3, ':');
        let name = parts.next().unwrap_or_default();
        let area = Area::parse(name).ok_or_else(|| GrantError::UnknownArea {
            grant: text.to_owned(),
            area: name.to_owned(),
        })?;
        let verb = match parts.next() {
            None | Some("") => {
                return Err(GrantError::MissingVerb { grant: text.to_owned(), area });
            }
            Some("*") => None,
            Some(name) => Some(area.verb(name).ok_or_else(|| GrantError::UnknownVerb {
                grant: text.to_owned(),
                area,
                verb: name.to_owned(),
            })?),
        };
        let resource = match parts.next() {
            None => Resource::Any,
            Some("") => {
                return Err(GrantError::EmptyPart { grant: text.to_owned(), part: "resource" });
            }
            Some(rest) => Resource::parse(area, rest, text)?,
        };
        Ok(Self(Scope::Within { area, verb, resource }))
    }

    /// Returns the area, or `None` for the grant of everything.
    pub fn area(&self) -> Option<Area> {
        match &self.0 {
            Scope::Everything => None,
            Scope::Within { area, .. } => Some(*area),
        }
    }

    /// Returns whether this alone allows `access`. An access that is not well formed is allowed by `*` alone.
    pub fn allows(&self, access: &Access) -> bool {
        match &self.0 {
            Scope::Everything => true,
            Scope::Within { .. } => access.as_grant().is_some_and(|touched| self.covers(&touched)),
        }
    }

    /// Returns whether everything that `other` allows is allowed by this too.
    pub fn covers(&self, other: &Grant) -> bool {
        match (&self.0, &other.0) {
            (Scope::Everything, _) => true,
            (Scope::Within { .. }, Scope::Everything) => false,
            (
                Scope::Within { area, verb, resource },
                Scope::Within { area: area_other, verb: verb_other, resource: resource_other },
            ) => {
                area == area_other
                    && (verb.is_none() || verb == verb_other)
                    && resource.covers(resource_other)
            }
        }
    }

    /// Returns whether some access could be allowed by both. It may say so of two URL grants that share none.
    pub fn overlaps(&self, other: &Grant) -> bool {
        match (&self.0, &other.0) {
            (Scope::Everything, _) | (_, Scope::Everything) => true,
            (
                Scope::Within { area, verb, resource },
                Scope::Within { area: area_other, verb: verb_other, resource: resource_other },
            ) => {
                area == area_other
                    && (verb.is_none() || verb_other.is_none() || verb == verb_other)
                    && resource.overlaps(resource_other)
            }
        }
    }

    /// Returns what both allow, if one grant can say it.
    pub(crate) fn meet(&self, other: &Grant) -> Option<Grant> {
        match (&self.0, &other.0) {
            (Scope::Everything, _) => Some(other.clone()),
            (_, Scope::Everything) => Some(self.clone()),
            (
                Scope::Within { area, verb, resource },
                Scope::Within { verb: verb_other, resource: resource_other, .. },
            ) => {
                if !self.overlaps(other) {
                    return None;
                }
                let resource = resource.meet(resource_other)?;
                Some(Self(Scope::Within { area: *area, verb: verb.or(*verb_other), resource }))
            }
        }
    }

    /// Returns the range of a `network:connect` grant, and `None` for a grant of another kind.
    pub(crate) fn network(&self) -> Option<&NetworkRange> {
        match &self.0 {
            Scope::Within { resource: Resource::Network(range), .. } => Some(range),
            Scope::Within { area: Area::Network, resource: Resource::Any, .. } => {
                Some(&NetworkRange::Any)
            }
            Scope::Everything | Scope::Within { .. } => None,
        }
    }

    pub(crate) fn url(&self) -> Option<&UrlPattern> {
        match &self.0 {
            Scope::Within { resource: Resource::Url(url), .. } => Some(url),
            Scope::Everything | Scope::Within { .. } => None,
        }
    }
}

impl Resource {
    fn parse(area: Area, text: &str, grant: &str) -> Result<Self, GrantError> {
        if text == "*" && area != Area::Ops {
            return Ok(Self::Any);
        }
        match area {
            Area::Ops => Err(GrantError::UnexpectedResource { grant: grant.to_owned(), area }),
            Area::Http => Ok(Self::Url(UrlPattern::parse(text)?)),
            Area::Network => Ok(Self::Network(NetworkRange::parse(text)?)),
            Area::Commands => {
                let (document, target) = pattern::split_target(text);
                if document.is_empty() || target == Some("") {
                    let part = if document.is_empty() { "document" } else { "target" };
                    return Err(GrantError::EmptyPart { grant: grant.to_owned(), part });
                }
                let document = Pattern::parse(document)?;
                let target = target.map(Pattern::parse).transpose()?;
                let target = target.filter(|target| !target.is_any());
                if document.is_any() && target.is_none() {
                    return Ok(Self::Any);
                }
                Ok(Self::Command { document, target })
            }
            Area::Parameters
            | Area::Automation
            | Area::Inventory
            | Area::Tags
            | Area::Patching
            | Area::State => {
                let pattern = Pattern::parse(text)?;
                Ok(if pattern.is_any() { Self::Any } else { Self::Named(pattern) })
            }
            Area::Api => {
                let pattern = Pattern::parse(text)?;
                Ok(if pattern.is_any() { Self::Any } else { Self::Operation(pattern) })
            }
        }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Named(pattern), Self::Named(pattern_other)) => pattern.covers(pattern_other),
            (
                Self::Command { document, target },
                Self::Command { document: document_other, target: target_other },
            ) => {
                document.covers(document_other)
                    && match (target, target_other) {
                        (None, _) => true,
                        (Some(_), None) => false,
                        (Some(target), Some(target_other)) => target.covers(target_other),
                    }
            }
            (Self::Url(url), Self::Url(url_other)) => url.covers(url_other),
            (Self::Operation(pattern), Self::Operation(pattern_other)) => {
                pattern.folded().covers(&pattern_other.folded())
            }
            (Self::Network(range), Self::Network(range_other)) => range.covers(range_other),
            _ => false,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => true,
            (Self::Named(pattern), Self::Named(pattern_other)) => pattern.overlaps(pattern_other),
            (
                Self::Command { document, target },
                Self::Command { document: document_other, target: target_other },
            ) => {
                document.overlaps(document_other)
                    && match (target, target_other) {
                        (Some(target), Some(target_other)) => target.overlaps(target_other),
                        _ => true,
                    }
            }
            (Self::Url(url), Self::Url(url_other)) => url.overlaps(url_other),
            (Self::Operation(pattern), Self::Operation(pattern_other)) => {
                pattern.folded().overlaps(&pattern_other.folded())
            }
            (Self::Network(range), Self::Network(range_other)) => {
                range.covers(range_other) || range_other.covers(range)
            }
            _ => false,
        }
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        if let (
            Self::Command { document, target },
            Self::Command { document: document_other, target: target_other },
        ) = (self, other)
        {
            let target = match (target, target_other) {
                (Some(target), Some(target_other)) => Some(target.meet(target_other)?),
                _ => target.clone().or_else(|| target_other.clone()),
            };
            return Some(Self::Command { document: document.meet(document_other)?, target });
        }
        if self.covers(other) {
            Some(other.clone())
        } else if other.covers(self) {
            Some(self.clone())
        } else {
            None
        }
    }
}

impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scope::Within { area, verb, resource } = &self.0 else {
            return f.write_str("*");
        };
        write!(f, "{area}:{}", verb.map_or("*", |verb| area.verb_name(verb)))?;
        match resource {
            Resource::Any if *area == Area::Ops || verb.is_none() => Ok(()),
            Resource::Any => f.write_str(":*"),
            Resource::Named(pattern) | Resource::Operation(pattern) => write!(f, ":{pattern}"),
            Resource::Command { document, target: None } => {
                write!(f, ":{}", document.before_target())
            }
            Resource::Command { document, target: Some(target) } => {
                write!(f, ":{}@{target}", document.before_target())
            }
            Resource::Url(url) => write!(f, ":{url}"),
            Resource::Network(range) => write!(f, ":{range}"),
        }
    }
}

impl FromStr for Grant {
    type Err = GrantError;

    fn from_str(text: &str) -> Result<Self, GrantError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Grant {
    type Error = GrantError;

    fn try_from(text: String) -> Result<Self, GrantError> {
        Self::parse(&text)
    }
}

impl From<Grant> for String {
    fn from(grant: Grant) -> Self {
        grant.to_string()
    }
}
