//! What the functions of the table families work on.

use std::collections::BTreeSet;
use std::ops::Deref;

use rusqlite::{CachedStatement, Connection, OptionalExtension, Params, Row};

use crate::error::{ReadError, WriteError};
use crate::notice::Notice;

/// A consistent view of the store for the length of one closure.
#[derive(Debug)]
pub struct ReadTx<'c> {
    connection: &'c Connection,
}

/// A part of a write transaction; what it does is kept only if its closure succeeds and the commit does.
///
/// It is also a [`ReadTx`] that sees what the transaction has written so far.
#[derive(Debug)]
pub struct Tx<'c> {
    read: ReadTx<'c>,
    notices: BTreeSet<Notice>,
}

impl<'c> ReadTx<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { connection }
    }

    /// SQLite numbers `$n` by where it first stands, whatever n is; other databases by n. Both must agree.
    fn prepare(&self, sql: &str) -> rusqlite::Result<CachedStatement<'c>> {
        debug_assert!(numbered_in_order(sql), "parameters out of order: {sql}");
        self.connection.prepare_cached(sql)
    }

    /// Returns the only row, or nothing.
    pub(crate) fn row<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, ReadError> {
        Ok(self.prepare(sql)?.query_row(params, read).optional()?)
    }

    /// Returns all rows.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, ReadError> {
        let mut statement = self.prepare(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<rusqlite::Result<Vec<T>>>()?)
    }

    /// Calls `visit` for each row without keeping any, until it fails.
    pub(crate) fn each<E: From<ReadError>>(
        &self,
        sql: &str,
        params: impl Params,
        mut visit: impl FnMut(&Row<'_>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.prepare(sql).map_err(ReadError::from)?;
        let mut rows = statement.query(params).map_err(ReadError::from)?;
        while let Some(row) = rows.next().map_err(ReadError::from)? {
            visit(row)?;
        }
        Ok(())
    }

    /// Returns the short name of a run within this file.
    pub(crate) fn run_key(&self, run: &str) -> Result<i64, ReadError> {
        self.run_key_if_any(run)?.ok_or_else(|| ReadError::not_found("run", run))
    }

    pub(crate) fn run_key_if_any(&self, run: &str) -> Result<Option<i64>, ReadError> {
        self.row("SELECT key FROM runs WHERE id = $1", [run], |row| row.get(0))
    }
}

impl<'c> Tx<'c> {
    pub(crate) fn new(connection: &'c Connection) -> Self {
        Self { read: ReadTx::new(connection), notices: BTreeSet::new() }
    }

    /// Executes one statement and returns how many rows it changed.
    pub(crate) fn execute(&mut self, sql: &str, params: impl Params) -> Result<usize, WriteError> {
        Ok(self.read.prepare(sql)?.execute(params)?)
    }

    /// Executes an insertion and returns the new row's id.
    pub(crate) fn insert(&mut self, sql: &str, params: impl Params) -> Result<i64, WriteError> {
        Ok(self.read.prepare(sql)?.insert(params)?)
    }

    /// Executes a statement with a RETURNING clause and returns what it returned.
    pub(crate) fn returning<T>(
        &mut self,
        sql: &str,
        params: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, WriteError> {
        let mut statement = self.read.prepare(sql)?;
        let rows = statement.query_map(params, read)?;
        Ok(rows.collect::<rusqlite::Result<Vec<T>>>()?)
    }

    /// Has subscribers told after the commit.
    pub(crate) fn notify(&mut self, notice: Notice) {
        self.notices.insert(notice);
    }

    pub(crate) fn into_notices(self) -> BTreeSet<Notice> {
        self.notices
    }
}

impl<'c> Deref for Tx<'c> {
    type Target = ReadTx<'c>;

    fn deref(&self) -> &ReadTx<'c> {
        &self.read
    }
}

fn numbered_in_order(sql: &str) -> bool {
    let mut highest = 0_u32;
    sql.split('$').skip(1).all(|rest| {
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        match digits.parse::<u32>() {
            Ok(number) if number == highest + 1 => {
                highest = number;
                true
            }
            Ok(number) => (1..=highest).contains(&number),
            Err(_) => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::numbered_in_order;

    #[test]
    fn parameters_count_up_where_they_first_stand() {
        for sql in ["", "a = $1", "$1 $2 $1 $3", "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10"] {
            assert!(numbered_in_order(sql), "{sql}");
        }
        for sql in ["$2 $1", "$1 $3", "$0", "$a", "$1 $"] {
            assert!(!numbered_in_order(sql), "{sql}");
        }
    }
}
