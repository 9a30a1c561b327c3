//! Rules as the dispatcher needs them.

use std::collections::BTreeMap;

use rules::template::RuleContext;
use rules::{Pattern, Target as Input};
use runbook::schedule::{Dialect, Schedule};
use serde_json::Value;
use store::event_rules::{self, RuleRow};
use store::{ReadTx, event_rules::TargetRow};

use super::rule::DISABLED;
use super::target::Refused;
use super::targets::stored;
use super::{RULES_MAX, pattern};
use crate::Services;
use crate::access::Resource;
use crate::commands;
use crate::error::ServiceError;

/// A rule that the API made, ready to be asked.
#[derive(Debug, Clone)]
pub struct EventRule {
    pub name: String,
    pub arn: String,
    /// A rule has a pattern, a schedule, or both.
    pub pattern: Option<Pattern>,
    pub schedule: Option<Schedule>,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
    pub is_enabled: bool,
    /// The name of the role that acts for targets that have none.
    pub role: Option<String>,
    /// In the order of their ids.
    pub targets: Vec<EventTarget>,
}

/// A target of a rule.
#[derive(Debug, Clone)]
pub struct EventTarget {
    pub id: String,
    pub kind: TargetKind,
    pub input: Input,
    /// The name of the role that acts; that of the rule, or the installation's, when nothing is said.
    pub role: Option<String>,
    /// With the first one.
    pub attempts_max: u32,
    /// How old an event may be at an attempt, in milliseconds.
    pub age_ms_max: u64,
}

/// What a target is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetKind {
    /// A run of a runbook, in a version.
    StartAutomation { document: String, version: String },
    /// A command to nodes.
    RunCommand { document: String, targets: Vec<commands::Target> },
}

impl EventTarget {
    /// Returns the parameters that the target gets for an event: SSM's form, in which each is a list of texts.
    ///
    /// A target that says nothing of its input gets none: SSM would refuse an event as parameters, and a runbook can refer to `event`.
    ///
    /// # Errors
    /// Why the input cannot be made of this event, or is no object of parameters.
    pub fn parameters(
        &self,
        event: &Value,
        context: &RuleContext<'_>,
    ) -> Result<BTreeMap<String, Vec<String>>, String> {
        if matches!(self.input, Input::Event) {
            return Ok(BTreeMap::new());
        }
        let text = self.input.input(event, context).map_err(|error| error.to_string())?;
        let refuse = |why: String| format!("the input is no object of parameters: {why}");
        let input: Value =
            serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
        let Value::Object(members) = input else {
            return Err(refuse(format!("it is {text:.100}")));
        };
        let read = |(name, value)| match texts(value) {
            Some(texts) => Ok((name, texts)),
            None => Err(refuse(format!("{name} is neither a text nor a list of texts"))),
        };
        members.into_iter().map(read).collect()
    }
}

/// Returns a list of texts, which one text or number may stand for.
fn texts(value: Value) -> Option<Vec<String>> {
    match value {
        Value::Array(values) => values.into_iter().map(text).collect(),
        Value::Null | Value::Object(_) => None,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => text(value).map(|text| vec![text]),
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

impl Services {
    /// Returns the rules that the API made, in the order of their names.
    pub async fn event_rules(&self) -> Result<Vec<EventRule>, ServiceError> {
        let services = self.clone();
        self.store().read(move |tx: &ReadTx<'_>| services.load_event_rules(tx)).await
    }

    /// Reads the rules. One that this release does not understand is told to the log and left out.
    pub(crate) fn load_event_rules(&self, tx: &ReadTx<'_>) -> Result<Vec<EventRule>, ServiceError> {
        let mut targets: BTreeMap<String, Vec<TargetRow>> = BTreeMap::new();
        for target in event_rules::all_targets(tx)? {
            targets.entry(target.rule.clone()).or_default().push(target);
        }
        let limit = u32::try_from(RULES_MAX).unwrap_or(u32::MAX);
        let mut rules = Vec::new();
        for row in event_rules::list(tx, "", "", limit)? {
            let (name, targets) = (row.name.clone(), targets.remove(&row.name));
            match self.event_rule(row, &targets.unwrap_or_default()) {
                Ok(rule) => rules.push(rule),
                Err(error) => tracing::error!(rule = %name, %error, "a rule cannot be read"),
            }
        }
        Ok(rules)
    }

    fn event_rule(&self, row: RuleRow, targets: &[TargetRow]) -> Result<EventRule, ServiceError> {
        let pattern = row.pattern.as_deref().map(pattern::parse).transpose()?;
        let schedule = row.schedule.as_deref();
        let schedule = schedule.map(|text| Schedule::parse(text, Dialect::EventBridgeRule));
        let schedule =
            schedule.transpose().map_err(|error| ServiceError::validation(error.to_string()))?;
        let role = row.role_arn.as_deref().map(|arn| self.event_role(arn)).transpose()?;
        let targets = targets.iter().map(|target| {
            let read = self.read_target(&stored(target)?).map_err(|refused| match refused {
                Refused::Request(error) => error,
                Refused::Target(failed) => ServiceError::validation(failed.error_message),
            })?;
            Ok(read.target)
        });
        let targets = targets.collect::<Result<_, ServiceError>>()?;
        Ok(EventRule {
            arn: Resource::EventRule(row.name.clone()).arn(self.place()),
            name: row.name,
            pattern,
            schedule,
            created_ms: row.created_ms,
            is_enabled: row.state != DISABLED,
            role,
            targets,
        })
    }
}
