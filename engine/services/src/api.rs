//! Operations by their names: what the wire, the CLI and steps that call our own API have in common.
//!
//! To give an operation a service: write it as a function of [`Services`] over the types of `ssm-model`, and list it in the module
//! of its capability here.

mod automation;
mod calendars;
mod documents;
mod parameters;
mod resource_policies;
mod settings;
mod step;
mod tags;

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::LazyLock;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Services;
use crate::access::{Access, Question, Resource};
use crate::actor::Actor;
use crate::error::{ServiceError, decode, encode};

type Answer = Pin<Box<dyn Future<Output = Result<Value, ServiceError>> + Send>>;

/// Members of a request on which a policy may depend.
const CONDITIONS: [&str; 4] = ["Overwrite", "Recursive", "DocumentType", "WithDecryption"];

static OPERATIONS: LazyLock<BTreeMap<&'static str, Operation>> = LazyLock::new(|| {
    let modules = [
        automation::operations(),
        calendars::operations(),
        documents::operations(),
        parameters::operations(),
        resource_policies::operations(),
        settings::operations(),
        tags::operations(),
    ];
    modules.into_iter().flatten().map(|operation| (operation.name, operation)).collect()
});

/// An operation that has a service.
pub struct Operation {
    /// SSM's name.
    pub name: &'static str,
    pub access: Access,
    run: Box<dyn Fn(Services, Actor, Value) -> Answer + Send + Sync>,
}

/// Returns the names of all operations that SSM has, each with whether it has a service here.
pub fn operations() -> impl Iterator<Item = (&'static str, bool)> {
    ssm_model::operations().map(|known| (known.name(), Operation::named(known.name()).is_some()))
}

impl std::fmt::Debug for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operation").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Operation {
    /// Returns the operation of this name, if it has a service.
    pub fn named(name: &str) -> Option<&'static Self> {
        OPERATIONS.get(name)
    }

    /// Returns all operations that have a service, by name.
    pub fn all() -> impl Iterator<Item = &'static Self> {
        OPERATIONS.values()
    }

    /// Describes an operation: whether it changes something, what it is done to, and the function that does it.
    fn new<Request, Result_, Resources, Call, Called>(
        name: &'static str,
        access: Access,
        resources: Resources,
        call: Call,
    ) -> Self
    where
        Request: DeserializeOwned + Send + Sync + 'static,
        Result_: Serialize + Send + 'static,
        Resources: Fn(&Services, &Request) -> Result<Vec<Resource>, ServiceError>
            + Copy
            + Send
            + Sync
            + 'static,
        Call: Fn(Services, Actor, Request) -> Called + Copy + Send + Sync + 'static,
        Called: Future<Output = Result<Result_, ServiceError>> + Send + 'static,
    {
        let run = move |services: Services, actor: Actor, input: Value| -> Answer {
            Box::pin(async move {
                let conditions = conditions(&input);
                let redacted = actor.request().map(|_| redacted(name, &input));
                let request: Request = decode(input)?;
                let resources = resources(&services, &request)?;
                let question = Question {
                    operation: name,
                    access,
                    resources: &resources,
                    conditions: &conditions,
                };
                let asking = actor.asking(name, redacted.unwrap_or_default());
                let policies = services.authorise(&asking, question).await?;
                let actor = asking.allowed_by(policies);
                encode(&call(services, actor, request).await?)
            })
        };
        Self { name, access, run: Box::new(run) }
    }
}

fn conditions(input: &Value) -> Vec<(&'static str, Value)> {
    let given = CONDITIONS.iter().filter_map(|name| Some((*name, input.get(name)?.clone())));
    given.collect()
}

/// Returns the request as the audit log shows it.
fn redacted(operation: &str, input: &Value) -> Value {
    ssm_model::operation(operation)
        .map_or(Value::Null, |operation| operation.redacted_input(input.clone()))
}

impl Services {
    /// Carries out an operation that is asked for by its name: SSM's rules for its input, then the policies, then the capability.
    ///
    /// # Errors
    /// `UnknownOperationException` for a name that SSM does not have, `Unavailable` for one that has no service here.
    pub async fn call(
        &self,
        actor: Actor,
        operation: &str,
        input: Value,
    ) -> Result<Value, ServiceError> {
        let Some(model) = ssm_model::operation(operation) else {
            return Err(ServiceError::request(
                "UnknownOperationException",
                format!("SSM has no operation {operation}"),
            ));
        };
        let Some(operation) = Operation::named(operation) else {
            return Err(ServiceError::unavailable(format!(
                "the operation {operation} is not available in this release"
            )));
        };
        model
            .check_input(&input)
            .map_err(|refused| ServiceError::request(refused.code(), refused.to_string()))?;
        (operation.run)(self.clone(), actor, input).await
    }
}

/// What concerns no single thing.
fn account<Request>(_: &Services, _: &Request) -> Result<Vec<Resource>, ServiceError> {
    Ok(vec![Resource::Account])
}
