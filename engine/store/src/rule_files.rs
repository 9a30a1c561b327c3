//! Every content that rule files have had here.

use host_api::identifier::Digest;
use rusqlite::params;

use crate::error::WriteError;
use crate::transaction::Tx;

/// Keeps a content under its digest; one that is kept already stays as it is.
pub fn keep(
    tx: &mut Tx<'_>,
    digest: &Digest,
    name: &str,
    content: &str,
    now_ms: u64,
) -> Result<(), WriteError> {
    tx.execute(
        "INSERT INTO rule_files (digest, name, content, created_ms) VALUES ($1, $2, $3, $4)
         ON CONFLICT DO NOTHING",
        params![digest.as_str(), name, content, now_ms],
    )?;
    Ok(())
}
