//! Operations by their names: what the wire, the CLI and steps that call our own API have in common.
//!
//! To give an operation a service: write it as a function of [`Services`] over the types of `ssm-model`, and list it in the module
//! of its capability here.

mod automation;
mod calendars;
mod documents;
mod event_bridge;
mod exceptions;
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
use crate::actor::{Actor, now_ms};
use crate::audit::{Record, Redacted, What};
use crate::error::{ErrorKind, ServiceError, decode, encode};

type Answer = Pin<Box<dyn Future<Output = Result<Value, ServiceError>> + Send>>;

/// Members of a request on which a policy may depend.
const CONDITIONS: [&str; 4] = ["Overwrite", "Recursive", "DocumentType", "WithDecryption"];

static OPERATIONS: LazyLock<BTreeMap<&'static str, Operation>> = LazyLock::new(|| {
    let modules = [
        automation::operations(),
        calendars::operations(),
        documents::operations(),
        event_bridge::operations(),
        parameters::operations(),
        resource_policies::operations(),
        settings::operations(),
        tags::operations(),
    ];
    modules.into_iter().flatten().map(|operation| (operation.name, operation)).collect()
});

/// An operation that has a service.
pub struct Operation {
    /// SSM's name, or that of another service with its namespace, as in `events:PutRule`.
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
                let shown = Redacted::request(name, &input);
                let mut asked = Asked {
                    operation: name,
                    access,
                    actor: actor.asking(name, shown.parameters.clone()),
                    resource: Resource::Account.arn(services.place()),
                    is_refused: false,
                };
                let answer = async {
                    let conditions = conditions(&input);
                    let request: Request = decode(input)?;
                    let resources = resources(&services, &request)?;
                    asked.permit(&services, &resources, &conditions).await?;
                    encode(&call(services.clone(), asked.actor.clone(), request).await?)
                };
                let answer = answer.await;
                services.record_answer(&asked, &shown, &answer).await?;
                answer
            })
        };
        Self { name, access, run: Box::new(run) }
    }
}

fn conditions(input: &Value) -> Vec<(&'static str, Value)> {
    let given = CONDITIONS.iter().filter_map(|name| Some((*name, input.get(name)?.clone())));
    given.collect()
}

/// A request on its way.
struct Asked {
    operation: &'static str,
    access: Access,
    actor: Actor,
    /// What the audit log says it was done to.
    resource: String,
    /// Whether the policies refused it, which they have recorded.
    is_refused: bool,
}

impl Asked {
    /// Asks the policies.
    async fn permit(
        &mut self,
        services: &Services,
        resources: &[Resource],
        conditions: &[(&'static str, Value)],
    ) -> Result<(), ServiceError> {
        if let Some(first) = resources.first() {
            self.resource = first.arn(services.place());
        }
        let Self { operation, access, .. } = *self;
        let permitted =
            services.authorise(&self.actor, Question { operation, access, resources, conditions });
        match permitted.await {
            Ok(policies) => self.actor = self.actor.clone().allowed_by(policies),
            Err(error) => {
                self.is_refused = error.kind == ErrorKind::Denied;
                return Err(error);
            }
        }
        Ok(())
    }
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
            let error = ServiceError::unavailable(format!(
                "the operation {operation} is not available in this release"
            ));
            self.record_unserved(actor, model.name(), &input, &error).await?;
            return Err(error);
        };
        if let Err(refused) = model.check_input(&input) {
            let error = exceptions::of(operation.name, &refused);
            self.record_unserved(actor, operation.name, &input, &error).await?;
            return Err(error);
        }
        (operation.run)(self.clone(), actor, input).await
    }
}

impl Services {
    /// Records a read, or a request that failed. What a change did, or what was refused, is in the log already.
    async fn record_answer(
        &self,
        asked: &Asked,
        shown: &Redacted,
        answer: &Result<Value, ServiceError>,
    ) -> Result<(), ServiceError> {
        let is_change = asked.access == Access::Write && answer.is_ok();
        if is_change || asked.is_refused {
            return Ok(());
        }
        let what = What {
            action: asked.operation,
            resource: &asked.resource,
            is_read: asked.access == Access::Read,
            decision: "allow",
            details: &Value::Null,
        };
        let record = Record::new(&asked.actor, self.place(), &what, now_ms());
        let record = match answer {
            Err(error) if !is_unremarkable(asked.operation, error) => record.failed(error, shown),
            Err(_) | Ok(_) => record,
        };
        self.record_soon(record.entry()).await
    }
}

impl Services {
    /// Records a request that was turned away before anything was looked at.
    async fn record_unserved(
        &self,
        actor: Actor,
        operation: &'static str,
        input: &Value,
        error: &ServiceError,
    ) -> Result<(), ServiceError> {
        let shown = Redacted::request(operation, input);
        let actor = actor.asking(operation, shown.parameters.clone());
        let what = What {
            action: operation,
            resource: &Resource::Account.arn(self.place()),
            is_read: Operation::named(operation).is_some_and(|known| known.access == Access::Read),
            decision: "allow",
            details: &Value::Null,
        };
        let record = Record::new(&actor, self.place(), &what, now_ms());
        self.record_soon(record.failed(error, &shown).entry()).await
    }
}

/// SSM records that somebody asked for a parameter that does not exist, not that it does not exist.
fn is_unremarkable(operation: &str, error: &ServiceError) -> bool {
    error.code == "ParameterNotFound" && matches!(operation, "GetParameter" | "DeleteParameter")
}

/// What concerns no single thing.
#[expect(
    clippy::unnecessary_wraps,
    reason = "operations name their resources by functions that may fail"
)]
fn account<Request>(_: &Services, _: &Request) -> Result<Vec<Resource>, ServiceError> {
    Ok(vec![Resource::Account])
}
