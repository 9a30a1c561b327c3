//! One activation: a component is called, its host calls are served, what it says is scrubbed.

use std::collections::BTreeSet;
use std::sync::Arc;

use host_api::effect::{Activation, StepPath};
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::Digest;
use host_api::invocation::{
    Ended as WaitEnded, Invocation, Outcome, Resumption, Suspension, WaitKind,
};
use host_api::port::{HostAnswer, LoggedAnswer, LoggedCall};
use machine::effect::Invoke;
use serde_json::Value;
use tracing::Instrument;

use crate::driver::Shared;
use crate::handle::Handles;
use crate::host::{ActivationHost, Standing};
use crate::load::Fixed;
use crate::log::CallLog;
use crate::withheld;

/// The code of a host call's denial, as the guest sees it.
const DENIED: &str = "Denied";

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
    let span = tracing::debug_span!(
        "step",
        otel.name = invoke.action,
        run = %fixed.started.run,
        step = %path,
        attempt,
        activation,
        error = tracing::field::Empty,
    );
    let running = attempt_run(&shared, &fixed, invoke, repeated).instrument(span.clone());
    let (result, calls, log) = match running.await {
        Ok(done) => done,
        Err(failure) => (Err(failure), Vec::new(), Vec::new()),
    };
    if let Err(failure) = &result {
        span.record("error", failure.code.as_str());
    }
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
    // A log that cannot be read may hold a call that must not be made twice.
    let recorded =
        if repeated { read_log(shared, &identity).await.map_err(in_doubt)? } else { Vec::new() };
    if let Some(failure) =
        invoke.resume.as_ref().and_then(|resume| withheld::reason(&resume.ended.result))
    {
        return Err(failure);
    }
    let recorded_in_doubt =
        recorded.iter().any(|call| call.answer.is_none() && !call.request.repeatable());
    let told = |failure| if recorded_in_doubt { in_doubt(failure) } else { failure };
    let component = component_of(fixed, &invoke.action).map_err(told)?;
    shared.components.ensure(&component).await.map_err(told)?;
    let mut handles = Handles::new(fixed.seed);
    let inputs = handles.give_all(invoke.inputs);
    let resume = match invoke.resume {
        Some(resume) => Some(give_again(shared, &identity, &mut handles, resume).await?),
        None => None,
    };
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
        secrets: fixed.secrets.clone(),
        refused: Vec::new(),
        in_doubt: recorded_in_doubt,
        was_denied: false,
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
    let is_in_doubt = invoked.host.in_doubt;
    let (mut result, calls, log) = finish(shared, invoked).await;
    if is_in_doubt {
        result = result.map_err(in_doubt);
    }
    if woken_by_unknown
        && let Err(failure) = &mut result
        && failure.kind == FailureKind::Action
    {
        failure.kind = FailureKind::Unknown;
    }
    Ok((result, calls, log))
}

/// Returns whether nobody can say what became of a command on one of its nodes, or of what a child run did. A guest cannot say `Unknown` itself, and its failure
/// must not pass for one that a retry may follow unasked.
fn is_unknown(ended: &WaitEnded) -> bool {
    let nodes = ended.result["CommandInvocations"].as_array();
    match ended.kind {
        WaitKind::Command => {
            nodes.into_iter().flatten().any(|node| node["StatusDetails"] == "Unknown")
        }
        WaitKind::Automation => {
            ended.result["FailureKind"] == serde_json::json!(FailureKind::Unknown)
        }
        WaitKind::Signal | WaitKind::Time => false,
    }
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
                crate::secrets::collect_secrets(&call.request, &Ok(value.clone()), &mut references);
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
async fn finish(shared: &Arc<Shared>, invoked: sandbox::Invoked<ActivationHost>) -> Done {
    let mut host = invoked.host;
    let mut result = match invoked.result {
        Ok(outcome) => checked(outcome, &mut host).await,
        Err(failure) => Err(told_apart(failure, host.was_denied)),
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
    if let Err(failure) = host.audit_refused().await {
        result = Err(failure);
    }
    let references = host.secrets.references();
    // What cannot be scrubbed is not kept; the calls are, for they happened.
    let scrubbed = match result {
        Ok(Outcome::Done(outputs)) => {
            let outputs = host.handles.take_back(outputs);
            scrub(shared, &references, outputs).await.map(Outcome::Done)
        }
        Ok(Outcome::Suspended(suspension)) => {
            let state = host.handles.take_back(suspension.state);
            let state = scrub(shared, &references, state).await;
            state.map(|state| Outcome::Suspended(Suspension { state, ..suspension }))
        }
        Err(failure) => match scrub_failure(shared, &references, failure).await {
            Ok(failure) | Err(failure) => Err(failure),
        },
    };
    let mut log = invoked.log;
    if !references.is_empty() {
        for line in &mut log {
            let text = Value::String(std::mem::take(&mut line.message));
            let text = scrub(shared, &references, text).await;
            let text = text.unwrap_or_else(|failure| format!("<withheld: {failure}>").into());
            text.as_str().unwrap_or_default().clone_into(&mut line.message);
        }
    }
    (scrubbed, host.log.take_pending(), log)
}

/// A guest passes a denial on by its code, which it could also make up: only together with a call that was denied is it one, and then
/// no retry helps.
pub(crate) fn told_apart(failure: Failure, was_denied: bool) -> Failure {
    if was_denied && failure.kind == FailureKind::Action && failure.code == DENIED {
        return Failure { kind: FailureKind::Denied, ..failure };
    }
    failure
}

/// Returns whether a call was outside the step's grants.
pub(crate) fn is_denial(answer: &HostAnswer) -> bool {
    matches!(answer, Err(failure) if failure.kind == FailureKind::Denied)
}

/// Whatever ended the activation, a call was under way that must not be made twice: the step's `onUnknown` decides.
fn in_doubt(failure: Failure) -> Failure {
    if matches!(failure.kind, FailureKind::Unknown | FailureKind::Nondeterminism) {
        return failure;
    }
    let what = "a call was under way whose outcome is not known";
    let message = format!("{what}: {}", failure.message);
    Failure { kind: FailureKind::Unknown, message, ..failure }
}

/// A guest waits only for what this step began.
async fn checked(outcome: Outcome, host: &mut ActivationHost) -> Result<Outcome, Failure> {
    let (Outcome::Done(value) | Outcome::Suspended(Suspension { state: value, .. })) = &outcome;
    if runbook::value::holds_reference(value) {
        let message = format!("the action made the reserved key `{}`", runbook::value::SECRET_KEY);
        return Err(Failure::new(FailureKind::BadOutput, message));
    }
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
