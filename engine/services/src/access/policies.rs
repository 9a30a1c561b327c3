//! Policies that are ready to be asked.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::LazyLock;

use cedar_policy::{
    Authorizer, Effect, Policy, PolicyId, PolicySet, ValidationMode, ValidationResult,
};
use serde::Serialize;

use super::diagnostic::{PolicyDiagnostic, Severity};
use super::request::{Asked, Prepared};
use super::schema;

/// What each role that comes with the program may do.
const SHIPPED: [(&str, &str); 5] = [
    ("admin", include_str!("shipped/admin.cedar")),
    ("author", include_str!("shipped/author.cedar")),
    ("node", include_str!("shipped/node.cedar")),
    ("operator", include_str!("shipped/operator.cedar")),
    ("reader", include_str!("shipped/reader.cedar")),
];
/// What ids of policies that come with the program begin with.
pub(super) const SHIPPED_PREFIX: &str = "shipped";
/// The annotation that names a policy within its file.
const ID: &str = "id";
/// What calls that look into tags have in common.
const TAG_CALL: &str = "Tag(";

static SHIPPED_POLICIES: LazyLock<Result<Policies, String>> = LazyLock::new(|| {
    let mut policies = Policies::default();
    for (role, text) in SHIPPED {
        let parsed = parsed(role, text).map_err(|wrong| wrong[0].to_string())?;
        policies.add(SHIPPED_PREFIX, text, parsed).map_err(|wrong| wrong.to_string())?;
    }
    Ok(policies)
});

/// A set of policies.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    set: PolicySet,
    shown: Vec<ShownPolicy>,
    reads_tags: bool,
}

/// A policy as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownPolicy {
    /// `<file>:<its @id, or its number in the file>`, or `shipped:<name>`.
    pub id: String,
    pub text: String,
    /// Whether it forbids.
    pub forbids: bool,
}

/// What the policies say to a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    pub is_allowed: bool,
    /// The ids of the policies that decided: those that allow, or those that forbid; none when nothing allows.
    pub policies: Vec<String>,
    /// What kept a policy from being evaluated; it neither allowed, nor, if it forbids, let anything pass.
    pub errors: Vec<String>,
}

impl Policies {
    /// Returns the policies that come with the program.
    ///
    /// # Errors
    /// They are constants: an error is a bug.
    pub fn shipped() -> Result<Self, String> {
        SHIPPED_POLICIES.clone()
    }

    /// Adds the policies of a file, which is called `<name>.cedar`. Returns what may not be as it was meant.
    ///
    /// # Errors
    /// Everything that is wrong with the text; nothing was added.
    pub fn add_file(
        &mut self,
        name: &str,
        text: &str,
    ) -> Result<Vec<PolicyDiagnostic>, Vec<PolicyDiagnostic>> {
        if name == SHIPPED_PREFIX {
            let message = "policies of this name come with the program: rename the file";
            return Err(vec![PolicyDiagnostic::of_file(name, message)]);
        }
        let parsed = parsed(name, text)?;
        let warnings = validated(name, text, &parsed)?;
        self.add(name, text, parsed).map_err(|wrong| vec![wrong])?;
        Ok(warnings)
    }

    /// Returns whether some policy looks into the tags of resources.
    pub(crate) fn reads_tags(&self) -> bool {
        self.reads_tags
    }

    pub(crate) fn shown(&self) -> &[ShownPolicy] {
        &self.shown
    }

    /// Returns what the policies say: denied unless one permits and none forbids.
    ///
    /// # Errors
    /// A request that Cedar does not take, which is a bug.
    pub fn decide(&self, asked: &Asked<'_>) -> Result<Decision, String> {
        let Prepared { request, entities } = asked.prepared()?;
        let answer = Authorizer::new().is_authorized(&request, &self.set, &entities);
        let said = answer.diagnostics();
        let mut policies: BTreeSet<String> = said.reason().map(ToString::to_string).collect();
        let mut is_allowed = answer.decision() == cedar_policy::Decision::Allow;
        let mut errors = Vec::new();
        for error in said.errors() {
            errors.push(error.to_string());
            let cedar_policy::AuthorizationError::PolicyEvaluationError(failed) = error;
            let id = failed.policy_id();
            if self.set.policy(id).is_none_or(|policy| policy.effect() == Effect::Forbid) {
                // Whether it forbids is not known.
                if std::mem::take(&mut is_allowed) {
                    policies.clear();
                }
                policies.insert(id.to_string());
            }
        }
        Ok(Decision { is_allowed, policies: policies.into_iter().collect(), errors })
    }

