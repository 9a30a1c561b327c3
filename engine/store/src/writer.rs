//! The one thread that writes.

use std::any::Any;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rusqlite::Connection;

use crate::checkpoint::Checkpoints;
use crate::error::WriteError;
use crate::notice::{Notice, Subscribers};
use crate::queue::{Queue, Taken};
use crate::transaction::Tx;

/// Requests of one commit.
const BATCH_MAX: usize = 256;

/// One caller's part of a transaction, with the way back to the caller.
pub(crate) trait Request: Send {
    /// Does the work and keeps what it returned; `false` says that it failed. It may be called again.
    fn run(&mut self, tx: &mut Tx<'_>) -> bool;
    /// Sends what [`Request::run`] returned, or the error in its place.
    fn answer(self: Box<Self>, error: Option<WriteError>);
}

/// A closure, its result, and what takes the answer.
struct Call<F, T, E, A> {
    body: F,
    result: Option<Result<T, E>>,
    answer: A,
}

/// Makes a request of a closure and of the function that takes its answer.
pub(crate) fn request<T, E>(
    body: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    answer: impl FnOnce(Result<T, E>) + Send + 'static,
) -> Box<dyn Request>
where
    T: Send + 'static,
    E: From<WriteError> + Send + 'static,
{
    Box::new(Call { body, result: None, answer })
}

impl<F, T, E, A> Request for Call<F, T, E, A>
where
    F: Fn(&mut Tx<'_>) -> Result<T, E> + Send,
    T: Send,
    E: From<WriteError> + Send,
    A: FnOnce(Result<T, E>) + Send,
{
    fn run(&mut self, tx: &mut Tx<'_>) -> bool {
        let result = (self.body)(tx);
        let succeeded = result.is_ok();
        self.result = Some(result);
        succeeded
    }

    fn answer(self: Box<Self>, error: Option<WriteError>) {
        let Self { result, answer, .. } = *self;
        answer(match (error, result) {
            (Some(error), _) => Err(error.into()),
            (None, Some(result)) => result,
            (None, None) => Err(WriteError::Internal("a request was never run".to_owned()).into()),
        });
    }
}

/// What became of one request within the open transaction.
enum Ran {
    Kept(BTreeSet<Notice>),
    /// Its own part is rolled back; without an error the request holds its own.
    Refused(Option<WriteError>),
    /// SQLite gave the whole transaction up, as it does on a full disk.
    Lost(Option<WriteError>),
}

/// The state of the writer thread.
pub(crate) struct Writer {
    connection: Connection,
    subscribers: Arc<Subscribers>,
    checkpoints: Checkpoints,
}

impl Writer {
    pub(crate) fn new(connection: Connection, subscribers: Arc<Subscribers>) -> Self {
        let checkpoints = Checkpoints::watch(&connection);
        Self { connection, subscribers, checkpoints }
    }

    /// Serves the queue until it is closed and empty.
    pub(crate) fn serve(mut self, queue: &Queue<Box<dyn Request>>) {
        let _served = Served(queue);
        loop {
            match queue.take(BATCH_MAX, self.checkpoints.patience()) {
                Taken::Items(batch) => {
                    self.commit_batch(batch);
                    self.checkpoints.after_commit(&self.connection);
                }
                Taken::Idle => self.checkpoints.when_idle(&self.connection),
                Taken::Closed => return,
            }
        }
    }

    /// Commits a batch as one transaction. A request that loses the transaction is answered, and the others run
    /// again, each in a transaction of its own.
    fn commit_batch(&self, mut batch: Vec<Box<dyn Request>>) {
        if let Err(error) = self.control("BEGIN IMMEDIATE") {
            return answer_all(batch, &error);
        }
        let mut notices = BTreeSet::new();
        let mut refusals = Vec::with_capacity(batch.len());
        let mut lost = None;
        for (index, request) in batch.iter_mut().enumerate() {
            match self.run_one(request.as_mut()) {
                Ran::Kept(more) => {
                    notices.extend(more);
                    refusals.push(None);
                }
                Ran::Refused(error) => refusals.push(error),
                Ran::Lost(error) => {
                    lost = Some((index, error));
                    break;
                }
            }
        }
        if let Some((index, error)) = lost {
            self.abandon();
            batch.remove(index).answer(error);
            for request in batch {
                self.commit_batch(vec![request]);
            }
            return;
        }
        if let Err(error) = self.control("COMMIT") {
            self.abandon();
            return answer_all(batch, &error);
        }
        self.subscribers.tell(&notices);
        for (request, refusal) in batch.into_iter().zip(refusals) {
            request.answer(refusal);
        }
    }

    fn run_one(&self, request: &mut dyn Request) -> Ran {
        if let Err(error) = self.control("SAVEPOINT request") {
            return Ran::Lost(Some(error));
        }
        let mut tx = Tx::new(&self.connection);
        let ran = catch_unwind(AssertUnwindSafe(|| request.run(&mut tx)));
        let notices = tx.into_notices();
        let error = match ran {
            Ok(true) => {
                return match self.control("RELEASE request") {
                    Ok(()) => Ran::Kept(notices),
                    Err(error) => Ran::Lost(Some(error)),
                };
            }
            Ok(false) => None,
            Err(panic) => Some(panicked(panic.as_ref())),
        };
        if self.connection.is_autocommit() {
            return Ran::Lost(error);
        }
        let rolled_back =
            self.control("ROLLBACK TO request").and_then(|()| self.control("RELEASE request"));
        match rolled_back {
            Ok(()) => Ran::Refused(error),
            Err(rollback) => Ran::Lost(error.or(Some(rollback))),
        }
    }

    fn control(&self, sql: &str) -> Result<(), WriteError> {
        self.connection.prepare_cached(sql)?.execute([])?;
        Ok(())
    }

    /// Ends a transaction that cannot be committed, unless SQLite has ended it already.
    fn abandon(&self) {
        if self.connection.is_autocommit() {
            return;
        }
        if let Err(error) = self.control("ROLLBACK") {
            tracing::error!(%error, "cannot roll back; the next transaction will fail");
        }
    }
}

/// Lets nobody wait for a writer that is gone, should it have panicked.
struct Served<'q>(&'q Queue<Box<dyn Request>>);

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

fn answer_all(batch: Vec<Box<dyn Request>>, error: &WriteError) {
    for request in batch {
        request.answer(Some(error.clone()));
    }
}

fn panicked(panic: &(dyn Any + Send)) -> WriteError {
    WriteError::Internal(format!("a write request panicked: {}", panic_message(panic)))
}

/// Returns what a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}
