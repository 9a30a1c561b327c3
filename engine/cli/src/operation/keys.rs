//! What can be asked about keys that parameters are sealed with.

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "key", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum KeyOperation {
    Create {
        alias: String,
    },
    /// Answered with the key, and how much was moved to its new material.
    Rotate {
        name: String,
    },
    /// Answered with the new key's name.
    RotateInstallation,
    /// Answered with how much was moved.
    Rewrap,
    List,
}
