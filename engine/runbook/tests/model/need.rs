use std::collections::{BTreeMap, BTreeSet};

use host_api::effect::EffectClass;
use host_api::grant::{Grant, GrantSet};
use host_api::identifier::Digest;
use host_api::manifest::ActionManifest;
use runbook::need::{Need, Starting, Uncovered, grants_of, needs_of, uncovered};
use runbook::plan::{
    Action, Amount, Backoff, DocumentIdentity, Flow, ForEach, OnCancel, OnFailure, OnUnknown,
    Parameter, Plan, Runs, Schema, Step, StepId, ValueType,
};
use runbook::template::Template;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::fixture::table;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    name: String,
    schema: Option<Schema>,
    action: Option<String>,
    needs: Vec<String>,
    #[serde(default)]
    defaults: Map<String, Value>,
    inputs: Value,
    for_each: Option<String>,
    r#as: Option<String>,
    #[serde(default)]
    parameters: BTreeMap<String, Value>,
    /// Parameters of type Secret.
    #[serde(default)]
    secrets: Vec<String>,
    document: Option<Vec<String>>,
    step: Option<Vec<String>>,
    operator: Option<Vec<String>>,
    /// Each need as `grants | source`, before parameters are bound and after.
    before: Option<Vec<String>>,
    bound: Option<Vec<String>>,
    #[serde(default)]
    uncovered: Vec<String>,
    effective: Option<Vec<String>>,
}

#[test]
fn every_case_of_the_table_holds() {
    let cases: Vec<Case> = table(include_str!("../data/need/cases.yaml"));
    for case in cases {
        check(&case);
    }
}

fn check(case: &Case) {
    let plan = plan(case);
    let manifest = manifest(case);
    let shown = |needs: Vec<Need>| needs.iter().map(show).collect::<Vec<_>>();
    if let Some(before) = &case.before {
        let found = shown(needs_of(&plan, StepId(0), &manifest, None));
        assert_starts(&found, before, &case.name);
    }
    if let Some(bound) = &case.bound {
        let found = shown(needs_of(&plan, StepId(0), &manifest, Some(&case.parameters)));
        assert_starts(&found, bound, &case.name);
    }
    let missing = uncovered(&plan, StepId(0), &manifest).unwrap();
    let missing: Vec<String> = missing.iter().map(Uncovered::capability).collect();
    if case.before.is_none() || !case.uncovered.is_empty() {
        assert_eq!(missing, case.uncovered, "{}", case.name);
    }
    if let Some(effective) = &case.effective {
        let everything = GrantSet::everything();
        let operator = case.operator.as_ref().map(|listed| GrantSet::parse(listed).unwrap());
        let starting = Starting {
            parameters: &case.parameters,
            operator: operator.as_ref().unwrap_or(&everything),
            starter: &everything,
        };
        let grants = grants_of(&plan, StepId(0), &manifest, starting).unwrap();
        assert_eq!(&grants.effective(), effective, "{}", case.name);
    }
}

#[track_caller]
fn assert_starts(found: &[String], expected: &[String], name: &str) {
    assert_eq!(found.len(), expected.len(), "{name}: {found:?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(
            found == expected || (expected.ends_with("invalid") && found.starts_with(expected)),
            "{name}: {found}"
        );
    }
}

fn show(need: &Need) -> String {
    let grants: Vec<String> = need.grants.iter().map(Grant::to_string).collect();
    let grants: BTreeSet<String> = grants.into_iter().collect();
    format!("{} | {}", grants.into_iter().collect::<Vec<_>>().join(" "), need.source)
}

fn manifest(case: &Case) -> ActionManifest {
    let properties: Map<String, Value> = case
        .defaults
        .iter()
        .map(|(name, value)| (name.clone(), json!({ "default": value })))
        .collect();
    ActionManifest {
        name: case.action.clone().unwrap_or_else(|| "aws:test".to_owned()),
        summary: "A test.".to_owned(),
        effect: EffectClass::External,
        needs: case.needs.clone(),
        inputs: json!({ "type": "object", "properties": properties }),
        outputs: json!({}),
    }
}

fn plan(case: &Case) -> Plan {
    let schema = case.schema.unwrap_or(Schema::V0_4);
    let read = |value: &Value| Template::from_value(value.clone(), schema).unwrap();
    let mut step =
        component("Test", case.action.as_deref().unwrap_or("aws:test"), read(&case.inputs));
    step.capabilities.clone_from(&case.step);
    step.for_each = case.for_each.as_ref().map(|list| ForEach {
        list: read(&json!(list)),
        as_name: case.r#as.clone(),
        max_concurrency: Amount::Count(1),
        max_errors: Amount::Count(0),
    });
    let get = component("Get", "aws:getParameter", read(&json!({ "Name": "/app/key" })));
    Plan {
        document: DocumentIdentity {
            name: "Test".to_owned(),
            version: "1".to_owned(),
            digest: Digest::of(b"test"),
        },
        schema,
        flow: Flow::Sequence,
        description: None,
        assume_role: None,
        parameters: case.secrets.iter().map(|name| (name.clone(), secret_parameter())).collect(),
        variables: BTreeMap::new(),
        steps: vec![step, get],
        main: vec![StepId(0), StepId(1)],
        finally: Vec::new(),
        outputs: Vec::new(),
        capabilities: case.document.clone(),
        plugins: BTreeMap::new(),
    }
}

fn secret_parameter() -> Parameter {
    Parameter {
        value_type: ValueType::Secret,
        description: None,
        default: None,
        allowed_values: Vec::new(),
        allowed_pattern: None,
        min_items: None,
        max_items: None,
        min_chars: None,
        max_chars: None,
    }
}

fn component(name: &str, action: &str, inputs: Template) -> Step {
    Step {
        name: name.to_owned(),
        description: None,
        action: Action::Component { name: action.to_owned(), inputs },
        outputs: Vec::new(),
        max_attempts: 1,
        backoff: Backoff { delay_ms: 0, factor: 1.0, delay_ms_max: 0 },
        timeout_ms: None,
        on_failure: OnFailure::Abort,
        on_cancel: OnCancel::Abort,
        is_critical: true,
        is_end: false,
        next: None,
        parent: None,
        in_finally: false,
        depends_on: Vec::new(),
        runs: Runs::OnSuccess,
        when: None,
        for_each: None,
        on_unknown: OnUnknown::Fail,
        capabilities: None,
    }
}
