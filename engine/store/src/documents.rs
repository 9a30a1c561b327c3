//! Documents by name and version. A version never changes.

use host_api::identifier::Digest;
use rusqlite::{Row, params};

use crate::error::{ReadError, WriteError};
use crate::text_key::after_prefix;
use crate::transaction::{ReadTx, Tx};

/// What a new version holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    pub name: String,
    /// `Automation` or `Command`; the same for all versions of a name.
    pub kind: String,
    /// `YAML` or `JSON`.
    pub format: String,
    pub content: String,
    pub digest: Digest,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
}

/// One version of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentVersion {
    pub name: String,
    pub kind: String,
    /// Counts from 1.
    pub version: u64,
    pub default_version: u64,
    pub latest_version: u64,
    pub format: String,
    pub content: String,
    pub digest: Digest,
    pub created_ms: u64,
}

/// A document without its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    pub name: String,
    pub kind: String,
    pub default_version: u64,
    pub latest_version: u64,
}

/// Which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Default,
    Latest,
    Number(u64),
}

impl Version {
    /// Reads `$DEFAULT`, `$LATEST` or a number, as SSM writes them.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "$DEFAULT" => Some(Self::Default),
            "$LATEST" => Some(Self::Latest),
            number if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                number.parse().ok().filter(|number| *number > 0).map(Self::Number)
            }
            _ => None,
        }
    }
}

/// Stores a version and returns its number; the first of a name becomes the default. Content that a version of this
/// name holds already makes no new one: the answer is that version's number.
///
/// # Errors
/// [`WriteError::Invalid`] if the name belongs to a document of another kind.
pub fn put_version(tx: &mut Tx<'_>, new: &NewVersion) -> Result<u64, WriteError> {
    let latest = match find(tx, &new.name)? {
        Some(document) if document.kind != new.kind => {
            let message = format!("{:?} is of kind {}, not {}", new.name, document.kind, new.kind);
            return Err(WriteError::Invalid { what: "document", message });
        }
        Some(document) => document.latest_version,
        None => 0,
    };
    let same = tx.row(
        "SELECT version FROM document_versions WHERE name = $1 AND digest = $2",
        [new.name.as_str(), new.digest.as_str()],
        |row| row.get(0),
    )?;
    if let Some(version) = same {
        return Ok(version);
    }
    let version = latest + 1;
    tx.execute(
        "INSERT INTO documents (name, kind, default_version, latest_version)
         VALUES ($1, $2, $3, $3)
         ON CONFLICT (name) DO UPDATE SET latest_version = excluded.latest_version",
        params![new.name, new.kind, version],
    )?;
    tx.execute(
        "INSERT INTO document_versions (name, version, format, content, digest, created_ms)
         VALUES ($1, $2, $3, $4, $5, $6)",
        params![new.name, version, new.format, new.content, new.digest.as_str(), new.created_ms],
    )?;
    Ok(version)
}

/// Returns a document without its versions, if there is one of this name.
pub fn find(tx: &ReadTx<'_>, name: &str) -> Result<Option<Document>, ReadError> {
    tx.row(
        "SELECT name, kind, default_version, latest_version FROM documents WHERE name = $1",
        [name],
        read_document,
    )
}

/// Returns a version, if there is one.
pub fn get(
    tx: &ReadTx<'_>,
    name: &str,
    version: Version,
) -> Result<Option<DocumentVersion>, ReadError> {
    let Some(document) = find(tx, name)? else { return Ok(None) };
    let number = match version {
        Version::Default => document.default_version,
        Version::Latest => document.latest_version,
        Version::Number(number) => number,
    };
    tx.row(
        "SELECT version, format, content, digest, created_ms FROM document_versions
         WHERE name = $1 AND version = $2",
        params![name, number],
        |row| read_version(&document, row),
    )
}

/// Returns all versions of a document, oldest first; none if there is no such document.
pub fn versions(tx: &ReadTx<'_>, name: &str) -> Result<Vec<DocumentVersion>, ReadError> {
    let Some(document) = find(tx, name)? else { return Ok(Vec::new()) };
    tx.rows(
        "SELECT version, format, content, digest, created_ms FROM document_versions
         WHERE name = $1 ORDER BY version",
        [name],
        |row| read_version(&document, row),
    )
}

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

/// Makes a version the default.
///
/// # Errors
/// [`ReadError::NotFound`] if there is no such version.
pub fn set_default(tx: &mut Tx<'_>, name: &str, version: u64) -> Result<(), WriteError> {
    let changed = tx.execute(
        "UPDATE documents SET default_version = $1 WHERE name = $2 AND EXISTS
           (SELECT 1 FROM document_versions v WHERE v.name = $2 AND v.version = $1)",
        params![version, name],
    )?;
    if changed == 0 {
        return Err(WriteError::not_found("document version", &format!("{name}:{version}")));
    }
    Ok(())
}

/// Deletes a document with all its versions and returns whether there was one.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<bool, WriteError> {
    tx.execute("DELETE FROM document_versions WHERE name = $1", [name])?;
    Ok(tx.execute("DELETE FROM documents WHERE name = $1", [name])? > 0)
}

fn read_document(row: &Row<'_>) -> rusqlite::Result<Document> {
    Ok(Document {
        name: row.get(0)?,
        kind: row.get(1)?,
        default_version: row.get(2)?,
        latest_version: row.get(3)?,
    })
}

fn read_version(document: &Document, row: &Row<'_>) -> rusqlite::Result<DocumentVersion> {
    Ok(DocumentVersion {
        name: document.name.clone(),
        kind: document.kind.clone(),
        version: row.get(0)?,
        default_version: document.default_version,
        latest_version: document.latest_version,
        format: row.get(1)?,
        content: row.get(2)?,
        digest: Digest::new(row.get::<_, String>(3)?),
        created_ms: row.get(4)?,
    })
}
