//! The store as its users hold it.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::directory::{self, OwnedDirectory};
use crate::error::{OpenError, ReadError, WriteError};
use crate::notice::{Notice, Subscribers};
use crate::queue::Queue;
use crate::readers::Readers;
use crate::transaction::{ReadTx, Tx};
use crate::writer::{Request, Writer, panic_message, request};
use crate::{checkpoint, connection, wal};

/// How a store is opened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenOptions {
    /// The database never grows beyond so many pages of 4,096 bytes; what would, fails as on a full disk.
    pub pages_max: Option<u32>,
    /// Connections that read; absent: as many as there are processors, at least 2.
    pub readers: Option<NonZero<usize>>,
    /// Requests that can wait for the writer; absent: 4,096. More wait outside the queue.
    pub queue_capacity: Option<NonZero<usize>>,
}

/// An open data directory. Clones are the same store; it closes when the last of them is dropped.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    queue: Arc<Queue<Box<dyn Request>>>,
    writer: Option<JoinHandle<()>>,
    readers: Readers,
    read_permits: Semaphore,
    subscribers: Arc<Subscribers>,
    file: PathBuf,
    /// Last, so that the lock outlives the connections.
    directory: OwnedDirectory,
}

impl Store {
    /// Opens the store in `directory`, which is created with mode 0700 if it is absent.
    ///
    /// # Errors
    /// Each reason not to open is a variant of [`OpenError`]; the database is then as it was.
    pub fn open(directory: &Path, options: &OpenOptions) -> Result<Self, OpenError> {
        let directory = OwnedDirectory::claim(directory)?;
        let file = directory.database_file()?;
        let has_log = wal::check(&directory::beside(&file, "-wal"))?;
        let connection = connection::open_writer(&file, options.pages_max)?;
        if has_log {
            checkpoint::empty_log(&connection);
        }
        let count = options.readers.map_or_else(default_readers, NonZero::get);
        let readers = Readers::open(&file, count)?;
        let queue = Arc::new(Queue::new(options.queue_capacity.map_or(4_096, NonZero::get)));
        let subscribers = Arc::new(Subscribers::default());
        let writer = {
            let (queue, subscribers) = (Arc::clone(&queue), Arc::clone(&subscribers));
            thread::Builder::new()
                .name("store-writer".to_owned())
                .spawn(move || Writer::new(connection, subscribers).serve(&queue))
                .map_err(OpenError::Thread)?
        };
        let inner = Inner {
            queue,
            writer: Some(writer),
            readers,
            read_permits: Semaphore::new(count),
            subscribers,
            file,
            directory,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Returns the data directory.
    pub fn directory(&self) -> &Path {
        self.inner.directory.path()
    }

    pub(crate) fn file(&self) -> &Path {
        &self.inner.file
    }

    /// Runs `body` in a transaction and answers when it is on the disk.
    ///
    /// `body` shares a commit with the requests that wait beside it, and fails alone. It may run more than once, so it
    /// changes nothing but the store. A future that is dropped after it was polled may still commit.
    ///
    /// # Errors
    /// What `body` returned, or why the transaction could not be committed; nothing of it remains then.
    pub async fn write<T: Send + 'static>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, WriteError> {
        self.try_write(body).await
    }

    /// As [`Store::write`], with an error type of the caller's own, which rolls back just the same.
    pub async fn try_write<T, E>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let request = request(body, move |result| {
            // A caller that no longer waits has dropped its half.
            drop(sender.send(result));
        });
        if self.inner.queue.push(request).await.is_err() {
            return Err(WriteError::Closed.into());
        }
        receiver.await.unwrap_or_else(|_| Err(WriteError::Closed.into()))
    }

    /// As [`Store::write`], for a thread that may block.
    ///
    /// # Errors
    /// Also [`WriteError::Internal`] from within another write, which would wait for itself.
    pub fn write_blocking<T: Send + 'static>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, WriteError> {
        self.try_write_blocking(body)
    }

    /// As [`Store::try_write`], for a thread that may block.
    pub fn try_write_blocking<T, E>(
        &self,
        body: impl Fn(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<WriteError> + Send + 'static,
    {
        if self.inner.on_writer_thread() {
            let message = "a write within a write would wait for itself".to_owned();
            return Err(WriteError::Internal(message).into());
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        let request = request(body, move |result| {
            // The caller waits until it has the answer.
            drop(sender.send(result));
        });
        if self.inner.queue.push_blocking(request).is_err() {
            return Err(WriteError::Closed.into());
        }
        receiver.recv().unwrap_or_else(|_| Err(WriteError::Closed.into()))
    }

    /// Runs `body` on a consistent snapshot, on a thread that may block.
    pub async fn read<T, E>(
        &self,
        body: impl FnOnce(&ReadTx<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<ReadError> + Send + 'static,
    {
        let internal = |message: String| Err(ReadError::Internal(message).into());
        let Ok(_permit) = self.inner.read_permits.acquire().await else {
            return internal("the pool of readers is closed".to_owned());
        };
        let store = self.clone();
        match tokio::task::spawn_blocking(move || store.read_blocking(body)).await {
            Ok(result) => result,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => internal(format!("a read panicked: {}", panic_message(&*panic))),
                Err(error) => internal(format!("a read was cut off: {error}")),
            },
        }
    }

    /// Runs `body` on a consistent snapshot, here and now: for a few rows by their key. It waits while all connections
    /// are busy, so `body` does not read through the store again.
    pub fn read_blocking<T, E: From<ReadError>>(
        &self,
        body: impl FnOnce(&ReadTx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.inner.readers.read(body)
    }

    /// Returns a channel that gets a [`Notice`] for every commit from now on that has one.
    ///
    /// When a write is answered, its notices are already in the channel. To miss nothing, subscribe first and read
    /// what is there second. Whoever subscribes keeps up or drops the channel: it has no bound.
    pub fn subscribe(&self) -> UnboundedReceiver<Notice> {
        self.inner.subscribers.add()
    }

    /// Returns what changes with every commit from now on: for those who look at all that is written, such as streams of events.
    ///
    /// When a write is answered, the change is already seen. To miss nothing, call this first and read what is there second.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.inner.subscribers.commits()
    }
}

impl std::fmt::Debug for Inner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inner").field("directory", &self.directory).finish_non_exhaustive()
    }
}

impl Drop for Inner {
    /// Commits what is queued, and returns when the database is closed and the directory free.
    fn drop(&mut self) {
        self.queue.close();
        self.readers.close();
        let Some(writer) = self.writer.take() else { return };
        // A request that held the last clone drops the store on the writer's own thread.
        if is_current(&writer) {
            return;
        }
        if writer.join().is_err() {
            tracing::error!("the store's writer thread panicked");
        }
    }
}

impl Inner {
    fn on_writer_thread(&self) -> bool {
        self.writer.as_ref().is_some_and(is_current)
    }
}

fn is_current(thread: &JoinHandle<()>) -> bool {
    thread.thread().id() == thread::current().id()
}

fn default_readers() -> usize {
    thread::available_parallelism().map_or(2, NonZero::get).max(2)
}
