//! Lists of documents and of their versions.

use rusqlite::params;

use super::rows::{VERSION_COLUMNS, read_document, read_version};
use super::{Document, DocumentVersion, find};
use crate::error::ReadError;
use crate::text_key::after_prefix;
use crate::transaction::ReadTx;

/// Returns up to `limit` documents whose name begins with `prefix`, in order, after the name `after`.
pub fn list(
    tx: &ReadTx<'_>,
    prefix: &str,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<Document>, ReadError> {
    tx.rows(
        "SELECT name, kind, default_version, latest_version FROM documents
         WHERE name >= $1 AND ($2 IS NULL OR name < $2) AND ($3 IS NULL OR name > $3)
         ORDER BY name LIMIT $4",
        params![prefix, after_prefix(prefix), after, limit],
        read_document,
    )
}

/// Returns the default versions of up to `limit` documents, in the order of their names, after the name `after`.
pub fn list_defaults(
    tx: &ReadTx<'_>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<DocumentVersion>, ReadError> {
    tx.rows(
        "SELECT d.name, d.kind, d.default_version, d.latest_version, v.*
         FROM documents d JOIN document_versions v
           ON v.name = d.name AND v.version = d.default_version
         WHERE $1 IS NULL OR d.name > $1 ORDER BY d.name LIMIT $2",
        params![after, limit],
        |row| read_version(&read_document(row)?, row),
    )
}

/// Returns how many documents there are.
pub fn count(tx: &ReadTx<'_>) -> Result<u64, ReadError> {
    let count = tx.row("SELECT count(*) FROM documents", [], |row| row.get(0))?;
    Ok(count.unwrap_or_default())
}

/// Returns how many versions a document has.
pub fn count_versions(tx: &ReadTx<'_>, name: &str) -> Result<u64, ReadError> {
    let sql = "SELECT count(*) FROM document_versions WHERE name = $1";
    Ok(tx.row(sql, [name], |row| row.get(0))?.unwrap_or_default())
}

/// Returns all versions of a document, oldest first; none if there is no such document.
pub fn versions(tx: &ReadTx<'_>, name: &str) -> Result<Vec<DocumentVersion>, ReadError> {
    let Some(document) = find(tx, name)? else { return Ok(Vec::new()) };
    tx.rows(
        &format!(
            "SELECT {VERSION_COLUMNS} FROM document_versions WHERE name = $1 ORDER BY version"
        ),
        [name],
        |row| read_version(&document, row),
    )
}

/// Returns up to `limit` versions of a document, newest first, before the number `before`.
pub fn versions_before(
    tx: &ReadTx<'_>,
    name: &str,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<DocumentVersion>, ReadError> {
    let Some(document) = find(tx, name)? else { return Ok(Vec::new()) };
    tx.rows(
        &format!(
            "SELECT {VERSION_COLUMNS} FROM document_versions
             WHERE name = $1 AND ($2 IS NULL OR version < $2) ORDER BY version DESC LIMIT $3"
        ),
        params![name, before, limit],
        |row| read_version(&document, row),
    )
}
