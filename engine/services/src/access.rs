//! Who may do what.

use serde_json::Value;

use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use crate::parameters::Place;

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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// Returns the resource's ARN.
    pub fn arn(&self, place: &Place) -> String {
        let Place { region, account_id } = place;
        let ssm = |rest: &str| format!("arn:aws:ssm:{region}:{account_id}:{rest}");
        match self {
            Self::Account => ssm("*"),
            Self::Parameter(name) => ssm(&format!("parameter/{}", name.trim_start_matches('/'))),
            Self::Document(name) => ssm(&format!("document/{name}")),
            Self::AutomationDefinition(name, version) => {
                ssm(&format!("automation-definition/{name}:{version}"))
            }
            Self::AutomationExecution(id) => ssm(&format!("automation-execution/{id}")),
            Self::ManagedInstance(id) => ssm(&format!("managed-instance/{id}")),
            Self::ServiceSetting(id) => {
                ssm(&format!("servicesetting/{}", id.trim_start_matches('/')))
            }
            Self::Role(name) => format!("arn:aws:iam::{account_id}:role/{name}"),
            Self::User(name) => format!("arn:aws:iam::{account_id}:user/{name}"),
        }
    }
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
        let principal = actor.principal.as_str();
        if actor.is_owner || principal.starts_with("os:") {
            return Ok(Vec::new());
        }
        if principal.ends_with(&format!(":user/{ADMINISTRATOR}")) {
            return Ok(vec![ADMINISTRATOR.to_owned()]);
        }
        let arn = question
            .resources
            .first()
            .map_or_else(|| Resource::Account.arn(self.place()), |first| first.arn(self.place()));
        self.record(actor, Deed::new(question.operation, arn.as_str()), "deny").await?;
        let operation = question.operation;
        Err(ServiceError::denied(format!(
            "User: {principal} is not authorized to perform: ssm:{operation} on resource: {arn} because no identity-based \
             policy allows the ssm:{operation} action"
        )))
    }
}
