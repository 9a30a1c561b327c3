//! One activation: a component is called, its host calls are served, what it says is scrubbed.

use std::collections::BTreeSet;
use std::sync::Arc;

use host_api::effect::{Activation, StepPath};
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::Digest;
use host_api::invocation::{
    Ended as WaitEnded, Invocation, Outcome, Resumption, Suspension, WaitKind,
};
use host_api::port::{LoggedAnswer, LoggedCall};
use machine::effect::Invoke;
use serde_json::Value;

use crate::driver::Shared;
use crate::handle::Handles;
use crate::host::{ActivationHost, Standing};
use crate::load::Fixed;
use crate::log::CallLog;

/// What an activation left: the step's outcome, and what is to be committed with it.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) path: StepPath,
    pub(crate) attempt: u32,
    pub(crate) activation: u32,
    pub(crate) result: Result<Outcome, Failure>,
    pub(crate) calls: Vec<LoggedCall>,
    pub(crate) log: Vec<sandbox::LogLine>,
}

/// Calls the component. `repeated` says that the activation may have begun before: then its log is read first.
pub(crate) async fn run(
    shared: Arc<Shared>,
    fixed: Arc<Fixed>,
    invoke: Invoke,
    repeated: bool,
) -> Ended {
    let (path, attempt, activation) = (invoke.path.clone(), invoke.attempt, invoke.activation);
    let (result, calls, log) = match attempt_run(&shared, &fixed, invoke, repeated).await {
        Ok(done) => done,
        Err(failure) => (Err(failure), Vec::new(), Vec::new()),
    };
    Ended { path, attempt, activation, result, calls, log }
}

type Done = (Result<Outcome, Failure>, Vec<LoggedCall>, Vec<sandbox::LogLine>);

async fn attempt_run(
    shared: &Arc<Shared>,
    fixed: &Arc<Fixed>,
    invoke: Invoke,
    repeated: bool,
) -> Result<Done, Failure> {
    let identity = Activation {
        run: fixed.started.run.clone(),
        path: invoke.path.clone(),
        attempt: invoke.attempt,
        activation: invoke.activation,
    };
    let recorded = if repeated { read_log(shared, &identity).await? } else { Vec::new() };
    let component = component_of(fixed, &invoke.action)?;
    shared.components.ensure(&component).await?;
    let mut handles = Handles::new(fixed.seed);
    let inputs = handles.give_all(invoke.inputs);
    let resume = match invoke.resume {
        Some(resume) => Some(give_again(shared, &identity, &mut handles, resume).await?),
        None => None,
    };
    let references = handles.references();
    let suspended_on = resume.as_ref().map(|resume| resume.ended.id.clone());
    let woken_by_unknown = resume.as_ref().is_some_and(|resume| is_unknown(&resume.ended));
    let call = Invocation {
        action: invoke.action,
        run_id: identity.run.to_string(),
        step: invoke.path.to_string(),
        attempt: invoke.attempt,
        inputs,
        resume,
    };
    let (standing, interfaces) = standing(fixed, identity)?;
    let host = ActivationHost {
        position: position(fixed, &standing.activation),
        standing,
        handles,
        log: CallLog::new(recorded),
        began: suspended_on.into_iter().collect(),
        references,
        capabilities: shared.capabilities.clone(),
        store: shared.store.clone(),
        random_calls: 0,
    };
    let mut limits = shared.settings.limits.clone();
    if let Some(deadline_ms) = invoke.deadline_ms {
        let left_ms = deadline_ms.saturating_sub(crate::run::now_ms());
        limits.wall_clock_ms_max = limits.wall_clock_ms_max.min(left_ms);
    }
    let invoked = shared.sandbox.invoke(&component, interfaces, call, &limits, host).await;
    let (mut result, calls, log) = finish(shared, invoked).await?;
    if woken_by_unknown
        && let Err(failure) = &mut result
        && failure.kind == FailureKind::Action
    {
        failure.kind = FailureKind::Unknown;
    }
    Ok((result, calls, log))
}

/// Returns whether nobody can say what became of a command on one of its nodes. A guest cannot say `Unknown` itself, and its failure
/// must not pass for one that a retry may follow unasked.
fn is_unknown(ended: &WaitEnded) -> bool {
    let invocations = ended.result["CommandInvocations"].as_array();
    ended.kind == WaitKind::Command
        && invocations.into_iter().flatten().any(|node| node["StatusDetails"] == "Unknown")
}

/// Gives the handles that the suspended state holds again; those of earlier activations come from the attempt's log.
async fn give_again(
    shared: &Shared,
    identity: &Activation,
    handles: &mut Handles,
    mut resume: Resumption,
) -> Result<Resumption, Failure> {
    if resume.state.to_string().contains(crate::handle::PREFIX) {
        let calls = crate::settle::calls_of_attempt(&shared.store, identity).await?;
        let mut references = BTreeSet::new();
        for call in &calls {
            if let Some(LoggedAnswer::Value(value)) = &call.answer {
                crate::host::collect_secrets(&call.request, &Ok(value.clone()), &mut references);
            }
        }
        for reference in &references {
            handles.give(reference);
        }
    }
    resume.state = handles.give_all(resume.state);
    Ok(resume)
}

