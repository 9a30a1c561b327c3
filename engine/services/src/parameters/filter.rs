//! Filters of lists: read once, then asked about each parameter.

mod check;
mod range;

use store::parameters::{ParameterVersion, labels};
use store::{ReadError, ReadTx, tags as stored_tags};

use super::history::shown_key;
use super::{ParameterName, ParameterStringFilter, ParametersFilter};
use crate::error::ServiceError;
use crate::tags;

pub(super) use check::Listing;
pub(super) use range::{Range, ranges};

/// How a text is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Equals,
    BeginsWith,
    Contains,
}

impl Comparison {
    fn holds(self, text: &str, value: &str) -> bool {
        match self {
            Self::Equals => text == value,
            Self::BeginsWith => text.starts_with(value),
            Self::Contains => text.contains(value),
        }
    }
}

/// What a filter looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Subject {
    Name,
    Type,
    KeyId,
    Tier,
    DataType,
    /// A tag of this key; with any value if the filter has none.
    Tag(String),
    /// The version that has the label takes the latest one's place.
    Label,
    Path {
        is_recursive: bool,
    },
}

/// One filter: one of its values must match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    subject: Subject,
    comparison: Comparison,
    values: Vec<String>,
}

impl Filter {
    /// Reads the filters of a list.
    ///
    /// # Errors
    /// `InvalidFilterKey`, `InvalidFilterOption`, `InvalidFilterValue`, `ValidationException`.
    pub(super) fn all(
        listing: Listing,
        filters: &[ParameterStringFilter],
    ) -> Result<Vec<Self>, ServiceError> {
        check::each_key_once(filters.iter().map(|filter| filter.key.as_str()))?;
        filters.iter().map(|filter| check::filter(listing, filter)).collect()
    }

    /// Reads the filters of the older form.
    pub(super) fn legacy(filters: &[ParametersFilter]) -> Result<Vec<Self>, ServiceError> {
        check::each_key_once(filters.iter().map(|filter| filter.key.as_str()))?;
        filters.iter().map(check::legacy).collect()
    }

    /// Returns whether the parameter passes this filter.
    fn passes(&self, tx: &ReadTx<'_>, found: &ParameterVersion) -> Result<bool, ReadError> {
        let parameter = &found.parameter;
        let any = |text: &str| self.values.iter().any(|value| self.comparison.holds(text, value));
        Ok(match &self.subject {
            Subject::Name => any(&rooted(&parameter.name)),
            Subject::Type => any(&parameter.kind),
            Subject::KeyId => shown_key(found).is_some_and(|key| any(&key)),
            Subject::Tier => any(&parameter.tier),
            Subject::DataType => any(&parameter.data_type),
            Subject::Tag(key) => {
                let tags = stored_tags::list(tx, tags::PARAMETER, &parameter.name)?;
                tags.get(key).is_some_and(|value| self.values.is_empty() || any(value))
            }
            Subject::Label => true,
            Subject::Path { is_recursive } => {
                self.values.iter().any(|path| is_below(&parameter.name, path, *is_recursive))
            }
        })
    }
}

/// Returns the version of a parameter that passes all filters: the latest, or the one that has the label that a filter names.
pub(super) fn passing(
    tx: &ReadTx<'_>,
    filters: &[Filter],
    latest: ParameterVersion,
) -> Result<Option<ParameterVersion>, ReadError> {
    let Some(found) = labelled(tx, filters, latest)? else { return Ok(None) };
    for filter in filters {
        if !filter.passes(tx, &found)? {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

fn labelled(
    tx: &ReadTx<'_>,
    filters: &[Filter],
    latest: ParameterVersion,
) -> Result<Option<ParameterVersion>, ReadError> {
    let Some(filter) = filters.iter().find(|filter| filter.subject == Subject::Label) else {
        return Ok(Some(latest));
    };
    let name = &latest.parameter.name;
    let mut newest = None;
    for label in &filter.values {
        newest = newest.max(labels::version(tx, name, label)?);
    }
    match newest {
        Some(version) if version == latest.version => Ok(Some(latest)),
        Some(version) => store::parameters::get(tx, name, Some(version)),
        None => Ok(None),
    }
}

/// Returns a name with one slash before it: `x` and `/x` are alike to filters.
fn rooted(name: &str) -> String {
    format!("/{}", name.trim_start_matches('/'))
}

fn is_below(name: &str, path: &str, is_recursive: bool) -> bool {
    let (name, folder) = (rooted(name), format!("{}/", path.trim_end_matches('/')));
    let below = name.strip_prefix(&folder);
    below.is_some_and(|rest| !rest.is_empty() && (is_recursive || !rest.contains('/')))
}

/// Returns whether a text is a path: what a name that begins with a slash may be, or the root.
fn is_path(text: &str) -> bool {
    let trimmed = text.strip_suffix('/').unwrap_or(text);
    text == "/" || (trimmed.starts_with('/') && ParameterName::for_reading(trimmed).is_ok())
}
