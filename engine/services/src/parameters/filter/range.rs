//! Which names a filter leaves, as ranges that an index finds.

use store::parameters::{self, ParameterVersion};
use store::{ReadError, ReadTx};

use super::{Comparison, Filter, Subject, passing};

/// Parameters read at a time.
const BATCH: u32 = 500;
/// Parameters looked at for one page. A page that is not full by then ends, and its token goes on.
const LOOKED_AT_MAX: usize = 20_000;

/// All names that begin with this.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::parameters) struct Range(String);

/// A page of a filtered list.
#[derive(Debug, Default)]
pub(in crate::parameters) struct Page {
    pub(in crate::parameters) found: Vec<ParameterVersion>,
    /// The last name that was looked at, if there may be more after it.
    pub(in crate::parameters) last: Option<String>,
}

/// Returns the ranges outside of which nothing passes the filters, in order and apart from each other.
pub(in crate::parameters) fn ranges(filters: &[Filter]) -> Vec<Range> {
    let narrowing = filters.iter().find_map(|filter| match (&filter.subject, filter.comparison) {
        (Subject::Name, Comparison::Equals | Comparison::BeginsWith) => Some(by_name(filter)),
        (Subject::Path { .. }, _) => Some(by_path(filter)),
        _ => None,
    });
    let mut all = narrowing.unwrap_or_else(|| vec![String::new()]);
    all.sort();
    let mut apart: Vec<Range> = Vec::with_capacity(all.len());
    for prefix in all {
        if apart.last().is_none_or(|before| !prefix.starts_with(&before.0)) {
            apart.push(Range(prefix));
        }
    }
    apart
}

/// A name is stored with or without its slash.
fn by_name(filter: &Filter) -> Vec<String> {
    let both = |value: &String| {
        let flat = value.trim_start_matches('/').to_owned();
        [if flat.is_empty() { String::new() } else { value.clone() }, flat]
    };
    filter.values.iter().flat_map(both).collect()
}

fn by_path(filter: &Filter) -> Vec<String> {
    let below = |path: &String| match path.trim_end_matches('/') {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    filter.values.iter().map(below).collect()
}

impl Range {
    /// Returns up to `limit` parameters of some ranges that pass the filters, after the name `after`.
    pub(in crate::parameters) fn page(
        tx: &ReadTx<'_>,
        ranges: &[Self],
        filters: &[Filter],
        mut after: Option<String>,
        limit: usize,
    ) -> Result<Page, ReadError> {
        let mut page = Page::default();
        let mut looked_at = 0;
        for Self(prefix) in ranges {
            loop {
                let batch = parameters::list(tx, prefix, after.as_deref(), BATCH)?;
                let is_last = batch.len() < BATCH as usize;
                for latest in batch {
                    let name = latest.parameter.name.clone();
                    if let Some(found) = passing(tx, filters, latest)? {
                        if page.found.len() == limit {
                            page.last = after;
                            return Ok(page);
                        }
                        page.found.push(found);
                    }
                    after = Some(name);
                    looked_at += 1;
                }
                if is_last {
                    break;
                }
                if looked_at >= LOOKED_AT_MAX {
                    page.last = after;
                    return Ok(page);
                }
            }
        }
        Ok(page)
    }
}
