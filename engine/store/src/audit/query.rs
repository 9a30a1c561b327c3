//! Some of the entries.

use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::{Entry, head, read_row};
use crate::error::ReadError;
use crate::transaction::ReadTx;

/// Entries that one page looks at: a rare one is found by going on, not by waiting.
const LOOKED_AT_MAX: u64 = 20_000;

/// Which entries; what is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Written at this time or later, in milliseconds since the Unix epoch.
    pub from_ms: Option<u64>,
    /// Written before this time.
    pub before_ms: Option<u64>,
    pub principal: Option<String>,
    pub action: Option<String>,
    /// One of these; any, if it is empty.
    pub resources: Vec<String>,
    /// `allow` or `deny`.
    pub decision: Option<String>,
    pub request_id: Option<String>,
}

/// Some entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Fewer than asked for, even none, if many had to be looked at.
    pub entries: Vec<Entry>,
    /// Where the next page begins.
    pub next_seq: Option<u64>,
}

/// Returns up to `limit` entries, newest first, from `first_seq` down; without it, from the end of the log. There is a next page
/// until the log's beginning was reached.
pub fn newest(
    tx: &ReadTx<'_>,
    filter: &Filter,
    first_seq: Option<u64>,
    limit: u32,
) -> Result<Page, ReadError> {
    let first = match first_seq {
        Some(first) => first,
        None => head(tx)?.seq,
    };
    let last = (first + 1).saturating_sub(filter.span()).max(1);
    let entries = between(tx, filter, [last, first], "DESC", limit)?;
    let next = match entries.last().filter(|_| entries.len() == limit as usize) {
        Some(entry) => entry.seq - 1,
        None => last - 1,
    };
    Ok(Page { entries, next_seq: (next > 0).then_some(next) })
}

/// Returns up to `limit` entries, oldest first, from `first_seq` on. There is always a next page: entries may follow.
pub fn tail(
    tx: &ReadTx<'_>,
    filter: &Filter,
    first_seq: u64,
    limit: u32,
) -> Result<Page, ReadError> {
    let first = first_seq.max(1);
    let last = (first - 1).saturating_add(filter.span()).min(head(tx)?.seq);
    let entries = between(tx, filter, [first, last], "ASC", limit)?;
    let next = match entries.last().filter(|_| entries.len() == limit as usize) {
        Some(entry) => entry.seq + 1,
        None => first.max(last + 1),
    };
    Ok(Page { entries, next_seq: Some(next) })
}

/// Returns the entries from one to another sequence number.
fn between(
    tx: &ReadTx<'_>,
    filter: &Filter,
    [from, to]: [u64; 2],
    order: &str,
    limit: u32,
) -> Result<Vec<Entry>, ReadError> {
    let (conditions, mut values) = filter.conditions();
    values.extend([number(from), number(to), number(u64::from(limit))]);
    let sql = format!(
        "SELECT * FROM audit WHERE {conditions} seq >= ? AND seq <= ? ORDER BY seq {order} LIMIT ?"
    );
    tx.rows(&sql, params_from_iter(values), read_row)
}

impl Filter {
    /// Returns how many entries a page looks at. Those of a request are found by an index.
    fn span(&self) -> u64 {
        if self.request_id.is_some() { u64::MAX } else { LOOKED_AT_MAX }
    }

    fn conditions(&self) -> (String, Vec<Value>) {
        let Self { from_ms, before_ms, principal, action, resources, decision, request_id } = self;
        let text = |text: &Option<String>| text.clone().map(Value::Text);
        let conditions = [
            ("time_ms >= ? AND ", from_ms.map(number)),
            ("time_ms < ? AND ", before_ms.map(number)),
            ("principal = ? AND ", text(principal)),
            ("action = ? AND ", text(action)),
            ("decision = ? AND ", text(decision)),
            ("request_id = ? AND ", text(request_id)),
        ];
        let (mut conditions, mut values): (String, Vec<Value>) = conditions
            .into_iter()
            .filter_map(|(condition, value)| Some((condition, value?)))
            .unzip();
        if !resources.is_empty() {
            let any = vec!["resource = ?"; resources.len()].join(" OR ");
            conditions.push_str(&format!("({any}) AND "));
            values.extend(resources.iter().cloned().map(Value::Text));
        }
        (conditions, values)
    }
}

/// A number beyond what SQLite can hold is beyond all that is stored, and compares so.
fn number(value: u64) -> Value {
    Value::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}
