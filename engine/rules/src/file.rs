//! Rule files: webhooks, rules and schedules as an operator writes them.
//!
//! The language is described in `RULES.md` of this crate. Reading never fails halfway: [`parse`] returns all that is wrong, each with its
//! place, and the file only if nothing is.

mod awaited;
mod deed;
mod input;
mod name;
mod pattern;
mod reader;
mod rule;
mod schedule;
mod value;
mod webhook;

use runbook::diagnostic::{Diagnostic, any_error};
use runbook::document::node::Node;
use runbook::document::{Document, Limits};
use runbook::schedule::{Schedule as Times, Terms, Timetable};
use runbook::source::Source;
use serde_json::Value;

use crate::window::Window;
use crate::{JsonPath, Pattern, codes};
use reader::Reader;

pub use input::{INPUT_DEPTH_MAX, Input, InputError, Part};
pub use name::{Kind, Name, duplicates_between, names};

/// How large the text of a rule file may be.
pub const TEXT_BYTES_MAX: usize = 1 << 20;
/// How many values a rule file may hold once its aliases are expanded.
pub const VALUES_MAX: usize = 250_000;
/// How many bytes the keys and texts of a rule file may have once its aliases are expanded.
pub const EXPANDED_BYTES_MAX: usize = 4 << 20;

/// The characters of a name of a webhook, a rule or a schedule.
pub const NAME_CHARACTERS_MAX: usize = 64;
/// How many patterns one rule may wait for.
pub const PATTERNS_MAX: usize = 10;
/// How many values may tell one delivery from another.
pub const IDS_MAX: usize = 10;
/// How many characters the source of events may have.
pub const SOURCE_CHARACTERS_MAX: usize = 256;
/// How many keys `targets` may have, as in SSM.
pub const TARGETS_MAX: usize = 5;
/// The shortest time of a window.
pub const WINDOW_MS_MIN: u64 = 1_000;
/// The longest time of a window.
pub const WINDOW_MS_MAX: u64 = 31 * 24 * 3_600_000;
/// How many matches `accumulate` may wait for.
pub const COUNT_MAX: u32 = 100_000;
/// How many values a window may be grouped by.
pub const GROUPED_BY_MAX: usize = 10;
/// How often a start is tried, at most and when nothing is said.
pub const ATTEMPTS_MAX: u32 = 186;
/// How long a start is tried, at least.
pub const AGE_MS_MIN: u64 = 60_000;
/// How long a start is tried, at most and when nothing is said.
pub const AGE_MS_MAX: u64 = 24 * 3_600_000;

/// What one file says.
#[derive(Debug, Clone, Default)]
pub struct RuleFile {
    pub webhooks: Vec<Webhook>,
    pub rules: Vec<Rule>,
    pub schedules: Vec<Schedule>,
}

/// An address that takes deliveries: `POST /hooks/<name>`.
#[derive(Debug, Clone)]
pub struct Webhook {
    pub name: String,
    pub is_enabled: bool,
    /// How deliveries are signed, as it is written; what it may be is the reader's of signatures to say.
    pub verify: Value,
    pub event: Shape,
}

/// Which events are made of a delivery.
#[derive(Debug, Clone, Default)]
pub struct Shape {
    /// The source of the events; `webhook.<name>` when nothing is said.
    pub source: String,
    /// What happened; the sender's own name of it when nothing is said, else `Webhook`.
    pub detail_type: Option<Input>,
    /// The list in the body of whose elements each is an event; without it the body is one.
    pub each: Option<JsonPath>,
    /// What tells one delivery from another: values of the element, or of the body without `each`. Without any it is the sender's own
    /// name of the delivery, and else the digest of the body.
    pub id: Vec<JsonPath>,
    /// The resources of an event: a text or a list of texts of the element.
    pub resources: Option<JsonPath>,
}

