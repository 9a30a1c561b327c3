//! The call and its outcome, between the engine's types and the guest's.

use host_api::failure::{Failure, FailureKind};
use host_api::invocation::{Invocation, Outcome, Resumption, Suspension, Wait, WaitKind};
use host_api::limits::{Limits, WAITS_MAX};
use serde_json::Value;

use crate::bindings::runwright::host::types as wit;

/// A failure's code, in bytes.
const CODE_BYTES_MAX: usize = 128;
/// A failure's message, in bytes; the rest is cut.
const MESSAGE_BYTES_MAX: usize = 4 << 10;
/// A failure's details as JSON text, in bytes.
const DETAILS_BYTES_MAX: usize = 64 << 10;

/// Returns the call as the guest receives it.
pub(crate) fn to_guest(call: Invocation) -> wit::Invocation {
    let Invocation { action, run_id, step, attempt, inputs, resume } = call;
    let resume = resume.map(|Resumption { state, ended }| wit::Resumption {
        state: state.to_string(),
        kind: kind_name(ended.kind).to_owned(),
        id: ended.id,
        result: ended.result.to_string(),
    });
    wit::Invocation { action, run_id, step, attempt, inputs: inputs.to_string(), resume }
}

/// Returns what the guest answered, or why it cannot be taken as an answer.
pub(crate) fn from_guest(
    answer: Result<wit::Outcome, wit::Failure>,
    limits: &Limits,
) -> Result<Outcome, Box<Failure>> {
    match answer {
        Ok(wit::Outcome::Done(text)) => Ok(Outcome::Done(json("outputs", &text, limits)?)),
        Ok(wit::Outcome::Suspended(suspension)) => suspended(suspension, limits),
        Err(failure) => Err(failed(failure).into()),
    }
}

fn suspended(suspension: wit::Suspension, limits: &Limits) -> Result<Outcome, Box<Failure>> {
    let wit::Suspension { state, until, on } = suspension;
    if on.len() > WAITS_MAX {
        return Err(bad(format!("waits for {} things, the limit is {WAITS_MAX}", on.len())).into());
    }
    if on.is_empty() && until.is_none() {
        return Err(bad("suspended, and waits for nothing").into());
    }
    let id_bytes: usize = on.iter().map(|wait| wait.id.len()).sum();
    if id_bytes as u64 > limits.result_bytes_max {
        return Err(bad("the identifiers waited for are too long").into());
    }
    let on = on.into_iter().map(wait).collect::<Result<_, _>>()?;
    Ok(Outcome::Suspended(Suspension { state: json("state", &state, limits)?, until, on }))
}

fn wait(wait: wit::Wait) -> Result<Wait, Box<Failure>> {
    let kind = match wait.kind.as_str() {
        "command" => WaitKind::Command,
        "automation" => WaitKind::Automation,
        "signal" => WaitKind::Signal,
        "time" => return Err(bad("time is waited for by `until`").into()),
        other => {
            let shown = cut(other, CODE_BYTES_MAX);
            return Err(bad(format!("cannot wait for a thing of kind `{shown}`")).into());
        }
    };
    Ok(Wait { kind, id: wait.id })
}

fn kind_name(kind: WaitKind) -> &'static str {
    match kind {
        WaitKind::Command => "command",
        WaitKind::Automation => "automation",
        WaitKind::Signal => "signal",
        WaitKind::Time => "time",
    }
}

fn json(what: &str, text: &str, limits: &Limits) -> Result<Value, Box<Failure>> {
    if text.len() as u64 > limits.result_bytes_max {
        let max = limits.result_bytes_max;
        return Err(bad(format!("{what} of {} bytes, the limit is {max}", text.len())).into());
    }
    serde_json::from_str(text).map_err(|error| bad(format!("{what} are not JSON: {error}")).into())
}

/// A failure that the action returned. One that breaks the contract is still shown, as the bad answer it is.
fn failed(failure: wit::Failure) -> Failure {
    let wit::Failure { code, message, retryable, details } = failure;
    let message = cut(&message, MESSAGE_BYTES_MAX);
    if !is_code(&code) {
        let code = cut(&code, CODE_BYTES_MAX);
        return bad(format!("failed with a code that is no word, `{code}`: {message}"));
    }
    if details.len() > DETAILS_BYTES_MAX {
        return bad(format!("failed with too many details, `{code}`: {message}"));
    }
    match serde_json::from_str(&details) {
        Ok(details) => {
            let kind = FailureKind::Action;
            let message = message.to_owned();
            Failure { kind, code, message, retryable, details }
        }
        Err(error) => {
            bad(format!("failed with details that are not JSON ({error}), `{code}`: {message}"))
        }
    }
}

fn is_code(code: &str) -> bool {
    code.len() <= CODE_BYTES_MAX
        && code.starts_with(|c: char| c.is_ascii_alphabetic())
        && code
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

fn bad(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::BadOutput, message)
}

/// Returns as much of the beginning of `text` as fits, on a character's border.
fn cut(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
