//! Tags of resources.

use std::collections::BTreeMap;

use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// The type under which runs have tags; they go when a run is deleted.
pub const AUTOMATION: &str = "Automation";

/// Sets a tag.
pub fn set(
    tx: &mut Tx<'_>,
    resource_type: &str,
    resource_id: &str,
    key: &str,
    value: &str,
) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO tags (resource_type, resource_id, key, value) VALUES ($1, $2, $3, $4)
         ON CONFLICT (resource_type, resource_id, key) DO UPDATE SET value = excluded.value",
        [resource_type, resource_id, key, value],
    )?;
    Ok(())
}

/// Removes a tag and returns whether it was there.
pub fn remove(
    tx: &mut Tx<'_>,
    resource_type: &str,
    resource_id: &str,
    key: &str,
) -> Result<bool, WriteError> {
    let removed = tx.execute(
        "DELETE FROM tags WHERE resource_type = $1 AND resource_id = $2 AND key = $3",
        [resource_type, resource_id, key],
    )?;
    Ok(removed > 0)
}

/// Removes all tags of a resource.
pub fn remove_all(
    tx: &mut Tx<'_>,
    resource_type: &str,
    resource_id: &str,
) -> Result<usize, WriteError> {
    tx.execute(
        "DELETE FROM tags WHERE resource_type = $1 AND resource_id = $2",
        [resource_type, resource_id],
    )
}

/// Returns the tags of a resource.
pub fn list(
    tx: &ReadTx<'_>,
    resource_type: &str,
    resource_id: &str,
) -> Result<BTreeMap<String, String>, ReadError> {
    let tags = tx.rows(
        "SELECT key, value FROM tags WHERE resource_type = $1 AND resource_id = $2",
        [resource_type, resource_id],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(tags.into_iter().collect())
}

/// Returns up to `limit` ids of resources that have the tag, in order, after the id `after`. Without `value`, any
/// value will do.
pub fn find(
    tx: &ReadTx<'_>,
    resource_type: &str,
    key: &str,
    value: Option<&str>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, ReadError> {
    tx.rows(
        "SELECT resource_id FROM tags WHERE resource_type = $1 AND key = $2
           AND ($3 IS NULL OR value = $3) AND ($4 IS NULL OR resource_id > $4)
         ORDER BY resource_id LIMIT $5",
        params![resource_type, key, value, after, limit],
        |row| row.get(0),
    )
}
