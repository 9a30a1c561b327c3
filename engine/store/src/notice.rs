//! What committed transactions tell the rest of the process.

use std::collections::BTreeSet;
use std::sync::Mutex;

use host_api::identifier::RunId;
use host_api::invocation::WaitKind;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;

/// Something that a committed transaction left for another party to look at.
///
/// A notice is a hint to read: equal notices of one commit arrive once, and the rows may be gone when it arrives.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Notice {
    /// The run's inbox has a new row.
    Inbox(RunId),
    /// A wait with this due time, in milliseconds since the Unix epoch, was inserted.
    Timer { due_ms: u64 },
    /// The job with this id waits for delivery.
    Job(String),
    /// The run was inserted, or its view has changed.
    RunChanged(RunId),
    /// The end of the thing with this id was recorded.
    Completed(WaitKind, String),
}

/// Who is told.
#[derive(Debug, Default)]
pub(crate) struct Subscribers {
    notices: Mutex<Vec<UnboundedSender<Notice>>>,
    /// Counts commits.
    commits: watch::Sender<u64>,
}

impl Subscribers {
    pub(crate) fn add(&self) -> UnboundedReceiver<Notice> {
        let (sender, receiver) = unbounded_channel();
        self.lock().push(sender);
        receiver
    }

    pub(crate) fn commits(&self) -> watch::Receiver<u64> {
        self.commits.subscribe()
    }

    /// Tells everybody who still listens. The caller has committed.
    pub(crate) fn tell(&self, notices: &BTreeSet<Notice>) {
        self.commits.send_modify(|count| *count += 1);
        if notices.is_empty() {
            return;
        }
        self.lock().retain(|subscriber| {
            notices.iter().all(|notice| subscriber.send(notice.clone()).is_ok())
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<UnboundedSender<Notice>>> {
        self.notices.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
