//! A host that writes down what it is asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use host_api::failure::Failure;
use host_api::invocation::Invocation;
use host_api::port::HostAnswer;
use host_api::request::{
    AutomationRequest, CommandsRequest, HostRequest, OpsRequest, ParametersRequest, StateRequest,
};
use sandbox::{Host, Position};
use serde_json::{Value, json};

use crate::fixture::ACTION;

/// The one handle that the host has given out, and what it stands for.
pub(crate) const HANDLE: &str = "secret:0123456789abcdef0123456789abcdef";
pub(crate) const REFERENCE: &str = "/db/password:3";

#[derive(Debug, Default)]
pub(crate) struct RecordingHost {
    pub(crate) requests: Vec<HostRequest>,
    pub(crate) denied: Vec<(String, String)>,
    pub(crate) behaviour: Behaviour,
}

#[derive(Debug, Default, Clone)]
pub(crate) enum Behaviour {
    #[default]
    Answer,
    Tell(Failure),
    Abort(Failure),
    AnswerWith(Value),
    /// Never answers; the flag is set when the call is dropped.
    Hang(Arc<AtomicBool>),
}

impl RecordingHost {
    pub(crate) fn that(behaviour: Behaviour) -> Self {
        Self { behaviour, ..Self::default() }
    }
}

struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Host for RecordingHost {
    async fn call(&mut self, request: HostRequest) -> Result<HostAnswer, Failure> {
        let answer = answer(&request);
        self.requests.push(request);
        match self.behaviour.clone() {
            Behaviour::Answer => Ok(Ok(answer)),
            Behaviour::Tell(failure) => Ok(Err(failure)),
            Behaviour::Abort(failure) => Err(failure),
            Behaviour::AnswerWith(value) => Ok(Ok(value)),
            Behaviour::Hang(dropped) => {
                let _guard = SetOnDrop(dropped);
                std::future::pending().await
            }
        }
    }

    fn denied(&mut self, interface: &str, function: &str) {
        self.denied.push((interface.to_owned(), function.to_owned()));
    }

    fn random(&mut self, length: u32) -> Vec<u8> {
        vec![7; length as usize]
    }

    fn position(&self) -> Position {
        Position {
            run_id: "run".to_owned(),
            document_name: "Document".to_owned(),
            document_version: "1".to_owned(),
            step: "Step".to_owned(),
            attempt: 1,
            activation: 1,
            account_id: "000000000000".to_owned(),
            region: "us-east-1".to_owned(),
            principal: "os:0".to_owned(),
        }
    }

    fn effect_key(&self) -> String {
        "effect".to_owned()
    }

    fn handle_for(&mut self, secret_reference: &str) -> String {
        assert_eq!(secret_reference, REFERENCE);
        HANDLE.to_owned()
    }

    fn resolve_handle(&self, handle: &str) -> Option<String> {
        (handle == HANDLE).then(|| REFERENCE.to_owned())
    }
}

pub(crate) fn secret_parameter() -> Value {
    json!({
        "name": "/db/password", "kind": "SecureString", "content": { "Secret": REFERENCE },
        "version": 3, "last_modified": 1_000,
    })
}

fn answer(request: &HostRequest) -> Value {
    match request {
        HostRequest::Clock(_) => json!(1_700_000_000_000_u64),
        HostRequest::Parameters(request) => match request {
            ParametersRequest::Get { .. } => secret_parameter(),
            ParametersRequest::GetByPath { .. } => json!([secret_parameter()]),
            ParametersRequest::Put(_) => json!(4),
            ParametersRequest::Delete { .. } => Value::Null,
            ParametersRequest::Reveal { .. } => json!("plain"),
        },
        HostRequest::Commands(CommandsRequest::Send(_))
        | HostRequest::Automation(AutomationRequest::Start(_))
        | HostRequest::Ops(OpsRequest::CreateItem(_)) => json!("id"),
        HostRequest::State(StateRequest::ListKeys { .. }) => json!(["a", "b"]),
        HostRequest::Api(_) => json!({
            "answer": { "Parameters": [{ "Name": "/db/password", "Value": null }] },
            "secrets": { "/Parameters/0/Value": REFERENCE },
        }),
        HostRequest::Http(_) => json!({
            "status": 200, "headers": [["a", "b"]], "body": { "Text": [{ "Plain": "ok" }] },
            "truncated": false,
        }),
        HostRequest::Commands(_)
        | HostRequest::Automation(_)
        | HostRequest::Ops(_)
        | HostRequest::State(_)
        | HostRequest::Inventory(_)
        | HostRequest::Tags(_)
        | HostRequest::Patching(_) => json!({}),
    }
}

/// A call of the fixtures' action with these inputs.
pub(crate) fn call(inputs: Value) -> Invocation {
    Invocation {
        action: ACTION.to_owned(),
        run_id: "run".to_owned(),
        step: "Step".to_owned(),
        attempt: 1,
        inputs,
        resume: None,
    }
}
