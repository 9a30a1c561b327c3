//! The pool of connections that cannot write.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use crate::connection;
use crate::error::{OpenError, ReadError};
use crate::transaction::ReadTx;

#[derive(Debug)]
pub(crate) struct Readers {
    free: Mutex<Vec<Connection>>,
    returned: Condvar,
}

impl Readers {
    pub(crate) fn open(file: &Path, count: usize) -> Result<Self, OpenError> {
        let free =
            (0..count).map(|_| connection::open_reader(file)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { free: Mutex::new(free), returned: Condvar::new() })
    }

    /// Runs `body` on one snapshot, waiting for a free connection if all are busy.
    pub(crate) fn read<T, E: From<ReadError>>(
        &self,
        body: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let borrowed = self.borrow();
        let connection = borrowed.connection()?;
        control(connection, "BEGIN")?;
        body(&ReadTx::new(connection))
    }

    fn borrow(&self) -> Borrowed<'_> {
        let mut free = self.lock();
        loop {
            if let Some(connection) = free.pop() {
                return Borrowed { readers: self, connection: Some(connection) };
            }
            free = self.returned.wait(free).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Closes the connections that nobody uses.
    pub(crate) fn close(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that goes back to the pool, without a transaction, however its use ends.
struct Borrowed<'r> {
    readers: &'r Readers,
    /// Absent only while it is being dropped.
    connection: Option<Connection>,
}

impl Borrowed<'_> {
    fn connection(&self) -> Result<&Connection, ReadError> {
        self.connection.as_ref().ok_or_else(|| ReadError::Internal("no connection".to_owned()))
    }
}

impl Drop for Borrowed<'_> {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if !connection.is_autocommit()
            && let Err(error) = control(&connection, "ROLLBACK")
        {
            tracing::error!(%error, "cannot end a read transaction");
        }
        self.readers.lock().push(connection);
        self.readers.returned.notify_one();
    }
}

fn control(connection: &Connection, sql: &str) -> Result<(), ReadError> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}
