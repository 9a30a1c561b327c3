//! Lists of parameters.

use rusqlite::params;

use super::{ParameterVersion, read_row};
use crate::error::ReadError;
use crate::text_key::after_prefix;
use crate::transaction::ReadTx;

/// Returns the latest version of up to `limit` parameters whose name begins with `prefix`, in order, after the name
/// `after`.
pub fn list(
    tx: &ReadTx<'_>,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<ParameterVersion>, ReadError> {
    tx.rows(
        "SELECT v.* FROM parameters p JOIN parameter_versions v
           ON v.name = p.name AND v.version = p.latest_version
         WHERE p.name >= $1 AND ($2 IS NULL OR p.name < $2) AND ($3 IS NULL OR p.name > $3)
         ORDER BY p.name LIMIT $4",
        params![prefix, after_prefix(prefix), after, limit],
        read_row,
    )
}

/// Returns the latest version of up to `limit` parameters below `path` (`/app` or `/app/`), in order, after the name
/// `after`; only those directly below it unless `recursive`. A name without a slash is directly below `/`.
pub fn by_path(
    tx: &ReadTx<'_>,
    path: &str,
    recursive: bool,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<ParameterVersion>, ReadError> {
    let folder = path.trim_end_matches('/');
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    if recursive {
        return list(tx, &prefix, after, limit);
    }
    tx.rows(
        "SELECT v.* FROM parameters p JOIN parameter_versions v
           ON v.name = p.name AND v.version = p.latest_version
         WHERE p.name >= $1 AND ($2 IS NULL OR p.name < $2) AND ($3 IS NULL OR p.name > $3)
           AND instr(ltrim(substr(p.name, length($1) + 1), '/'), '/') = 0
         ORDER BY p.name LIMIT $4",
        params![prefix, after_prefix(&prefix), after, limit],
        read_row,
    )
}

/// Returns the ids of all keys without which the store does not open, in order.
pub fn key_ids(tx: &ReadTx<'_>) -> Result<Vec<String>, ReadError> {
    tx.rows(
        "SELECT key_id FROM parameter_versions WHERE key_id IS NOT NULL
         UNION SELECT seed_key_id FROM runs WHERE seed_key_id IS NOT NULL
         UNION SELECT id FROM keys ORDER BY 1",
        [],
        |row| row.get(0),
    )
}
