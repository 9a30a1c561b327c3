//! Policies of parameters and when each is due. What a policy says is opaque here.

use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A policy that has not been carried out.
pub const PENDING: &str = "Pending";
/// A policy that has been carried out.
pub const FINISHED: &str = "Finished";

/// A policy to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPolicy {
    /// SSM's name of its type.
    pub kind: String,
    /// The policy as the request wrote it, as JSON text.
    pub text: String,
    /// How long after each change of the parameter it is due, if it counts from there.
    pub after_ms: Option<u64>,
    /// Milliseconds since the Unix epoch.
    pub due_ms: u64,
}

/// A policy of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    pub version: u64,
    pub kind: String,
    pub text: String,
    /// `Pending` or `Finished`.
    pub status: String,
}

/// A policy whose time has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePolicy {
    pub name: String,
    pub version: u64,
    pub position: u32,
    pub kind: String,
    pub due_ms: u64,
}

/// Returns the policies of all versions of a parameter that still exist, in their order.
pub fn list(tx: &ReadTx<'_>, name: &str) -> Result<Vec<Policy>, ReadError> {
    tx.rows(
        "SELECT * FROM parameter_policies WHERE name = $1 ORDER BY version, position",
        [name],
        read_policy,
    )
}

/// Returns the policies of one version, in their order.
pub fn of_version(tx: &ReadTx<'_>, name: &str, version: u64) -> Result<Vec<Policy>, ReadError> {
    tx.rows(
        "SELECT * FROM parameter_policies WHERE name = $1 AND version = $2 ORDER BY position",
        params![name, version],
        read_policy,
    )
}

/// Gives a new version its policies; those of the versions before it are not due any more.
pub fn replace(
    tx: &mut Tx<'_>,
    name: &str,
    version: u64,
    policies: &[NewPolicy],
) -> Result<(), WriteError> {
    retire(tx, name, version)?;
    for (position, policy) in policies.iter().enumerate() {
        tx.execute(
            "INSERT INTO parameter_policies
               (name, version, position, kind, text, status, after_ms, due_ms)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            params![
                name,
                version,
                position,
                policy.kind,
                policy.text,
                PENDING,
                policy.after_ms,
                policy.due_ms,
            ],
        )?;
    }
    Ok(())
}

/// Gives a new version, written at `modified_ms`, the policies of the version before it. Those that count from a change begin anew.
pub fn keep(tx: &mut Tx<'_>, name: &str, version: u64, modified_ms: u64) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO parameter_policies
           (name, version, position, kind, text, status, after_ms, due_ms)
         SELECT name, $1, position, kind, text,
           CASE WHEN after_ms IS NULL THEN status ELSE $2 END, after_ms,
           CASE WHEN after_ms IS NULL THEN due_ms ELSE $3 + after_ms END
         FROM parameter_policies WHERE name = $4 AND version = $1 - 1",
        params![version, PENDING, modified_ms, name],
    )?;
    retire(tx, name, version)
}

fn retire(tx: &mut Tx<'_>, name: &str, version: u64) -> Result<(), WriteError> {
    tx.execute(
        "UPDATE parameter_policies SET due_ms = NULL WHERE name = $1 AND version < $2 AND due_ms IS NOT NULL",
        params![name, version],
    )?;
    Ok(())
}

/// Returns when the next policy is due, in milliseconds since the Unix epoch.
pub fn next_due(tx: &ReadTx<'_>) -> Result<Option<u64>, ReadError> {
    tx.row(
        "SELECT due_ms FROM parameter_policies WHERE due_ms IS NOT NULL ORDER BY due_ms LIMIT 1",
        [],
        |row| row.get(0),
    )
}

/// Returns up to `limit` policies that are due at `now_ms`, the longest due first.
pub fn due(tx: &ReadTx<'_>, now_ms: u64, limit: u32) -> Result<Vec<DuePolicy>, ReadError> {
    tx.rows(
        "SELECT name, version, position, kind, due_ms FROM parameter_policies
         WHERE due_ms IS NOT NULL AND due_ms <= $1
         ORDER BY due_ms, name, version, position LIMIT $2",
        params![now_ms, limit],
        |row| {
            Ok(DuePolicy {
                name: row.get(0)?,
                version: row.get(1)?,
                position: row.get(2)?,
                kind: row.get(3)?,
                due_ms: row.get(4)?,
            })
        },
    )
}

/// Takes a due policy to carry it out in this transaction, and returns whether it was still due as it was found.
pub fn claim(tx: &mut Tx<'_>, due: &DuePolicy) -> Result<bool, WriteError> {
    let claimed = tx.execute(
        "UPDATE parameter_policies SET due_ms = NULL, status = $1
         WHERE name = $2 AND version = $3 AND position = $4 AND kind = $5 AND due_ms = $6",
        params![FINISHED, due.name, due.version, due.position, due.kind, due.due_ms],
    )?;
    Ok(claimed > 0)
}

/// Removes the policies of one version, or of all.
pub(super) fn remove(tx: &mut Tx<'_>, name: &str, version: Option<u64>) -> Result<(), WriteError> {
    tx.execute(
        "DELETE FROM parameter_policies WHERE name = $1 AND ($2 IS NULL OR version = $2)",
        params![name, version],
    )?;
    Ok(())
}

fn read_policy(row: &Row<'_>) -> rusqlite::Result<Policy> {
    Ok(Policy {
        version: row.get("version")?,
        kind: row.get("kind")?,
        text: row.get("text")?,
        status: row.get("status")?,
    })
}
