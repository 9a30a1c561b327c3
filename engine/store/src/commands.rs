//! Commands: a document sent to nodes. What each node does of it is in [`crate::invocations`].

use host_api::identifier::{CommandId, Principal};
use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A command. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRow {
    pub id: CommandId,
    pub document_name: String,
    pub principal: Principal,
    /// JSON text of the request.
    pub request: String,
    pub status: CommandStatus,
    pub created_ms: u64,
    /// When what has not been delivered is given up.
    pub expires_ms: u64,
}

/// How far a command, or its part on one node, got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandStatus {
    pub status: String,
    pub details: String,
    /// Absent while it may still change.
    pub ended_ms: Option<u64>,
}

/// Inserts a command.
///
/// # Errors
/// [`WriteError::Exists`] if there is one with this id.
pub fn insert(tx: &mut Tx<'_>, command: &CommandRow) -> Result<(), WriteError> {
    let inserted = tx.execute(
        "INSERT INTO commands (id, document_name, principal, request, status, status_details,
           created_ms, expires_ms, ended_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        params![
            command.id.as_str(),
            command.document_name,
            command.principal.as_str(),
            command.request,
            command.status.status,
            command.status.details,
            command.created_ms,
            command.expires_ms,
            command.status.ended_ms,
        ],
    )?;
    if inserted == 0 {
        return Err(WriteError::Exists { what: "command", id: command.id.to_string() });
    }
    Ok(())
}

/// Returns a command, if there is one with this id.
pub fn find(tx: &ReadTx<'_>, command: &CommandId) -> Result<Option<CommandRow>, ReadError> {
    tx.row("SELECT * FROM commands WHERE id = $1", [command.as_str()], read_row)
}

/// Changes how far a command got.
///
/// # Errors
/// [`ReadError::NotFound`] if there is no such command.
pub fn set_status(
    tx: &mut Tx<'_>,
    command: &CommandId,
    status: &CommandStatus,
) -> Result<(), WriteError> {
    let changed = tx.execute(
        "UPDATE commands SET status = $1, status_details = $2, ended_ms = $3 WHERE id = $4",
        params![status.status, status.details, status.ended_ms, command.as_str()],
    )?;
    if changed == 0 {
        return Err(WriteError::not_found("command", command.as_str()));
    }
    Ok(())
}

/// Returns up to `limit` commands, newest first, before the time and id of `before`.
pub fn list(
    tx: &ReadTx<'_>,
    before: Option<(u64, &CommandId)>,
    limit: u32,
) -> Result<Vec<CommandRow>, ReadError> {
    let (time_ms, id) = before.map_or((None, None), |(ms, id)| (Some(ms), Some(id.as_str())));
    tx.rows(
        "SELECT * FROM commands WHERE ($1 IS NULL OR (created_ms, id) < ($1, $2))
         ORDER BY created_ms DESC, id DESC LIMIT $3",
        params![time_ms, id, limit],
        read_row,
    )
}

/// Returns up to `limit` commands that have not ended and expire by `now_ms`.
pub fn expired(tx: &ReadTx<'_>, now_ms: u64, limit: u32) -> Result<Vec<CommandRow>, ReadError> {
    tx.rows(
        "SELECT * FROM commands WHERE ended_ms IS NULL AND expires_ms <= $1
         ORDER BY expires_ms LIMIT $2",
        params![now_ms, limit],
        read_row,
    )
}

/// Deletes up to `limit` commands that ended before `before_ms`, with their invocations; returns how many.
pub fn delete_ended(tx: &mut Tx<'_>, before_ms: u64, limit: u32) -> Result<usize, WriteError> {
    let ids: Vec<String> = tx.rows(
        "SELECT id FROM commands WHERE ended_ms < $1 ORDER BY ended_ms LIMIT $2",
        params![before_ms, limit],
        |row| row.get(0),
    )?;
    for id in &ids {
        tx.execute("DELETE FROM invocations WHERE command = $1", [id])?;
        tx.execute("DELETE FROM completions WHERE kind = 'command' AND id = $1", [id])?;
        tx.execute("DELETE FROM commands WHERE id = $1", [id])?;
    }
    Ok(ids.len())
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<CommandRow> {
    Ok(CommandRow {
        id: CommandId::new(row.get::<_, String>("id")?),
        document_name: row.get("document_name")?,
        principal: Principal::new(row.get::<_, String>("principal")?),
        request: row.get("request")?,
        status: CommandStatus {
            status: row.get("status")?,
            details: row.get("status_details")?,
            ended_ms: row.get("ended_ms")?,
        },
        created_ms: row.get("created_ms")?,
        expires_ms: row.get("expires_ms")?,
    })
}
