//! Signed ends that the log once had, and the keys that signed them. Signing and verifying happen elsewhere.

use rusqlite::params;

use super::Head;
use crate::Sealed;
use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// An end of the log that was signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub head: Head,
    /// Milliseconds since the Unix epoch.
    pub time_ms: u64,
    /// In hexadecimal digits, as is the signature.
    pub public_key: String,
    pub signature: String,
}

/// A key that signs checkpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointKey {
    /// In hexadecimal digits.
    pub public_key: String,
    /// The private half.
    pub sealed: Sealed,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
}

/// Keeps a checkpoint; one of the same end stays as it is.
pub fn put(tx: &mut Tx<'_>, checkpoint: &Checkpoint) -> Result<(), WriteError> {
    let Checkpoint { head, time_ms, public_key, signature } = checkpoint;
    tx.execute(
        "INSERT INTO audit_checkpoints (seq, hash, time_ms, public_key, signature)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        params![head.seq, head.hash, time_ms, public_key, signature],
    )?;
    Ok(())
}

/// Returns the checkpoint of the latest end.
pub fn latest(tx: &ReadTx<'_>) -> Result<Option<Checkpoint>, ReadError> {
    tx.row("SELECT * FROM audit_checkpoints ORDER BY seq DESC LIMIT 1", [], read_row)
}

/// Returns all checkpoints, earliest end first.
pub fn list(tx: &ReadTx<'_>) -> Result<Vec<Checkpoint>, ReadError> {
    tx.rows("SELECT * FROM audit_checkpoints ORDER BY seq", [], read_row)
}

/// Keeps a key, unless there is one: then that one signs.
pub fn put_first_key(tx: &mut Tx<'_>, key: &CheckpointKey) -> Result<(), WriteError> {
    let CheckpointKey { public_key, sealed, created_ms } = key;
    tx.execute(
        "INSERT INTO audit_keys (public_key, key_id, sealed, created_ms)
         SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM audit_keys)",
        params![public_key, sealed.key_id, sealed.envelope, created_ms],
    )?;
    Ok(())
}

/// Returns the keys, oldest first.
pub fn keys(tx: &ReadTx<'_>) -> Result<Vec<CheckpointKey>, ReadError> {
    tx.rows("SELECT * FROM audit_keys ORDER BY created_ms, public_key", [], |row| {
        Ok(CheckpointKey {
            public_key: row.get("public_key")?,
            sealed: Sealed { key_id: row.get("key_id")?, envelope: row.get("sealed")? },
            created_ms: row.get("created_ms")?,
        })
    })
}

fn read_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Checkpoint> {
    Ok(Checkpoint {
        head: Head { seq: row.get("seq")?, hash: row.get("hash")? },
        time_ms: row.get("time_ms")?,
        public_key: row.get("public_key")?,
        signature: row.get("signature")?,
    })
}
