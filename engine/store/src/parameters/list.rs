//! Lists of parameters.

use rusqlite::params;

use super::{ParameterVersion, read_row, select_version};
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
        select_version!(
            "WHERE v.version = p.latest_version AND p.name >= $1 AND ($2 IS NULL OR p.name < $2)
               AND ($3 IS NULL OR p.name > $3)
             ORDER BY p.name LIMIT $4"
        ),
        params![first(prefix, after), after_prefix(prefix), after, limit],
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
        select_version!(
            "WHERE v.version = p.latest_version AND p.name >= $1 AND ($2 IS NULL OR p.name < $2)
               AND ($3 IS NULL OR p.name > $3)
               AND instr(ltrim(substr(p.name, length($4) + 1), '/'), '/') = 0
             ORDER BY p.name LIMIT $5"
        ),
        params![first(&prefix, after), after_prefix(&prefix), after, prefix, limit],
        read_row,
    )
}

/// Returns where a page begins, so that the index leads there and not to the beginning of the list.
fn first<'n>(prefix: &'n str, after: Option<&'n str>) -> &'n str {
    after.map_or(prefix, |after| after.max(prefix))
}

/// Returns the ids of all keys without which the store does not open, in order.
pub fn key_ids(tx: &ReadTx<'_>) -> Result<Vec<String>, ReadError> {
    tx.rows(
        "SELECT key_id FROM parameter_versions WHERE key_id IS NOT NULL AND key_name IS NULL
         UNION SELECT wrapped_by FROM key_materials
         UNION SELECT seed_key_id FROM runs WHERE seed_key_id IS NOT NULL
         UNION SELECT id FROM keys ORDER BY 1",
        [],
        |row| row.get(0),
    )
}
