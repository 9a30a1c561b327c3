//! A host that answers from the log alone.

use async_trait::async_trait;
use host_api::effect::Activation;
use host_api::failure::{Failure, FailureKind};
use host_api::port::HostAnswer;
use host_api::request::HostRequest;
use serde_json::Value;

use crate::activation::is_denial;
use crate::handle::Handles;
use crate::log::{CallLog, Recorded};

/// What stands for a secret's text.
const PLACEHOLDER: &str = "<secret>";

pub(super) struct ReplayHost {
    pub(super) activation: Activation,
    pub(super) position: sandbox::Position,
    pub(super) log: CallLog,
    pub(super) handles: Handles,
    /// Whether the seed is the run's own.
    pub(super) seeded: bool,
    pub(super) random_calls: u32,
    /// Why what follows may rightly differ.
    pub(super) placeholder: Option<&'static str>,
    pub(super) was_denied: bool,
}

#[async_trait]
impl sandbox::Host for ReplayHost {
    async fn call(&mut self, request: HostRequest) -> Result<HostAnswer, Failure> {
        let (ordinal, recorded) = self.log.next(&request)?;
        match recorded {
            Recorded::Answered(answer) => {
                self.was_denied |= is_denial(&answer);
                Ok(answer)
            }
            Recorded::Withheld => {
                self.placeholder = Some("it was given a secret's text, which no recording holds");
                Ok(Ok(Value::from(PLACEHOLDER)))
            }
            Recorded::Begun => Err(Failure::new(
                FailureKind::Unknown,
                format!("call {ordinal} was begun and its outcome was never known"),
            )),
            Recorded::New => {
                let (interface, function) = request.name();
                Err(Failure::new(
                    FailureKind::Nondeterminism,
                    format!("call {ordinal}, {interface}.{function}, is not in the log"),
                )
                .with_details(serde_json::json!({ "ordinal": ordinal, "made": request })))
            }
        }
    }

    fn denied(&mut self, interface: &str, function: &str) {
        self.was_denied = true;
        tracing::debug!(interface, function, "a call was denied again");
    }

    fn random(&mut self, length: u32) -> Vec<u8> {
        if !self.seeded {
            self.placeholder = Some("it used random bytes, and the run's seed is not at hand");
        }
        let call = self.random_calls;
        self.random_calls += 1;
        self.handles.random(&self.activation, call, length)
    }

    fn position(&self) -> sandbox::Position {
        self.position.clone()
    }

    fn effect_key(&self) -> String {
        crate::host::effect_key(&self.activation)
    }

    fn handle_for(&mut self, secret_reference: &str) -> String {
        self.handles.give(secret_reference)
    }

    fn resolve_handle(&self, handle: &str) -> Option<String> {
        self.handles.reference(handle)
    }
}
