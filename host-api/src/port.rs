//! The ports through which the sandbox and the driver reach the capabilities.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::effect::Activation;
use crate::failure::Failure;
use crate::grant::Grants;
use crate::identifier::{Digest, Principal};
use crate::request::{HostRequest, ParametersRequest};

/// The answer to a host call: the value that [`HostRequest`] documents, as JSON, or a failure that the guest is told.
pub type HostAnswer = Result<Value, Failure>;

/// An answered call as it stands in a run's log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedCall {
    /// Counts from 0 within an activation.
    pub ordinal: u32,
    pub interface: String,
    pub function: String,
    /// Over the request, in which secrets are references.
    pub request_digest: Digest,
    pub request: HostRequest,
    /// Absent while an external effect is between intent and outcome.
    pub answer: Option<LoggedAnswer>,
}

/// [`HostAnswer`] in the log. An answer that carries plain text of a secret is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum LoggedAnswer {
    Value(Value),
    Failure(Failure),
    /// The answer was plain text of a secret; a resumption asks again, a replay uses a placeholder.
    Withheld,
}

impl LoggedCall {
    /// Returns the entry for a call; `None` as answer states the intent of an external effect.
    pub fn new(ordinal: u32, request: &HostRequest, answer: Option<&HostAnswer>) -> Self {
        let (interface, function) = request.name();
        Self {
            ordinal,
            interface: interface.to_owned(),
            function: function.to_owned(),
            request_digest: request.digest(),
            request: request.redacted().into_owned(),
            answer: answer.map(|answer| LoggedAnswer::of(request, answer)),
        }
    }
}

impl LoggedAnswer {
    fn of(request: &HostRequest, answer: &HostAnswer) -> Self {
        match (request, answer) {
            (HostRequest::Parameters(ParametersRequest::Reveal { .. }), Ok(_)) => Self::Withheld,
            (_, Ok(value)) => Self::Value(value.clone()),
            (_, Err(failure)) => Self::Failure(failure.clone()),
        }
    }
}

/// Who calls, and where the call stands.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Principal,
    pub activation: Activation,
    /// Position of the call within the activation.
    pub ordinal: u32,
    /// The calls of this activation that are answered and not yet in the store. A performer of a store effect writes
    /// them in the effect's own transaction, followed, where it
    /// [begins](HostRequest::begins) something, by the answered call itself, so that a resumption finds everything.
    pub prior: Vec<LoggedCall>,
    /// The runbook at the root of this run and its parents, for limits on nesting: 0 for a run that nobody's step began.
    pub depth: u32,
    /// What the step may do; an HTTP call's redirects and addresses are held against it while it is performed.
    pub grants: Arc<Grants>,
}

/// Performs host calls that are granted; implemented by `services`.
///
/// The caller has checked grants and the log. A store effect commits its change, its audit row, a `once` row keyed by
/// the effect id and [`Caller::prior`] in one transaction; asked again with the same effect id, it answers what it
/// answered before. A failure of kind `Unknown` says that an external effect may or may not have happened.
#[async_trait]
pub trait Capabilities: Send + Sync + 'static {
    async fn perform(&self, caller: &Caller, request: &HostRequest) -> HostAnswer;

    /// Returns `value` with every text of the referenced secrets (plain, base64, URL-encoded, JSON-escaped) replaced by
    /// `***`. Asked before anything a guest produced is journaled, logged or shown.
    async fn scrub(&self, references: &BTreeSet<String>, value: Value) -> Result<Value, Failure>;
}
