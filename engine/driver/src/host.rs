//! What a component's host calls meet: the log, the grants, the capabilities.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use host_api::effect::{Activation, EffectClass};
use host_api::failure::{Failure, FailureKind};
use host_api::grant::Grants;
use host_api::identifier::Principal;
use host_api::port::{Caller, Capabilities, HostAnswer};
use host_api::request::api::fold;
use host_api::request::{
    ApiRequest, AutomationRequest, CommandsRequest, HostRequest, HttpRequest, ParameterKind,
    ParametersRequest,
};
use serde_json::Value;
use store::Store;
use tracing::Instrument;

use crate::crash;
use crate::handle::Handles;
use crate::log::{CallLog, Recorded};
use crate::secrets::{
    RunSecrets, collect_from_request, collect_secrets, is_secret_missing, reveals,
};

/// What is the same for every call of one activation.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) principal: Principal,
    pub(crate) activation: Activation,
    pub(crate) grants: Arc<Grants>,
    pub(crate) depth: u32,
}

/// Calls to interfaces that are not granted which one activation has audited; a guest may make many.
const REFUSED_MAX: usize = 16;

/// One call on its way.
struct Call {
    ordinal: u32,
    request: HostRequest,
    /// The request as it is logged, where that differs.
    logged: Option<HostRequest>,
}

impl Call {
    fn logged(&self) -> &HostRequest {
        self.logged.as_ref().unwrap_or(&self.request)
    }
}

/// Serves one activation's host calls.
pub(crate) struct ActivationHost {
    pub(crate) standing: Standing,
    pub(crate) position: sandbox::Position,
    pub(crate) handles: Handles,
    pub(crate) log: CallLog,
    /// Commands and child runs that this attempt began.
    pub(crate) began: BTreeSet<String>,
    /// What the run has touched; their texts may be in what the guest produces.
    pub(crate) secrets: Arc<RunSecrets>,
    /// A call that must not be repeated was begun, and nothing says what became of it.
    pub(crate) in_doubt: bool,
    /// A call was denied, or named an interface that is not granted.
    pub(crate) was_denied: bool,
    /// Calls to interfaces that are not granted, to be audited before the activation's end is committed.
    pub(crate) refused: Vec<(String, String)>,
    pub(crate) capabilities: Arc<dyn Capabilities>,
    pub(crate) store: Store,
    pub(crate) random_calls: u32,
}

impl ActivationHost {
    /// Answers one call. The outer error ends the activation; the guest cannot catch it.
    pub(crate) async fn answer(&mut self, request: HostRequest) -> Result<HostAnswer, Failure> {
        let logged = self.logged(&request).await?;
        let (ordinal, recorded) = self.log.next(logged.as_ref().unwrap_or(&request))?;
        let call = Call { ordinal, request, logged };
        let answer = match recorded {
            Recorded::Answered(answer) => answer,
            Recorded::Withheld => self.perform(&call).await,
            Recorded::Begun if call.request.repeatable() => {
                self.perform_external(&call, false).await?
            }
            Recorded::Begun => return Err(unknown(&call.request)),
            Recorded::New => self.answer_new(&call).await?,
        };
        self.remember(&call.request, &answer);
        Ok(answer)
    }

    /// Returns the request as it is logged where that differs: once a secret's text was revealed, it may stand in any request.
    async fn logged(&self, request: &HostRequest) -> Result<Option<HostRequest>, Failure> {
        if !self.secrets.is_revealed() {
            return Ok(None);
        }
        let broken =
            |error: serde_json::Error| Failure::new(FailureKind::Internal, error.to_string());
        let value = serde_json::to_value(request).map_err(broken)?;
        let scrubbed = self.capabilities.scrub(&self.secrets.references(), value.clone()).await?;
        if scrubbed == value {
            return Ok(None);
        }
        serde_json::from_value(scrubbed).map(Some).map_err(broken)
    }

    async fn answer_new(&mut self, call: &Call) -> Result<HostAnswer, Failure> {
        let request = &call.request;
        let allowed = match &call.logged {
            Some(_) if keeps_in_clear(request) => Err(denied(
                "the text of a secret is in the request, and would be kept in clear: pass its handle on instead",
            )),
            _ => self.allowed(request).await,
        };
        if let Err(denial) = allowed {
            self.audit_denial(request, &denial).await?;
            let answer = Err(denial);
            self.log.answered(call.ordinal, call.logged(), &answer);
            return Ok(answer);
        }
        match request.effect() {
            EffectClass::External => self.perform_external(call, true).await,
            effect @ (EffectClass::Pure | EffectClass::Read | EffectClass::Store) => {
                let answer = if matches!(request, HostRequest::Clock(_)) {
                    Ok(Value::from(crate::run::now_ms()))
                } else {
                    self.perform(call).await
                };
                let is_written = effect == EffectClass::Store && answer.is_ok();
                if is_written {
                    crash::point("after-store-effect");
                    // An operation by name may have found nothing to change, and then wrote no log either; written twice, it is one.
                    if !matches!(request, HostRequest::Api(_)) {
                        self.log.written();
                    }
                }
                if !(is_written && request.begins()) {
                    self.log.answered(call.ordinal, call.logged(), &answer);
                }
                fatal(answer)
            }
        }
    }

