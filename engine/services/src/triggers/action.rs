//! What matches lead to, each as the role of its rule.

use std::collections::BTreeMap;

use host_api::identifier::Principal;
use rules::file::{Action, Input, InputError, OpsItem, SendCommand};
use rules::template::RuleContext;
use runbook::value::bind::Supplied;
use serde_json::{Map, Value, json};

use super::delivery::{Done, Pending};
use super::rule_set::{KnownAction, KnownTarget};
use crate::Services;
use crate::access::{Access, Question, Resource};
use crate::actor::{Actor, now_ms};
use crate::automation::StartForEvent;
use crate::clock::instant;
use crate::commands::{SendCommandRequest, Target};
use crate::error::ServiceError;
use crate::event_bridge::{EventTarget, TargetKind};
use crate::ops_items::CreateOpsItem;

/// What an `OpsItem` says it comes from when its rule says nothing.
const OPS_ITEM_SOURCE: &str = "runwright";

impl Services {
    pub(super) async fn act(
        &self,
        pending: &Pending,
        rule: &str,
        target: &KnownTarget,
    ) -> Result<Done, ServiceError> {
        let principal = Resource::Role(target.role.clone()).arn(self.place());
        let doer = Actor::on_match(Principal::new(principal), pending.seq);
        let event = &pending.event;
        let action = match &target.action {
            KnownAction::Written(action) => action,
            KnownAction::Target(target) => return self.reach(&doer, event, rule, target).await,
        };
        match &**action {
            Action::Start { runbook, version, parameters } => {
                let parameters = filled(parameters, event)?;
                let parameters = parameters.into_iter();
                let start = StartForEvent {
                    document: runbook.clone(),
                    version: version.clone(),
                    parameters: parameters
                        .map(|(name, value)| (name, Supplied::Json(value)))
                        .collect(),
                    event: event.clone(),
                };
                let run = self.start_for_event(&doer, start).await?;
                Ok(Done { result: run.to_string(), is_run: true })
            }
            Action::Send(send) => {
                let request = command(send, event)?;
                self.permit(&doer, "SendCommand", Resource::Document(send.document.clone()))
                    .await?;
                let command = self.send_command(&doer, request).await?;
                Ok(Done { result: command.to_string(), is_run: false })
            }
            Action::OpsItem(item) => {
                let item = ops_item(item, event)?;
                self.permit(&doer, "CreateOpsItem", Resource::Account).await?;
                let result = self.create_ops_item(&doer, item).await?;
                Ok(Done { result, is_run: false })
            }
            Action::Call(call) => self.call_webhook(&doer, call, pending, rule).await,
        }
    }

    /// Does what a client of `EventBridge` has asked for.
    async fn reach(
        &self,
        actor: &Actor,
        event: &Value,
        rule: &str,
        target: &EventTarget,
    ) -> Result<Done, ServiceError> {
        let rule_arn = Resource::EventRule(rule.to_owned()).arn(self.place());
        let ingestion_time = instant(now_ms());
        let context =
            RuleContext { rule_arn: &rule_arn, rule_name: rule, ingestion_time: &ingestion_time };
        let parameters = target
            .parameters(event, &context)
            .map_err(|why| ServiceError::request("InputNotFilled", why))?;
        let parameters = parameters.into_iter();
        match &target.kind {
            TargetKind::StartAutomation { document, version } => {
                let start = StartForEvent {
                    document: document.clone(),
                    version: Some(version.clone()),
                    parameters: parameters
                        .map(|(name, texts)| (name, Supplied::Wire(texts)))
                        .collect(),
                    event: event.clone(),
                };
                let run = self.start_for_event(actor, start).await?;
                Ok(Done { result: run.to_string(), is_run: true })
            }
            TargetKind::RunCommand { document, targets } => {
                let request = SendCommandRequest {
                    document_name: document.clone(),
                    targets: targets.clone(),
                    parameters: parameters.map(|(name, texts)| (name, json!(texts))).collect(),
                    ..SendCommandRequest::default()
                };
                self.permit(actor, "SendCommand", Resource::Document(document.clone())).await?;
                let command = self.send_command(actor, request).await?;
                Ok(Done { result: command.to_string(), is_run: false })
            }
        }
    }

    async fn permit(
        &self,
        actor: &Actor,
        operation: &'static str,
        resource: Resource,
    ) -> Result<(), ServiceError> {
        let resources = [resource];
        let question =
            Question { operation, access: Access::Write, resources: &resources, conditions: &[] };
        self.authorise(actor, question).await.map(drop)
    }
}

impl From<InputError> for ServiceError {
    fn from(error: InputError) -> Self {
        Self::request("InputNotFilled", error.to_string())
    }
}

fn filled(inputs: &[(String, Input)], event: &Value) -> Result<Map<String, Value>, InputError> {
    inputs.iter().map(|(name, input)| Ok((name.clone(), input.of(event)?))).collect()
}

fn command(send: &SendCommand, event: &Value) -> Result<SendCommandRequest, ServiceError> {
    let mut targets = Vec::with_capacity(send.targets.len());
    for (key, values) in &send.targets {
        targets.push(Target { key: key.clone(), values: texts(&values.of(event)?, key)? });
    }
    let instance_ids = match &send.nodes {
        Some(nodes) => texts(&nodes.of(event)?, "nodes")?,
        None => Vec::new(),
    };
    Ok(SendCommandRequest {
        document_name: send.document.clone(),
        document_version: send.version.clone(),
        instance_ids,
        targets,
        parameters: filled(&send.parameters, event)?.into_iter().collect::<BTreeMap<_, _>>(),
        max_concurrency: send.max_concurrency.clone(),
        max_errors: send.max_errors.clone(),
        ..SendCommandRequest::default()
    })
}

/// Returns a text or a list of texts as a list.
fn texts(value: &Value, what: &str) -> Result<Vec<String>, ServiceError> {
    let refuse = || {
        ServiceError::request(
            "InputNotFilled",
            format!("{what} is neither text nor a list of texts"),
        )
    };
    match value {
        Value::String(text) => Ok(vec![text.clone()]),
        Value::Array(values) => values
            .iter()
            .map(|value| value.as_str().map(str::to_owned).ok_or_else(refuse))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => Err(refuse()),
    }
}

fn ops_item(item: &OpsItem, event: &Value) -> Result<CreateOpsItem, ServiceError> {
    let text = |input: &Option<Input>| -> Result<Option<String>, ServiceError> {
        let value = input.as_ref().map(|input| input.of(event)).transpose()?;
        Ok(value.filter(|value| !value.is_null()).map(|value| runbook::value::text(&value)))
    };
    let title = item.title.of(event)?;
    Ok(CreateOpsItem {
        title: runbook::value::text(&title),
        source: text(&item.source)?.unwrap_or_else(|| OPS_ITEM_SOURCE.to_owned()),
        description: text(&item.description)?,
        severity: text(&item.severity)?,
        category: text(&item.category)?,
        priority: text(&item.priority)?,
        deduplicate: text(&item.deduplicate)?,
        operational_data: filled(&item.operational_data, event)?,
    })
}
