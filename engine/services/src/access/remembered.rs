//! Decisions that were made. A decision depends on nothing but the policies and what was asked, so it holds as long as the policies do.

use std::collections::{BTreeMap, BTreeSet};

use quick_cache::Weighter;
use quick_cache::sync::Cache;

use super::Resource;
use super::policies::{Decision, Policies};
use super::request::{Acting, Asked, Circumstances};

/// Bytes of questions and decisions that are kept.
const BYTES_MAX: u64 = 8 << 20;
/// Bytes that a question and its decision take beside their texts.
const BYTES_EACH: usize = 512;

/// Policies, and what they decided.
#[derive(Debug)]
pub(crate) struct Remembering {
    policies: Policies,
    made: Cache<Question, Decision, Size>,
}

/// Everything that a decision depends on beside the policies and the installation's place, which does not change.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Question {
    acting: Actor,
    operation: String,
    resource: Resource,
    tags: BTreeMap<String, String>,
    circumstances: Circumstances,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Actor {
    User(String, BTreeSet<String>),
    Role(String),
}

#[derive(Debug, Clone)]
struct Size;

impl Remembering {
    pub(super) fn new(policies: Policies) -> Self {
        let count = usize::try_from(BYTES_MAX).unwrap_or(usize::MAX) / BYTES_EACH;
        Self { policies, made: Cache::with_weighter(count, BYTES_MAX, Size) }
    }

    pub(crate) fn policies(&self) -> &Policies {
        &self.policies
    }

    /// Returns what the policies say, as [`Policies::decide`] does.
    pub(crate) fn decide(&self, asked: &Asked<'_>) -> Result<Decision, String> {
        let question = Question::of(asked);
        if let Some(decision) = self.made.get(&question) {
            return Ok(decision);
        }
        let decision = self.policies.decide(asked)?;
        self.made.insert(question, decision.clone());
        Ok(decision)
    }
}

impl Question {
    fn of(asked: &Asked<'_>) -> Self {
        let Asked { place: _, acting, operation, resource, tags, circumstances } = *asked;
        let acting = match acting {
            Acting::User { name, roles } => Actor::User(name.to_owned(), roles.clone()),
            Acting::Role(name) => Actor::Role(name.to_owned()),
        };
        Self {
            acting,
            operation: operation.to_owned(),
            resource: resource.clone(),
            tags: tags.clone(),
            circumstances: circumstances.clone(),
        }
    }

    fn text_bytes(&self) -> usize {
        let actor = match &self.acting {
            Actor::User(name, roles) => name.len() + roles.iter().map(String::len).sum::<usize>(),
            Actor::Role(name) => name.len(),
        };
        let tags: usize = self.tags.iter().map(|(key, value)| key.len() + value.len()).sum();
        actor + self.resource.text_bytes() + tags + self.circumstances.text_bytes()
    }
}

impl Weighter<Question, Decision> for Size {
    fn weight(&self, question: &Question, decision: &Decision) -> u64 {
        let said = decision.policies.iter().chain(&decision.errors).map(String::len);
        (BYTES_EACH + question.text_bytes() + said.sum::<usize>()) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::Place;

    #[test]
    fn a_decision_is_remembered_only_for_the_same_question() {
        let mut policies = Policies::default();
        let text = "permit(principal in Role::\"reader\", action, resource in Parameter::\"/a\");";
        policies.add_file("test", text).unwrap();
        let remembering = Remembering::new(policies);
        let place = Place { account_id: "000000000000".to_owned(), region: "us-east-1".to_owned() };
        let (none, circumstances) = (BTreeMap::new(), Circumstances::default());
        let decide = |role: &str, name: &str| {
            let roles = BTreeSet::from([role.to_owned()]);
            let asked = Asked {
                place: &place,
                acting: Acting::User { name: "bob", roles: &roles },
                operation: "GetParameter",
                resource: &Resource::Parameter(name.to_owned()),
                tags: &none,
                circumstances: &circumstances,
            };
            remembering.decide(&asked).unwrap().is_allowed
        };
        for _ in 0..2 {
            assert!(decide("reader", "/a/b"));
            assert!(!decide("other", "/a/b"));
            assert!(!decide("reader", "/b/b"));
        }
        assert_eq!(remembering.made.len(), 3);
    }
}
