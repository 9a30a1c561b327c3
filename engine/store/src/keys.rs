//! The keys that have sealed values of this store: their names, and a proof by which each is known again. The keys themselves are
//! never here.

use rusqlite::params;

use crate::Sealed;
use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// Returns the proof of every key that has sealed something, by name.
pub fn list(tx: &ReadTx<'_>) -> Result<Vec<Sealed>, ReadError> {
    tx.rows("SELECT id, proof FROM keys ORDER BY id", [], |row| {
        Ok(Sealed { key_id: row.get(0)?, envelope: row.get(1)? })
    })
}

/// Adds a key, unless one of its name is there.
pub fn add(tx: &mut Tx<'_>, proof: &Sealed) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO keys (id, proof) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        params![proof.key_id, proof.envelope],
    )?;
    Ok(())
}
