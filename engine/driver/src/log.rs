//! The host-call log of one activation: what it has, what it adds, and what is not yet in the store.

use std::collections::VecDeque;

use host_api::failure::{Failure, FailureKind};
use host_api::port::{HostAnswer, LoggedAnswer, LoggedCall};
use host_api::request::HostRequest;

/// What the log knows of the next call.
#[derive(Debug, PartialEq)]
pub(crate) enum Recorded {
    /// Nothing: the call is new.
    New,
    Answered(HostAnswer),
    /// It was answered with plain text that is not kept.
    Withheld,
    /// It was begun; whether it took effect is not known.
    Begun,
}

#[derive(Debug)]
pub(crate) struct CallLog {
    recorded: VecDeque<LoggedCall>,
    pending: Vec<LoggedCall>,
    next_ordinal: u32,
}

impl CallLog {
    /// `recorded` is what the store has of this activation, in order.
    pub(crate) fn new(recorded: Vec<LoggedCall>) -> Self {
        Self { recorded: recorded.into(), pending: Vec::new(), next_ordinal: 0 }
    }

    /// Takes the next position, and what stands there.
    ///
    /// # Errors
    /// `Nondeterminism` when another call stands there.
    pub(crate) fn next(&mut self, request: &HostRequest) -> Result<(u32, Recorded), Failure> {
        let ordinal = self.next_ordinal;
        self.next_ordinal += 1;
        let Some(logged) = self.recorded.pop_front() else {
            return Ok((ordinal, Recorded::New));
        };
        if logged.ordinal != ordinal || logged.request_digest != request.digest() {
            return Err(mismatch(ordinal, &logged, request));
        }
        let recorded = match logged.answer {
            None => Recorded::Begun,
            Some(LoggedAnswer::Withheld) => Recorded::Withheld,
            Some(LoggedAnswer::Value(value)) => Recorded::Answered(Ok(value)),
            Some(LoggedAnswer::Failure(failure)) => Recorded::Answered(Err(failure)),
        };
        Ok((ordinal, recorded))
    }

    /// Adds an answered call, to be written with the next commit.
    pub(crate) fn answered(&mut self, ordinal: u32, request: &HostRequest, answer: &HostAnswer) {
        self.pending.push(LoggedCall::new(ordinal, request, Some(answer)));
    }

    /// Adds the intent of an external effect.
    pub(crate) fn begun(&mut self, ordinal: u32, request: &HostRequest) {
        self.pending.push(LoggedCall::new(ordinal, request, None));
    }

    /// Returns what is not in the store yet.
    pub(crate) fn pending(&self) -> &[LoggedCall] {
        &self.pending
    }

    /// Forgets what is in the store now.
    pub(crate) fn written(&mut self) {
        self.pending.clear();
    }

    pub(crate) fn take_pending(&mut self) -> Vec<LoggedCall> {
        std::mem::take(&mut self.pending)
    }

    /// Returns the first logged call that the guest did not repeat.
    pub(crate) fn unused(&self) -> Option<&LoggedCall> {
        self.recorded.front()
    }
}

fn mismatch(ordinal: u32, logged: &LoggedCall, request: &HostRequest) -> Failure {
    let (interface, function) = request.name();
    Failure::new(
        FailureKind::Nondeterminism,
        format!(
            "call {ordinal} was {}.{} and is now {interface}.{function} with {} request",
            logged.interface,
            logged.function,
            if (logged.interface.as_str(), logged.function.as_str()) == (interface, function) {
                "another"
            } else {
                "its"
            },
        ),
    )
    .with_details(
        serde_json::json!({ "ordinal": ordinal, "logged": logged.request, "made": request }),
    )
}
