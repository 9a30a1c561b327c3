//! Who may do what: Cedar's policies over the operations of SSM and `EventBridge`. What no policy permits is denied, and what one forbids too.

mod actions;
mod diagnostic;
pub mod iam;
mod policies;
mod remembered;
mod request;
mod role;
mod schema;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use host_api::identifier::Principal;
use serde_json::{Value, json};

use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use crate::parameters::Place;
use crate::tags::{EVENT_RULE, MANAGED_INSTANCE, PARAMETER};

pub use actions::{Action, actions};
pub use diagnostic::{PolicyDiagnostic, Severity};
pub use policies::{Decision, Policies, ShownPolicy};
pub use request::{Acting, Asked, Circumstances};
pub(crate) use role::role_name;
pub use schema::text as schema_text;
pub(crate) use sources::PolicySource;
pub use sources::PolicyStatus;

/// What principals of embedded runs begin with.
const EMBEDDED: &str = "os:";
/// Types of resources in the table of tags.
const DOCUMENT: &str = "Document";
const AUTOMATION: &str = "Automation";

/// The name of the user whom a new installation has.
pub const ADMINISTRATOR: &str = "administrator";
/// The role that may do everything.
pub const ADMINISTRATOR_ROLE: &str = "admin";

/// Whether an operation changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// What an operation is done to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Resource {
    /// The installation: what concerns no single thing, such as a list.
    Account,
    /// A parameter by name, or all those below a path.
    Parameter(String),
    Document(String),
    /// A document that a run is started from, in a version.
    AutomationDefinition(String, String),
    AutomationExecution(String),
    ManagedInstance(String),
    ServiceSetting(String),
    /// What events are put on, by its name.
    EventBus(String),
    /// A rule of `EventBridge`, by its name.
    EventRule(String),
    /// A role that a run is to act as.
    Role(String),
    /// A user of this installation.
    User(String),
}

/// A question to the policies.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// SSM's name of the operation.
    pub operation: &'static str,
    pub access: Access,
    pub resources: &'a [Resource],
    /// Members of the request on which a policy may depend.
    pub conditions: &'a [(&'static str, Value)],
}

impl Resource {
    fn text_bytes(&self) -> usize {
        match self {
            Self::Account => 0,
            Self::AutomationDefinition(name, version) => name.len() + version.len(),
            Self::Parameter(name)
            | Self::Document(name)
            | Self::AutomationExecution(name)
            | Self::ManagedInstance(name)
            | Self::ServiceSetting(name)
            | Self::EventBus(name)
            | Self::EventRule(name)
            | Self::Role(name)
            | Self::User(name) => name.len(),
        }
    }

    /// Returns the resource's ARN.
    pub fn arn(&self, place: &Place) -> String {
        let Place { region, account_id } = place;
        let ssm = |rest: &str| format!("arn:aws:ssm:{region}:{account_id}:{rest}");
        match self {
            Self::Account => ssm("*"),
            Self::Parameter(name) => {
                ssm(&format!("parameter/{}", request::path(name).trim_start_matches('/')))
            }
            Self::Document(name) => ssm(&format!("document/{}", request::document(name))),
            Self::AutomationDefinition(name, version) => {
                let name = request::document(name);
                ssm(&format!("automation-definition/{name}:{version}"))
            }
            Self::AutomationExecution(id) => ssm(&format!("automation-execution/{id}")),
            Self::ManagedInstance(id) => ssm(&format!("managed-instance/{id}")),
            Self::ServiceSetting(id) => {
                ssm(&format!("servicesetting/{}", id.trim_start_matches('/')))
            }
            Self::EventBus(name) => {
                format!("arn:aws:events:{region}:{account_id}:event-bus/{name}")
            }
            Self::EventRule(name) => format!("arn:aws:events:{region}:{account_id}:rule/{name}"),
            Self::Role(name) => format!("arn:aws:iam::{account_id}:role/{name}"),
            Self::User(name) => format!("arn:aws:iam::{account_id}:user/{name}"),
        }
    }
}

/// Why a question was not answered by yes.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The policies that forbid; none if nothing allows.
    policies: Vec<String>,
    arn: String,
    message: String,
}

impl Refusal {
    /// Returns `AccessDeniedException`.
    pub(crate) fn error(self) -> ServiceError {
        let details = json!({ "resource": self.arn, "policies": self.policies });
        ServiceError::denied(self.message).with_details(details)
    }
}

/// A question to try the policies with.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The ARN of a user of this installation, or of a role.
    pub principal: Principal,
    /// The operation's name, such as `GetParameter`.
    pub operation: String,
    pub resource: Resource,
    pub circumstances: Circumstances,
}

impl Services {
    /// Asks the policies, and returns the ids of those that allow it.
    ///
    /// A refusal is in the audit log before this returns.
    ///
    /// # Errors
    /// `AccessDeniedException`.
    pub(crate) async fn authorise(
        &self,
        actor: &Actor,
        question: Question<'_>,
    ) -> Result<Vec<String>, ServiceError> {
        let refusal = match self.answer(actor, question).await? {
            Ok(policies) => return Ok(policies),
            Err(refusal) => refusal,
        };
        let deed = Deed::new(question.operation, refusal.arn.as_str())
            .details(json!({ "policies": refusal.policies, "reason": refusal.message }));
        self.record(actor, deed, "deny").await?;
        Err(refusal.error())
    }

    /// Asks the policies about every resource of a question; a refusal is not in the audit log yet. Of the owner
    /// of an embedded store they are not asked.
    pub(crate) async fn answer(
        &self,
        actor: &Actor,
        question: Question<'_>,
    ) -> Result<Result<Vec<String>, Refusal>, ServiceError> {
        if is_unasked(actor) {
            return Ok(Ok(Vec::new()));
        }
        if actor.step().is_some() {
            return self.answer_elsewhere(actor, question).await;
        }
        self.answer_here(actor, question).await
    }

