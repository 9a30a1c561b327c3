//! Files that belong to a version of a document. Files of the same content are kept once.

use host_api::identifier::Digest;
use rusqlite::params;

use crate::error::{ReadError, WriteError};
use crate::transaction::{ReadTx, Tx};

/// A file of a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    pub file: String,
    pub digest: Digest,
    pub bytes: u64,
}

/// A file for a new version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAttachment {
    pub attachment: Attachment,
    /// What it holds; absent if the store has a file of this digest.
    pub content: Option<Vec<u8>>,
}

/// Gives a version its files, in their order.
///
/// # Errors
/// [`ReadError::NotFound`] if there is no such version, or a file without content is not in the store.
pub fn attach(
    tx: &mut Tx<'_>,
    name: &str,
    version: u64,
    files: &[NewAttachment],
) -> Result<(), WriteError> {
    for (position, NewAttachment { attachment, content }) in files.iter().enumerate() {
        let digest = attachment.digest.as_str();
        match content {
            Some(content) => {
                tx.execute(
                    "INSERT INTO document_files (digest, content) VALUES ($1, $2)
                     ON CONFLICT (digest) DO NOTHING",
                    params![digest, content],
                )?;
            }
            None if has_file(tx, digest)? => {}
            None => return Err(WriteError::not_found("file", &attachment.file)),
        }
        tx.execute(
            "INSERT INTO document_attachments (name, version, position, file, digest, bytes)
             VALUES ($1, $2, $3, $4, $5, $6)",
            params![
                name,
                version,
                u32::try_from(position).unwrap_or(u32::MAX),
                attachment.file,
                digest,
                attachment.bytes
            ],
        )?;
    }
    Ok(())
}

fn has_file(tx: &ReadTx<'_>, digest: &str) -> Result<bool, ReadError> {
    let sql = "SELECT 1 FROM document_files WHERE digest = $1";
    Ok(tx.row(sql, [digest], |_| Ok(()))?.is_some())
}

/// Returns the files of a version, in their order.
pub fn attachments(
    tx: &ReadTx<'_>,
    name: &str,
    version: u64,
) -> Result<Vec<Attachment>, ReadError> {
    tx.rows(
        "SELECT file, digest, bytes FROM document_attachments
         WHERE name = $1 AND version = $2 ORDER BY position",
        params![name, version],
        |row| {
            Ok(Attachment {
                file: row.get(0)?,
                digest: Digest::new(row.get::<_, String>(1)?),
                bytes: row.get(2)?,
            })
        },
    )
}

/// Returns what a file of a version holds, if there is one.
pub fn attachment(
    tx: &ReadTx<'_>,
    name: &str,
    version: u64,
    file: &str,
) -> Result<Option<Vec<u8>>, ReadError> {
    tx.row(
        "SELECT f.content FROM document_attachments a JOIN document_files f ON f.digest = a.digest
         WHERE a.name = $1 AND a.version = $2 AND a.file = $3",
        params![name, version, file],
        |row| row.get(0),
    )
}

/// Removes the files of a version, or of all versions, and what no other version holds.
pub(super) fn remove(tx: &mut Tx<'_>, name: &str, version: Option<u64>) -> Result<(), WriteError> {
    let digests: Vec<String> = tx.returning(
        "DELETE FROM document_attachments WHERE name = $1 AND ($2 IS NULL OR version = $2)
         RETURNING digest",
        params![name, version],
        |row| row.get(0),
    )?;
    for digest in digests {
        tx.execute(
            "DELETE FROM document_files WHERE digest = $1 AND NOT EXISTS
               (SELECT 1 FROM document_attachments a WHERE a.digest = $1)",
            [digest],
        )?;
    }
    Ok(())
}
