//! Runs: what each is, and the view of how far it got.

mod list;

use host_api::identifier::{Digest, Principal, RunId};
use rusqlite::{Row, params};

use crate::Sealed;
use crate::error::{ReadError, WriteError};
use crate::notice::Notice;
use crate::transaction::{ReadTx, Tx};

pub use list::{Filter, Page, list};

/// What a run is from its beginning on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRun {
    pub id: RunId,
    pub document_name: String,
    pub document_version: String,
    pub plan_digest: Digest,
    pub status: String,
    pub principal: Principal,
    /// The run whose step began this one, and the displayed path of that step.
    pub parent: Option<Parent>,
    /// 0 for a run that nobody's step began.
    pub depth: u32,
    /// Milliseconds since the Unix epoch, as every time here.
    pub created_ms: u64,
    pub sealed_seed: Option<Sealed>,
}

/// Where a child run belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parent {
    pub run: RunId,
    pub path: String,
}

/// The part of a run that follows from its journal and can be written anew from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    pub status: String,
    pub started_ms: Option<u64>,
    /// A run with an end is not active.
    pub ended_ms: Option<u64>,
    /// JSON text: outputs, failure.
    pub summary: Option<String>,
}

/// A run as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRow {
    pub id: RunId,
    pub document_name: String,
    pub document_version: String,
    pub plan_digest: Digest,
    pub principal: Principal,
    pub parent: Option<Parent>,
    pub depth: u32,
    pub created_ms: u64,
    pub sealed_seed: Option<Sealed>,
    pub view: View,
    /// JSON text: what the request for the run said; see [`set_request`].
    pub request: Option<String>,
    /// The sequence number of the next journal entry.
    pub next_seq: u64,
    pub lease_epoch: u64,
    pub lease_owner: Option<String>,
}

/// Inserts a run with an empty journal and a lease that nobody holds.
///
/// # Errors
/// [`WriteError::Exists`] if there is a run with this id.
pub fn insert(tx: &mut Tx<'_>, run: &NewRun) -> Result<(), WriteError> {
    if tx.run_key_if_any(run.id.as_str())?.is_some() {
        return Err(WriteError::Exists { what: "run", id: run.id.to_string() });
    }
    let parent = run.parent.as_ref();
    let seed = run.sealed_seed.as_ref();
    let key = tx.insert(
        "INSERT INTO runs (id, document_name, document_version, plan_digest, status, principal,
           parent_run, parent_path, depth, created_ms, seed_key_id, sealed_seed)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        params![
            run.id.as_str(),
            run.document_name,
            run.document_version,
            run.plan_digest.as_str(),
            run.status,
            run.principal.as_str(),
            parent.map(|parent| parent.run.as_str()),
            parent.map(|parent| parent.path.as_str()),
            run.depth,
            run.created_ms,
            seed.map(|seed| seed.key_id.as_str()),
            seed.map(|seed| seed.envelope.as_slice()),
        ],
    )?;
    tx.execute("INSERT INTO heads (run_key, next_seq, lease_epoch) VALUES ($1, 0, 0)", [key])?;
    tx.notify(Notice::RunChanged(run.id.clone()));
    Ok(())
}

/// Returns a run.
///
/// # Errors
/// [`ReadError::NotFound`] if there is none with this id.
pub fn get(tx: &ReadTx<'_>, run: &RunId) -> Result<RunRow, ReadError> {
    find(tx, run)?.ok_or_else(|| ReadError::not_found("run", run.as_str()))
}

/// Returns a run, if there is one with this id.
pub fn find(tx: &ReadTx<'_>, run: &RunId) -> Result<Option<RunRow>, ReadError> {
    tx.row("SELECT * FROM run_rows WHERE id = $1", [run.as_str()], read_row)
}

/// Replaces a run's view.
pub fn set_view(tx: &mut Tx<'_>, run: &RunId, view: &View) -> Result<(), WriteError> {
    let changed = tx.execute(
        "UPDATE runs SET status = $1, started_ms = $2, ended_ms = $3, summary = $4 WHERE id = $5",
        params![view.status, view.started_ms, view.ended_ms, view.summary, run.as_str()],
    )?;
    changed_one(tx, run, changed)
}

/// Keeps, as JSON text, what the request for a run said that is not part of the run itself.
pub fn set_request(tx: &mut Tx<'_>, run: &RunId, request: &str) -> Result<(), WriteError> {
    let changed =
        tx.execute("UPDATE runs SET request = $1 WHERE id = $2", [request, run.as_str()])?;
    changed_one(tx, run, changed)
}

/// Changes the status of a run and leaves the rest of its view.
pub fn update_status(tx: &mut Tx<'_>, run: &RunId, status: &str) -> Result<(), WriteError> {
    let changed =
        tx.execute("UPDATE runs SET status = $1 WHERE id = $2", [status, run.as_str()])?;
    changed_one(tx, run, changed)
}

fn changed_one(tx: &mut Tx<'_>, run: &RunId, changed: usize) -> Result<(), WriteError> {
    if changed == 0 {
        return Err(WriteError::not_found("run", run.as_str()));
    }
    tx.notify(Notice::RunChanged(run.clone()));
    Ok(())
}

/// Returns the ids of all runs that have not ended, in the order in which they were inserted, so each after its parent: by the
/// clock it could come before it, for clocks step back.
pub fn active(tx: &ReadTx<'_>) -> Result<Vec<RunId>, ReadError> {
    tx.rows("SELECT id FROM runs WHERE ended_ms IS NULL ORDER BY key", [], |row| {
        Ok(RunId::new(row.get::<_, String>(0)?))
    })
}

/// Returns whether at least that many runs have not ended; it costs no more than counting to there.
pub fn are_active(tx: &ReadTx<'_>, count: u32) -> Result<bool, ReadError> {
    let sql = "SELECT 1 FROM runs WHERE ended_ms IS NULL LIMIT 1 OFFSET $1";
    let last = tx.rows(sql, [i64::from(count) - 1], |_| Ok(()))?;
    Ok(!last.is_empty())
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    let parent_run: Option<String> = row.get("parent_run")?;
    let parent_path: Option<String> = row.get("parent_path")?;
    let key_id: Option<String> = row.get("seed_key_id")?;
    let envelope: Option<Vec<u8>> = row.get("sealed_seed")?;
    Ok(RunRow {
        id: RunId::new(row.get::<_, String>("id")?),
        document_name: row.get("document_name")?,
        document_version: row.get("document_version")?,
        plan_digest: Digest::new(row.get::<_, String>("plan_digest")?),
        principal: Principal::new(row.get::<_, String>("principal")?),
        parent: parent_run
            .zip(parent_path)
            .map(|(run, path)| Parent { run: RunId::new(run), path }),
        depth: row.get("depth")?,
        created_ms: row.get("created_ms")?,
        sealed_seed: key_id.zip(envelope).map(|(key_id, envelope)| Sealed { key_id, envelope }),
        view: View {
            status: row.get("status")?,
            started_ms: row.get("started_ms")?,
            ended_ms: row.get("ended_ms")?,
            summary: row.get("summary")?,
        },
        request: row.get("request")?,
        next_seq: row.get("next_seq")?,
        lease_epoch: row.get("lease_epoch")?,
        lease_owner: row.get("lease_owner")?,
    })
}
