//! `OpsItems`: what somebody should look into.

use rusqlite::params;

use crate::error::WriteError;
use crate::transaction::Tx;

/// An `OpsItem` as it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewOpsItem {
    pub id: String,
    pub title: String,
    pub source: String,
    pub description: String,
    pub severity: Option<String>,
    pub category: Option<String>,
    pub priority: Option<u32>,
    /// While an item with the same text is open, there is no other one.
    pub deduplicate: Option<String>,
    /// JSON text: SSM's operational data.
    pub operational_data: String,
    pub created_by: String,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
}

/// Inserts an open item and returns its id; of one that is the same as an open one, that one's.
pub fn insert(tx: &mut Tx<'_>, item: &NewOpsItem) -> Result<String, WriteError> {
    if let Some(text) = &item.deduplicate {
        let open = tx.row(
            "SELECT id FROM ops_items WHERE deduplicate = $1 AND status <> 'Resolved'",
            [text],
            |row| row.get(0),
        )?;
        if let Some(id) = open {
            return Ok(id);
        }
    }
    tx.execute(
        "INSERT INTO ops_items (id, title, source, description, status, severity, category,
           priority, deduplicate, operational_data, created_by, created_ms, modified_ms)
         VALUES ($1, $2, $3, $4, 'Open', $5, $6, $7, $8, $9, $10, $11, $11)",
        params![
            item.id,
            item.title,
            item.source,
            item.description,
            item.severity,
            item.category,
            item.priority,
            item.deduplicate,
            item.operational_data,
            item.created_by,
            item.created_ms
        ],
    )?;
    Ok(item.id.clone())
}
