//! Parameters: a name and its versions, values plain or sealed. Sealing and opening happen elsewhere.

pub mod labels;
mod list;
pub mod policies;

use rusqlite::{Row, params};

use crate::Sealed;
use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

pub use list::{by_path, key_ids, list};

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredValue {
    Plain(String),
    Sealed(Sealed),
}

/// One version of a parameter, apart from its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewParameter {
    pub name: String,
    /// `String`, `StringList` or `SecureString`.
    pub kind: String,
    pub value: StoredValue,
    pub description: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub last_modified_ms: u64,
    pub last_modified_by: String,
    pub data_type: String,
    pub allowed_pattern: Option<String>,
    pub tier: String,
    /// What the request called the key of a sealed value, if it is not the account's own.
    pub key_name: Option<String>,
}

/// A version of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterVersion {
    /// Counts from 1.
    pub version: u64,
    pub parameter: NewParameter,
    /// The material of the named key that seals the value, wrapped.
    pub material: Option<Sealed>,
}

/// All columns of a version, and the material of its key.
macro_rules! select_version {
    ($rest:literal) => {
        concat!(
            "SELECT v.*, m.wrapped_by, m.envelope AS material ",
            "FROM parameters p JOIN parameter_versions v ON v.name = p.name ",
            "LEFT JOIN key_materials m ON m.id = v.key_id ",
            $rest
        )
    };
}
use select_version;

/// Stores a new version and returns its number. `expected` is the latest version that the caller knows of, 0 for none:
/// a sealed value is bound to the number it will get.
///
/// # Errors
/// [`WriteError::Conflict`] if the latest version is another.
pub fn put(tx: &mut Tx<'_>, new: &NewParameter, expected: u64) -> Result<u64, WriteError> {
    let found = latest_version(tx, &new.name)?;
    if found != expected {
        let id = new.name.clone();
        return Err(WriteError::Conflict { what: "parameter", id, expected, found });
    }
    let version = expected + 1;
    count_put(tx, new, expected)?;
    tx.execute(
        "INSERT INTO parameters (name, latest_version) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET latest_version = excluded.latest_version",
        params![new.name, version],
    )?;
    let (plain, sealed) = match &new.value {
        StoredValue::Plain(text) => (Some(text), None),
        StoredValue::Sealed(sealed) => (None, Some(sealed)),
    };
    tx.execute(
        "INSERT INTO parameter_versions (name, version, kind, plain, key_id, sealed, description,
           last_modified_ms, last_modified_by, data_type, allowed_pattern, tier,
           key_name)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        params![
            new.name,
            version,
            new.kind,
            plain,
            sealed.map(|sealed| sealed.key_id.as_str()),
            sealed.map(|sealed| sealed.envelope.as_slice()),
            new.description,
            new.last_modified_ms,
            new.last_modified_by,
            new.data_type,
            new.allowed_pattern,
            new.tier,
            new.key_name,
        ],
    )?;
    Ok(version)
}

/// Returns how many parameters are of a tier.
pub fn count(tx: &ReadTx<'_>, tier: &str) -> Result<u64, ReadError> {
    let count = "SELECT count FROM parameter_counts WHERE tier = $1";
    Ok(tx.row(count, [tier], |row| row.get(0))?.unwrap_or(0))
}

fn count_put(tx: &mut Tx<'_>, new: &NewParameter, expected: u64) -> Result<(), WriteError> {
    let before = tier_of(tx, &new.name, expected)?;
    if before.as_deref() == Some(new.tier.as_str()) {
        return Ok(());
    }
    if let Some(before) = before {
        count_less(tx, &before)?;
    }
    tx.execute(
        "INSERT INTO parameter_counts (tier, count) VALUES ($1, 1)
         ON CONFLICT (tier) DO UPDATE SET count = count + 1",
        [&new.tier],
    )?;
    Ok(())
}

fn count_less(tx: &mut Tx<'_>, tier: &str) -> Result<(), WriteError> {
    tx.execute("UPDATE parameter_counts SET count = count - 1 WHERE tier = $1", [tier])?;
    Ok(())
}

fn tier_of(tx: &ReadTx<'_>, name: &str, version: u64) -> Result<Option<String>, ReadError> {
    tx.row(
        "SELECT tier FROM parameter_versions WHERE name = $1 AND version = $2",
        params![name, version],
        |row| row.get(0),
    )
}

