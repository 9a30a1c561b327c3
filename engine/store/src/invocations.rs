//! What one node does of a command: the outbox of jobs, and the reports that come back.

use host_api::identifier::{CommandId, NodeId};
use rusqlite::{Row, params};

use crate::commands::CommandStatus;
use crate::error::{ReadError, WriteError};
use crate::notice::Notice;
use crate::transaction::{ReadTx, Tx};

/// A command's part on one node. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvocationRow {
    /// Unique for ever.
    pub job_id: String,
    pub command: CommandId,
    pub node: NodeId,
    /// JSON text of a [`host_api::node::Job`].
    pub job: String,
    pub status: CommandStatus,
    /// JSON text of a [`host_api::node::JobReport`].
    pub report: Option<String>,
    pub created_ms: u64,
    /// When the node took the job over; absent while it is in the outbox.
    pub delivered_ms: Option<u64>,
}

/// Inserts an invocation; one that is not delivered is in the outbox, and subscribers are told.
///
/// # Errors
/// [`WriteError::Exists`] if the job id is taken or the command has an invocation on the node.
pub fn insert(tx: &mut Tx<'_>, invocation: &InvocationRow) -> Result<(), WriteError> {
    let inserted = tx.execute(
        "INSERT INTO invocations (job_id, command, node, job, status, status_details, report,
           created_ms, delivered_ms, ended_ms)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        params![
            invocation.job_id,
            invocation.command.as_str(),
            invocation.node.as_str(),
            invocation.job,
            invocation.status.status,
            invocation.status.details,
            invocation.report,
            invocation.created_ms,
            invocation.delivered_ms,
            invocation.status.ended_ms,
        ],
    )?;
    if inserted == 0 {
        return Err(WriteError::Exists { what: "invocation", id: invocation.job_id.clone() });
    }
    if invocation.delivered_ms.is_none() && invocation.status.ended_ms.is_none() {
        tx.notify(Notice::Job(invocation.job_id.clone()));
    }
    Ok(())
}

/// Returns an invocation by its job's id, if there is one.
pub fn find(tx: &ReadTx<'_>, job_id: &str) -> Result<Option<InvocationRow>, ReadError> {
    tx.row("SELECT * FROM invocations WHERE job_id = $1", [job_id], read_row)
}

/// Returns the invocations of a command in the order of their nodes.
pub fn of_command(tx: &ReadTx<'_>, command: &CommandId) -> Result<Vec<InvocationRow>, ReadError> {
    tx.rows(
        "SELECT * FROM invocations WHERE command = $1 ORDER BY node",
        [command.as_str()],
        read_row,
    )
}

/// Returns up to `limit` jobs for a node that are not delivered, oldest first.
pub fn jobs_pending(
    tx: &ReadTx<'_>,
    node: &NodeId,
    limit: u32,
) -> Result<Vec<InvocationRow>, ReadError> {
    tx.rows(
        "SELECT * FROM invocations
         WHERE node = $1 AND delivered_ms IS NULL AND ended_ms IS NULL
         ORDER BY created_ms, job_id LIMIT $2",
        params![node.as_str(), limit],
        read_row,
    )
}

/// Returns up to `limit` jobs that a node took over and has not reported the end of, oldest first.
pub fn jobs_open(
    tx: &ReadTx<'_>,
    node: &NodeId,
    limit: u32,
) -> Result<Vec<InvocationRow>, ReadError> {
    tx.rows(
        "SELECT * FROM invocations
         WHERE node = $1 AND delivered_ms IS NOT NULL AND ended_ms IS NULL
         ORDER BY created_ms, job_id LIMIT $2",
        params![node.as_str(), limit],
        read_row,
    )
}

/// Says that the node took a job over. The first time stands.
///
/// # Errors
/// [`ReadError::NotFound`] if there is no such job.
pub fn mark_delivered(tx: &mut Tx<'_>, job_id: &str, now_ms: u64) -> Result<(), WriteError> {
    let changed = tx.execute(
        "UPDATE invocations SET delivered_ms = coalesce(delivered_ms, $1) WHERE job_id = $2",
        params![now_ms, job_id],
    )?;
    changed_one(job_id, changed)
}

/// Changes how far an invocation got, and its report. Returns `false`, and changes nothing, if it has ended.
///
/// # Errors
/// [`ReadError::NotFound`] if there is no such job.
pub fn set_report(
    tx: &mut Tx<'_>,
    job_id: &str,
    status: &CommandStatus,
    report: Option<&str>,
) -> Result<bool, WriteError> {
    let ended: Option<Option<u64>> =
        tx.row("SELECT ended_ms FROM invocations WHERE job_id = $1", [job_id], |row| row.get(0))?;
    if ended.flatten().is_some() {
        return Ok(false);
    }
    let changed = tx.execute(
        "UPDATE invocations SET status = $1, status_details = $2, ended_ms = $3,
           report = coalesce($4, report) WHERE job_id = $5",
        params![status.status, status.details, status.ended_ms, report, job_id],
    )?;
    changed_one(job_id, changed)?;
    Ok(true)
}

fn changed_one(job_id: &str, changed: usize) -> Result<(), WriteError> {
    if changed == 0 {
        return Err(WriteError::not_found("job", job_id));
    }
    Ok(())
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<InvocationRow> {
    Ok(InvocationRow {
        job_id: row.get("job_id")?,
        command: CommandId::new(row.get::<_, String>("command")?),
        node: NodeId::new(row.get::<_, String>("node")?),
        job: row.get("job")?,
        status: CommandStatus {
            status: row.get("status")?,
            details: row.get("status_details")?,
            ended_ms: row.get("ended_ms")?,
        },
        report: row.get("report")?,
        created_ms: row.get("created_ms")?,
        delivered_ms: row.get("delivered_ms")?,
    })
}