    fn add(
        &mut self,
        prefix: &str,
        text: &str,
        parsed: Vec<Policy>,
    ) -> Result<(), PolicyDiagnostic> {
        let mut set = self.set.clone();
        let mut shown = Vec::with_capacity(parsed.len());
        for (index, policy) in parsed.into_iter().enumerate() {
            let name = policy.annotation(ID).map_or_else(|| (index + 1).to_string(), str::to_owned);
            let id = format!("{prefix}:{name}");
            shown.push(ShownPolicy {
                id: id.clone(),
                text: policy.to_string(),
                forbids: policy.effect() == Effect::Forbid,
            });
            set.add(policy.new_id(PolicyId::new(&id))).map_err(|_| {
                PolicyDiagnostic::of_file(prefix, format!("two policies are called {id}"))
            })?;
        }
        self.set = set;
        self.shown.extend(shown);
        self.reads_tags |= text.contains(TAG_CALL);
        Ok(())
    }
}

/// Returns everything that is to be said about a text, in order; nothing if all is well.
pub(super) fn check(text: &str) -> Vec<PolicyDiagnostic> {
    let mut said = match Policies::default().add_file("", text) {
        Ok(warnings) => warnings,
        Err(wrong) => wrong,
    };
    said.sort();
    said
}

/// Reads policies, in the order in which they stand.
fn parsed(file: &str, text: &str) -> Result<Vec<Policy>, Vec<PolicyDiagnostic>> {
    let set = PolicySet::from_str(text).map_err(|errors| {
        let said = |error| PolicyDiagnostic::of(file, text, Severity::Error, error);
        errors.iter().map(said).collect::<Vec<_>>()
    })?;
    if set.num_of_templates() > 0 {
        let message =
            "a template with ?principal or ?resource stands for nobody: write the policy out";
        return Err(vec![PolicyDiagnostic::of_file(file, message)]);
    }
    let mut policies: Vec<Policy> = set.policies().cloned().collect();
    // Cedar calls them policy0, policy1 and so on.
    policies.sort_by_key(|policy| {
        let id: &str = policy.id().as_ref();
        id.trim_start_matches(|one: char| !one.is_ascii_digit()).parse().unwrap_or(u64::MAX)
    });
    Ok(policies)
}

/// Holds policies against the schema, and returns warnings.
fn validated(
    file: &str,
    text: &str,
    policies: &[Policy],
) -> Result<Vec<PolicyDiagnostic>, Vec<PolicyDiagnostic>> {
    let of_file = |message: String| vec![PolicyDiagnostic::of_file(file, message)];
    let narrow = schema::narrow(text).map_err(of_file)?;
    let set = PolicySet::from_policies(policies.iter().cloned())
        .map_err(|error| of_file(error.to_string()))?;
    let mut result: ValidationResult = narrow.validate(&set, ValidationMode::Strict);
    if !result.validation_passed() {
        let whole = schema::whole().map_err(of_file)?;
        result = whole.validate(&set, ValidationMode::Strict);
    }
    if !result.validation_passed() {
        let said = |error| PolicyDiagnostic::of(file, text, Severity::Error, error);
        let mut wrong: Vec<_> = result.validation_errors().map(said).collect();
        // Cedar says a mistake anew for each action that a policy is about.
        wrong.sort();
        wrong.dedup_by_key(|wrong| (wrong.line, wrong.column));
        return Err(wrong);
    }
    let said = |warning| PolicyDiagnostic::of(file, text, Severity::Warning, warning);
    Ok(result.validation_warnings().map(said).collect())
}
