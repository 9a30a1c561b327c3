//! Targets as they are given.

use std::collections::BTreeMap;

use rules::template::TemplateError;
use rules::{Target as Input, Template};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::loaded::{EventTarget, TargetKind};
use super::{FailedTarget, given};
use crate::Services;
use crate::commands;
use crate::error::{ServiceError, decode};
use crate::parameters::Place;

/// Attempts after the first one, unless a target says otherwise, and at most.
const RETRIES_MAX: u32 = 185;
/// How old an event may be at an attempt, unless a target says otherwise, and at most, in seconds.
const AGE_S_MAX: u64 = 24 * 3_600;
const AGE_S_MIN: u64 = 60;
const DEFAULT_VERSION: &str = "$DEFAULT";
const SUPPORTED: &str = "A target is arn:aws:ssm:REGION:ACCOUNT:automation-definition/NAME:VERSION, or \
                         arn:aws:ssm:REGION:ACCOUNT:document/NAME with RunCommandParameters.";

/// A target as far as it is looked at; what else a target of `EventBridge` may have is for other kinds of targets.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Given {
    id: String,
    arn: String,
    role_arn: Option<String>,
    input: Option<String>,
    input_path: Option<String>,
    input_transformer: Option<InputTransformer>,
    run_command_parameters: Option<RunCommandParameters>,
    dead_letter_config: Option<DeadLetterConfig>,
    retry_policy: Option<RetryPolicy>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InputTransformer {
    #[serde(default)]
    input_paths_map: BTreeMap<String, String>,
    input_template: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RunCommandParameters {
    run_command_targets: Vec<commands::Target>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    arn: Option<String>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RetryPolicy {
    maximum_retry_attempts: Option<u32>,
    maximum_event_age_in_seconds: Option<u64>,
}

/// A target that was read.
#[derive(Debug, Clone)]
pub(super) struct Read {
    pub(super) target: EventTarget,
    pub(super) arn: String,
    /// As it was given.
    pub(super) role_arn: Option<String>,
}

/// Why a target is not taken.
#[derive(Debug)]
pub(super) enum Refused {
    /// The request is refused.
    Request(ServiceError),
    /// This target is, and no other.
    Target(FailedTarget),
}

impl From<ServiceError> for Refused {
    fn from(error: ServiceError) -> Self {
        Self::Request(error)
    }
}

impl Services {
    /// Reads a target.
    pub(super) fn read_target(&self, target: &Value) -> Result<Read, Refused> {
        let given: Given = decode(target.clone())?;
        if !is_arn(&given.arn) {
            return Err(Refused::Request(invalid(
                &given.arn,
                "Provided Arn is not in correct format.",
            )));
        }
        let input = input(&given)?;
        let fail = |reason: String| {
            Refused::Target(FailedTarget {
                target_id: given.id.clone(),
                error_code: "ValidationException".to_owned(),
                error_message: reason,
            })
        };
        if let Some((name, _)) = given.others.iter().find(|(_, value)| !value.is_null()) {
            return Err(fail(format!(
                "Parameter {name} is not supported for target {}. {SUPPORTED}",
                given.id
            )));
        }
        if let Some(arn) = given.dead_letter_config.as_ref().and_then(|queue| queue.arn.as_ref()) {
            return Err(fail(format!(
                "Events cannot be sent to the queue {arn}: what a target did not take is kept as a failed match of this installation. Leave DeadLetterConfig out."
            )));
        }
        let kind = kind(&given, self.place())?.ok_or_else(|| {
            fail(format!("Target {} has the unsupported Arn {}. {SUPPORTED}", given.id, given.arn))
        })?;
        if matches!(kind, TargetKind::StartAutomation { .. })
            && given.run_command_parameters.is_some()
        {
            return Err(fail(format!(
                "RunCommandParameters is only for a document, which the Arn {} is not. {SUPPORTED}",
                given.arn
            )));
        }
        let role_arn = given.role_arn.clone();
        let role = role_arn.as_deref().map(|arn| self.event_role(arn)).transpose()?;
        let (attempts_max, age_ms_max) = retry(given.retry_policy.unwrap_or_default())?;
        let target = EventTarget { id: given.id, kind, input, role, attempts_max, age_ms_max };
        Ok(Read { target, arn: given.arn, role_arn })
    }
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.splitn(6, ':').count() == 6
}

/// Returns what is started at the target; nothing if it is something that is not here.
fn kind(given: &Given, place: &Place) -> Result<Option<TargetKind>, ServiceError> {
    let parts: Vec<&str> = given.arn.splitn(6, ':').collect();
    let ["arn", _, "ssm", region, account, resource] = parts.as_slice() else { return Ok(None) };
    // The ARN of what is shipped has no account.
    if *region != place.region || !(account.is_empty() || *account == place.account_id) {
        return Ok(None);
    }
    match resource.split_once('/') {
        Some(("automation-definition", definition)) => {
            let (document, version) =
                definition.split_once(':').unwrap_or((definition, DEFAULT_VERSION));
            let is_named = !document.is_empty() && !version.is_empty();
            Ok(is_named.then(|| TargetKind::StartAutomation {
                document: document.to_owned(),
                version: version.to_owned(),
            }))
        }
        Some(("document", document)) if !document.is_empty() && !document.contains(':') => {
            let Some(parameters) = &given.run_command_parameters else {
                return Err(ServiceError::validation(format!(
                    "Parameter(s) RunCommandParameters must be specified for target: {}.",
                    given.id
                )));
            };
            let targets = parameters.run_command_targets.clone();
            Ok(Some(TargetKind::RunCommand { document: document.to_owned(), targets }))
        }
        Some(_) | None => Ok(None),
    }
}

fn input(target: &Given) -> Result<Input, ServiceError> {
    let Given { id, .. } = target;
    let (constant, path) = (given(target.input.clone()), given(target.input_path.clone()));
    match (constant, path, &target.input_transformer) {
        (None, None, None) => Ok(Input::Event),
        (Some(constant), None, None) => Input::constant(&constant).map_err(|error| {
            ServiceError::validation(format!("Invalid Input for target {id} : {error}."))
        }),
        (None, Some(path), None) => Input::path(&path).map_err(|error| {
            ServiceError::validation(format!("Invalid InputPath for target {id} : {error}."))
        }),
        (None, None, Some(transformer)) => {
            let InputTransformer { input_paths_map, input_template } = transformer;
            let paths = input_paths_map.iter().map(|(name, path)| (name.as_str(), path.as_str()));
            let template = Template::parse(input_template, paths);
            let refuse = |error: TemplateError| ServiceError::validation(error.message(id));
            Ok(Input::Template(template.map_err(refuse)?))
        }
        _ => Err(ServiceError::validation(format!(
            "Only one of Input, InputPath, or InputTransformer must be provided for target {id}."
        ))),
    }
}

/// Returns how many attempts are made, and how old an event may be at an attempt, in milliseconds.
fn retry(policy: RetryPolicy) -> Result<(u32, u64), ServiceError> {
    let retries = policy.maximum_retry_attempts.unwrap_or(RETRIES_MAX);
    let age_s = policy.maximum_event_age_in_seconds.unwrap_or(AGE_S_MAX);
    if retries > RETRIES_MAX {
        return Err(invalid("MaximumRetryAttempts", "It is from 0 to 185."));
    }
    if !(AGE_S_MIN..=AGE_S_MAX).contains(&age_s) {
        return Err(invalid("MaximumEventAgeInSeconds", "It is from 60 to 86400."));
    }
    Ok((retries + 1, age_s * 1_000))
}

fn invalid(name: &str, reason: &str) -> ServiceError {
    ServiceError::validation(format!("Parameter {name} is not valid. Reason: {reason}"))
}
