//! Named keys and their materials, each wrapped by a key that is never here.

use rusqlite::{Row, params};

use crate::Sealed;
use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A named key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKey {
    pub id: String,
    /// Unique.
    pub alias: String,
    /// The number of the material that seals; counts from 1.
    pub latest: u32,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
}

/// What a named key seals with at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Material {
    pub key_id: String,
    pub number: u32,
    pub wrapped: Sealed,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
}

impl Material {
    /// Returns the id by which sealed values name it.
    pub fn id(&self) -> String {
        format!("{}/{}", self.key_id, self.number)
    }
}

/// Adds a key with its first material.
///
/// # Errors
/// [`WriteError::Exists`] if the alias is taken.
pub fn create(tx: &mut Tx<'_>, alias: &str, first: &Material) -> Result<(), WriteError> {
    let inserted = tx.execute(
        "INSERT INTO named_keys (id, alias, latest, created_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        params![first.key_id, alias, first.number, first.created_ms],
    )?;
    if inserted == 0 {
        return Err(WriteError::Exists { what: "key", id: alias.to_owned() });
    }
    insert(tx, first)
}

/// Gives a key a newer material, which seals from now on.
///
/// # Errors
/// [`WriteError::Conflict`] if its number is not the one after the latest.
pub fn rotate(tx: &mut Tx<'_>, newer: &Material) -> Result<(), WriteError> {
    let changed = tx.execute(
        "UPDATE named_keys SET latest = $1 WHERE id = $2 AND latest = $1 - 1",
        params![newer.number, newer.key_id],
    )?;
    if changed == 0 {
        let found = by_id(tx, &newer.key_id)?.map_or(0, |key| u64::from(key.latest));
        let expected = u64::from(newer.number).saturating_sub(1);
        return Err(WriteError::Conflict {
            what: "key",
            id: newer.key_id.clone(),
            expected,
            found,
        });
    }
    insert(tx, newer)
}

fn insert(tx: &mut Tx<'_>, material: &Material) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO key_materials (id, key_id, number, wrapped_by, envelope, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            material.id(),
            material.key_id,
            material.number,
            material.wrapped.key_id,
            material.wrapped.envelope,
            material.created_ms,
        ],
    )?;
    Ok(())
}

/// Returns a key by its id.
pub fn by_id(tx: &ReadTx<'_>, id: &str) -> Result<Option<NamedKey>, ReadError> {
    tx.row("SELECT * FROM named_keys WHERE id = $1", [id], read_key)
}

/// Returns a key by its alias.
pub fn by_alias(tx: &ReadTx<'_>, alias: &str) -> Result<Option<NamedKey>, ReadError> {
    tx.row("SELECT * FROM named_keys WHERE alias = $1", [alias], read_key)
}

/// Returns all keys, by alias.
pub fn list(tx: &ReadTx<'_>) -> Result<Vec<NamedKey>, ReadError> {
    tx.rows("SELECT * FROM named_keys ORDER BY alias", [], read_key)
}

/// Returns a key's material of this number, if there is one.
pub fn material(tx: &ReadTx<'_>, key_id: &str, number: u32) -> Result<Option<Material>, ReadError> {
    tx.row(
        "SELECT * FROM key_materials WHERE key_id = $1 AND number = $2",
        params![key_id, number],
        read_material,
    )
}

/// Returns the materials of all keys, oldest first for each.
pub fn materials(tx: &ReadTx<'_>) -> Result<Vec<Material>, ReadError> {
    tx.rows("SELECT * FROM key_materials ORDER BY key_id, number", [], read_material)
}

/// Replaces how a material is wrapped, as when the wrapping key is rotated, if it is still wrapped as `before`.
pub fn rewrap(tx: &mut Tx<'_>, before: &Material, wrapped: &Sealed) -> Result<(), WriteError> {
    tx.execute(
        "UPDATE key_materials SET wrapped_by = $1, envelope = $2 WHERE id = $3 AND envelope = $4",
        params![wrapped.key_id, wrapped.envelope, before.id(), before.wrapped.envelope],
    )?;
    Ok(())
}

fn read_key(row: &Row<'_>) -> rusqlite::Result<NamedKey> {
    Ok(NamedKey {
        id: row.get("id")?,
        alias: row.get("alias")?,
        latest: row.get("latest")?,
        created_ms: row.get("created_ms")?,
    })
}

fn read_material(row: &Row<'_>) -> rusqlite::Result<Material> {
    Ok(Material {
        key_id: row.get("key_id")?,
        number: row.get("number")?,
        wrapped: Sealed { key_id: row.get("wrapped_by")?, envelope: row.get("envelope")? },
        created_ms: row.get("created_ms")?,
    })
}
