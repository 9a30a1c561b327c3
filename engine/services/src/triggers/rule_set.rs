//! All rules as one: what is held against each event.

use std::collections::BTreeMap;
use std::sync::Arc;

use host_api::identifier::Digest;
use rules::file::{Action, Deed, RuleFile, Webhook, When};
use rules::pattern::Mismatch;
use rules::window::{Part, Window};
use rules::{Event, Index, JsonPath, Pattern};
use serde::Serialize;
use serde_json::Value;

use super::ROLE_DEFAULT;
use crate::event_bridge::{EventRule, EventTarget};
use crate::events::{RUN_DETAIL_TYPES, SOURCE};
use crate::webhooks::scheme::Scheme;

/// What the keys of rules begin with that clients of `EventBridge` have made.
pub(super) const EVENT_RULE: &str = "event-rule/";

/// An address that takes deliveries.
#[derive(Debug, Clone)]
pub struct Hook {
    pub scheme: Scheme,
    pub webhook: Webhook,
}

/// A pattern of a rule: the rule's place in the set, and which of its patterns.
pub(super) type PatternId = (usize, PatternPart);

/// Which pattern of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum PatternPart {
    Awaited(u32),
    Preventing,
}

/// A rule as the dispatcher knows it.
#[derive(Debug, Clone)]
pub(super) struct KnownRule {
    /// `rule/<name>`, as it is stored with matches.
    pub(super) key: String,
    /// The id in an ARN.
    pub(super) name: String,
    pub(super) is_enabled: bool,
    /// Of what it waits for.
    pub(super) digest: String,
    pub(super) patterns: Vec<Pattern>,
    pub(super) preventing: Option<Pattern>,
    pub(super) window: Option<Window>,
    pub(super) by: Vec<JsonPath>,
    pub(super) targets: Vec<KnownTarget>,
}

/// What a rule or schedule leads to.
#[derive(Debug, Clone)]
pub(super) struct KnownTarget {
    /// Empty where there is one only.
    pub(super) id: String,
    pub(super) role: String,
    pub(super) attempts_max: u32,
    pub(super) age_ms_max: u64,
    pub(super) action: KnownAction,
}

/// What is done, as a rule file says it, or as a client of `EventBridge` does.
#[derive(Debug, Clone)]
pub(super) enum KnownAction {
    Written(Box<Action>),
    Target(Box<EventTarget>),
}

/// A schedule as the dispatcher knows it.
#[derive(Debug, Clone)]
pub(super) struct KnownSchedule {
    /// `schedule/<name>`.
    pub(super) key: String,
    pub(super) name: String,
    pub(super) is_enabled: bool,
    pub(super) digest: String,
    pub(super) when: When,
    pub(super) targets: Vec<KnownTarget>,
}

/// Everything that rule files say, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct RuleSet {
    hooks: BTreeMap<String, Hook>,
    rules: Vec<Arc<KnownRule>>,
    by_key: BTreeMap<String, usize>,
    schedules: BTreeMap<String, Arc<KnownSchedule>>,
    index: Index<PatternId>,
    /// Whether events of runs may match.
    reads_runs: bool,
}

/// What a rule makes of an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    pub rule: String,
    pub is_match: bool,
    /// Whether the rule is enabled; one that is not starts nothing.
    pub is_enabled: bool,
    /// Which of several patterns it is about, from 0; nothing where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<u32>,
    /// Whether the pattern is what prevents a start.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub is_preventing: bool,
    /// The first field that failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What the pattern wants there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wanted: Option<String>,
    /// What the event has there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<String>,
}

/// A schedule as it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleView {
    pub name: String,
    pub at: String,
    pub is_enabled: bool,
    pub next: Option<String>,
    pub last: Option<String>,
    pub skipped: u64,
}

