//! Both sequences as one: by time, each in its own order.

use std::collections::VecDeque;

use host_api::identifier::RunId;
use serde_json::Value;
use store::ReadTx;
use store::events::{self, JournalPosition, JournalRow};

use super::automation::Derivation;
use super::cursor::{Cursor, Journal};
use super::{Event, Occurrence, event};
use crate::error::ServiceError;
use crate::parameters::Place;

/// Journal rows that one page looks at: most make no event.
const ROWS_MAX: u32 = 4_000;

/// The next event of one sequence, or why there is none.
enum Next {
    Event {
        time_ms: u64,
        event: Box<Event>,
        run: Option<RunId>,
    },
    /// The sequence ends here for now.
    End,
    /// The sequence goes on beyond what was read of it.
    Unread,
}

pub(super) struct Merge<'t> {
    tx: &'t ReadTx<'t>,
    place: &'t Place,
    run: Option<&'t RunId>,
    cursor: Cursor,
    derivation: Derivation<'t>,
    journal_rows: VecDeque<JournalRow>,
    /// Whether there may be rows after those.
    has_more_rows: bool,
    event_rows: VecDeque<events::Event>,
    has_more_events: bool,
}

impl<'t> Merge<'t> {
    pub(super) fn new(
        tx: &'t ReadTx<'t>,
        place: &'t Place,
        run: Option<&'t RunId>,
        cursor: Cursor,
    ) -> Self {
        Self {
            tx,
            place,
            run,
            cursor,
            derivation: Derivation::new(tx, place),
            journal_rows: VecDeque::new(),
            has_more_rows: true,
            event_rows: VecDeque::new(),
            has_more_events: true,
        }
    }

    /// Returns up to `limit` events and the cursor after them.
    pub(super) fn page(mut self, limit: usize) -> Result<(Vec<Occurrence>, String), ServiceError> {
        self.read(u32::try_from(limit).unwrap_or(u32::MAX))?;
        let mut page = Vec::new();
        let mut from_journals = self.next_of_journals()?;
        let mut from_table = self.next_of_table()?;
        while page.len() < limit {
            let is_journal = match (&from_journals, &from_table) {
                (Next::Event { time_ms, .. }, Next::Event { time_ms: other_ms, .. }) => {
                    time_ms <= other_ms
                }
                (Next::Event { .. }, Next::End) => true,
                (Next::End, Next::Event { .. }) => false,
                _ => break,
            };
            let next = if is_journal {
                self.pass_row();
                std::mem::replace(&mut from_journals, Next::End)
            } else {
                self.pass_event();
                std::mem::replace(&mut from_table, Next::End)
            };
            if let Next::Event { event, run, .. } = next {
                page.push(Occurrence { cursor: self.cursor.to_string(), event: *event, run });
            }
            if page.len() == limit {
                break;
            }
            if is_journal {
                from_journals = self.next_of_journals()?;
            } else {
                from_table = self.next_of_table()?;
            }
        }
        Ok((page, self.cursor.to_string()))
    }

    fn read(&mut self, limit: u32) -> Result<(), ServiceError> {
        let rows = match (self.cursor.journal, self.run) {
            (Journal::Run(next), Some(run)) => events::run_journal(self.tx, run, next, ROWS_MAX)?,
            (Journal::All(JournalPosition { id, .. }), _) => {
                events::journals(self.tx, id, ROWS_MAX)?
            }
            (Journal::Run(_), None) => Vec::new(),
        };
        self.has_more_rows = rows.len() == ROWS_MAX as usize;
        self.journal_rows = rows.into();
        let found = events::list(self.tx, self.run, self.cursor.event_seq, limit)?;
        self.has_more_events = found.len() == limit as usize;
        self.event_rows = found.into();
        Ok(())
    }

    /// Passes the rows that make no event, and returns that of the first one that does, which stays.
    fn next_of_journals(&mut self) -> Result<Next, ServiceError> {
        while let Some(row) = self.journal_rows.front() {
            if let Some((time_ms, event)) = self.derivation.event(row)? {
                let run = Some(row.run.clone());
                return Ok(Next::Event { time_ms, event: Box::new(event), run });
            }
            self.pass_row();
        }
        Ok(if self.has_more_rows { Next::Unread } else { Next::End })
    }

    fn pass_row(&mut self) {
        let Some(row) = self.journal_rows.pop_front() else { return };
        match &mut self.cursor.journal {
            Journal::All(position) => position.id = row.id,
            Journal::Run(next) => *next = row.seq + 1,
        }
    }

    fn next_of_table(&mut self) -> Result<Next, ServiceError> {
        let Some(row) = self.event_rows.front() else {
            return Ok(if self.has_more_events { Next::Unread } else { Next::End });
        };
        let events::NewEvent { id, time_ms, at_ms, detail_type, resources, detail, .. } =
            &row.event;
        let broken = |error: serde_json::Error| {
            ServiceError::internal(format!("the event {id} cannot be read: {error}"))
        };
        let resources: Vec<String> = serde_json::from_str(resources).map_err(broken)?;
        let detail: Value = serde_json::from_str(detail).map_err(broken)?;
        let event = event(self.place, id.clone(), detail_type, *at_ms);
        let (source, replay_name) = (row.event.source.clone(), row.event.replay.clone());
        let event = Event { source, resources, detail, replay_name, ..event };
        Ok(Next::Event { time_ms: *time_ms, event: Box::new(event), run: row.event.run.clone() })
    }

    fn pass_event(&mut self) {
        if let Some(row) = self.event_rows.pop_front() {
            self.cursor.event_seq = row.seq;
        }
    }
}
