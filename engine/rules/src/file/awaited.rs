//! What a rule waits for: patterns, and a window.

use runbook::document::node::Node;

use super::pattern::pattern;
use super::reader::Reader;
use super::value::{Scope, paths};
use super::{COUNT_MAX, GROUPED_BY_MAX, PATTERNS_MAX, WINDOW_MS_MAX, WINDOW_MS_MIN};
use crate::window::Window;
use crate::{JsonPath, Pattern};

/// The keys of a rule that say what is awaited, one of which it has.
pub(super) const AWAITED: [&str; 3] = ["match", "all", "not"];
/// The keys that may stand beside `match`.
pub(super) const WINDOWS: [&str; 2] = ["once", "accumulate"];

/// What a rule waits for.
pub(super) struct Awaited {
    pub(super) patterns: Vec<Pattern>,
    pub(super) preventing: Option<Pattern>,
    pub(super) window: Option<Window>,
    pub(super) by: Vec<JsonPath>,
}

/// A window and what it is grouped by.
type Grouped = (Window, Vec<JsonPath>);

/// What the paths of the rule's deed lead into.
pub(super) fn scope(rule: &Node<'_>) -> Scope {
    let is_windowed = ["all", "not"].iter().chain(&WINDOWS).any(|key| rule.get(key).is_some());
    if is_windowed { Scope::Windowed } else { Scope::Event }
}

pub(super) fn read(reader: &mut Reader, rule: &Node<'_>) -> Option<Awaited> {
    let (key, node) = reader.one_of(rule, "a rule", &AWAITED)?;
    let windows = rule.entries();
    let windows: Vec<_> = windows.iter().filter(|(key, _)| WINDOWS.contains(key)).collect();
    for (number, (window, child)) in windows.iter().enumerate() {
        let beside = if key == "match" { None } else { Some((key, &node)) };
        let earlier = number.checked_sub(1).map(|earlier| windows[earlier]);
        if let Some(other) = beside.or(earlier.map(|(key, child)| (*key, child))) {
            reader.conflict((window, child), other, "a rule");
        }
    }
    match key {
        "all" => all(reader, &node),
        "not" => not(reader, &node),
        _ => {
            let awaited = pattern(reader, &node);
            let grouped = match windows.first() {
                None => Some(None),
                Some(("once", child)) => once(reader, child).map(Some),
                Some((_, child)) => accumulate(reader, child).map(Some),
            };
            let (window, by) = grouped?.unzip();
            Some(Awaited {
                patterns: vec![awaited?],
                preventing: None,
                window,
                by: by.unwrap_or_default(),
            })
        }
    }
}

fn all(reader: &mut Reader, node: &Node<'_>) -> Option<Awaited> {
    const WHAT: &str = "`all`";
    reader.shape(node, WHAT, &["of", "within", "by"])?;
    let of = reader.required(node, WHAT, "of");
    let nodes = of.and_then(|of| reader.list(&of, "patterns", 2..=PATTERNS_MAX));
    let patterns: Vec<_> = nodes.iter().flatten().map(|awaited| pattern(reader, awaited)).collect();
    let within_ms = within(reader, node, WHAT);
    let by = by(reader, node);
    nodes?;
    let patterns: Vec<_> = patterns.into_iter().collect::<Option<_>>()?;
    let count = u32::try_from(patterns.len()).ok()?;
    let window = Some(Window::All { patterns: count, within_ms: within_ms? });
    Some(Awaited { patterns, preventing: None, window, by: by? })
}

fn not(reader: &mut Reader, node: &Node<'_>) -> Option<Awaited> {
    const WHAT: &str = "`not`";
    reader.shape(node, WHAT, &["match", "after", "within", "by"])?;
    let preventing = reader.required(node, WHAT, "match").and_then(|child| pattern(reader, &child));
    let after = reader.required(node, WHAT, "after").and_then(|child| pattern(reader, &child));
    let within_ms = within(reader, node, WHAT);
    let by = by(reader, node);
    let window = Some(Window::Absent { within_ms: within_ms? });
    Some(Awaited { patterns: vec![after?], preventing: Some(preventing?), window, by: by? })
}

fn once(reader: &mut Reader, node: &Node<'_>) -> Option<Grouped> {
    const WHAT: &str = "`once`";
    reader.shape(node, WHAT, &["within", "after", "by"])?;
    let time = reader.one_of(node, WHAT, &["within", "after"]);
    let time = time.and_then(|(key, child)| {
        Some((key, reader.duration(&child, WINDOW_MS_MIN..=WINDOW_MS_MAX)?))
    });
    let by = by(reader, node);
    let window = match time? {
        ("within", within_ms) => Window::OnceWithin { within_ms },
        (_, after_ms) => Window::OnceAfter { after_ms },
    };
    Some((window, by?))
}

fn accumulate(reader: &mut Reader, node: &Node<'_>) -> Option<Grouped> {
    const WHAT: &str = "`accumulate`";
    reader.shape(node, WHAT, &["count", "within", "by"])?;
    let count = reader.required(node, WHAT, "count");
    let count = count.and_then(|child| reader.integer(&child, 2..=COUNT_MAX.into()));
    let within_ms = within(reader, node, WHAT);
    let by = by(reader, node);
    let count = u32::try_from(count?).ok()?;
    Some((Window::Accumulate { count, within_ms: within_ms? }, by?))
}

fn within(reader: &mut Reader, node: &Node<'_>, what: &str) -> Option<u64> {
    let child = reader.required(node, what, "within")?;
    reader.duration(&child, WINDOW_MS_MIN..=WINDOW_MS_MAX)
}

fn by(reader: &mut Reader, node: &Node<'_>) -> Option<Vec<JsonPath>> {
    match node.get("by") {
        None => Some(Vec::new()),
        Some(child) => paths(reader, &child, Scope::Event, GROUPED_BY_MAX),
    }
}
