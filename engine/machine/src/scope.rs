//! What templates and expressions see of a run.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use runbook::plan::Action;
use runbook::template::{Global, Scope};
use serde_json::{Map, Value, json};

use crate::key::Key;
use crate::state::{Phase, State};
use crate::status::StepStatus;

/// A run as one step, or one item, sees it at a time.
pub(crate) struct RunScope<'s> {
    state: &'s State,
    key: Option<Key>,
    now_ms: u64,
}

impl<'s> RunScope<'s> {
    pub(crate) fn new(state: &'s State, key: Key, now_ms: u64) -> Self {
        Self { state, key: Some(key), now_ms }
    }

    pub(crate) fn at_the_end(state: &'s State, now_ms: u64) -> Self {
        Self { state, key: None, now_ms }
    }

    fn date_time(&self, format: &str) -> Value {
        let text = i64::try_from(self.now_ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok())
            .map(|time| time.to_zoned(TimeZone::UTC).strftime(format).to_string());
        text.map_or(Value::Null, Value::String)
    }

    /// The loop as it stands: while it runs, its outputs are those of the pass that runs.
    fn running_loop(&self, key: Key) -> bool {
        matches!(self.state.step(key).action, Action::Loop(_))
            && self.state.unit(key).is_some_and(|unit| matches!(unit.phase, Phase::Begun))
    }
}

impl Scope for RunScope<'_> {
    fn parameter(&self, name: &str) -> Option<Value> {
        self.state.core.started.as_ref()?.parameters.get(name).cloned()
    }

    fn variable(&self, name: &str) -> Option<Value> {
        self.state.core.variables.get(name).cloned()
    }

    fn step_output(&self, step: &str, output: &str) -> Option<Value> {
        let key = self.state.key_of_name(step)?;
        if self.running_loop(key) {
            return self.state.loop_outputs(key).remove(output);
        }
        self.state.unit(key)?.outputs.get(output).cloned()
    }

    fn step_outputs(&self, step: &str) -> Option<Value> {
        let key = self.state.key_of_name(step)?;
        let unit = self.state.unit(key)?;
        let outputs = if self.running_loop(key) {
            self.state.loop_outputs(key)
        } else if unit.status == StepStatus::Success || !unit.outputs.is_empty() {
            unit.outputs.clone()
        } else {
            return None;
        };
        Some(Value::Object(outputs.into_iter().collect()))
    }

    fn step_status(&self, step: &str) -> Option<&'static str> {
        if !self.state.index.names.contains_key(step) {
            return None;
        }
        let unit = self.state.key_of_name(step).and_then(|key| self.state.unit(key));
        Some(unit.map_or(StepStatus::Pending, |unit| unit.status).as_str())
    }

    fn global(&self, global: Global) -> Value {
        let started = self.state.core.started.as_ref();
        let text = |value: Option<&String>| value.cloned().map_or(Value::Null, Value::String);
        match global {
            Global::AccountId => text(started.map(|started| &started.account_id)),
            Global::Region => text(started.map(|started| &started.region)),
            Global::Date => self.date_time("%Y-%m-%d"),
            Global::DateTime => self.date_time("%Y-%m-%d_%H.%M.%S"),
            Global::AwsPartition => Value::from("aws"),
        }
    }

    fn execution_id(&self) -> Value {
        let started = self.state.core.started.as_ref();
        started.map_or(Value::Null, |started| Value::from(started.run.as_str()))
    }

    fn run(&self) -> Value {
        let core = &self.state.core;
        // In `finally` and after it the status is the one that the run ends with.
        let status = if core.finally.is_some() || self.key.is_none() {
            self.state.verdict()
        } else {
            self.state.status()
        };
        let failures: Vec<Value> = (core.failures.iter())
            .map(|(step, failure)| {
                json!({ "step": step, "code": failure.code, "message": failure.message })
            })
            .collect();
        json!({
            "id": self.execution_id(),
            "status": status.as_str(),
            "failures": failures,
            "startedAt": runbook::duration::display_timestamp(core.started_ms),
        })
    }

    fn event(&self) -> Value {
        self.state.core.started.as_ref().map_or(Value::Null, |started| started.event.clone())
    }

    fn item(&self) -> Option<Value> {
        let key = self.key?;
        let index = key.item?;
        let items = self.state.node(key)?.items.as_ref()?;
        let value = items.list.get(index as usize)?;
        let mut item = Map::new();
        item.insert("index".to_owned(), Value::from(index));
        item.insert("value".to_owned(), value.clone());
        if let Some(name) = self.state.step(key).for_each.as_ref()?.as_name.as_ref() {
            item.insert(name.clone(), value.clone());
        }
        Some(Value::Object(item))
    }
}
