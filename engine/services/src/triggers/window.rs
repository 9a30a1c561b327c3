//! Windows of rules over a page of events, and over time.

use std::collections::BTreeMap;

use host_api::identifier::Digest;
use rules::JsonPath;
use rules::window::{Matched, State, Step, Window};
use serde_json::Value;
use store::rule_windows::{self, WindowRow};
use store::{ReadTx, Tx};

use super::WINDOWS_MAX;
use super::rule_set::KnownRule;
use crate::error::ServiceError;

/// A longer key is stored as its digest.
const KEY_BYTES_MAX: usize = 256;

/// Windows as they are after what was looked at so far: by rule and group.
#[derive(Debug, Default)]
pub(super) struct Windows {
    open: BTreeMap<Key, Option<WindowRow>>,
}

/// What tells one window from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    rule: String,
    group: String,
    replay: String,
}

impl Key {
    fn of(row: &WindowRow) -> Self {
        let WindowRow { rule, group_key, replay, .. } = row.clone();
        Self { rule, group: group_key, replay }
    }

    fn parts(&self) -> [&str; 3] {
        [&self.rule, &self.group, &self.replay]
    }
}

/// A start that a window has led to.
#[derive(Debug)]
pub(super) struct Start {
    /// The id of the event that names it.
    pub(super) id: String,
    pub(super) event: Value,
    pub(super) depth: u32,
}

impl Windows {
    /// Folds a match into the window of its group.
    pub(super) fn fold(
        &mut self,
        tx: &ReadTx<'_>,
        rule: &KnownRule,
        window: &Window,
        (matched, replay): (Matched<'_>, &str),
        depth: u32,
    ) -> Result<Option<Start>, ServiceError> {
        let group = group_key(&rule.by, matched.event);
        let key = Key { rule: rule.key.clone(), group, replay: replay.to_owned() };
        let known = match self.open.get(&key) {
            Some(known) => known.clone(),
            None => rule_windows::find(tx, key.parts())?,
        };
        // A window of another definition of the rule means nothing to this one.
        let known = known.filter(|row| row.digest == rule.digest);
        let depth_before = known.as_ref().map_or(0, |row| row.depth);
        let state = known.as_ref().map(|row| read(&row.state)).transpose()?;
        let step = window.on_match(state, matched);
        let depth = depth.max(depth_before);
        let start = start(&step, depth);
        self.keep(key, &rule.digest, step, matched.at_ms, depth)?;
        Ok(start)
    }

    /// Looks at a window whose time is over.
    pub(super) fn expire(
        &mut self,
        rule: &KnownRule,
        window: &Window,
        row: &WindowRow,
        now_ms: u64,
    ) -> Result<Option<Start>, ServiceError> {
        let step = window.on_time(read(&row.state)?, now_ms);
        let start = start(&step, row.depth);
        self.keep(Key::of(row), &rule.digest, step, row.touched_ms, row.depth)?;
        Ok(start)
    }

    /// Forgets a window that means nothing any more.
    pub(super) fn forget(&mut self, row: &WindowRow) {
        self.open.insert(Key::of(row), None);
    }

    fn keep(
        &mut self,
        key: Key,
        digest: &str,
        step: Step,
        touched_ms: u64,
        depth: u32,
    ) -> Result<(), ServiceError> {
        let row = match step.state {
            None => None,
            Some(state) => Some(WindowRow {
                rule: key.rule.clone(),
                group_key: key.group.clone(),
                replay: key.replay.clone(),
                digest: digest.to_owned(),
                due_ms: state.due_ms,
                state: serde_json::to_string(&state).map_err(|error| {
                    ServiceError::internal(format!("a window cannot be encoded: {error}"))
                })?,
                touched_ms,
                depth,
            }),
        };
        self.open.insert(key, row);
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Writes what has changed, and forgets the windows that are too many.
    pub(super) fn write(&self, tx: &mut Tx<'_>) -> Result<(), ServiceError> {
        let mut grown: Vec<&str> = Vec::new();
        for (key, row) in &self.open {
            match row {
                None => rule_windows::delete(tx, key.parts())?,
                Some(row) => {
                    rule_windows::put(tx, row)?;
                    if grown.last() != Some(&key.rule.as_str()) {
                        grown.push(&key.rule);
                    }
                }
            }
        }
        for rule in grown {
            let count = rule_windows::count(tx, rule)?;
            if count > WINDOWS_MAX {
                tracing::warn!(rule, count, "windows are too many; the oldest are forgotten");
                rule_windows::evict(tx, rule, count - WINDOWS_MAX)?;
            }
        }
        Ok(())
    }
}

fn start(step: &Step, depth: u32) -> Option<Start> {
    let fired = step.fired.as_ref()?;
    Some(Start { id: fired.id.clone(), event: fired.event.clone(), depth })
}

fn read(state: &str) -> Result<State, ServiceError> {
    serde_json::from_str(state)
        .map_err(|error| ServiceError::internal(format!("a window cannot be read: {error}")))
}

/// Returns what events of one group have in common, as text.
fn group_key(by: &[JsonPath], event: &Value) -> String {
    let values =
        by.iter().map(|path| path.find(event).map_or(Value::Null, std::borrow::Cow::into_owned));
    let key = Value::Array(values.collect()).to_string();
    if key.len() <= KEY_BYTES_MAX {
        return key;
    }
    format!("sha256:{}", Digest::of(key.as_bytes()).as_str())
}
