//! What can be asked for, in the words of policies.

use ssm_model::Service;

use super::Access;

/// Operations on users and credentials that IAM has too.
const IAM: &str = "
    CreateAccessKey DeleteAccessKey DeleteUser ListAccessKeys ListUsers PassRole UpdateAccessKey
";

/// What only this program has. `HttpRequest` is what a step asks for that calls a service elsewhere.
const RUNWRIGHT: &str = "CreateToken DeleteToken HttpRequest ListEvents ListTokens PutUser";

const READING: [&str; 4] = ["Describe", "Get", "List", "Test"];
/// `EventBridge`, as policies call it.
const EVENTS: &str = "events";

/// Something that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action<'n> {
    /// `ssm`, `events`, `iam` or `runwright`.
    pub service: &'static str,
    pub operation: &'n str,
}

impl<'n> Action<'n> {
    /// Returns the action of an operation, which has the namespace of its service; what is not known is taken for one of SSM's.
    pub fn of(operation: &'n str) -> Self {
        if let Some(operation) = operation.strip_prefix(Service::EventBridge.namespace()) {
            return Self { service: EVENTS, operation };
        }
        let is_among = |names: &str| names.split_whitespace().any(|name| name == operation);
        let service = match () {
            () if is_among(IAM) => "iam",
            () if is_among(RUNWRIGHT) => "runwright",
            () => "ssm",
        };
        Self { service, operation }
    }

    /// Returns the operation's name with the namespace of its service, which SSM's and ours do not have.
    pub(super) fn asked(self) -> String {
        if self.service == EVENTS { self.id() } else { self.operation.to_owned() }
    }

    /// Returns the name in policies, such as `ssm:GetParameter`.
    pub fn id(self) -> String {
        format!("{}:{}", self.service, self.operation)
    }

    /// Returns the name of the group that the action belongs to, such as `ssm:read`.
    pub fn group(self) -> String {
        let group = match self.access() {
            Access::Read => "read",
            Access::Write => "write",
        };
        format!("{}:{group}", self.service)
    }

    /// Returns whether the action changes something, which its name says.
    pub fn access(self) -> Access {
        if READING.iter().any(|verb| self.operation.starts_with(verb)) {
            Access::Read
        } else {
            Access::Write
        }
    }
}

/// Returns every action that a policy can name.
pub fn actions() -> impl Iterator<Item = Action<'static>> {
    let ours = [("iam", IAM), ("runwright", RUNWRIGHT)].into_iter().flat_map(|(service, names)| {
        names.split_whitespace().map(move |operation| Action { service, operation })
    });
    let of_services =
        [Service::Ssm, Service::EventBridge].into_iter().flat_map(Service::operations);
    ours.chain(of_services.map(|operation| Action::of(operation.name())))
}
