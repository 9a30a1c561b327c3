//! What [`export!`](crate::export!) expands to.

use serde_json::Value;

use crate::action::{Action, Call, Ended, Step, Wait};
use crate::bindings::runwright::host::types;
use crate::failure::Failure;
use crate::host::automation::{ExecutionId, ExecutionResult};
use crate::host::commands::{CommandId, CommandResult};

/// Makes a crate the component of its actions.
///
/// `interfaces` are those beyond `log`, `clock`, `random` and `context` that the actions call; a build fails when they
/// are not exactly those that the component imports. The manifest is made at compile time.
#[macro_export]
macro_rules! export {
    (
        package = $package:expr,
        version = $version:expr,
        interfaces = [$($interface:expr),* $(,)?],
        actions = [$($action:ty),+ $(,)?] $(,)?
    ) => {
        const _: () = {
            #[allow(dead_code, reason = "nothing natively calls a component's export")]
            struct Component;

            impl $crate::bindings::Guest for Component {
                fn run(
                    call: $crate::bindings::runwright::host::types::Invocation,
                ) -> ::core::result::Result<
                    $crate::bindings::runwright::host::types::Outcome,
                    $crate::bindings::runwright::host::types::Failure,
                > {
                    $(
                        if call.action == <$action as $crate::Action>::NAME {
                            return $crate::export::activate::<$action>(call);
                        }
                    )+
                    ::core::result::Result::Err($crate::export::unknown_action(&call))
                }
            }

            const MANIFEST: $crate::Manifest<'static> = $crate::Manifest {
                name: $package,
                version: $version,
                interfaces: &[$($interface),*],
                actions: &[$($crate::ActionManifest::of::<$action>()),+],
            };
            const LENGTH: usize = MANIFEST.length();

            #[allow(unsafe_code, reason = "a custom section has no safe spelling")]
            #[used]
            #[cfg_attr(target_arch = "wasm32", unsafe(link_section = "runwright:manifest"))]
            static SECTION: [u8; LENGTH] = MANIFEST.render();

            #[cfg(target_arch = "wasm32")]
            $crate::bindings::export_component!(Component with_types_in $crate::bindings);
        };
    };
}

/// Runs or resumes one action.
pub fn activate<A: Action>(call: types::Invocation) -> Result<types::Outcome, types::Failure> {
    Ok(outcome(step::<A>(call)?)?)
}

/// Returns the failure for an action that the component does not hold.
pub fn unknown_action(call: &types::Invocation) -> types::Failure {
    Failure::new("UnknownAction", format!("this component has no action {:?}", call.action)).into()
}

fn step<A: Action>(call: types::Invocation) -> Result<Step<A::Outputs, A::State>, Failure> {
    let inputs = serde_json::from_str(&call.inputs)
        .map_err(|error| Failure::invalid_inputs(format!("{}: {error}", A::NAME)))?;
    let position = Call { run_id: call.run_id, step: call.step, attempt: call.attempt };
    match call.resume {
        None => A::run(inputs, &position),
        Some(resumption) => {
            let state = serde_json::from_str(&resumption.state).map_err(|error| {
                Failure::new("BadState", format!("the state does not fit this version: {error}"))
            })?;
            A::resume(inputs, state, ended(resumption)?, &position)
        }
    }
}

fn ended(resumption: types::Resumption) -> Result<Ended, Failure> {
    let result: Value = serde_json::from_str(&resumption.result)
        .map_err(|error| Failure::new("BadWake", format!("the result is not JSON: {error}")))?;
    let id = resumption.id;
    Ok(match resumption.kind.as_str() {
        "command" => Ended::Command { id: CommandId::from(id), result: CommandResult::new(result) },
        "automation" => {
            Ended::Automation { id: ExecutionId::from(id), result: ExecutionResult::new(result) }
        }
        "signal" => Ended::Signal { id, result },
        "time" => Ended::Time,
        kind => return Err(Failure::new("BadWake", format!("this SDK knows no wake by {kind:?}"))),
    })
}

fn outcome<Outputs: serde::Serialize, State: serde::Serialize>(
    step: Step<Outputs, State>,
) -> Result<types::Outcome, Failure> {
    let text = |error| Failure::new("BadOutput", format!("cannot be written as JSON: {error}"));
    match step {
        Step::Done(outputs) => {
            serde_json::to_string(&outputs).map(types::Outcome::Done).map_err(text)
        }
        Step::Wait(pending) => Ok(types::Outcome::Suspended(types::Suspension {
            state: serde_json::to_string(&pending.state).map_err(text)?,
            until: pending.until_ms,
            on: pending.on.into_iter().map(types::Wait::from).collect(),
        })),
    }
}

impl From<Wait> for types::Wait {
    fn from(wait: Wait) -> Self {
        match wait {
            Wait::Command(id) => Self { kind: "command".to_owned(), id: id.to_string() },
            Wait::Automation(id) => Self { kind: "automation".to_owned(), id: id.to_string() },
        }
    }
}
