//! Whom a signal reaches.

use host_api::identifier::Principal;

use crate::approver::is_called;
use crate::error::SignalRefused;
use crate::event::{MachineWait, Signal};
use crate::input::Message;
use crate::key::Key;
use crate::state::{Phase, State};

impl State {
    /// Returns why a signal would be dropped; asked before it is put in the inbox. Other messages are never refused.
    pub fn check_signal(&self, message: &Message) -> Result<(), SignalRefused> {
        match message {
            Message::Signal { step, signal, by } => {
                self.find_signalled(step.as_deref(), signal, by).map(|_key| ())
            }
            Message::Wake { .. } | Message::Cancel { .. } | Message::Complete { .. } => Ok(()),
        }
    }

    /// Returns for whom the owner of an embedded store speaks, who may speak for anybody: for itself where it is named, else for the
    /// first approver who has not spoken. `None` when no approval is waited for, or all have spoken.
    pub fn approver_for(&self, step: Option<&str>, owner: &Principal) -> Option<Principal> {
        let key = self.find_waiting(step).ok()?;
        let Some(Phase::Waiting { wait, words, .. }) = self.unit(key).map(|unit| &unit.phase)
        else {
            return None;
        };
        let MachineWait::Approve { approvers, .. } = &**wait else { return None };
        if approvers.iter().any(|name| is_called(name, owner)) {
            return Some(owner.clone());
        }
        let silent = |name: &&String| words.iter().all(|word| !is_called(name, &word.by));
        approvers.iter().find(silent).map(|name| Principal::new(name.clone()))
    }

    pub(crate) fn find_signalled(
        &self,
        step: Option<&str>,
        signal: &Signal,
        by: &Principal,
    ) -> Result<Key, SignalRefused> {
        if *signal == Signal::StopStep {
            let active = self.core.active.iter().copied();
            return self.find(step, active, SignalRefused::NotRunning);
        }
        let key = self.find_waiting(step)?;
        self.check_word(key, signal, by).map(|()| key)
    }

    fn find_waiting(&self, step: Option<&str>) -> Result<Key, SignalRefused> {
        self.find(step, self.core.waiting.iter().copied(), SignalRefused::NotWaiting)
    }

    fn find(
        &self,
        step: Option<&str>,
        waiting: impl Iterator<Item = Key>,
        otherwise: fn(String) -> SignalRefused,
    ) -> Result<Key, SignalRefused> {
        if self.core.finished.is_some() {
            return Err(SignalRefused::RunEnded);
        }
        let named: Vec<Key> = match step {
            None => waiting.collect(),
            Some(text) => {
                let is_it = |key: &Key| {
                    self.step(*key).name == text || self.path_of(*key).to_string() == text
                };
                waiting.filter(is_it).collect()
            }
        };
        match (named.as_slice(), step) {
            ([key], _) => Ok(*key),
            ([], None) => Err(SignalRefused::NothingWaits),
            ([], Some(text)) => {
                // A displayed path ends with the step's name and perhaps an item.
                let last = text.rsplit('/').next().unwrap_or(text);
                let name = last.split('[').next().unwrap_or(last);
                Err(if self.index.names.contains_key(name) {
                    otherwise(text.to_owned())
                } else {
                    SignalRefused::NoSuchStep(text.to_owned())
                })
            }
            (several, _) => {
                let paths = several.iter().map(|key| self.path_of(*key).to_string());
                Err(SignalRefused::Ambiguous(paths.collect()))
            }
        }
    }

    fn check_word(&self, key: Key, signal: &Signal, by: &Principal) -> Result<(), SignalRefused> {
        let step = self.path_of(key).to_string();
        let (wait, words) = match self.unit(key).map(|unit| &unit.phase) {
            Some(Phase::Waiting { wait, words, .. }) => (wait, words),
            Some(Phase::Held { .. }) if matches!(signal, Signal::StartStep | Signal::Resume) => {
                return Ok(());
            }
            Some(Phase::Held { .. }) => {
                let expected = "StartStep or Resume";
                return Err(SignalRefused::WrongSignal { step, expected });
            }
            _ => return Err(SignalRefused::NotWaiting(step)),
        };
        let expected = match (&**wait, signal) {
            (
                MachineWait::Approve { approvers, .. },
                Signal::Approve { .. } | Signal::Reject { .. },
            ) => {
                if !approvers.iter().any(|name| is_called(name, by)) {
                    return Err(SignalRefused::NotAnApprover { step, by: by.to_string() });
                }
                let again = words.iter().any(|word| word.by == *by);
                if again && matches!(signal, Signal::Approve { .. }) {
                    return Err(SignalRefused::AlreadyApproved { step, by: by.to_string() });
                }
                return Ok(());
            }
            (MachineWait::Pause, Signal::Resume)
            | (
                MachineWait::UnknownOutcome { .. },
                Signal::Approve { .. } | Signal::Reject { .. },
            ) => {
                return Ok(());
            }
            (MachineWait::Approve { .. } | MachineWait::UnknownOutcome { .. }, _) => {
                "Approve or Reject"
            }
            (MachineWait::Pause, _) => "Resume",
            (MachineWait::Sleep { .. }, _) => return Err(SignalRefused::NotWaiting(step)),
        };
        Err(SignalRefused::WrongSignal { step, expected })
    }
}
