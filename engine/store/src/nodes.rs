//! Managed nodes.

use host_api::identifier::NodeId;
use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRow {
    pub id: NodeId,
    /// Another name it answers to; unique.
    pub alias: Option<String>,
    /// JSON text.
    pub facts: String,
    /// Milliseconds since the Unix epoch.
    pub registered_ms: u64,
}

/// Registers a node.
///
/// # Errors
/// [`WriteError::Exists`] if its id or its alias is taken.
pub fn insert(tx: &mut Tx<'_>, node: &NodeRow) -> Result<(), WriteError> {
    let inserted = tx.execute(
        "INSERT INTO nodes (id, alias, facts, registered_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        params![node.id.as_str(), node.alias, node.facts, node.registered_ms],
    )?;
    if inserted == 0 {
        return Err(WriteError::Exists { what: "node", id: node.id.to_string() });
    }
    Ok(())
}

/// Replaces a node's facts.
pub fn set_facts(tx: &mut Tx<'_>, node: &NodeId, facts: &str) -> Result<(), WriteError> {
    let changed =
        tx.execute("UPDATE nodes SET facts = $1 WHERE id = $2", [facts, node.as_str()])?;
    if changed == 0 {
        return Err(WriteError::not_found("node", node.as_str()));
    }
    Ok(())
}

/// Deletes a node and returns whether there was one.
pub fn delete(tx: &mut Tx<'_>, node: &NodeId) -> Result<bool, WriteError> {
    Ok(tx.execute("DELETE FROM nodes WHERE id = $1", [node.as_str()])? > 0)
}

/// Returns the node with this id or alias, if there is one.
pub fn find(tx: &ReadTx<'_>, name: &str) -> Result<Option<NodeRow>, ReadError> {
    tx.row(
        "SELECT id, alias, facts, registered_ms FROM nodes WHERE id = $1 OR alias = $1
         ORDER BY id = $1 DESC LIMIT 1",
        [name],
        read_row,
    )
}

/// Returns up to `limit` nodes in the order of their ids, after the id `after`.
pub fn list(tx: &ReadTx<'_>, after: Option<&str>, limit: u32) -> Result<Vec<NodeRow>, ReadError> {
    tx.rows(
        "SELECT id, alias, facts, registered_ms FROM nodes
         WHERE ($1 IS NULL OR id > $1) ORDER BY id LIMIT $2",
        params![after, limit],
        read_row,
    )
}

fn read_row(row: &Row<'_>) -> rusqlite::Result<NodeRow> {
    Ok(NodeRow {
        id: NodeId::new(row.get::<_, String>(0)?),
        alias: row.get(1)?,
        facts: row.get(2)?,
        registered_ms: row.get(3)?,
    })
}
