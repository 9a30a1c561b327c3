//! The log of every call that a guest made to the host.

use std::collections::BTreeMap;

use host_api::effect::Activation;
use host_api::identifier::RunId;
use host_api::port::LoggedCall;
use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// The calls of one activation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivationCalls {
    /// The step's path, displayed.
    pub path: String,
    pub attempt: u32,
    pub activation: u32,
    /// In the order of their ordinals.
    pub calls: Vec<LoggedCall>,
}

/// Calls as they are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded {
    /// Absent if there are no calls.
    first_ordinal: Option<u32>,
    text: String,
}

impl Encoded {
    /// Encodes calls that follow each other in one activation.
    ///
    /// # Errors
    /// [`WriteError::Internal`] if they cannot be written as JSON, which none of their types allows.
    pub fn new(calls: &[LoggedCall]) -> Result<Self, WriteError> {
        let first_ordinal = calls.first().map(|call| call.ordinal);
        Ok(Self { first_ordinal, text: serde_json::to_string(calls)? })
    }
}

/// Adds calls to the log of an activation, as one row. An answered call takes the place of its own intent.
pub fn append(
    tx: &mut Tx<'_>,
    activation: &Activation,
    calls: &[LoggedCall],
) -> Result<(), WriteError> {
    append_encoded(tx, activation, &Encoded::new(calls)?)
}

/// As [`append`], with calls that were encoded outside the transaction, where it costs no other writer time.
pub fn append_encoded(
    tx: &mut Tx<'_>,
    activation: &Activation,
    encoded: &Encoded,
) -> Result<(), WriteError> {
    let Encoded { first_ordinal: Some(first_ordinal), text } = encoded else { return Ok(()) };
    let key = tx.run_key(activation.run.as_str())?;
    tx.execute(
        "INSERT INTO host_calls (run_key, path, attempt, activation, first_ordinal, calls)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![
            key,
            activation.path.to_string(),
            activation.attempt,
            activation.activation,
            first_ordinal,
            text
        ],
    )?;
    Ok(())
}

/// Returns the calls of one activation in the order of their ordinals.
pub fn read(tx: &ReadTx<'_>, activation: &Activation) -> Result<Vec<LoggedCall>, ReadError> {
    let mut calls = BTreeMap::new();
    tx.each(
        "SELECT c.calls FROM host_calls c JOIN runs r ON r.key = c.run_key
         WHERE r.id = $1 AND c.path = $2 AND c.attempt = $3 AND c.activation = $4 ORDER BY c.id",
        params![
            activation.run.as_str(),
            activation.path.to_string(),
            activation.attempt,
            activation.activation
        ],
        |row| add(&mut calls, row, 0),
    )?;
    Ok(calls.into_values().collect())
}

/// Returns the calls of all activations of the activation's attempt, those of the first activation first.
pub fn read_attempt(
    tx: &ReadTx<'_>,
    activation: &Activation,
) -> Result<Vec<LoggedCall>, ReadError> {
    let mut activations: BTreeMap<u32, BTreeMap<u32, LoggedCall>> = BTreeMap::new();
    tx.each(
        "SELECT c.activation, c.calls FROM host_calls c JOIN runs r ON r.key = c.run_key
         WHERE r.id = $1 AND c.path = $2 AND c.attempt = $3 ORDER BY c.id",
        params![activation.run.as_str(), activation.path.to_string(), activation.attempt],
        |row| add(activations.entry(row.get(0)?).or_default(), row, 1),
    )?;
    Ok(activations.into_values().flat_map(BTreeMap::into_values).collect())
}

/// Returns the calls of a run in whose stored text one of the words stands, with those that share a row with them.
pub fn read_mentioning(
    tx: &ReadTx<'_>,
    run: &RunId,
    words: [&str; 3],
) -> Result<Vec<LoggedCall>, ReadError> {
    let key = tx.run_key(run.as_str())?;
    let mut found = Vec::new();
    tx.each(
        "SELECT calls FROM host_calls
         WHERE run_key = $1 AND (instr(calls, $2) > 0 OR instr(calls, $3) > 0 OR instr(calls, $4) > 0)
         ORDER BY id",
        params![key, words[0], words[1], words[2]],
        |row| {
            let mut calls = BTreeMap::new();
            add(&mut calls, row, 0)?;
            found.extend(calls.into_values());
            Ok::<(), ReadError>(())
        },
    )?;
    Ok(found)
}

/// Returns all calls of a run, ordered by path, attempt and activation.
pub fn read_run(tx: &ReadTx<'_>, run: &RunId) -> Result<Vec<ActivationCalls>, ReadError> {
    let key = tx.run_key(run.as_str())?;
    let mut activations: BTreeMap<(String, u32, u32), BTreeMap<u32, LoggedCall>> = BTreeMap::new();
    tx.each(
        "SELECT path, attempt, activation, calls FROM host_calls WHERE run_key = $1 ORDER BY id",
        [key],
        |row| {
            let key = (row.get(0)?, row.get(1)?, row.get(2)?);
            add(activations.entry(key).or_default(), row, 3)
        },
    )?;
    let calls = activations.into_iter().map(|((path, attempt, activation), calls)| {
        ActivationCalls { path, attempt, activation, calls: calls.into_values().collect() }
    });
    Ok(calls.collect())
}

fn add(
    calls: &mut BTreeMap<u32, LoggedCall>,
    row: &rusqlite::Row<'_>,
    column: usize,
) -> Result<(), ReadError> {
    let text = row.get_ref(column)?;
    let text = text.as_str().map_err(|error| ReadError::Corrupt(error.to_string()))?;
    for call in serde_json::from_str::<Vec<LoggedCall>>(text)? {
        let answered = calls.get(&call.ordinal).is_some_and(|earlier| earlier.answer.is_some());
        if !answered {
            calls.insert(call.ordinal, call);
        }
    }
    Ok(())
}
