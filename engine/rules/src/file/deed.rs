//! What is done, as whom, and how often it is tried.

mod call;
mod command;

use runbook::document::node::Node;

use super::reader::Reader;
use super::value::{Scope, input, inputs, number_input, text_input};
use super::webhook::given;
use super::{AGE_MS_MAX, AGE_MS_MIN, ATTEMPTS_MAX, Action, Deed, OpsItem, Retry};

/// The keys of a rule or a schedule that are of its deed.
pub(super) const KEYS: [&str; 6] = ["start", "send", "opsItem", "call", "role", "retry"];
/// The keys of which one says what is done.
const ACTIONS: [&str; 4] = ["start", "send", "opsItem", "call"];

const ROLE_CHARACTERS_MAX: usize = 64;
const DOCUMENT_CHARACTERS_MAX: usize = 256;

/// Reads the deed of a rule or a schedule. `what` has its article.
pub(super) fn read(reader: &mut Reader, node: &Node<'_>, what: &str, scope: Scope) -> Option<Deed> {
    let action = reader.one_of(node, what, &ACTIONS);
    let action = action.and_then(|(key, child)| match key {
        "start" => start(reader, &child, scope),
        "send" => command::read(reader, &child, scope).map(Action::Send),
        "opsItem" => ops_item(reader, &child, scope).map(Action::OpsItem),
        _ => call::read(reader, &child, scope).map(Action::Call),
    });
    let role = node.get("role").map(|child| role(reader, &child));
    let retry = node.get("retry").map(|child| retry(reader, &child));
    Some(Deed { action: action?, role: given(role)?, retry: given(retry)?.unwrap_or_default() })
}

fn role(reader: &mut Reader, node: &Node<'_>) -> Option<String> {
    let wanted =
        format!("the name of a role: letters, digits and `+=,.@_-`, at most {ROLE_CHARACTERS_MAX}");
    reader.text_that(node, &wanted, |text| {
        (1..=ROLE_CHARACTERS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+=,.@_-".contains(&byte))
    })
}

fn retry(reader: &mut Reader, node: &Node<'_>) -> Option<Retry> {
    reader.shape(node, "`retry`", &["maxAttempts", "maxAge"])?;
    let attempts = node.get("maxAttempts");
    let attempts = attempts.map(|child| reader.integer(&child, 1..=ATTEMPTS_MAX.into()));
    let age = node.get("maxAge");
    let age_ms = age.map(|child| reader.duration(&child, AGE_MS_MIN..=AGE_MS_MAX));
    let default = Retry::default();
    let attempts = given(attempts)?.and_then(|attempts| u32::try_from(attempts).ok());
    Some(Retry {
        attempts_max: attempts.unwrap_or(default.attempts_max),
        age_ms_max: given(age_ms)?.unwrap_or(default.age_ms_max),
    })
}

fn start(reader: &mut Reader, node: &Node<'_>, scope: Scope) -> Option<Action> {
    const WHAT: &str = "`start`";
    reader.shape(node, WHAT, &["runbook", "version", "parameters"])?;
    let runbook = document(reader, node, WHAT, "runbook");
    let version = version(reader, node);
    let parameters = parameters(reader, node, scope);
    Some(Action::Start { runbook: runbook?, version: version?, parameters: parameters? })
}

/// Reads the name of a document: no event decides what is done.
fn document(reader: &mut Reader, node: &Node<'_>, what: &str, key: &str) -> Option<String> {
    let child = reader.required(node, what, key)?;
    let wanted = "the name of a document; no event decides which one it is";
    reader.text_that(&child, wanted, |text| {
        (1..=DOCUMENT_CHARACTERS_MAX).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.:/".contains(&byte))
    })
}

#[expect(clippy::option_option, reason = "what is not given is not what was refused")]
fn version(reader: &mut Reader, node: &Node<'_>) -> Option<Option<String>> {
    let wanted = "the version of a document: a number from 1, `$DEFAULT` or `$LATEST`";
    given(node.get("version").map(|child| {
        reader.text_that(&child, wanted, |text| {
            let is_number =
                !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
            ["$DEFAULT", "$LATEST"].contains(&text) || (is_number && (1..=8).contains(&text.len()))
        })
    }))
}

fn parameters(
    reader: &mut Reader,
    node: &Node<'_>,
    scope: Scope,
) -> Option<Vec<(String, super::Input)>> {
    let Some(child) = node.get("parameters") else { return Some(Vec::new()) };
    inputs(reader, &child, |reader, value| input(reader, value, scope))
}

fn ops_item(reader: &mut Reader, node: &Node<'_>, scope: Scope) -> Option<OpsItem> {
    const WHAT: &str = "`opsItem`";
    let keys = [
        "title",
        "source",
        "description",
        "severity",
        "category",
        "priority",
        "deduplicate",
        "operationalData",
    ];
    reader.shape(node, WHAT, &keys)?;
    let title = reader.required(node, WHAT, "title");
    let title = title.and_then(|child| text_input(reader, &child, scope));
    let mut text = |key| node.get(key).map(|child| text_input(reader, &child, scope));
    let [source, description] = ["source", "description"].map(&mut text);
    let [category, deduplicate] = ["category", "deduplicate"].map(&mut text);
    let severity = node.get("severity");
    let severity = severity.map(|child| number_input(reader, &child, scope, &(1..=4)));
    let priority = node.get("priority");
    let priority = priority.map(|child| number_input(reader, &child, scope, &(1..=5)));
    let data = node.get("operationalData");
    let data =
        data.map(|child| inputs(reader, &child, |reader, value| input(reader, value, scope)));
    Some(OpsItem {
        title: title?,
        source: given(source)?,
        description: given(description)?,
        severity: given(severity)?,
        category: given(category)?,
        priority: given(priority)?,
        deduplicate: given(deduplicate)?,
        operational_data: given(data)?.unwrap_or_default(),
    })
}