    async fn perform(&self, call: &Call) -> HostAnswer {
        let Call { ordinal, request, .. } = call;
        let caller = Caller {
            principal: self.standing.principal.clone(),
            activation: self.standing.activation.clone(),
            ordinal: *ordinal,
            prior: self.log.pending().to_vec(),
            depth: self.standing.depth,
            grants: self.standing.grants.clone(),
        };
        let (interface, function) = request.name();
        let span = tracing::debug_span!("host call", otel.name = function, interface);
        let answer = self.capabilities.perform(&caller, request).instrument(span).await;
        if is_secret_missing(&answer) {
            return answer;
        }
        let mut references = BTreeSet::new();
        collect_from_request(request, &mut references);
        self.secrets.add(&references, false);
        self.scrubbed(request, answer).await
    }

    /// Takes the texts of secrets out of an answer, such as a server's echo of a header; guest and log see the same.
    async fn scrubbed(&self, request: &HostRequest, answer: HostAnswer) -> HostAnswer {
        let references = self.secrets.references();
        if reveals(request) || references.is_empty() {
            return answer;
        }
        match answer {
            Ok(value) => self.capabilities.scrub(&references, value).await,
            Err(failure) => {
                let message = Value::from(failure.message);
                let message = self.capabilities.scrub(&references, message).await?;
                let details = self.capabilities.scrub(&references, failure.details).await?;
                let message = message.as_str().unwrap_or_default().to_owned();
                Err(Failure { message, details, ..failure })
            }
        }
    }

    /// Intent, perform, outcome: each committed before the next begins.
    async fn perform_external(
        &mut self,
        call: &Call,
        state_intent: bool,
    ) -> Result<HostAnswer, Failure> {
        if state_intent {
            crash::point("before-intent");
            self.log.begun(call.ordinal, call.logged());
            self.write_pending().await?;
            crash::point("after-intent");
        }
        self.in_doubt = !call.request.repeatable();
        let answer = self.perform(call).await;
        crash::point("after-perform");
        if let Err(failure) = &answer
            && failure.kind == FailureKind::Unknown
        {
            return Err(failure.clone());
        }
        self.log.answered(call.ordinal, call.logged(), &answer);
        self.write_pending().await?;
        self.in_doubt = false;
        crash::point("after-outcome");
        fatal(answer)
    }

    async fn write_pending(&mut self) -> Result<(), Failure> {
        let activation = self.standing.activation.clone();
        let calls = self.log.take_pending();
        self.store
            .write(move |tx| store::host_calls::append(tx, &activation, &calls))
            .await
            .map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))
    }

    /// Denials are in the audit log before the guest is told.
    async fn audit_denial(&self, request: &HostRequest, denial: &Failure) -> Result<(), Failure> {
        let (interface, function) = request.name();
        let entry = self.denial(interface, function, &denial.message);
        self.write_audit(vec![entry]).await
    }

    /// Those of calls to interfaces that are not linked are there before the activation's end is.
    pub(crate) async fn audit_refused(&mut self) -> Result<(), Failure> {
        let refused = std::mem::take(&mut self.refused);
        if refused.is_empty() {
            return Ok(());
        }
        let entries = refused.iter().map(|(interface, function)| {
            self.denial(interface, function, "the step is not granted the interface")
        });
        self.write_audit(entries.collect()).await
    }

    fn denial(&self, interface: &str, function: &str, message: &str) -> store::audit::NewEntry {
        let activation = &self.standing.activation;
        store::audit::NewEntry {
            time_ms: crate::run::now_ms(),
            principal: self.standing.principal.to_string(),
            action: format!("{interface}.{function}"),
            resource: format!("automation-execution/{}/{}", activation.run, activation.path),
            decision: "deny".to_owned(),
            details: Value::from(message).to_string(),
            request_id: None,
        }
    }

    async fn write_audit(&self, entries: Vec<store::audit::NewEntry>) -> Result<(), Failure> {
        self.store
            .write(move |tx| {
                entries.iter().try_for_each(|entry| store::audit::append(tx, entry).map(drop))
            })
            .await
            .map_err(|error: store::WriteError| {
                Failure::new(FailureKind::Internal, error.to_string())
            })
    }

    /// Checks the grants, and that a step touches only commands and runs that it began.
    async fn allowed(&mut self, request: &HostRequest) -> Result<(), Failure> {
        for access in request.access() {
            if let Err(ceiling) = self.standing.grants.allows(&access) {
                return Err(denied(&format!(
                    "{access} is not granted: {} does not allow it",
                    ceiling.origin
                )));
            }
        }
        let (HostRequest::Commands(CommandsRequest::Get { id } | CommandsRequest::Cancel { id })
        | HostRequest::Automation(
            AutomationRequest::Get { id } | AutomationRequest::Cancel { id },
        )) = request
        else {
            return Ok(());
        };
        if self.has_begun(id).await? {
            return Ok(());
        }
        Err(denied(&format!("{id} was not begun by this step")))
    }

    /// Returns whether this attempt began the command or run, in this activation or an earlier one.
    pub(crate) async fn has_begun(&mut self, id: &str) -> Result<bool, Failure> {
        if self.began.contains(id) {
            return Ok(true);
        }
        let activation = self.standing.activation.clone();
        let earlier = crate::settle::began_by_attempt(&self.store, &activation).await?;
        self.began.extend(earlier.into_iter().map(|(_, id)| id));
        Ok(self.began.contains(id))
    }

    fn remember(&mut self, request: &HostRequest, answer: &HostAnswer) {
        let mut references = BTreeSet::new();
        collect_secrets(request, answer, &mut references);
        if !references.is_empty() {
            self.secrets.add(&references, reveals(request) && answer.is_ok());
        }
        self.was_denied |= crate::activation::is_denial(answer);
        if let Ok(Value::String(id)) = answer
            && request.begins()
        {
            self.began.insert(id.clone());
        }
    }
}