impl RuleSet {
    /// Adds what a file says. Names are unique over all files.
    pub(super) fn add(&mut self, file: RuleFile, schemes: Vec<Scheme>) {
        for (webhook, scheme) in file.webhooks.into_iter().zip(schemes) {
            self.hooks.insert(webhook.name.clone(), Hook { scheme, webhook });
        }
        for rule in file.rules {
            let waits = (&rule.patterns, &rule.preventing, &rule.window, &rule.by);
            self.add_rule(KnownRule {
                key: format!("rule/{}", rule.name),
                name: rule.name.clone(),
                is_enabled: rule.is_enabled,
                digest: digest(&format!("{waits:?}")),
                patterns: rule.patterns,
                preventing: rule.preventing,
                window: rule.window,
                by: rule.by,
                targets: vec![KnownTarget::of(rule.deed)],
            });
        }
        for schedule in file.schedules {
            self.add_schedule(KnownSchedule {
                key: format!("schedule/{}", schedule.name),
                name: schedule.name,
                is_enabled: schedule.is_enabled,
                digest: digest(&format!("{:?}", schedule.when)),
                targets: vec![KnownTarget::of(schedule.deed)],
                when: schedule.when,
            });
        }
    }

    /// Adds what clients of `EventBridge` have made.
    pub(super) fn add_event_rules(&mut self, rules: Vec<EventRule>) {
        for rule in rules {
            let key = format!("{EVENT_RULE}{}", rule.name);
            let targets: Vec<KnownTarget> = rule
                .targets
                .into_iter()
                .map(|target| known(target, rule.role.as_deref()))
                .collect();
            if let Some(times) = rule.schedule {
                let when =
                    When { times, zone: None, offset_days: 0, starts_ms: None, ends_ms: None };
                self.add_schedule(KnownSchedule {
                    key: key.clone(),
                    name: rule.name.clone(),
                    is_enabled: rule.is_enabled,
                    digest: digest(&format!("{when:?}")),
                    targets: targets.clone(),
                    when,
                });
            }
            if let Some(pattern) = rule.pattern {
                self.add_rule(KnownRule {
                    key,
                    name: rule.name,
                    is_enabled: rule.is_enabled,
                    digest: digest(&format!("{pattern:?}")),
                    patterns: vec![pattern],
                    preventing: None,
                    window: None,
                    by: Vec::new(),
                    targets,
                });
            }
        }
    }

    fn add_rule(&mut self, rule: KnownRule) {
        let place = self.rules.len();
        if rule.is_enabled {
            let mut patterns = rule.patterns.iter().chain(&rule.preventing);
            self.reads_runs |= patterns.any(may_be_of_runs);
            for (number, pattern) in (0..).zip(&rule.patterns) {
                self.index.insert((place, PatternPart::Awaited(number)), pattern.clone());
            }
            if let Some(pattern) = &rule.preventing {
                self.index.insert((place, PatternPart::Preventing), pattern.clone());
            }
        }
        self.by_key.insert(rule.key.clone(), place);
        self.rules.push(Arc::new(rule));
    }

    fn add_schedule(&mut self, schedule: KnownSchedule) {
        self.schedules.insert(schedule.key.clone(), Arc::new(schedule));
    }

    /// Returns the webhook of this name, if it takes deliveries.
    pub fn hook(&self, name: &str) -> Option<&Hook> {
        self.hooks.get(name).filter(|hook| hook.webhook.is_enabled)
    }

    /// Returns the names of all webhooks.
    pub fn hook_names(&self) -> impl Iterator<Item = &str> {
        self.hooks.keys().map(String::as_str)
    }

    /// Returns the names of all rules.
    pub fn rule_names(&self) -> impl Iterator<Item = &str> {
        self.rules.iter().map(|rule| rule.name.as_str())
    }

    /// Returns whether no event could lead to anything.
    pub(super) fn is_idle(&self) -> bool {
        self.index.is_empty()
    }

    /// Returns whether events that follow from journals of runs may match.
    pub(super) fn reads_runs(&self) -> bool {
        self.reads_runs
    }