/// What is done when certain events come.
#[derive(Debug, Clone)]
pub struct Rule {
    pub name: String,
    pub description: Option<String>,
    pub is_enabled: bool,
    /// What is awaited: one pattern, or those of [`Window::All`].
    pub patterns: Vec<Pattern>,
    /// What prevents a start of [`Window::Absent`]; only there.
    pub preventing: Option<Pattern>,
    pub window: Option<Window>,
    /// Events with the same values here have a window of their own; without any there is one window.
    pub by: Vec<JsonPath>,
    pub deed: Deed,
}

/// What is done at certain times.
#[derive(Debug, Clone)]
pub struct Schedule {
    pub name: String,
    pub description: Option<String>,
    pub is_enabled: bool,
    pub when: When,
    pub deed: Deed,
}

/// When a schedule comes.
#[derive(Debug, Clone)]
pub struct When {
    pub times: Times,
    pub zone: Option<String>,
    pub offset_days: u8,
    pub starts_ms: Option<u64>,
    pub ends_ms: Option<u64>,
}

/// What is done, as whom, and how often it is tried.
#[derive(Debug, Clone)]
pub struct Deed {
    pub action: Action,
    /// The name of the role that acts; the installation's own when nothing is said.
    pub role: Option<String>,
    pub retry: Retry,
}

/// How long a deed that failed for a reason that may pass is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// From 1 to [`ATTEMPTS_MAX`].
    pub attempts_max: u32,
    /// From [`AGE_MS_MIN`] to [`AGE_MS_MAX`].
    pub age_ms_max: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self { attempts_max: ATTEMPTS_MAX, age_ms_max: AGE_MS_MAX }
    }
}

/// What a match leads to. Inputs are values of the event.
#[expect(clippy::large_enum_variant, reason = "one is held for each rule")]
#[derive(Debug, Clone)]
pub enum Action {
    /// A run of a runbook.
    Start { runbook: String, version: Option<String>, parameters: Vec<(String, Input)> },
    /// A command document for nodes.
    Send(SendCommand),
    /// An `OpsItem`.
    OpsItem(OpsItem),
    /// A webhook of somebody else, signed by Standard Webhooks.
    Call(Call),
}

/// A command document for nodes: one of the two ways to name them is given.
#[derive(Debug, Clone)]
pub struct SendCommand {
    pub document: String,
    pub version: Option<String>,
    /// The ids of nodes: a text or a list of texts.
    pub nodes: Option<Input>,
    /// SSM's `Targets`: keys with their values.
    pub targets: Vec<(String, Input)>,
    pub parameters: Vec<(String, Input)>,
    pub max_concurrency: Option<String>,
    pub max_errors: Option<String>,
}

/// An `OpsItem` in the words of SSM.
#[derive(Debug, Clone)]
pub struct OpsItem {
    pub title: Input,
    /// `runwright` when nothing is said.
    pub source: Option<Input>,
    pub description: Option<Input>,
    /// 1 to 4.
    pub severity: Option<Input>,
    pub category: Option<Input>,
    /// 1 to 5.
    pub priority: Option<Input>,
    /// While an item with the same text is open, there is no other one.
    pub deduplicate: Option<Input>,
    pub operational_data: Vec<(String, Input)>,
}

/// A request to somebody else.
#[derive(Debug, Clone)]
pub struct Call {
    /// `https://…`; only a literal, so that no event decides where secrets are sent.
    pub url: String,
    /// The name of the `SecureString` parameter with the secret of Standard Webhooks.
    pub secret: String,
    /// JSON; the whole event when nothing is said.
    pub body: Option<Input>,
}

/// Reads a rule file.
///
/// All mistakes come at once, in the order of their places; the file only if none of them is an error.
pub fn parse(source: &Source) -> (Option<RuleFile>, Vec<Diagnostic>) {
    let (document, diagnostics) = document(source);
    let Some(document) = document else { return (None, diagnostics) };
    let mut reader = Reader { diagnostics };
    let file = read(&mut reader, &document);
    let mut diagnostics = reader.diagnostics;
    diagnostics.sort_by_key(|diagnostic| (diagnostic.span.start.offset, diagnostic.code));
    (Some(file).filter(|_| !any_error(&diagnostics)), diagnostics)
}

