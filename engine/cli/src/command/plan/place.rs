//! Where a step would act: the nodes there are now, and the documents that can be found.

use std::collections::{BTreeMap, BTreeSet};

use host_api::grant::{Ceiling, Grant, escape};
use serde::Deserialize;

use crate::command::run::beside;
use crate::source::Found;

const SEND: &str = "commands:send:";
const START: &str = "automation:start:";

/// Where a node stands; enough to match targets.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Node {
    pub id: String,
    pub alias: Option<String>,
    pub tags: BTreeMap<String, String>,
}

/// Returns the nodes that a command grant reaches now under all ceilings; `None` for other grants, and where no target is known.
pub(super) fn nodes(grant: &Grant, ceilings: &[Ceiling], nodes: &[Node]) -> Option<Vec<String>> {
    let text = grant.to_string();
    let (document, _) = target_of(text.strip_prefix(SEND)?)?;
    let reached = |name: &String| {
        let concrete = format!("{SEND}{document}@{}", escape(name));
        let Ok(concrete) = Grant::parse(&concrete) else { return false };
        let is_under = |ceiling: &Ceiling| ceiling.grants.covers(&concrete);
        grant.covers(&concrete) && ceilings.iter().all(is_under)
    };
    let matched = nodes.iter().filter(|node| names_of(node).iter().any(reached));
    Some(matched.map(|node| node.id.clone()).collect())
}

fn names_of(node: &Node) -> Vec<String> {
    let tags = node.tags.iter().map(|(key, value)| format!("tag:{key}={value}"));
    [node.id.clone()].into_iter().chain(node.alias.clone()).chain(tags).collect()
}

/// Parts `document@target`; an `@` that belongs to a name has a backslash before it.
fn target_of(text: &str) -> Option<(&str, &str)> {
    let mut ats = text.match_indices('@').map(|(at, _)| at);
    let at = ats.rfind(|at| !text[..*at].ends_with('\\'))?;
    Some((&text[..at], &text[at + 1..]))
}

/// The names of the documents that steps of a runbook can find.
#[derive(Debug)]
pub(super) struct Documents(BTreeSet<String>);

impl Documents {
    pub(super) fn of(found: &Found) -> Self {
        let shipped = library::documents().iter().map(|document| document.name.to_owned());
        Self(shipped.chain(beside::files(found).into_keys()).collect())
    }

    /// Returns the document that a grant names, if it is one alone and is nowhere.
    pub(super) fn absent(&self, grant: &Grant) -> Option<String> {
        let text = grant.to_string();
        let name = match text.strip_prefix(SEND) {
            Some(rest) => target_of(rest).map_or(rest, |(document, _)| document),
            None => text.strip_prefix(START)?,
        };
        // A wildcard is not a name, and neither is what has one escaped.
        let is_name = !name.contains(['*', '\\']);
        (is_name && !self.0.contains(name)).then(|| name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_of_a_tag_reaches_only_nodes_with_it() {
        let node = |tags: &[(&str, &str)]| Node {
            id: "mi-1".to_owned(),
            alias: Some("local".to_owned()),
            tags: tags
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect(),
        };
        let reached = |grant: &str, node: Node| {
            nodes(&Grant::parse(grant).unwrap(), &[], &[node]).map(|nodes| nodes.len())
        };
        assert_eq!(reached("commands:send:Doc@tag:Tier=web", node(&[])), Some(0));
        assert_eq!(reached("commands:send:Doc@tag:Tier=web", node(&[("Tier", "web")])), Some(1));
        assert_eq!(reached("commands:send:*@local", node(&[])), Some(1));
        assert_eq!(reached("commands:send:Doc@mi-2", node(&[])), Some(0));
        assert_eq!(reached("commands:send:*", node(&[])), None);
        assert_eq!(reached("parameters:read:/a@b", node(&[])), None);
    }
}