    async fn answer_here(
        &self,
        actor: &Actor,
        question: Question<'_>,
    ) -> Result<Result<Vec<String>, Refusal>, ServiceError> {
        let principal = &actor.principal;
        let mut circumstances = Circumstances::of(&question);
        if let Some(request) = actor.request() {
            circumstances.source_address = request.source_address;
            circumstances.is_mfa = request.is_mfa;
        }
        let whole = [Resource::Account];
        let resources = if question.resources.is_empty() { &whole[..] } else { question.resources };
        let mut policies = BTreeSet::new();
        for resource in resources {
            let decision =
                self.decide(principal, question.operation, resource, &circumstances).await?;
            for error in &decision.errors {
                tracing::error!(%error, "a policy cannot be evaluated");
            }
            if !decision.is_allowed {
                return Ok(Err(self.refusal(principal, question.operation, resource, decision)));
            }
            policies.extend(decision.policies);
        }
        Ok(Ok(policies.into_iter().collect()))
    }

    /// Says what the policies would decide, without asking for anything.
    pub async fn try_policies(&self, trial: &Trial) -> Result<Decision, ServiceError> {
        let Trial { principal, operation, resource, circumstances } = trial;
        self.decide(principal, operation, resource, circumstances).await
    }

    async fn decide(
        &self,
        principal: &Principal,
        operation: &str,
        resource: &Resource,
        circumstances: &Circumstances,
    ) -> Result<Decision, ServiceError> {
        let directory = self.directory().await?;
        let account_id = &self.place().account_id;
        let named = principal.as_str().strip_prefix(&*format!("arn:aws:iam::{account_id}:"));
        let acting = named.and_then(|named| match named.split_once('/')? {
            ("user", name) => directory.roles(principal).map(|roles| Acting::User { name, roles }),
            ("role", name) => Some(Acting::Role(name)),
            _ => None,
        });
        // Whoever is nobody here, or no longer, has no policy.
        let Some(acting) = acting else { return Ok(Decision::default()) };
        let policies = self.policies().current();
        let tags = if policies.policies().reads_tags() {
            self.tags_for_policies(resource).await?
        } else {
            BTreeMap::new()
        };
        let (place, tags) = (self.place(), &tags);
        let asked = Asked { place, acting, operation, resource, tags, circumstances };
        policies.decide(&asked).map_err(ServiceError::internal)
    }

    /// Asks the policies from a thread's own stack: they look at how much of it is left, and a step's host call comes on another one.
    async fn answer_elsewhere(
        &self,
        actor: &Actor,
        question: Question<'_>,
    ) -> Result<Result<Vec<String>, Refusal>, ServiceError> {
        let (services, actor) = (self.clone(), actor.clone());
        let Question { operation, access, .. } = question;
        let (resources, conditions) = (question.resources.to_vec(), question.conditions.to_vec());
        let asking = tokio::spawn(async move {
            let (resources, conditions) = (&*resources, &*conditions);
            let question = Question { operation, access, resources, conditions };
            services.answer_here(&actor, question).await
        });
        asking.await.unwrap_or_else(|error| {
            Err(ServiceError::internal(format!("the policies could not be asked: {error}")))
        })
    }

    async fn tags_for_policies(
        &self,
        resource: &Resource,
    ) -> Result<BTreeMap<String, String>, ServiceError> {
        let (kind, id) = match resource {
            Resource::Parameter(name) => (PARAMETER, name),
            Resource::Document(name) | Resource::AutomationDefinition(name, _) => (DOCUMENT, name),
            Resource::AutomationExecution(id) => (AUTOMATION, id),
            Resource::ManagedInstance(id) => (MANAGED_INSTANCE, id),
            Resource::EventRule(name) => (EVENT_RULE, name),
            Resource::Account
            | Resource::EventBus(_)
            | Resource::ServiceSetting(_)
            | Resource::Role(_)
            | Resource::User(_) => return Ok(BTreeMap::new()),
        };
        let mut tags = if let Resource::ManagedInstance(id) = resource {
            self.tags_of_node(id).await
        } else {
            BTreeMap::new()
        };
        let id = id.clone();
        tags.extend(self.store().read(move |tx| store::tags::list(tx, kind, &id)).await?);
        Ok(tags)
    }

    /// Returns the tags that a node brings along.
    async fn tags_of_node(&self, id: &str) -> BTreeMap<String, String> {
        let nodes = self.nodes().list().await;
        let node = nodes.into_iter().find(|node| node.id.as_str() == id);
        node.map(|node| node.tags).unwrap_or_default()
    }

    fn refusal(
        &self,
        principal: &Principal,
        operation: &str,
        resource: &Resource,
        decision: Decision,
    ) -> Refusal {
        let action = Action::of(operation).id();
        let arn = resource.arn(self.place());
        let reason = if decision.policies.is_empty() {
            format!("because no identity-based policy allows the {action} action")
        } else {
            "with an explicit deny in an identity-based policy".to_owned()
        };
        let message = format!(
            "User: {principal} is not authorized to perform: {action} on resource: {arn} {reason}"
        );
        Refusal { policies: decision.policies, arn, message }
    }
}

/// Returns whether it is the owner of an embedded store who acts, and could do everything by hand.
pub(crate) fn is_unasked(actor: &Actor) -> bool {
    actor.is_owner || actor.principal.as_str().starts_with(EMBEDDED)
}

/// Says what is wrong with the text of policies, and what may not be as it was meant; nothing if all is well.
pub fn validate_policies(text: &str) -> Vec<PolicyDiagnostic> {
    policies::check(text)
}