/// Returns the number of the latest version, 0 if there is no such parameter.
pub fn latest_version(tx: &ReadTx<'_>, name: &str) -> Result<u64, ReadError> {
    let version =
        tx.row("SELECT latest_version FROM parameters WHERE name = $1", [name], |row| row.get(0))?;
    Ok(version.unwrap_or(0))
}

/// Returns a version, the latest if none is named, if there is one.
pub fn get(
    tx: &ReadTx<'_>,
    name: &str,
    version: Option<u64>,
) -> Result<Option<ParameterVersion>, ReadError> {
    tx.row(
        select_version!("WHERE p.name = $1 AND v.version = coalesce($2, p.latest_version)"),
        params![name, version],
        read_row,
    )
}

/// Returns the versions of a parameter, oldest first.
pub fn history(tx: &ReadTx<'_>, name: &str) -> Result<Vec<ParameterVersion>, ReadError> {
    history_after(tx, name, 0, u32::MAX)
}

/// Returns up to `limit` versions of a parameter, oldest first, after the version `after`.
pub fn history_after(
    tx: &ReadTx<'_>,
    name: &str,
    after: u64,
    limit: u32,
) -> Result<Vec<ParameterVersion>, ReadError> {
    tx.rows(
        select_version!("WHERE p.name = $1 AND v.version > $2 ORDER BY v.version LIMIT $3"),
        params![name, after, limit],
        read_row,
    )
}

/// Returns the number of the oldest version, if there is such a parameter.
pub fn oldest_version(tx: &ReadTx<'_>, name: &str) -> Result<Option<u64>, ReadError> {
    tx.row(
        "SELECT version FROM parameter_versions WHERE name = $1 ORDER BY version LIMIT 1",
        [name],
        |row| row.get(0),
    )
}

/// Replaces the sealed value of a version, as when its key is rotated.
///
/// # Errors
/// [`ReadError::NotFound`] if there is no such version, or its value is plain.
pub fn reseal(
    tx: &mut Tx<'_>,
    name: &str,
    version: u64,
    sealed: &Sealed,
) -> Result<(), WriteError> {
    let changed = tx.execute(
        "UPDATE parameter_versions SET key_id = $1, sealed = $2
         WHERE name = $3 AND version = $4 AND sealed IS NOT NULL",
        params![sealed.key_id, sealed.envelope, name, version],
    )?;
    if changed == 0 {
        return Err(WriteError::not_found("sealed version", &format!("{name}:{version}")));
    }
    Ok(())
}

/// Deletes a version that is not the latest, with its policies, and returns whether there was one. Its labels are moved or removed
/// before.
pub fn delete_version(tx: &mut Tx<'_>, name: &str, version: u64) -> Result<bool, WriteError> {
    let deleted = tx.execute(
        "DELETE FROM parameter_versions WHERE name = $1 AND version = $2 AND version <>
           (SELECT latest_version FROM parameters WHERE name = $1)",
        params![name, version],
    )?;
    if deleted > 0 {
        policies::remove(tx, name, Some(version))?;
    }
    Ok(deleted > 0)
}

/// Deletes a parameter with all its versions, labels and policies, and returns whether there was one.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<bool, WriteError> {
    let latest = latest_version(tx, name)?;
    if let Some(tier) = tier_of(tx, name, latest)? {
        count_less(tx, &tier)?;
    }
    policies::remove(tx, name, None)?;
    tx.execute("DELETE FROM parameter_labels WHERE name = $1", [name])?;
    tx.execute("DELETE FROM parameter_versions WHERE name = $1", [name])?;
    Ok(tx.execute("DELETE FROM parameters WHERE name = $1", [name])? > 0)
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<ParameterVersion> {
    let value = match row.get("plain")? {
        Some(text) => StoredValue::Plain(text),
        None => {
            StoredValue::Sealed(Sealed { key_id: row.get("key_id")?, envelope: row.get("sealed")? })
        }
    };
    let parameter = NewParameter {
        name: row.get("name")?,
        kind: row.get("kind")?,
        value,
        description: row.get("description")?,
        last_modified_ms: row.get("last_modified_ms")?,
        last_modified_by: row.get("last_modified_by")?,
        data_type: row.get("data_type")?,
        allowed_pattern: row.get("allowed_pattern")?,
        tier: row.get("tier")?,
        key_name: row.get("key_name")?,
    };
    let material = match row.get("wrapped_by")? {
        Some(key_id) => Some(Sealed { key_id, envelope: row.get("material")? }),
        None => None,
    };
    Ok(ParameterVersion { version: row.get("version")?, parameter, material })
}
