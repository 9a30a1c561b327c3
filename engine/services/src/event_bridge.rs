//! Rules, targets and events as clients of Amazon `EventBridge` know them.
//!
//! There is one bus, `default`: what happens here and what is put on it are the events that rules are held against. A target is a
//! runbook that is started or a command that is sent, each as the role of the target, of its rule, or of the installation; what
//! delivers to them, tries again and keeps what failed is the dispatcher of the triggers.

mod bus;
mod loaded;
mod message;
mod page;
mod pattern;
mod put_events;
mod rule;
mod tags;
mod target;
mod targets;

use crate::Services;
use crate::access::{Resource, role_name};
use crate::actor::Actor;
use crate::error::ServiceError;
use crate::triggers::ROLE_DEFAULT;

pub use loaded::{EventRule, EventTarget, TargetKind};
pub use message::*;
pub use put_events::{ENTRIES_BYTES_MAX, ENTRIES_MAX};
pub(crate) use tags::tagged;

/// Rules of the bus.
pub const RULES_MAX: u64 = 300;
/// Targets of one rule.
pub const TARGETS_MAX: usize = 5;
/// The name of the bus.
pub const BUS: &str = "default";

const NOT_FOUND: &str = "ResourceNotFoundException";

impl Services {
    /// Holds events against the rules as they are now. What was changed is changed, whether this works or not.
    async fn follow_event_rules(&self) {
        if let Err(error) = self.publish_rules(None).await {
            tracing::error!(%error, "a rule that was changed does not hold yet");
        }
    }

    /// Returns whether a rule file has a rule of this name, which only the file can change.
    fn is_file_rule(&self, name: &str) -> bool {
        self.triggers().source.files().rule_names().any(|known| known == name)
    }

    /// Refuses to touch a rule that a file has.
    fn check_unmanaged(&self, name: &str) -> Result<(), ServiceError> {
        if self.is_file_rule(name) { Err(managed(name)) } else { Ok(()) }
    }

    /// Refuses a bus that is not there.
    fn check_bus(&self, bus: Option<&str>) -> Result<(), ServiceError> {
        let named = bus.unwrap_or(BUS);
        if named == BUS || named == self.bus_arn() {
            return Ok(());
        }
        let name = named.split_once(":event-bus/").map_or(named, |(_, name)| name);
        Err(not_found(format!("Event bus {name} does not exist.")))
    }

    fn bus_arn(&self) -> String {
        Resource::EventBus(BUS.to_owned()).arn(self.place())
    }

    /// Asks whether an actor may let targets act as a role: the first that is given by its ARN, or that of the installation.
    async fn pass_event_role(
        &self,
        actor: &Actor,
        arns: [Option<&str>; 2],
    ) -> Result<(), ServiceError> {
        let name = match arns.into_iter().flatten().next() {
            Some(arn) => self.event_role(arn)?,
            None => ROLE_DEFAULT.to_owned(),
        };
        self.pass_role(actor, &Resource::Role(name)).await
    }

    fn event_role(&self, arn: &str) -> Result<String, ServiceError> {
        role_name(arn, self.place()).map_err(|why| {
            ServiceError::validation(format!(
                "Parameter RoleArn is not valid. Reason: {arn:?} {why}."
            ))
        })
    }
}

fn not_found(message: String) -> ServiceError {
    ServiceError::request(NOT_FOUND, message)
}

fn rule_not_found(name: &str) -> ServiceError {
    not_found(format!("Rule {name} does not exist on EventBus {BUS}."))
}

fn limit_exceeded() -> ServiceError {
    ServiceError::request(
        "LimitExceededException",
        "The requested resource exceeds the maximum number allowed.",
    )
}

fn managed(name: &str) -> ServiceError {
    ServiceError::request(
        "ManagedRuleException",
        format!("Rule {name} is managed by a rule file of this installation: change the file."),
    )
}

/// What is given as nothing is not given.
fn given(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.is_empty())
}
