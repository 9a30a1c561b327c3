//! Lists of runs.

use host_api::identifier::RunId;
use rusqlite::params_from_iter;
use rusqlite::types::Value;

use super::{RunRow, read_row};
use crate::error::ReadError;
use crate::text_key::after_prefix;
use crate::transaction::ReadTx;

/// Which runs: all conditions hold of each. What is absent or empty does not limit; of several values one has to do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub ids: Vec<RunId>,
    pub statuses: Vec<String>,
    pub document_name_prefixes: Vec<String>,
    pub parents: Vec<RunId>,
    pub tag_keys: Vec<String>,
    pub only_active: bool,
    /// Started at this time or later; one that has not started, created.
    pub started_from_ms: Option<u64>,
    /// Started before this time; one that has not started, created.
    pub started_before_ms: Option<u64>,
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
    conditions: Vec<String>,
    values: Vec<Value>,
}

impl Query {
    fn and<const N: usize>(&mut self, condition: &'static str, values: [Value; N]) {
        self.conditions.push(condition.to_owned());
        self.values.extend(values);
    }

    /// One of the values has to do; without any, all do.
    fn any_of(&mut self, condition: &'static str, values: impl Iterator<Item = String>) {
        let values: Vec<Value> = values.map(Value::from).collect();
        if !values.is_empty() {
            let either = vec![condition; values.len()];
            self.conditions.push(format!("({})", either.join(" OR ")));
            self.values.extend(values);
        }
    }

    fn filter(&mut self, filter: &Filter) {
        self.any_of("id = ?", filter.ids.iter().map(ToString::to_string));
        self.any_of("status = ?", filter.statuses.iter().cloned());
        self.any_of("parent_run = ?", filter.parents.iter().map(ToString::to_string));
        self.prefixes(&filter.document_name_prefixes);
        self.any_of(
            "EXISTS (SELECT 1 FROM tags WHERE tags.resource_type = 'Automation'
               AND tags.resource_id = run_rows.id AND tags.key = ?)",
            filter.tag_keys.iter().cloned(),
        );
        if filter.only_active {
            self.and("ended_ms IS NULL", []);
        }
        if let Some(from_ms) = filter.started_from_ms {
            self.and("coalesce(started_ms, created_ms) >= ?", [number(from_ms)]);
        }
        if let Some(before_ms) = filter.started_before_ms {
            self.and("coalesce(started_ms, created_ms) < ?", [number(before_ms)]);
        }
    }

    fn prefixes(&mut self, prefixes: &[String]) {
        let mut either = Vec::new();
        for prefix in prefixes {
            self.values.push(prefix.clone().into());
            either.push(match after_prefix(prefix) {
                Some(end) => {
                    self.values.push(end.into());
                    "(document_name >= ? AND document_name < ?)"
                }
                None => "document_name >= ?",
            });
        }
        if !either.is_empty() {
            self.conditions.push(format!("({})", either.join(" OR ")));
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
