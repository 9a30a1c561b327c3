//! Components by their digest, their names, and which run uses which.

use host_api::identifier::{Digest, RunId};
use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// What is stored beside a component's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    pub digest: Digest,
    /// JSON text of a [`host_api::manifest::Manifest`].
    pub manifest: String,
    /// Absent if it is not signed.
    pub signer_key_id: Option<String>,
    /// Milliseconds since the Unix epoch.
    pub registered_ms: u64,
}

/// A name under which a component is registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginName {
    /// `vendor:package`.
    pub name: String,
    pub version: String,
    pub digest: Digest,
}

/// Stores a component; one that is there already stays as it is.
pub fn put(tx: &mut Tx<'_>, plugin: &Plugin, component: &[u8]) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO plugins (digest, component, manifest, signer_key_id, registered_ms)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        params![
            plugin.digest.as_str(),
            component,
            plugin.manifest,
            plugin.signer_key_id,
            plugin.registered_ms
        ],
    )?;
    Ok(())
}

/// Registers a stored component under a name and a version. The same registration again changes nothing.
///
/// # Errors
/// [`WriteError::Exists`] if the version is taken by another component: versions do not change.
/// [`ReadError::NotFound`] if no such component is stored.
pub fn name(tx: &mut Tx<'_>, name: &PluginName) -> Result<(), WriteError> {
    require(tx, &name.digest)?;
    if let Some(digest) = resolve(tx, &name.name, &name.version)? {
        if digest == name.digest {
            return Ok(());
        }
        let id = format!("{}@{}", name.name, name.version);
        return Err(WriteError::Exists { what: "plugin", id });
    }
    tx.execute(
        "INSERT INTO plugin_names (name, version, digest) VALUES ($1, $2, $3)",
        [name.name.as_str(), name.version.as_str(), name.digest.as_str()],
    )?;
    Ok(())
}

/// Returns the digest that a name and a version stand for, if they are registered.
pub fn resolve(tx: &ReadTx<'_>, name: &str, version: &str) -> Result<Option<Digest>, ReadError> {
    tx.row(
        "SELECT digest FROM plugin_names WHERE name = $1 AND version = $2",
        [name, version],
        |row| read_digest(row, 0),
    )
}

/// Returns all registered names in order; the order of versions is that of their text.
pub fn names(tx: &ReadTx<'_>) -> Result<Vec<PluginName>, ReadError> {
    tx.rows("SELECT name, version, digest FROM plugin_names ORDER BY name, version", [], |row| {
        Ok(PluginName { name: row.get(0)?, version: row.get(1)?, digest: read_digest(row, 2)? })
    })
}

/// Returns what is stored beside a component.
///
/// # Errors
/// [`ReadError::NotFound`] if there is none with this digest.
pub fn get(tx: &ReadTx<'_>, digest: &Digest) -> Result<Plugin, ReadError> {
    let plugin = tx.row(
        "SELECT digest, manifest, signer_key_id, registered_ms FROM plugins WHERE digest = $1",
        [digest.as_str()],
        |row| {
            Ok(Plugin {
                digest: read_digest(row, 0)?,
                manifest: row.get(1)?,
                signer_key_id: row.get(2)?,
                registered_ms: row.get(3)?,
            })
        },
    )?;
    plugin.ok_or_else(|| ReadError::not_found("plugin", digest.as_str()))
}

/// Returns a component's bytes.
///
/// # Errors
/// [`ReadError::NotFound`] if there is none with this digest.
pub fn component(tx: &ReadTx<'_>, digest: &Digest) -> Result<Vec<u8>, ReadError> {
    tx.row("SELECT component FROM plugins WHERE digest = $1", [digest.as_str()], |row| row.get(0))?
        .ok_or_else(|| ReadError::not_found("plugin", digest.as_str()))
}

/// Says that a run uses a component for an action.
///
/// # Errors
/// [`ReadError::NotFound`] if run or component are not stored.
pub fn pin(tx: &mut Tx<'_>, run: &RunId, action: &str, digest: &Digest) -> Result<(), WriteError> {
    let key = tx.run_key(run.as_str())?;
    require(tx, digest)?;
    tx.execute(
        "INSERT INTO run_plugins (run_key, action, digest) VALUES ($1, $2, $3)
         ON CONFLICT (run_key, action) DO UPDATE SET digest = excluded.digest",
        params![key, action, digest.as_str()],
    )?;
    Ok(())
}

/// Returns the components that a run uses, each with its action, in the order of the actions.
pub fn pinned(tx: &ReadTx<'_>, run: &RunId) -> Result<Vec<(String, Digest)>, ReadError> {
    tx.rows(
        "SELECT p.action, p.digest FROM run_plugins p JOIN runs r ON r.key = p.run_key
         WHERE r.id = $1 ORDER BY p.action",
        [run.as_str()],
        |row| Ok((row.get(0)?, read_digest(row, 1)?)),
    )
}

/// Removes a name; with the last name of a component that no run refers to goes the component.
///
/// # Errors
/// [`WriteError::InUse`] while a run that has not ended uses the component, [`ReadError::NotFound`] if the name is not
/// registered.
pub fn remove(tx: &mut Tx<'_>, name: &str, version: &str) -> Result<(), WriteError> {
    let id = format!("{name}@{version}");
    let Some(digest) = resolve(tx, name, version)? else {
        return Err(WriteError::not_found("plugin", &id));
    };
    let user: Option<String> = tx.row(
        "SELECT r.id FROM run_plugins p JOIN runs r ON r.key = p.run_key
         WHERE p.digest = $1 AND r.ended_ms IS NULL ORDER BY r.key LIMIT 1",
        [digest.as_str()],
        |row| row.get(0),
    )?;
    if let Some(run) = user {
        return Err(WriteError::InUse { what: "plugin", id, by: format!("run {run}") });
    }
    tx.execute("DELETE FROM plugin_names WHERE name = $1 AND version = $2", [name, version])?;
    tx.execute(
        "DELETE FROM plugins WHERE digest = $1
           AND NOT EXISTS (SELECT 1 FROM plugin_names WHERE digest = $1)
           AND NOT EXISTS (SELECT 1 FROM run_plugins WHERE digest = $1)",
        [digest.as_str()],
    )?;
    Ok(())
}

/// Deletes up to `limit` components without a name that no run refers to and that were stored before `before_ms`;
/// returns how many.
pub fn delete_unused(tx: &mut Tx<'_>, before_ms: u64, limit: u32) -> Result<usize, WriteError> {
    tx.execute(
        "DELETE FROM plugins WHERE digest IN
           (SELECT p.digest FROM plugins p WHERE p.registered_ms < $1
              AND NOT EXISTS (SELECT 1 FROM plugin_names n WHERE n.digest = p.digest)
              AND NOT EXISTS (SELECT 1 FROM run_plugins r WHERE r.digest = p.digest) LIMIT $2)",
        params![before_ms, limit],
    )
}

fn require(tx: &ReadTx<'_>, digest: &Digest) -> Result<(), ReadError> {
    tx.row("SELECT 1 FROM plugins WHERE digest = $1", [digest.as_str()], |_| Ok(()))?
        .ok_or_else(|| ReadError::not_found("plugin", digest.as_str()))
}

fn read_digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    row.get(column).map(|text: String| Digest::new(text))
}