/// Reads the values of a rule file and their places, within the limits of rule files.
///
/// The numbers in the paths of places are those of the lists of a [`RuleFile`] that was read without mistake.
pub fn document(source: &Source) -> (Option<Document>, Vec<Diagnostic>) {
    let limits = Limits {
        text_bytes: TEXT_BYTES_MAX,
        values: VALUES_MAX,
        expanded_bytes: EXPANDED_BYTES_MAX,
    };
    runbook::document::parse_within(source, &limits)
}

fn read(reader: &mut Reader, document: &Document) -> RuleFile {
    let root = document.root();
    let kinds = [Kind::Webhook, Kind::Rule, Kind::Schedule];
    if kinds.iter().all(|kind| root.get(kind.key()).is_none()) {
        let message = "a rule file has webhooks, rules or schedules, and this one has none of them";
        reader.error(codes::NOT_A_RULE_FILE, root.focus_start(), message);
    }
    reader.shape(&root, "a rule file", &kinds.map(Kind::key));
    for duplicate in name::duplicates(&name::of(document)) {
        reader.report(duplicate);
    }
    RuleFile {
        webhooks: list(reader, &root, Kind::Webhook, webhook::read),
        rules: list(reader, &root, Kind::Rule, rule::read),
        schedules: list(reader, &root, Kind::Schedule, schedule::read),
    }
}

/// Reads a list. A key with nothing after it is as good as none: all of the list may be commented out.
fn list<T>(
    reader: &mut Reader,
    root: &Node<'_>,
    kind: Kind,
    read: impl Fn(&mut Reader, &Node<'_>) -> Option<T>,
) -> Vec<T> {
    let Some(node) = root.get(kind.key()).filter(|node| !node.value.is_null()) else {
        return Vec::new();
    };
    if !node.value.is_array() {
        reader.wrong_type(&node, &format!("a list of {}", kind.key()));
    }
    node.elements().iter().filter_map(|item| read(reader, item)).collect()
}

/// Returns whether a text is meant as a rule file and not as a runbook or a command document, by its keys at the top. A text that is
/// no YAML is looked at line by line.
pub fn is_rule_file(source: &Source) -> bool {
    const VERSION: &str = "schemaVersion";
    let keys = [Kind::Webhook, Kind::Rule, Kind::Schedule].map(Kind::key);
    if let (Some(document), _) = document(source) {
        let root = document.root();
        return root.get(VERSION).is_none() && keys.iter().any(|key| root.get(key).is_some());
    }
    let text = source.text.trim_start_matches('\u{feff}');
    let is_flow = text.trim_start().starts_with('{');
    let has_key = |key: &str| {
        let is_key = |rest: &str| rest.trim_start().starts_with(':');
        let quoted = format!("\"{key}\"");
        if is_flow {
            return text.match_indices(&quoted).any(|(at, _)| is_key(&text[at + quoted.len()..]));
        }
        text.lines().any(|line| {
            line.strip_prefix(&quoted).or_else(|| line.strip_prefix(key)).is_some_and(is_key)
        })
    };
    !has_key(VERSION) && keys.into_iter().any(has_key)
}

impl When {
    /// Returns when it comes.
    ///
    /// `created_ms` is from when on a `rate(…)` counts.
    ///
    /// # Errors
    /// What [`Times::bind`] refuses; a file that was read without mistake has none of it.
    pub fn timetable(
        &self,
        created_ms: u64,
    ) -> Result<Timetable, runbook::schedule::ScheduleError> {
        self.times.bind(&Terms {
            zone: self.zone.as_deref(),
            offset_days: self.offset_days,
            created_ms: created_ms.try_into().unwrap_or(i64::MAX),
            starts_ms: self.starts_ms.and_then(|ms| ms.try_into().ok()),
            ends_ms: self.ends_ms.and_then(|ms| ms.try_into().ok()),
        })
    }
}
