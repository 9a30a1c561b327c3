//! What the caller of a sandbox provides for one activation, and the glue from each WIT interface to it.

mod api;
mod automation;
mod clock;
mod commands;
mod context;
mod http;
mod inventory;
mod log;
mod ops;
mod parameters;
mod patching;
mod random;
mod state;
mod tags;
mod types;

use std::any::Any;

use async_trait::async_trait;
use host_api::failure::{Failure, FailureKind};
use host_api::port::HostAnswer;
use host_api::request::HostRequest;
use serde_json::Value;

use crate::budget::CallsExceeded;

/// Answers the host calls of one activation.
#[async_trait]
pub trait Host: Any + Send {
    /// Answers one call. The inner failure is told to the guest, which may handle it; the outer one ends the activation
    /// with that failure, and the guest cannot catch it. The future is dropped when the activation's time is up.
    async fn call(&mut self, request: HostRequest) -> Result<HostAnswer, Failure>;

    /// Takes note that the guest called a function of an interface that this step is not granted.
    fn denied(&mut self, interface: &str, function: &str);

    /// Returns `length` bytes that are the same whenever this activation is called again; at most 4,096.
    fn random(&mut self, length: u32) -> Vec<u8>;

    /// Returns where the call stands.
    fn position(&self) -> Position;

    /// Returns a key that a resumption of this activation shares and a retry does not.
    fn effect_key(&self) -> String;

    /// Returns the handle, `secret:` and 32 lower-case hexadecimal digits, that stands for a reference to a secret.
    fn handle_for(&mut self, secret_reference: &str) -> String;

    /// Returns the reference that a handle stands for, if this run has handed it out.
    fn resolve_handle(&self, handle: &str) -> Option<String>;
}

/// Where a call stands; what a guest reads by `context.get`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    pub run_id: String,
    pub document_name: String,
    pub document_version: String,
    pub step: String,
    /// Counts from 1.
    pub attempt: u32,
    /// Counts from 1 within an attempt.
    pub activation: u32,
    pub account_id: String,
    pub region: String,
    /// The principal that started the run.
    pub principal: String,
}

/// Why a host call returns no value.
#[derive(Debug)]
pub(crate) enum CallError {
    /// The guest is told.
    Answered(Box<Failure>),
    /// The activation ends.
    Aborted(Box<Failure>),
}

/// Ends an activation from within a host call; carried through wasmtime as its error.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Aborted(pub(crate) Box<Failure>);

impl CallError {
    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::Aborted(Box::new(Failure::new(FailureKind::Internal, message)))
    }

    /// For a function that has no failure to tell.
    pub(crate) fn into_trap(self) -> wasmtime::Error {
        match self {
            Self::Answered(failure) | Self::Aborted(failure) => Aborted(failure).into(),
        }
    }
}

impl From<CallsExceeded> for CallError {
    fn from(exceeded: CallsExceeded) -> Self {
        Self::Aborted(Box::new(Failure::new(FailureKind::HostBudget, exceeded.to_string())))
    }
}

/// Reads a JSON argument of a guest.
pub(crate) fn json(text: &str) -> Result<Value, CallError> {
    serde_json::from_str(text).map_err(|error| invalid(format!("not a JSON text: {error}")))
}

/// Says that the guest's argument is not what the function takes.
pub(crate) fn invalid(message: impl Into<String>) -> CallError {
    CallError::Answered(Box::new(Failure::action("InvalidRequest", message)))
}
