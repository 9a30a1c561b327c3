//! The accounts that a document is shared with.

use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// The account that stands for everybody, written in any case.
pub const ALL_ACCOUNTS: &str = "all";

/// An account that a document is shared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// Grows with each share that is added.
    pub id: i64,
    pub account_id: String,
    /// `$DEFAULT`, `$LATEST` or `$ALL`.
    pub version: String,
}

/// Shares a document with an account, or sets what that account sees of it.
pub fn share(
    tx: &mut Tx<'_>,
    name: &str,
    account_id: &str,
    version: &str,
) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO document_shares (name, account_id, version) VALUES ($1, $2, $3)
         ON CONFLICT (name, account_id) DO UPDATE SET version = excluded.version",
        [name, account_id, version],
    )?;
    Ok(())
}

/// Takes a share back and returns whether it was there.
pub fn unshare(tx: &mut Tx<'_>, name: &str, account_id: &str) -> Result<bool, WriteError> {
    let sql = "DELETE FROM document_shares WHERE name = $1 AND account_id = $2";
    Ok(tx.execute(sql, [name, account_id])? > 0)
}

/// Takes all shares of a document back.
pub fn unshare_all(tx: &mut Tx<'_>, name: &str) -> Result<usize, WriteError> {
    tx.execute("DELETE FROM document_shares WHERE name = $1", [name])
}

/// Returns up to `limit` shares of a document in the order in which they were added, after the share `after`.
pub fn shares(
    tx: &ReadTx<'_>,
    name: &str,
    after: Option<i64>,
    limit: u32,
) -> Result<Vec<Share>, ReadError> {
    tx.rows(
        "SELECT id, account_id, version FROM document_shares
         WHERE name = $1 AND ($2 IS NULL OR id > $2) ORDER BY id LIMIT $3",
        params![name, after, limit],
        |row| Ok(Share { id: row.get(0)?, account_id: row.get(1)?, version: row.get(2)? }),
    )
}

/// Returns whether a document is shared with anybody.
pub fn is_shared(tx: &ReadTx<'_>, name: &str) -> Result<bool, ReadError> {
    Ok(!shares(tx, name, None, 1)?.is_empty())
}

/// Returns how many documents are shared with everybody.
pub fn count_public(tx: &ReadTx<'_>) -> Result<u64, ReadError> {
    let sql = "SELECT count(*) FROM document_shares WHERE lower(account_id) = $1";
    Ok(tx.row(sql, [ALL_ACCOUNTS], |row| row.get(0))?.unwrap_or_default())
}