/// Scrubs and checks what the guest produced.
async fn finish(
    shared: &Arc<Shared>,
    invoked: sandbox::Invoked<ActivationHost>,
) -> Result<Done, Failure> {
    let mut host = invoked.host;
    let mut result = match invoked.result {
        Ok(outcome) => checked(outcome, &mut host).await,
        Err(failure) => Err(failure),
    };
    if result.is_ok()
        && let Some(call) = host.log.unused()
    {
        result = Err(Failure::new(
            FailureKind::Nondeterminism,
            format!(
                "call {} of {}.{} was logged and is not made any more",
                call.ordinal, call.interface, call.function
            ),
        ));
    }
    let result = match result {
        Ok(Outcome::Done(outputs)) => {
            let outputs = host.handles.take_back(outputs);
            Ok(Outcome::Done(scrub(shared, &host.references, outputs).await?))
        }
        Ok(Outcome::Suspended(suspension)) => {
            let state = host.handles.take_back(suspension.state);
            let state = scrub(shared, &host.references, state).await?;
            Ok(Outcome::Suspended(Suspension { state, ..suspension }))
        }
        Err(failure) => Err(scrub_failure(shared, &host.references, failure).await?),
    };
    let mut log = invoked.log;
    if !host.references.is_empty() {
        for line in &mut log {
            let text =
                scrub(shared, &host.references, Value::String(std::mem::take(&mut line.message)))
                    .await?;
            text.as_str().unwrap_or_default().clone_into(&mut line.message);
        }
    }
    Ok((result, host.log.take_pending(), log))
}

/// A guest waits only for what this step began.
async fn checked(outcome: Outcome, host: &mut ActivationHost) -> Result<Outcome, Failure> {
    if let Outcome::Suspended(suspension) = &outcome {
        for wait in &suspension.on {
            if !host.has_begun(&wait.id).await? {
                return Err(Failure::new(
                    FailureKind::BadOutput,
                    format!("the action waits for {}, which it did not begin", wait.id),
                ));
            }
        }
        if suspension.on.is_empty() && suspension.until.is_none() {
            return Err(Failure::new(FailureKind::BadOutput, "the action waits for nothing"));
        }
    }
    Ok(outcome)
}

async fn scrub(
    shared: &Shared,
    references: &BTreeSet<String>,
    value: Value,
) -> Result<Value, Failure> {
    if references.is_empty() {
        return Ok(value);
    }
    shared.capabilities.scrub(references, value).await
}

async fn scrub_failure(
    shared: &Shared,
    references: &BTreeSet<String>,
    failure: Failure,
) -> Result<Failure, Failure> {
    if references.is_empty() {
        return Ok(failure);
    }
    let texts = serde_json::json!([failure.code, failure.message, failure.details]);
    let Value::Array(texts) = scrub(shared, references, texts).await? else {
        return Ok(failure);
    };
    let mut texts = texts.into_iter();
    let mut text = || texts.next().and_then(|text| text.as_str().map(str::to_owned));
    let (code, message) = (text().unwrap_or_default(), text().unwrap_or_default());
    Ok(Failure { code, message, details: texts.next().unwrap_or_default(), ..failure })
}

async fn read_log(shared: &Shared, identity: &Activation) -> Result<Vec<LoggedCall>, Failure> {
    let identity = identity.clone();
    shared
        .store
        .read(move |tx| store::host_calls::read(tx, &identity))
        .await
        .map_err(|error: store::ReadError| Failure::new(FailureKind::Internal, error.to_string()))
}

fn component_of(fixed: &Fixed, action: &str) -> Result<Digest, Failure> {
    fixed.started.components.get(action).cloned().ok_or_else(|| {
        Failure::new(FailureKind::Load, format!("the run has no component for {action}"))
    })
}

pub(crate) fn standing(
    fixed: &Fixed,
    activation: Activation,
) -> Result<(Standing, sandbox::Interfaces), Failure> {
    let (grants, interfaces) = fixed.grants(&activation.path.step)?;
    let standing = Standing {
        principal: fixed.started.principal.clone(),
        activation,
        grants,
        depth: fixed.started.parent.as_ref().map_or(0, |parent| parent.depth),
    };
    Ok((standing, interfaces))
}

pub(crate) fn position(fixed: &Fixed, activation: &Activation) -> sandbox::Position {
    sandbox::Position {
        run_id: activation.run.to_string(),
        document_name: fixed.plan.document.name.clone(),
        document_version: fixed.plan.document.version.clone(),
        step: activation.path.to_string(),
        attempt: activation.attempt,
        activation: activation.activation,
        account_id: fixed.started.account_id.clone(),
        region: fixed.started.region.clone(),
        principal: fixed.started.principal.to_string(),
    }
}

/// Returns what a task that broke (a bug of ours) leaves.
pub(crate) fn broken(path: &StepPath, attempt: u32, activation: u32) -> Ended {
    let failure = Failure::new(FailureKind::Internal, "the engine broke while the step ran");
    let path = path.clone();
    Ended { path, attempt, activation, result: Err(failure), calls: Vec::new(), log: Vec::new() }
}

/// Returns log lines as they are stored: a JSON list.
pub(crate) fn log_text(lines: &[sandbox::LogLine]) -> String {
    let lines: Vec<_> = lines
        .iter()
        .map(|line| serde_json::json!({ "level": format!("{:?}", line.level), "message": line.message }))
        .collect();
    Value::from(lines).to_string()
}
