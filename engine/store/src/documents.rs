//! Documents by name and version. What a version holds never changes.

mod attachments;
mod list;
mod reviews;
mod rows;
mod shares;

use host_api::identifier::Digest;
use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};
use rows::{VERSION_COLUMNS, read_document, read_version};

pub use attachments::{Attachment, NewAttachment, attach, attachment, attachments};
pub use list::{count, count_versions, list, list_defaults, versions, versions_before};
pub use reviews::{Review, ReviewStatus, add_review, latest_with_review, reviews};
pub use shares::{
    ALL_ACCOUNTS, Share, count_public, is_shared, share, shares, unshare, unshare_all,
};

/// What a new version holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVersion {
    pub name: String,
    /// SSM's document type; the same for all versions of a name.
    pub kind: String,
    /// `YAML`, `JSON` or `TEXT`.
    pub format: String,
    pub content: String,
    pub digest: Digest,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
    pub about: About,
}

/// What a version says beside its content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// Unique among the versions of a document.
    pub version_name: Option<String>,
    pub display_name: Option<String>,
    pub target_type: Option<String>,
    /// Who made the version.
    pub author: Option<String>,
    /// The documents that it requires, as JSON.
    pub requires: Option<String>,
    /// The text of the lock file that came with it.
    pub lock: Option<String>,
    /// What is known of the content without reading it, as JSON.
    pub description: Option<String>,
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
    pub about: About,
    /// Absent until a review was asked for.
    pub review_status: Option<ReviewStatus>,
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
                let parsed = number.parse().ok();
                parsed.filter(|number| (1..=i64::MAX as u64).contains(number)).map(Self::Number)
            }
            _ => None,
        }
    }

    fn of(self, document: &Document) -> u64 {
        match self {
            Self::Default => document.default_version,
            Self::Latest => document.latest_version,
            Self::Number(number) => number,
        }
    }
}

/// Stores a version under the next number and returns that; the first of a name becomes the default.
///
/// The number of a version that was deleted is not given again.
///
/// # Errors
/// [`WriteError::Invalid`] if the name belongs to a document of another kind; [`WriteError::Exists`] if a version of this document has
/// the version name already.
pub fn add_version(tx: &mut Tx<'_>, new: &NewVersion) -> Result<u64, WriteError> {
    let last: Option<(String, u64)> =
        tx.row("SELECT kind, last_number FROM documents WHERE name = $1", [&new.name], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let last = match last {
        Some((kind, _)) if kind != new.kind => {
            let message = format!("{:?} is of kind {kind}, not {}", new.name, new.kind);
            return Err(WriteError::Invalid { what: "document", message });
        }
        Some((_, last)) => last,
        None => 0,
    };
    let about = &new.about;
    if let Some(version_name) = &about.version_name
        && named(tx, &new.name, version_name)?.is_some()
    {
        return Err(WriteError::Exists { what: "version name", id: version_name.clone() });
    }
    let version = last + 1;
    tx.execute(
        "INSERT INTO documents (name, kind, default_version, latest_version, last_number)
         VALUES ($1, $2, $3, $3, $3)
         ON CONFLICT (name) DO UPDATE SET
           latest_version = excluded.latest_version, last_number = excluded.last_number",
        params![new.name, new.kind, version],
    )?;
    tx.execute(
        "INSERT INTO document_versions (name, version, format, content, digest, created_ms,
           version_name, display_name, target_type, author, requires, lock, description)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        params![
            new.name,
            version,
            new.format,
            new.content,
            new.digest.as_str(),
            new.created_ms,
            about.version_name,
            about.display_name,
            about.target_type,
            about.author,
            about.requires,
            about.lock,
            about.description,
        ],
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
    tx.row(
        &format!(
            "SELECT {VERSION_COLUMNS} FROM document_versions WHERE name = $1 AND version = $2"
        ),
        params![name, version.of(&document)],
        |row| read_version(&document, row),
    )
}

/// Returns the number of the version that has a version name, if there is one.
pub fn named(tx: &ReadTx<'_>, name: &str, version_name: &str) -> Result<Option<u64>, ReadError> {
    tx.row(
        "SELECT version FROM document_versions WHERE name = $1 AND version_name = $2",
        [name, version_name],
        |row| row.get(0),
    )
}

/// Returns what tells apart the versions of a document that hold this content, newest first.
pub fn with_content(
    tx: &ReadTx<'_>,
    name: &str,
    digest: &Digest,
) -> Result<Vec<SameContent>, ReadError> {
    tx.rows(
        "SELECT version, target_type, lock FROM document_versions
         WHERE name = $1 AND digest = $2 ORDER BY version DESC",
        [name, digest.as_str()],
        |row| Ok(SameContent { version: row.get(0)?, target_type: row.get(1)?, lock: row.get(2)? }),
    )
}

/// A version that holds a content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SameContent {
    pub version: u64,
    pub target_type: Option<String>,
    pub lock: Option<String>,
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

/// Deletes a document with all that belongs to it, except its tags, and returns whether there was one.
pub fn delete(tx: &mut Tx<'_>, name: &str) -> Result<bool, WriteError> {
    attachments::remove(tx, name, None)?;
    for table in ["document_reviews", "document_shares", "document_versions"] {
        tx.execute(&format!("DELETE FROM {table} WHERE name = $1"), [name])?;
    }
    Ok(tx.execute("DELETE FROM documents WHERE name = $1", [name])? > 0)
}

/// Deletes a version that is not the default; the newest that is left becomes the latest.
///
/// # Errors
/// [`ReadError::NotFound`] if there is no such version; [`WriteError::InUse`] if it is the default.
pub fn delete_version(tx: &mut Tx<'_>, name: &str, version: u64) -> Result<(), WriteError> {
    let not_found = || WriteError::not_found("document version", &format!("{name}:{version}"));
    let document = find(tx, name)?.ok_or_else(not_found)?;
    if document.default_version == version {
        let id = format!("{name}:{version}");
        return Err(WriteError::InUse { what: "document version", id, by: "default".to_owned() });
    }
    attachments::remove(tx, name, Some(version))?;
    for table in ["document_reviews", "document_versions"] {
        let changed = tx.execute(
            &format!("DELETE FROM {table} WHERE name = $1 AND version = $2"),
            params![name, version],
        )?;
        if changed == 0 && table == "document_versions" {
            return Err(not_found());
        }
    }
    tx.execute(
        "UPDATE documents SET latest_version =
           (SELECT max(version) FROM document_versions v WHERE v.name = $1)
         WHERE name = $1",
        [name],
    )?;
    Ok(())
}
