//! IAM's JSON policies, written as Cedar's.
//!
//! What is converted decides alike here and there; what cannot be is refused, with its place. One thing differs: here `ssm:Overwrite`,
//! `ssm:Recursive` and `aws:MultiFactorAuthPresent` are false when a request does not say them, where IAM would have no key to compare.

mod condition;
mod json;
mod pattern;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde_json::{Map, Value};

use super::actions;
use pattern::{is_match, like};

/// The versions of IAM's language.
const VERSIONS: [&str; 2] = ["2012-10-17", "2008-10-17"];

/// Whose policy it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder<'a> {
    User(&'a str),
    Role(&'a str),
    Everybody,
}

/// What cannot be converted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// Such as `Statement[0].Condition.DateLessThan`; empty for the whole text.
    pub place: String,
    pub reason: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Writes a policy of IAM's language as policies of Cedar's, one for each statement, called by its `Sid` or its number.
///
/// # Errors
/// All that cannot be converted; nothing is left out.
pub fn convert(text: &str, holder: Holder<'_>) -> Result<String, Vec<Refused>> {
    let mut refusals = Refusals::default();
    let converted = document(text, holder, &mut refusals);
    if refusals.all.is_empty() { Ok(converted) } else { Err(refusals.all) }
}

#[derive(Debug, Default)]
struct Refusals {
    all: Vec<Refused>,
}

impl Refusals {
    fn add(&mut self, place: &str, reason: impl Into<String>) {
        self.all.push(Refused { place: place.to_owned(), reason: reason.into() });
    }
}

fn document(text: &str, holder: Holder<'_>, refusals: &mut Refusals) -> String {
    let document = match json::parse(text) {
        Ok(Value::Object(document)) => document,
        Ok(_) => {
            refusals.add("", "a policy is a JSON object");
            return String::new();
        }
        Err(error) => {
            refusals.add("", error.to_string());
            return String::new();
        }
    };
    for member in document.keys() {
        if !matches!(member.as_str(), "Version" | "Id" | "Statement") {
            refusals.add(member, "there is no such member of a policy");
        }
    }
    if let Some(version) = document.get("Version")
        && !VERSIONS.iter().any(|known| version == known)
    {
        refusals.add("Version", format!("{version} is no version of IAM's language"));
    }
    let statements = match document.get("Statement") {
        Some(Value::Array(statements)) => statements.as_slice(),
        Some(statement @ Value::Object(_)) => std::slice::from_ref(statement),
        _ => &[],
    };
    if statements.is_empty() {
        refusals.add("Statement", "a policy has at least one statement");
    }
    let mut names = BTreeSet::new();
    let convert = |(index, value): (usize, &Value)| {
        let place = format!("Statement[{index}]");
        let Value::Object(members) = value else {
            refusals.add(&place, "a statement is a JSON object");
            return String::new();
        };
        let name = members.get("Sid").map_or(Some(""), Value::as_str);
        let name = match name {
            Some("") => (index + 1).to_string(),
            Some(name) => name.to_owned(),
            None => String::new(),
        };
        if name.is_empty() || !names.insert(name.clone()) {
            refusals.add(&format!("{place}.Sid"), "a statement's name is text that no other has");
        }
        let mut statement = Statement { place, members, refusals };
        statement.convert(&name, holder)
    };
    statements.iter().enumerate().map(convert).collect::<Vec<_>>().join("\n")
}

struct Statement<'s> {
    place: String,
    members: &'s Map<String, Value>,
    refusals: &'s mut Refusals,
}

impl Statement<'_> {
    fn convert(&mut self, name: &str, holder: Holder<'_>) -> String {
        for member in self.members.keys() {
            if !matches!(member.as_str(), "Sid" | "Effect" | "Action" | "Resource" | "Condition") {
                self.refuse(member, "is not converted");
            }
        }
        let effect = match self.members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => "permit",
            Some("Deny") => "forbid",
            _ => {
                self.refuse("Effect", "is either Allow or Deny");
                ""
            }
        };
        let principal = match holder {
            Holder::User(name) => format!("principal == User::{name:?}"),
            Holder::Role(name) => format!("principal in Role::{name:?}"),
            Holder::Everybody => "principal".to_owned(),
        };
        let action = self.action();
        let mut conditions: Vec<String> = self.resource().into_iter().collect();
        match self.members.get("Condition") {
            None => {}
            Some(Value::Object(operators)) => {
                let place = format!("{}.Condition", self.place);
                conditions.extend(condition::convert(operators, &place, self.refusals));
            }
            Some(_) => self.refuse("Condition", "is a JSON object"),
        }
        let when = match conditions.join(" && ") {
            none if none.is_empty() => String::new(),
            all => format!("\nwhen {{ {all} }}"),
        };
        format!("@id({name:?})\n{effect} ({principal}, {action}, resource){when};\n")
    }

    /// Returns which actions are meant; patterns stand for the actions that there are.
    fn action(&mut self) -> String {
        let patterns = self.texts("Action");
        if patterns.iter().any(|pattern| pattern == "*") {
            return "action".to_owned();
        }
        let mut ids = BTreeSet::new();
        for (index, pattern) in patterns.iter().enumerate() {
            let pattern = pattern.to_ascii_lowercase();
            let matches = |id: &String| is_match(&pattern, &id.to_ascii_lowercase());
            let named: Vec<String> =
                actions::actions().map(actions::Action::id).filter(matches).collect();
            if named.is_empty() {
                self.refuse(&format!("Action[{index}]"), "names no action that there is here");
            }
            ids.extend(named);
        }
        let ids = grouped(&ids).into_iter().map(|id| format!("Action::{id:?}"));
        format!("action in [{}]", ids.collect::<Vec<_>>().join(", "))
    }

    /// Returns the condition that the resource is one of those that are meant, if not all are.
    fn resource(&mut self) -> Option<String> {
        let patterns = self.texts("Resource");
        let mut conditions = Vec::new();
        for (index, pattern) in patterns.iter().enumerate() {
            if pattern == "*" {
                continue;
            }
            if !pattern.starts_with("arn:") {
                self.refuse(&format!("Resource[{index}]"), "is no ARN");
            }
            match like("resource.arn", pattern) {
                Ok(condition) => conditions.push(condition),
                Err(reason) => self.refuse(&format!("Resource[{index}]"), reason),
            }
        }
        let is_all = patterns.iter().any(|pattern| pattern == "*");
        (!is_all).then(|| format!("({})", conditions.join(" || ")))
    }

    /// Returns the text or texts of a member that must be there.
    fn texts(&mut self, member: &str) -> Vec<String> {
        let texts = self.members.get(member).and_then(texts).unwrap_or_default();
        if texts.is_empty() {
            self.refuse(member, "is a text, or a list of at least one");
        }
        texts
    }

    fn refuse(&mut self, member: &str, reason: &str) {
        self.refusals.add(&format!("{}.{member}", self.place), reason);
    }
}

/// Returns the ids with the name of a group in place of all of its actions.
fn grouped(ids: &BTreeSet<String>) -> BTreeSet<String> {
    let missing: BTreeSet<String> = actions::actions()
        .filter(|action| !ids.contains(&action.id()))
        .map(actions::Action::group)
        .collect();
    let named = actions::actions().filter(|action| ids.contains(&action.id()));
    named
        .map(|action| {
            let group = action.group();
            if missing.contains(&group) { action.id() } else { group }
        })
        .collect()
}

/// Returns what IAM takes in one form or in the other: one text, or a list of them.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(texts) => texts.iter().map(|text| text.as_str().map(str::to_owned)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => None,
    }
}
