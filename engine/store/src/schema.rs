//! The schema's versions and the way from each to the newest.

use std::path::Path;

use rusqlite::{Connection, ErrorCode, TransactionBehavior};

use crate::error::OpenError;

/// `Rwr1` in ASCII, in the header of every database of ours.
const APPLICATION_ID: u32 = 0x5277_7231;

/// The script at index n leads from version n to n + 1. A released script never changes.
const MIGRATIONS: &[&str] = &[
    include_str!("../migrations/0001.sql"),
    concat!(
        include_str!("../migrations/0002/parameters.sql"),
        include_str!("../migrations/0002/documents.sql"),
        include_str!("../migrations/0002/automation.sql"),
        include_str!("../migrations/0002/access.sql"),
        include_str!("../migrations/0002/events.sql"),
        include_str!("../migrations/0002/settings.sql"),
        include_str!("../migrations/0002/triggers.sql"),
        include_str!("../migrations/0002/event_rules.sql"),
    ),
];

/// The schema version that this release writes.
#[expect(clippy::cast_possible_truncation, reason = "the number of migrations is small")]
pub const SCHEMA_VERSION: u32 = MIGRATIONS.len() as u32;

/// What the header of a database file says.
enum Header {
    /// A file without any table.
    Empty,
    Ours {
        version: u32,
    },
}

/// Brings the database to [`SCHEMA_VERSION`] in one transaction.
pub(crate) fn migrate(connection: &mut Connection, file: &Path) -> Result<(), OpenError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(|error| open_error(file, error))?;
    let version = match header(&transaction, file)? {
        Header::Empty => 0,
        Header::Ours { version } => version,
    };
    if version == SCHEMA_VERSION {
        return Ok(());
    }
    for script in MIGRATIONS.iter().skip(version as usize) {
        transaction.execute_batch(script).map_err(|error| open_error(file, error))?;
    }
    let header =
        format!("PRAGMA application_id={APPLICATION_ID};PRAGMA user_version={SCHEMA_VERSION};");
    transaction.execute_batch(&header).map_err(|error| open_error(file, error))?;
    transaction.commit().map_err(|error| open_error(file, error))
}

/// Refuses a database that is not ours or that a newer release wrote; an empty one is accepted if `empty_is_ours`.
pub(crate) fn check(
    connection: &Connection,
    file: &Path,
    empty_is_ours: bool,
) -> Result<(), OpenError> {
    match header(connection, file)? {
        Header::Empty if !empty_is_ours => Err(OpenError::Foreign { file: file.to_owned() }),
        Header::Empty | Header::Ours { .. } => Ok(()),
    }
}

/// Returns whether this release wrote the database.
pub(crate) fn is_newest(connection: &Connection, file: &Path) -> Result<bool, OpenError> {
    let header = header(connection, file)?;
    Ok(matches!(header, Header::Ours { version } if version == SCHEMA_VERSION))
}

fn header(connection: &Connection, file: &Path) -> Result<Header, OpenError> {
    let number = |sql: &str| {
        connection
            .query_row(sql, [], |row| row.get::<_, i64>(0))
            .map_err(|error| open_error(file, error))
    };
    let application = number("PRAGMA application_id")?;
    let version = number("PRAGMA user_version")?;
    if application == 0 && version == 0 && number("SELECT count(*) FROM sqlite_schema")? == 0 {
        return Ok(Header::Empty);
    }
    if application != i64::from(APPLICATION_ID) {
        return Err(OpenError::Foreign { file: file.to_owned() });
    }
    match u32::try_from(version) {
        Ok(version) if (1..=SCHEMA_VERSION).contains(&version) => Ok(Header::Ours { version }),
        Ok(found) if found > SCHEMA_VERSION => {
            Err(OpenError::Newer { file: file.to_owned(), found, supported: SCHEMA_VERSION })
        }
        _ => Err(OpenError::Corrupt {
            file: file.to_owned(),
            message: format!("schema version {version} in the header"),
        }),
    }
}

/// Gives an error of the database while opening `file` its name.
pub(crate) fn open_error(file: &Path, error: rusqlite::Error) -> OpenError {
    let file = file.to_owned();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => OpenError::Foreign { file },
        Some(ErrorCode::DatabaseCorrupt) => OpenError::Corrupt { file, message: error.to_string() },
        Some(ErrorCode::DiskFull) => OpenError::DiskFull { file },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => OpenError::NotWritable {
            directory: file,
            source: std::io::Error::other(error.to_string()),
        },
        _ => OpenError::Database { file, source: error.into() },
    }
}
