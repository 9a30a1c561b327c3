//! Connections, and how each is set up.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::error::OpenError;
use crate::schema;

/// How long a statement waits for another connection's lock; only a checkpoint or a backup can hold one.
pub(crate) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const STATEMENTS_MAX: usize = 128;

/// Opens the connection of the writer and brings the schema up to date.
///
/// The header is read before anything is written, so a file that is not ours stays as it is.
pub(crate) fn open_writer(file: &Path, pages_max: Option<u32>) -> Result<Connection, OpenError> {
    let mut connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    schema::check(&connection, file, true)?;
    let quota =
        pages_max.map_or_else(String::new, |pages| format!("PRAGMA max_page_count={pages};"));
    let settings = format!(
        "PRAGMA page_size=4096;
         PRAGMA journal_mode=WAL;
         PRAGMA synchronous=FULL;
         PRAGMA foreign_keys=ON;
         PRAGMA temp_store=MEMORY;
         PRAGMA cache_size=-65536;
         PRAGMA journal_size_limit=67108864;
         PRAGMA wal_autocheckpoint=0;
         PRAGMA trusted_schema=OFF;
         {quota}"
    );
    connection.execute_batch(&settings).map_err(|error| schema::open_error(file, error))?;
    schema::migrate(&mut connection, file)?;
    Ok(connection)
}

/// Opens a connection that cannot write.
pub(crate) fn open_reader(file: &Path) -> Result<Connection, OpenError> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let settings = "PRAGMA query_only=ON;
         PRAGMA temp_store=MEMORY;
         PRAGMA cache_size=-8192;
         PRAGMA wal_autocheckpoint=0;
         PRAGMA trusted_schema=OFF;";
    connection.execute_batch(settings).map_err(|error| schema::open_error(file, error))?;
    Ok(connection)
}

/// Opens a file for reading only, without creating anything beside it.
pub(crate) fn open_file_for_reading(file: &Path) -> Result<Connection, OpenError> {
    open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Opens a copy that nobody else knows yet and that is made again if this process dies: its journal is kept in memory.
pub(crate) fn open_partial(file: &Path) -> Result<Connection, OpenError> {
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let settings =
        "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=FULL; PRAGMA trusted_schema=OFF;";
    connection.execute_batch(settings).map_err(|error| schema::open_error(file, error))?;
    Ok(connection)
}

fn open(file: &Path, access: OpenFlags) -> Result<Connection, OpenError> {
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)
        .map_err(|error| schema::open_error(file, error))?;
    // Without it, a statement whose LIMIT is a parameter is prepared again each time it is bound.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(|error| schema::open_error(file, error))?;
    connection.busy_timeout(BUSY_TIMEOUT).map_err(|error| schema::open_error(file, error))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    Ok(connection)
}
