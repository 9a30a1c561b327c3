//! Policies that are attached to resources.

use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourcePolicy {
    pub id: String,
    /// JSON text.
    pub policy: String,
    /// What changes with the text.
    pub hash: String,
}

/// Attaches a policy, in the place of the one with its id if there is one.
pub fn put(tx: &mut Tx<'_>, resource_arn: &str, policy: &ResourcePolicy) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO resource_policies (resource_arn, id, policy, hash) VALUES ($1, $2, $3, $4)
         ON CONFLICT (resource_arn, id) DO UPDATE SET policy = excluded.policy,
           hash = excluded.hash",
        params![resource_arn, policy.id, policy.policy, policy.hash],
    )?;
    Ok(())
}

/// Detaches a policy and returns whether it was there.
pub fn remove(tx: &mut Tx<'_>, resource_arn: &str, id: &str) -> Result<bool, WriteError> {
    let sql = "DELETE FROM resource_policies WHERE resource_arn = $1 AND id = $2";
    Ok(tx.execute(sql, [resource_arn, id])? > 0)
}

/// Detaches all policies of a resource: for the transaction that deletes it.
pub fn remove_all(tx: &mut Tx<'_>, resource_arn: &str) -> Result<usize, WriteError> {
    tx.execute("DELETE FROM resource_policies WHERE resource_arn = $1", [resource_arn])
}

/// Returns a policy, if it is attached to the resource.
pub fn find(
    tx: &ReadTx<'_>,
    resource_arn: &str,
    id: &str,
) -> Result<Option<ResourcePolicy>, ReadError> {
    tx.row(
        "SELECT id, policy, hash FROM resource_policies WHERE resource_arn = $1 AND id = $2",
        [resource_arn, id],
        read_row,
    )
}

/// Returns up to `limit` policies of a resource, in the order of their ids, after the id `after`.
pub fn list(
    tx: &ReadTx<'_>,
    resource_arn: &str,
    after: &str,
    limit: u32,
) -> Result<Vec<ResourcePolicy>, ReadError> {
    tx.rows(
        "SELECT id, policy, hash FROM resource_policies WHERE resource_arn = $1 AND id > $2
         ORDER BY id LIMIT $3",
        params![resource_arn, after, limit],
        read_row,
    )
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<ResourcePolicy> {
    Ok(ResourcePolicy { id: row.get(0)?, policy: row.get(1)?, hash: row.get(2)? })
}
