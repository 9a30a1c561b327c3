//! What can be asked about users, their credentials, and policies.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What can be asked about users and their credentials.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum AccessOperation {
    ListUsers,
    PutUser {
        name: String,
        roles: BTreeSet<String>,
    },
    /// Answered with the keys and tokens that go with the user.
    RemoveUser {
        name: String,
        dry_run: bool,
    },
    CreateKey {
        user: String,
        roles: BTreeSet<String>,
    },
    ListKeys {
        user: Option<String>,
    },
    RevokeKey {
        id: String,
        dry_run: bool,
    },
    RotateKey {
        id: String,
        grace_ms: u64,
    },
    SetKeyStatus {
        id: String,
        is_active: bool,
    },
    CreateToken {
        user: String,
        roles: BTreeSet<String>,
        expires_ms: Option<u64>,
        description: String,
    },
    ListTokens {
        user: Option<String>,
    },
    RevokeToken {
        id: String,
        dry_run: bool,
    },
}

/// What can be asked about policies.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "policy", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PolicyOperation {
    List,
    Status,
    /// Answered with what the policies would decide.
    Try {
        user: Option<String>,
        role: Option<String>,
        action: String,
        resource: String,
        context: Vec<(String, String)>,
    },
}
