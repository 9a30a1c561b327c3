//! Access keys, whose secrets are sealed, and bearer tokens, of which there are only hashes.

use rusqlite::{Row, params};

use crate::Sealed;
use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A key by which requests are signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessKey {
    pub id: String,
    pub user: String,
    pub secret: Sealed,
    pub active: bool,
    /// Milliseconds since the Unix epoch, as all times here.
    pub created_ms: u64,
    /// From then on it is as if it were not active.
    pub expires_ms: Option<u64>,
    pub last_used_ms: Option<u64>,
}

/// A token that is sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    pub id: String,
    /// SHA-256 of the token, in hexadecimal digits.
    pub hash: String,
    pub user: String,
    pub description: String,
    pub created_ms: u64,
    /// From then on it is refused.
    pub expires_ms: Option<u64>,
    pub last_used_ms: Option<u64>,
}

/// Adds an access key of a user that exists.
///
/// # Errors
/// [`WriteError::Exists`] if the id is taken.
pub fn add_access_key(tx: &mut Tx<'_>, key: &AccessKey) -> Result<(), WriteError> {
    let added = tx.execute(
        "INSERT INTO access_keys
           (id, user_name, key_id, sealed, active, created_ms, expires_ms, last_used_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING",
        params![
            key.id,
            key.user,
            key.secret.key_id,
            key.secret.envelope,
            key.active,
            key.created_ms,
            key.expires_ms,
            key.last_used_ms,
        ],
    )?;
    if added == 0 {
        return Err(WriteError::Exists { what: "access key", id: key.id.clone() });
    }
    Ok(())
}

/// Returns an access key.
pub fn access_key(tx: &ReadTx<'_>, id: &str) -> Result<Option<AccessKey>, ReadError> {
    tx.row("SELECT * FROM access_keys WHERE id = $1", [id], read_access_key)
}

/// Returns the access keys of a user, oldest first, or those of all users, by user.
pub fn access_keys(tx: &ReadTx<'_>, user: Option<&str>) -> Result<Vec<AccessKey>, ReadError> {
    tx.rows(
        "SELECT * FROM access_keys WHERE $1 IS NULL OR user_name = $1
         ORDER BY user_name, created_ms, id",
        [user],
        read_access_key,
    )
}

/// Changes whether an access key is active and when it expires, and returns whether it was there.
pub fn set_access_key(
    tx: &mut Tx<'_>,
    id: &str,
    active: bool,
    expires_ms: Option<u64>,
) -> Result<bool, WriteError> {
    let changed = tx.execute(
        "UPDATE access_keys SET active = $1, expires_ms = $2 WHERE id = $3",
        params![active, expires_ms, id],
    )?;
    Ok(changed > 0)
}

/// Replaces the envelope of an access key if it is still `old`, and returns whether it was.
pub fn reseal_access_key(
    tx: &mut Tx<'_>,
    id: &str,
    old: &Sealed,
    new: &Sealed,
) -> Result<bool, WriteError> {
    let changed = tx.execute(
        "UPDATE access_keys SET key_id = $1, sealed = $2 WHERE id = $3 AND sealed = $4",
        params![new.key_id, new.envelope, id, old.envelope],
    )?;
    Ok(changed > 0)
}

/// Removes an access key, and returns whether it was there.
pub fn remove_access_key(tx: &mut Tx<'_>, id: &str) -> Result<bool, WriteError> {
    Ok(tx.execute("DELETE FROM access_keys WHERE id = $1", [id])? > 0)
}

/// Notes that an access key was used, unless a later use is noted.
pub fn access_key_used(tx: &mut Tx<'_>, id: &str, time_ms: u64) -> Result<(), WriteError> {
    tx.execute(
        "UPDATE access_keys SET last_used_ms = MAX(COALESCE(last_used_ms, 0), $1) WHERE id = $2",
        params![time_ms, id],
    )?;
    Ok(())
}

/// Adds a token of a user that exists.
///
/// # Errors
/// [`WriteError::Exists`] if id or hash is taken.
pub fn add_token(tx: &mut Tx<'_>, token: &Token) -> Result<(), WriteError> {
    let added = tx.execute(
        "INSERT INTO tokens
           (id, hash, user_name, description, created_ms, expires_ms, last_used_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
        params![
            token.id,
            token.hash,
            token.user,
            token.description,
            token.created_ms,
            token.expires_ms,
            token.last_used_ms,
        ],
    )?;
    if added == 0 {
        return Err(WriteError::Exists { what: "token", id: token.id.clone() });
    }
    Ok(())
}

/// Returns a token.
pub fn token(tx: &ReadTx<'_>, id: &str) -> Result<Option<Token>, ReadError> {
    tx.row("SELECT * FROM tokens WHERE id = $1", [id], read_token)
}

/// Returns the tokens of a user, oldest first, or those of all users, by user.
pub fn tokens(tx: &ReadTx<'_>, user: Option<&str>) -> Result<Vec<Token>, ReadError> {
    tx.rows(
        "SELECT * FROM tokens WHERE $1 IS NULL OR user_name = $1
         ORDER BY user_name, created_ms, id",
        [user],
        read_token,
    )
}

/// Removes a token, and returns whether it was there.
pub fn remove_token(tx: &mut Tx<'_>, id: &str) -> Result<bool, WriteError> {
    Ok(tx.execute("DELETE FROM tokens WHERE id = $1", [id])? > 0)
}

/// Notes that a token was used, unless a later use is noted.
pub fn token_used(tx: &mut Tx<'_>, id: &str, time_ms: u64) -> Result<(), WriteError> {
    tx.execute(
        "UPDATE tokens SET last_used_ms = MAX(COALESCE(last_used_ms, 0), $1) WHERE id = $2",
        params![time_ms, id],
    )?;
    Ok(())
}

fn read_access_key(row: &Row<'_>) -> rusqlite::Result<AccessKey> {
    Ok(AccessKey {
        id: row.get("id")?,
        user: row.get("user_name")?,
        secret: Sealed { key_id: row.get("key_id")?, envelope: row.get("sealed")? },
        active: row.get("active")?,
        created_ms: row.get("created_ms")?,
        expires_ms: row.get("expires_ms")?,
        last_used_ms: row.get("last_used_ms")?,
    })
}

fn read_token(row: &Row<'_>) -> rusqlite::Result<Token> {
    Ok(Token {
        id: row.get("id")?,
        hash: row.get("hash")?,
        user: row.get("user_name")?,
        description: row.get("description")?,
        created_ms: row.get("created_ms")?,
        expires_ms: row.get("expires_ms")?,
        last_used_ms: row.get("last_used_ms")?,
    })
}
