//! The bounded queue in front of the writer.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

/// Requests that wait for the writer, at most as many as there are permits.
pub(crate) struct Queue<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
    room: Condvar,
    /// One permit for each free place. Permits are returned under the lock of `state`.
    permits: Semaphore,
}

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

/// What the writer finds when it looks.
pub(crate) enum Taken<T> {
    Items(Vec<T>),
    /// Nothing came within the time it was ready to wait.
    Idle,
    /// Nothing will ever come.
    Closed,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            state: Mutex::new(State { items: VecDeque::new(), closed: false }),
            ready: Condvar::new(),
            room: Condvar::new(),
            permits: Semaphore::new(capacity),
        }
    }

    /// Adds an item once there is room; gives it back when the queue is closed.
    pub(crate) async fn push(&self, item: T) -> Result<(), T> {
        match self.permits.acquire().await {
            Ok(permit) => permit.forget(),
            Err(_) => return Err(item),
        }
        self.add(self.lock(), item)
    }

    /// As [`Queue::push`], for a thread outside the runtime.
    pub(crate) fn push_blocking(&self, item: T) -> Result<(), T> {
        let mut state = self.lock();
        loop {
            if state.closed {
                return Err(item);
            }
            if let Ok(permit) = self.permits.try_acquire() {
                permit.forget();
                return self.add(state, item);
            }
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn add(&self, mut state: MutexGuard<'_, State<T>>, item: T) -> Result<(), T> {
        if state.closed {
            return Err(item);
        }
        state.items.push_back(item);
        let first = state.items.len() == 1;
        drop(state);
        if first {
            self.ready.notify_one();
        }
        Ok(())
    }

    /// Takes up to `max` items, waiting for the first at most `patience`, or as long as it takes.
    pub(crate) fn take(&self, max: usize, patience: Option<Duration>) -> Taken<T> {
        let mut state = self.lock();
        while state.items.is_empty() {
            if state.closed {
                return Taken::Closed;
            }
            match patience {
                None => state = self.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(patience) => {
                    let (next, waited) = self
                        .ready
                        .wait_timeout(state, patience)
                        .unwrap_or_else(PoisonError::into_inner);
                    state = next;
                    if waited.timed_out() && state.items.is_empty() && !state.closed {
                        return Taken::Idle;
                    }
                }
            }
        }
        let count = state.items.len().min(max);
        let items: Vec<T> = state.items.drain(..count).collect();
        self.permits.add_permits(count);
        drop(state);
        self.room.notify_all();
        Taken::Items(items)
    }

    /// Refuses new items; those already in are still taken.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.permits.close();
        self.ready.notify_all();
        self.room.notify_all();
    }

    /// Refuses new items and drops those that nobody will take.
    pub(crate) fn abandon(&self) {
        self.close();
        let items = std::mem::take(&mut self.lock().items);
        drop(items);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
