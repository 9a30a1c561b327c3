//! What can be asked about documents of the store.

use serde::{Deserialize, Serialize};

/// A document: its text, so that the owner reads no file of the client's.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncedFile {
    pub name: String,
    pub content: String,
    pub lock: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "documents", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DocumentOperation {
    /// Answered with what is done with each file.
    Sync {
        files: Vec<SyncedFile>,
        dry_run: bool,
    },
    List,
}