    pub(super) fn rule(&self, key: &str) -> Option<&Arc<KnownRule>> {
        self.by_key.get(key).and_then(|place| self.rules.get(*place))
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &Arc<KnownRule>> {
        self.rules.iter()
    }

    pub(super) fn schedules(&self) -> impl Iterator<Item = &Arc<KnownSchedule>> {
        self.schedules.values()
    }

    pub(super) fn schedule(&self, key: &str) -> Option<&Arc<KnownSchedule>> {
        self.schedules.get(key)
    }

    /// Returns the targets of a rule or schedule, and its name.
    pub(super) fn targets(&self, key: &str) -> Option<(&str, &[KnownTarget])> {
        if let Some(rule) = self.rule(key) {
            return Some((&rule.name, &rule.targets));
        }
        self.schedule(key).map(|schedule| (schedule.name.as_str(), schedule.targets.as_slice()))
    }

    /// Returns the rules whose patterns match, each with which of them, in order.
    pub(super) fn matching(&self, event: &Event<'_>) -> Vec<(&Arc<KnownRule>, Part)> {
        let found = self.index.matching(event).into_iter();
        let rule = |&(place, part): &PatternId| {
            let part = match part {
                PatternPart::Awaited(number) => Part::Awaited(number),
                PatternPart::Preventing => Part::Preventing,
            };
            self.rules.get(place).map(|rule| (rule, part))
        };
        found.filter_map(rule).collect()
    }

    /// Says of every pattern of every rule whether it matches, and if not, why.
    ///
    /// # Errors
    /// What [`Event::new`] refuses.
    pub fn verdicts(&self, event: &Value) -> Result<Vec<Verdict>, rules::event::NotAnObject> {
        let event = Event::new(event)?;
        Ok(self.rules.iter().flat_map(|rule| verdicts_of(rule, &event)).collect())
    }
}

fn verdicts_of(rule: &KnownRule, event: &Event<'_>) -> Vec<Verdict> {
    let verdict = |pattern: &Pattern, number, is_preventing| {
        let mismatch = pattern.explain(event);
        let told = |text: fn(&Mismatch) -> String| mismatch.as_ref().map(text);
        Verdict {
            rule: rule.name.clone(),
            is_match: mismatch.is_none(),
            is_enabled: rule.is_enabled,
            pattern: number,
            is_preventing,
            field: told(|mismatch| mismatch.path.clone()),
            wanted: told(|mismatch| mismatch.wanted.clone()),
            found: told(|mismatch| mismatch.found.to_string()),
        }
    };
    let is_one = rule.patterns.len() == 1;
    let awaited = (0..)
        .zip(&rule.patterns)
        .map(|(number, pattern)| verdict(pattern, (!is_one).then_some(number), false));
    let preventing = rule.preventing.iter().map(|pattern| verdict(pattern, None, true));
    awaited.chain(preventing).collect()
}

fn known(target: EventTarget, role: Option<&str>) -> KnownTarget {
    let role = target.role.as_deref().or(role).unwrap_or(ROLE_DEFAULT);
    KnownTarget {
        id: target.id.clone(),
        role: role.to_owned(),
        attempts_max: target.attempts_max,
        age_ms_max: target.age_ms_max,
        action: KnownAction::Target(Box::new(target)),
    }
}

impl KnownTarget {
    fn of(deed: Deed) -> Self {
        Self {
            id: String::new(),
            role: deed.role.unwrap_or_else(|| ROLE_DEFAULT.to_owned()),
            attempts_max: deed.retry.attempts_max,
            age_ms_max: deed.retry.age_ms_max,
            action: KnownAction::Written(Box::new(deed.action)),
        }
    }
}

fn may_be_of_runs(pattern: &Pattern) -> bool {
    RUN_DETAIL_TYPES.iter().any(|detail_type| {
        let (source, detail_type) = (Value::from(SOURCE), Value::from(*detail_type));
        pattern.may_match(&[("source", &source), ("detail-type", &detail_type)])
    })
}

fn digest(text: &str) -> String {
    Digest::of(text.as_bytes()).as_str().to_owned()
}
