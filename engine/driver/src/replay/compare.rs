//! Whether what an activation left is what the journal says.

use host_api::failure::{Failure, FailureKind};
use host_api::invocation::{Outcome, Suspension};
use host_api::limits::Limits;
use machine::event::Event;
use runbook::plan::Step;
use serde_json::{Value, json};

use super::Verdict;
use super::host::ReplayHost;
use crate::activation::told_apart;
use crate::secrets::SECRET_NOT_FOUND;

/// Says why an event was not left by a component: the engine ended the activation, or none was running.
pub(super) fn ended_by_engine(event: &Event, running: bool) -> Option<String> {
    let (Event::StepFailed { failure, .. } | Event::AttemptFailed { failure, .. }) = event else {
        return None;
    };
    if !running {
        return Some("it ended while it waited".to_owned());
    }
    match failure.kind {
        FailureKind::Timeout => Some("its time was over".to_owned()),
        FailureKind::Cancelled => Some("it was cancelled".to_owned()),
        FailureKind::Unknown => Some("the outcome of one of its calls was never known".to_owned()),
        FailureKind::Internal => Some("the engine failed".to_owned()),
        FailureKind::InputValidation => Some("its inputs were refused before it ran".to_owned()),
        FailureKind::Action
        | FailureKind::Denied
        | FailureKind::Fuel
        | FailureKind::Memory
        | FailureKind::Trap
        | FailureKind::HostBudget
        | FailureKind::BadOutput
        | FailureKind::Nondeterminism
        | FailureKind::Load => None,
    }
}

/// Fuel differs between versions of wasmtime; the log proves that an activation ended, so it is bounded only where it was the end.
pub(super) fn limits(limits: &Limits, event: &Event) -> Limits {
    let ended_by_fuel = matches!(
        event,
        Event::StepFailed { failure, .. } | Event::AttemptFailed { failure, .. }
            if failure.kind == FailureKind::Fuel
    );
    let fuel = if ended_by_fuel { limits.fuel } else { u64::MAX / 2 };
    Limits { fuel, ..limits.clone() }
}

pub(super) fn verdict(
    step: &Step,
    invoked: sandbox::Invoked<ReplayHost>,
    event: &Event,
) -> Verdict {
    let host = invoked.host;
    let result = invoked.result.map_err(|failure| told_apart(failure, host.was_denied));
    let mut result = result.map(|outcome| match outcome {
        Outcome::Done(outputs) => Outcome::Done(host.handles.take_back(outputs)),
        Outcome::Suspended(suspension) => {
            let state = host.handles.take_back(suspension.state);
            Outcome::Suspended(Suspension { state, ..suspension })
        }
    });
    if result.is_ok()
        && let Some(call) = host.log.unused()
    {
        result = Err(Failure::new(
            FailureKind::Nondeterminism,
            format!(
                "call {}, {}.{}, is not made any more",
                call.ordinal, call.interface, call.function
            ),
        ));
    }
    let (recorded, replayed) = (recorded(event), replayed(step, &result, event));
    if recorded == replayed {
        return Verdict::Equal;
    }
    // The failure that stands in the journal may have taken the place of an outcome that could not be scrubbed.
    if recorded["failure"]["code"] == SECRET_NOT_FOUND {
        let reason = "its outcome may have been withheld: a secret is gone".to_owned();
        return Verdict::NotComparable { reason };
    }
    match host.placeholder {
        Some(reason) => Verdict::NotComparable { reason: reason.to_owned() },
        None => Verdict::Different { recorded, replayed },
    }
}

fn recorded(event: &Event) -> Value {
    if let Event::StepSucceeded { outputs, .. } = event {
        json!({ "outputs": outputs })
    } else if let Event::StepSuspended { suspension, .. } = event {
        json!({ "suspended": suspension })
    } else if let Event::StepFailed { failure, .. } | Event::AttemptFailed { failure, .. } = event {
        json!({ "failure": failure })
    } else {
        Value::Null
    }
}

fn replayed(step: &Step, result: &Result<Outcome, Failure>, event: &Event) -> Value {
    match (result, event) {
        (Ok(Outcome::Done(response)), Event::StepSucceeded { .. }) => {
            json!({ "outputs": machine::outputs_of(step, response) })
        }
        (Ok(Outcome::Done(response)), _) => json!({ "outputs": response }),
        (Ok(Outcome::Suspended(suspension)), _) => json!({ "suspended": suspension }),
        (Err(failure), _) => json!({ "failure": failure }),
    }
}
