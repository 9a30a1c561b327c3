//! Users and their roles.

use std::collections::BTreeSet;

use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A user, who acts with the rights of the roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    pub roles: BTreeSet<String>,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
}

/// Adds a user, or gives one that is there exactly these roles. Its creation time stays.
pub fn put(tx: &mut Tx<'_>, user: &User) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO users (name, created_ms) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        params![user.name, user.created_ms],
    )?;
    tx.execute("DELETE FROM user_roles WHERE user_name = $1", [&user.name])?;
    for role in &user.roles {
        tx.execute("INSERT INTO user_roles (user_name, role) VALUES ($1, $2)", [&user.name, role])?;
    }
    Ok(())
}

/// Returns a user.
pub fn find(tx: &ReadTx<'_>, name: &str) -> Result<Option<User>, ReadError> {
    let created =
        tx.row("SELECT created_ms FROM users WHERE name = $1", [name], |row| row.get(0))?;
    let Some(created_ms) = created else { return Ok(None) };
    let sql = "SELECT role FROM user_roles WHERE user_name = $1 ORDER BY role";
    let roles = tx.rows(sql, [name], |row| row.get(0))?;
    Ok(Some(User { name: name.to_owned(), roles: roles.into_iter().collect(), created_ms }))
}

/// Returns all users by name.
pub fn list(tx: &ReadTx<'_>) -> Result<Vec<User>, ReadError> {
    let mut users = tx.rows("SELECT name, created_ms FROM users ORDER BY name", [], |row| {
        Ok(User { name: row.get(0)?, roles: BTreeSet::new(), created_ms: row.get(1)? })
    })?;
    let roles: Vec<(String, String)> =
        tx.rows("SELECT user_name, role FROM user_roles ORDER BY user_name, role", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    for (name, role) in roles {
        if let Ok(at) = users.binary_search_by(|user| user.name.cmp(&name)) {
            users[at].roles.insert(role);
        }
    }
    Ok(users)
}

/// Removes a user with all its credentials, and returns whether it was there.
pub fn remove(tx: &mut Tx<'_>, name: &str) -> Result<bool, WriteError> {
    Ok(tx.execute("DELETE FROM users WHERE name = $1", [name])? > 0)
}