/// Returns whether what stands in the request is kept as it is: a request that only leaves, or is sealed, is not.
fn keeps_in_clear(request: &HostRequest) -> bool {
    match request {
        HostRequest::Http(HttpRequest::Send(_)) => false,
        HostRequest::Parameters(ParametersRequest::Put(put)) => {
            put.kind != Some(ParameterKind::SecureString)
        }
        HostRequest::Api(ApiRequest::Call(call)) => {
            fold(&call.operation) != "putparameter"
                || call.input.get("Type").is_none_or(|kind| kind != "SecureString")
        }
        HostRequest::Clock(_)
        | HostRequest::Parameters(_)
        | HostRequest::Commands(_)
        | HostRequest::Automation(_)
        | HostRequest::Inventory(_)
        | HostRequest::Tags(_)
        | HostRequest::Patching(_)
        | HostRequest::Ops(_)
        | HostRequest::State(_) => true,
    }
}

/// A failure of ours ends the activation; anything else is the guest's to handle.
fn fatal(answer: HostAnswer) -> Result<HostAnswer, Failure> {
    match answer {
        Err(failure)
            if matches!(
                failure.kind,
                FailureKind::Internal | FailureKind::Nondeterminism | FailureKind::Unknown
            ) =>
        {
            Err(failure)
        }
        other => Ok(other),
    }
}

fn denied(message: &str) -> Failure {
    Failure::new(FailureKind::Denied, message)
}

fn unknown(request: &HostRequest) -> Failure {
    let (interface, function) = request.name();
    Failure::new(
        FailureKind::Unknown,
        format!("{interface}.{function} was begun before a restart and its outcome is not known"),
    )
}

#[async_trait]
impl sandbox::Host for ActivationHost {
    async fn call(&mut self, request: HostRequest) -> Result<HostAnswer, Failure> {
        self.answer(request).await
    }

    fn denied(&mut self, interface: &str, function: &str) {
        self.was_denied = true;
        if self.refused.len() < REFUSED_MAX {
            self.refused.push((interface.to_owned(), function.to_owned()));
        }
        let activation = &self.standing.activation;
        tracing::warn!(run = %activation.run, step = %activation.path, interface, function, "a call was denied");
    }

    fn random(&mut self, length: u32) -> Vec<u8> {
        let call = self.random_calls;
        self.random_calls += 1;
        self.handles.random(&self.standing.activation, call, length)
    }

    fn position(&self) -> sandbox::Position {
        self.position.clone()
    }

    fn effect_key(&self) -> String {
        effect_key(&self.standing.activation)
    }

    fn handle_for(&mut self, secret_reference: &str) -> String {
        self.handles.give(secret_reference)
    }

    fn resolve_handle(&self, handle: &str) -> Option<String> {
        self.handles.reference(handle)
    }
}

/// Returns the key that all calls of one activation share.
pub(crate) fn effect_key(activation: &Activation) -> String {
    let Activation { run, path, attempt, activation } = activation;
    let text = format!("key\0{run}\0{path}\0{attempt}\0{activation}");
    host_api::identifier::Digest::of(text.as_bytes()).to_string()
}
