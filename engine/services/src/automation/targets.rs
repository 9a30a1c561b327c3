//! Targets of a run: which there are, and the run that has a child for each.

use std::collections::{BTreeMap, BTreeSet};

use runbook::plan::Plan;
use runbook::value::bind::{self, Supplied};
use serde_json::{Value, json};
use ssm_model::types::automation::Target;

use super::TARGETS_MAX;
use super::start::{invalid, invalid_parameters};
use crate::Services;
use crate::documents::Found;
use crate::error::ServiceError;

/// SSM: children at a time when nothing is said, and failed ones that are borne.
const CONCURRENCY_DEFAULT: &str = "10";
const ERRORS_DEFAULT: &str = "0";
/// The parameter that holds what each child is started with.
const ITEMS: &str = "Targets";
const NODE_KEYS: &[&str] = &["InstanceIds", "AWS::EC2::Instance", "AWS::SSM::ManagedInstance"];

/// The parameters of a child, as lists of text.
pub(super) type Parameters = BTreeMap<String, Vec<String>>;

/// What a request says of its targets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'r> {
    pub(super) parameter_name: Option<&'r str>,
    pub(super) targets: &'r [Target],
    pub(super) target_maps: &'r [Parameters],
    /// What all children are given.
    pub(super) parameters: &'r Parameters,
}

/// The children of a run over targets, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct Children {
    /// What each is called.
    pub(super) names: Vec<String>,
    pub(super) parameters: Vec<Parameters>,
}

impl Services {
    /// Returns the children that a request asks for; `None` when it has no targets. What they are given fits the document.
    ///
    /// # Errors
    /// `InvalidTarget`, `InvalidAutomationExecutionParametersException`, `AutomationExecutionLimitExceededException`.
    pub(super) async fn children(
        &self,
        wanted: Wanted<'_>,
        plan: &Plan,
    ) -> Result<Option<Children>, ServiceError> {
        let own = match (wanted.targets, wanted.target_maps, wanted.parameter_name) {
            ([], [], None) => return Ok(None),
            ([], [], Some(_)) => {
                return Err(invalid_parameters(
                    "TargetParameterName goes with Targets or TargetMaps".to_owned(),
                ));
            }
            ([], maps, name) => of_maps(maps, name),
            (_, [_, ..], _) => {
                return Err(invalid_target("Targets and TargetMaps cannot be given together"));
            }
            ([target], [], Some(name)) => {
                let values = self.values_of(target).await?;
                let one = |value: &String| BTreeMap::from([(name.to_owned(), vec![value.clone()])]);
                Children { parameters: values.iter().map(one).collect(), names: values }
            }
            (_, [], None) => {
                return Err(invalid_parameters(
                    "TargetParameterName must say which parameter the targets are for".to_owned(),
                ));
            }
            ([_, ..], [], Some(_)) => {
                return Err(invalid_target("a run has one entry of Targets, with many values"));
            }
        };
        let count = own.parameters.len();
        if count > TARGETS_MAX {
            return Err(ServiceError::request(
                "AutomationExecutionLimitExceededException",
                format!("a run has at most {TARGETS_MAX} targets, these are {count}"),
            ));
        }
        let mut children = Children { names: own.names, parameters: Vec::with_capacity(count) };
        for parameters in own.parameters {
            children.parameters.push(together(wanted.parameters, parameters, plan)?);
        }
        Ok(Some(children))
    }

    async fn values_of(&self, target: &Target) -> Result<Vec<String>, ServiceError> {
        let key = target.key.as_deref().unwrap_or_default();
        let values = target.values.as_deref().unwrap_or_default();
        if values.is_empty() {
            return Err(invalid_target(format!("the target {key:?} has no values")));
        }
        if key == "ParameterValues" {
            return distinct(values);
        }
        let is_any = values == ["*"];
        let tag = key.strip_prefix("tag:").filter(|key| !key.is_empty());
        if tag.is_none() && key != "tag-key" && !NODE_KEYS.contains(&key) {
            return Err(unknown_key(key));
        }
        let nodes = self.tagged_nodes().await?;
        if NODE_KEYS.contains(&key) && !is_any {
            let known = |name: &&String| nodes.iter().any(|node| node.id.as_str() == name.as_str());
            return match values.iter().find(|name| !known(name)) {
                Some(name) => Err(invalid_target(format!("there is no managed node {name}"))),
                None => distinct(values),
            };
        }
        let matching = nodes.iter().filter(|node| match tag {
            Some(key) => node.tags.get(key).is_some_and(|value| values.contains(value)),
            None if key == "tag-key" => values.iter().any(|key| node.tags.contains_key(key)),
            None => true,
        });
        let found: Vec<String> = matching.map(|node| node.id.to_string()).collect();
        if found.is_empty() {
            return Err(invalid_target(format!("no managed node matches the target {key:?}")));
        }
        Ok(found)
    }
}

