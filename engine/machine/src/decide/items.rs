//! `forEach`: the list is evaluated once, then items start under rate control. Work per ended item does not grow with the list.

use std::sync::Arc;

use host_api::failure::Failure;
use runbook::plan::Action;
use runbook::template::Template;
use serde_json::{Value, json};

use super::Decider;
use super::receive::timed_out;
use super::start::invalid;
use crate::error::IllegalEvent;
use crate::event::Event;
use crate::key::Key;
use crate::rate::{Progress, RateControl};
use crate::state::Phase;
use crate::status::StepStatus;

/// The items of one step.
const ITEMS_MAX: usize = 100_000;

impl Decider<'_> {
    pub(super) fn expand(&mut self, key: Key) -> Result<(), IllegalEvent> {
        if self.state.node(key).is_some_and(|node| node.items.is_some()) {
            return Ok(());
        }
        match self.list(key) {
            Ok(items) => {
                let path = self.state.path_of(key);
                self.emit(Event::ItemsExpanded { path, items: Arc::new(items) })
            }
            Err(failure) => self.fail(key, failure, std::collections::BTreeMap::new()),
        }
    }

    fn list(&self, key: Key) -> Result<Vec<Value>, Failure> {
        let step = self.state.step(key);
        let Some(for_each) = &step.for_each else { return Ok(Vec::new()) };
        if matches!(step.action, Action::Loop(_) | Action::Branch(_)) {
            return Err(invalid("a loop or a branch cannot run for each item"));
        }
        match for_each.list.resolve(&self.scope(key)) {
            Ok(Value::Array(items)) if items.len() <= ITEMS_MAX => Ok(items),
            Ok(Value::Array(items)) => {
                Err(invalid(format!("`forEach` has {} items, at most {ITEMS_MAX}", items.len())))
            }
            Ok(_) => Err(invalid("`forEach` is not a list")),
            Err(error) => Err(invalid(format!("`forEach`: {error}"))),
        }
    }

    /// Starts as many items as may run, or ends the step.
    pub(super) fn look_at_items(&mut self, key: Key) -> Result<(), IllegalEvent> {
        loop {
            let Some((rate, progress)) = self.rate(key) else { return Ok(()) };
            let goes_on = self.has_time() && !self.state.is_completing();
            if rate.is_over(progress) || (!goes_on && progress.started == progress.ended) {
                return self.end_items(key, rate, progress);
            }
            if rate.startable(progress) == 0 || !goes_on {
                return Ok(());
            }
            let prepared = match self.prepared(key) {
                Ok(prepared) => prepared,
                Err(failure) => {
                    return self.fail(key, failure, std::collections::BTreeMap::new());
                }
            };
            self.start(key.of_item(progress.started), prepared.as_deref())?;
        }
    }

    fn rate(&self, key: Key) -> Option<(RateControl, Progress)> {
        let node = self.state.node(key)?;
        let items = node.items.as_ref()?;
        if matches!(node.unit.phase, Phase::Settled) || self.state.is_stopping(key) {
            return None;
        }
        let for_each = self.state.step(key).for_each.as_ref()?;
        let count = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
        let targets = count(items.list.len());
        let rate = RateControl::new(targets, for_each.max_concurrency, for_each.max_errors);
        let started = count(items.units.len());
        Some((rate, Progress { started, ended: items.settled, errors: items.failed }))
    }

    /// The inputs as far as they are the same for all items. A part that cannot be resolved fails the step before its first item.
    fn prepared(&mut self, key: Key) -> Result<Option<Arc<Template>>, Failure> {
        if let Some(prepared) = self.state.prepared.get(&key) {
            return Ok(Some(Arc::clone(prepared)));
        }
        let Action::Component { inputs, .. } = &self.state.step(key).action else {
            return Ok(None);
        };
        let prepared = inputs.prepare(&self.scope(key)).map_err(|error| invalid(error.to_string()));
        match prepared {
            Ok(prepared) => {
                let prepared = Arc::new(prepared);
                self.state.prepared.insert(key, Arc::clone(&prepared));
                Ok(Some(prepared))
            }
            // A later load of the run may find a changed variable: the items that began stand.
            Err(_) if self.rate(key).is_some_and(|(_, progress)| progress.started > 0) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    fn end_items(
        &mut self,
        key: Key,
        rate: RateControl,
        progress: Progress,
    ) -> Result<(), IllegalEvent> {
        let outputs = self.state.items_outputs(key);
        if rate.is_exceeded(progress.errors) {
            let message = format!(
                "{} of {} items failed, {} are borne",
                progress.errors, rate.targets, rate.errors_max
            );
            let failure = Failure::action("TooManyErrors", message).with_details(json!({
                "items": rate.targets,
                "started": progress.started,
                "failed": progress.errors,
                "maxErrors": rate.errors_max,
            }));
            return self.end(key, StepStatus::Failed, failure, outputs);
        }
        if progress.started < rate.targets && !self.state.is_completing() {
            return self.end(key, StepStatus::TimedOut, timed_out(), outputs);
        }
        self.succeed(key, outputs, None)
    }
}
