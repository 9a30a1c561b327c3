//! Up to where events were read.

use std::fmt;

use host_api::identifier::RunId;
use store::events::{self, JournalPosition};
use store::{ReadError, ReadTx, runs};

use crate::error::ServiceError;

/// A position in both sequences that events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) journal: Journal,
    /// The last row of the table of events that was read.
    pub(super) event_seq: u64,
}

/// A position in the journals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Journal {
    All(JournalPosition),
    /// Of one run: the entry that comes next.
    Run(u64),
}

impl Cursor {
    pub(super) fn beginning(run: Option<&RunId>) -> Self {
        let journal = match run {
            None => Journal::All(JournalPosition::default()),
            Some(_) => Journal::Run(0),
        };
        Self { journal, event_seq: 0 }
    }

    pub(super) fn end(tx: &ReadTx<'_>, run: Option<&RunId>) -> Result<Self, ReadError> {
        let journal = match run {
            None => Journal::All(events::journal_head(tx)?),
            Some(run) => Journal::Run(runs::get(tx, run)?.next_seq),
        };
        Ok(Self { journal, event_seq: events::head(tx)? })
    }

    /// Returns the same position as ids of journal rows are now.
    ///
    /// # Errors
    /// `InvalidNextToken` for a position that nothing has reached: it did not come from here.
    pub(super) fn resumed(self, tx: &ReadTx<'_>) -> Result<Self, ServiceError> {
        let journal = match self.journal {
            Journal::All(position) => {
                let resumed = events::resumed(tx, position)?;
                let head = events::journal_head(tx)?;
                if position.era > head.era || resumed.id > head.id {
                    return Err(not_from_here());
                }
                Journal::All(resumed)
            }
            Journal::Run(next) => Journal::Run(next),
        };
        if self.event_seq > events::last_given(tx)? {
            return Err(not_from_here());
        }
        Ok(Self { journal, ..self })
    }

    /// Reads what [`Cursor::to_string`] wrote for all events, or for those of the run.
    pub(super) fn parse(text: &str, run: Option<&RunId>) -> Result<Self, ServiceError> {
        let parts: Option<Vec<u64>> = text.get(1..).map(numbers).unwrap_or_default();
        let cursor = match (text.get(..1), parts.as_deref(), run) {
            (Some("e"), Some([era, id, event_seq]), None) => {
                let position = JournalPosition { era: *era, id: *id };
                Some(Self { journal: Journal::All(position), event_seq: *event_seq })
            }
            (Some("r"), Some([next, event_seq]), Some(_)) => {
                Some(Self { journal: Journal::Run(*next), event_seq: *event_seq })
            }
            _ => None,
        };
        cursor.ok_or_else(not_from_here)
    }
}

fn not_from_here() -> ServiceError {
    ServiceError::request("InvalidNextToken", "the cursor is not one of these events")
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event_seq = self.event_seq;
        match self.journal {
            Journal::All(JournalPosition { era, id }) => write!(f, "e{era:x}-{id:x}-{event_seq:x}"),
            Journal::Run(next) => write!(f, "r{next:x}-{event_seq:x}"),
        }
    }
}

/// Numbers beyond what the database can hold are none that it gave.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let number = |part: &str| {
        let number = i64::from_str_radix(part, 16).ok()?;
        u64::try_from(number).ok().filter(|_| !part.starts_with('+'))
    };
    text.split('-').map(number).collect()
}