/// Returns the document of the run that has a child for each target. It goes by the name and version of the document of its children.
pub(super) fn parent_of(found: &Found, concurrency: Option<&str>, errors: Option<&str>) -> Found {
    let content = json!({
        "schemaVersion": "0.4",
        "flow": "sequence",
        "description": "Runs the document once for each target.",
        "parameters": { ITEMS: { "type": "MapList" } },
        "mainSteps": [{
            "name": "Target",
            "action": "aws:executeAutomation",
            "forEach": format!("${{{{ parameters.{ITEMS} }}}}"),
            "maxConcurrency": concurrency.unwrap_or(CONCURRENCY_DEFAULT),
            "maxErrors": errors.unwrap_or(ERRORS_DEFAULT),
            "inputs": {
                "DocumentName": found.name,
                "DocumentVersion": found.version,
                "RuntimeParameters": "${{ item.value }}",
            },
        }],
    })
    .to_string();
    let digest = host_api::identifier::Digest::of(content.as_bytes());
    Found { content, digest, lock: None, ..found.clone() }
}

/// Returns what the run that [`parent_of`] describes is started with. Values of children are data there, so nothing in them is a reference.
pub(super) fn supplied(children: &Children) -> BTreeMap<String, Supplied> {
    BTreeMap::from([(ITEMS.to_owned(), Supplied::Json(json!(children.parameters)))])
}

/// Returns what a document is started with for the first of the children.
pub(super) fn first(
    children: &Children,
    plan: &Plan,
) -> Result<BTreeMap<String, Value>, ServiceError> {
    let parameters = children.parameters.first().cloned().unwrap_or_default();
    bound(parameters, plan)
}

fn bound(parameters: Parameters, plan: &Plan) -> Result<BTreeMap<String, Value>, ServiceError> {
    let supplied = parameters.into_iter().map(|(name, values)| (name, Supplied::Wire(values)));
    let bound =
        bind::bind(&plan.parameters, supplied.collect()).map_err(|errors| invalid(&errors))?;
    Ok(bound.values)
}

fn together(shared: &Parameters, own: Parameters, plan: &Plan) -> Result<Parameters, ServiceError> {
    if let Some(name) = own.keys().find(|name| shared.contains_key(*name)) {
        return Err(invalid_parameters(format!(
            "the parameter `{name}` is given by the targets and by Parameters"
        )));
    }
    let mut parameters = shared.clone();
    parameters.extend(own);
    bound(parameters.clone(), plan)?;
    Ok(parameters)
}

fn of_maps(maps: &[Parameters], name: Option<&str>) -> Children {
    let called = |map: &Parameters| {
        if let Some(values) = name.and_then(|name| map.get(name)) {
            return values.join(",");
        }
        let all = map.iter().map(|(name, values)| format!("{name}={}", values.join(",")));
        all.collect::<Vec<_>>().join(" ")
    };
    Children { names: maps.iter().map(called).collect(), parameters: maps.to_vec() }
}

fn distinct(values: &[String]) -> Result<Vec<String>, ServiceError> {
    let mut seen = BTreeSet::new();
    match values.iter().find(|value| !seen.insert(value.as_str())) {
        Some(value) => Err(invalid_target(format!("the target {value:?} is named twice"))),
        None => Ok(values.to_vec()),
    }
}

fn unknown_key(key: &str) -> ServiceError {
    let is_group = key == "ResourceGroup" || key.starts_with("resource-groups:");
    if is_group || key == "CloudConnector" {
        return ServiceError::unavailable(format!(
            "the target key {key} is not available here: ParameterValues, InstanceIds, AWS::EC2::Instance, tag:<key> and tag-key are"
        ));
    }
    invalid_target(format!(
        "there is no target key {key:?}: ParameterValues, InstanceIds, AWS::EC2::Instance, tag:<key> and tag-key are"
    ))
}

pub(super) fn invalid_target(message: impl Into<String>) -> ServiceError {
    ServiceError::request("InvalidTarget", message)
}

/// Checks a count, or a percentage of all; `least` is 1 for concurrency.
pub(super) fn check_amount(name: &str, text: Option<&str>, least: u32) -> Result<(), ServiceError> {
    let Some(text) = text else { return Ok(()) };
    let number = text.strip_suffix('%').unwrap_or(text);
    let is_plain = number == "0"
        || (!number.starts_with('0') && number.bytes().all(|byte| byte.is_ascii_digit()));
    let limit = if text.ends_with('%') { 100 } else { u32::MAX };
    match number.parse::<u32>() {
        Ok(number) if is_plain && (least..=limit).contains(&number) => Ok(()),
        _ => Err(ServiceError::validation(format!(
            "{name} is a count of at least {least} or a percentage such as 10%, not {text:?}"
        ))),
    }
}
