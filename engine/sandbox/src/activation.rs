//! What a store carries: the budgets, the log and the host of one activation.

use std::fmt;

use host_api::invocation::Invocation;
use host_api::limits::Limits;
use host_api::request::HostRequest;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::budget::{CallMeter, MemoryMeter};
use crate::host::{CallError, Host};
use crate::line_log::LineLog;
use crate::wasi::Wasi;

/// The data of one store.
pub(crate) struct Activation {
    pub(crate) host: Box<dyn Host>,
    pub(crate) memory: MemoryMeter,
    pub(crate) calls: CallMeter,
    pub(crate) log: LineLog,
    /// Present once a component that imports WASI is called.
    pub(crate) wasi: Option<Box<Wasi>>,
    /// The vendor of the action that is called; `state` is kept apart by it.
    pub(crate) scope: String,
}

impl Activation {
    pub(crate) fn new(host: Box<dyn Host>, call: &Invocation, limits: &Limits) -> Self {
        let scope = call.action.split_once(':').map_or("", |(vendor, _)| vendor);
        Self {
            host,
            memory: MemoryMeter::new(limits.memory_bytes_max),
            calls: CallMeter::new(limits),
            log: LineLog::new(limits.log_bytes_max),
            wasi: None,
            scope: scope.to_owned(),
        }
    }

    /// Charges one call before anything is made of its arguments.
    pub(crate) fn charge(&mut self, request_bytes: usize) -> Result<(), CallError> {
        Ok(self.calls.call(request_bytes)?)
    }

    /// Charges the bytes of an answer.
    pub(crate) fn carry(&mut self, answer_bytes: usize) -> Result<(), CallError> {
        Ok(self.calls.carry(answer_bytes)?)
    }

    /// Asks the host; the call is charged already.
    pub(crate) async fn perform(&mut self, request: HostRequest) -> Result<Value, CallError> {
        match self.host.call(request).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(failure)) => Err(CallError::Answered(Box::new(failure))),
            Err(failure) => Err(CallError::Aborted(Box::new(failure))),
        }
    }

    /// Asks for a value of a known shape.
    pub(crate) async fn perform_as<T: DeserializeOwned>(
        &mut self,
        request: HostRequest,
    ) -> Result<T, CallError> {
        let (interface, function) = request.name();
        let value = self.perform(request).await?;
        serde_json::from_value(value).map_err(|error| {
            CallError::internal(format!("answer of {interface}.{function}: {error}"))
        })
    }

    /// Asks for a text, such as an identifier.
    pub(crate) async fn perform_text(&mut self, request: HostRequest) -> Result<String, CallError> {
        let text: String = self.perform_as(request).await?;
        self.carry(text.len())?;
        Ok(text)
    }

    /// Asks for a value that the guest is given as JSON text.
    pub(crate) async fn perform_json(&mut self, request: HostRequest) -> Result<String, CallError> {
        let text = self.perform(request).await?.to_string();
        self.carry(text.len())?;
        Ok(text)
    }

    /// Asks for something to be done; what the host answers beyond success says nothing.
    pub(crate) async fn perform_unit(&mut self, request: HostRequest) -> Result<(), CallError> {
        self.perform(request).await.map(drop)
    }
}

impl fmt::Debug for Activation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Activation")
            .field("memory", &self.memory)
            .field("calls", &self.calls)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}
