//! Lists of runs.

use host_api::identifier::RunId;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::{RunRow, read_row};
use crate::error::ReadError;
use crate::text_key::after_prefix;
use crate::transaction::ReadTx;

/// Which runs; what is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub status: Option<String>,
    pub document_name_prefix: Option<String>,
    pub parent: Option<RunId>,
    /// Created at this time or later.
    pub created_from_ms: Option<u64>,
    /// Created before this time.
    pub created_before_ms: Option<u64>,
}

/// Some runs, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub runs: Vec<RunRow>,
    /// Leads to the next page; absent on the last.
    pub cursor: Option<String>,
}

/// Returns up to `limit` runs, newest first, from where `cursor` says on.
///
/// # Errors
/// [`ReadError::Cursor`] if the cursor is not from a list of runs.
pub fn list(
    tx: &ReadTx<'_>,
    filter: &Filter,
    cursor: Option<&str>,
    limit: usize,
) -> Result<Page, ReadError> {
    let mut query = Query::default();
    query.filter(filter);
    if let Some(cursor) = cursor {
        let (created_ms, key) = parse_cursor(cursor)?;
        query.and("(created_ms, key) < (?, ?)", [created_ms.into(), key.into()]);
    }
    let wanted = limit.saturating_add(1);
    query.values.push(number(u64::try_from(wanted).unwrap_or(u64::MAX)));
    let sql = format!(
        "SELECT * FROM run_rows WHERE {} ORDER BY created_ms DESC, key DESC LIMIT ?",
        if query.conditions.is_empty() {
            "TRUE".to_owned()
        } else {
            query.conditions.join(" AND ")
        }
    );
    let mut rows = tx.rows(&sql, params_from_iter(query.values), |row| {
        Ok((read_row(row)?, row.get::<_, i64>("key")?))
    })?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let cursor =
        rows.last().filter(|_| more).map(|(run, key)| format!("{:x}-{key:x}", run.created_ms));
    Ok(Page { runs: rows.into_iter().map(|(run, _)| run).collect(), cursor })
}

#[derive(Default)]
struct Query {
    conditions: Vec<&'static str>,
    values: Vec<Value>,
}

impl Query {
    fn and<const N: usize>(&mut self, condition: &'static str, values: [Value; N]) {
        self.conditions.push(condition);
        self.values.extend(values);
    }

    fn filter(&mut self, filter: &Filter) {
        if let Some(status) = &filter.status {
            self.and("status = ?", [status.clone().into()]);
        }
        if let Some(prefix) = &filter.document_name_prefix {
            self.and("document_name >= ?", [prefix.clone().into()]);
            if let Some(end) = after_prefix(prefix) {
                self.and("document_name < ?", [end.into()]);
            }
        }
        if let Some(parent) = &filter.parent {
            self.and("parent_run = ?", [parent.to_string().into()]);
        }
        if let Some(from_ms) = filter.created_from_ms {
            self.and("created_ms >= ?", [number(from_ms)]);
        }
        if let Some(before_ms) = filter.created_before_ms {
            self.and("created_ms < ?", [number(before_ms)]);
        }
    }
}

/// A time or a count beyond what SQLite can hold means "no limit", and compares so.
fn number(value: u64) -> Value {
    Value::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

fn parse_cursor(cursor: &str) -> Result<(i64, i64), ReadError> {
    let (created_ms, key) = cursor.split_once('-').ok_or(ReadError::Cursor)?;
    let parse = |text: &str| i64::from_str_radix(text, 16).map_err(|_| ReadError::Cursor);
    Ok((parse(created_ms)?, parse(key)?))
}
