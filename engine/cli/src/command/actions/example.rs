//! Steps to paste. Each is valid as it stands, and does something sensible once its names are the user's own.

use host_api::manifest::ActionManifest;
use serde_json::{Value, json};

/// Inputs of the actions that this binary brings; those of other actions are made from their schemas.
const EXAMPLES: &[(&str, &str)] = &[
    ("aws:approve", "Approvers: [\"*\"]\nMessage: Go on?\n"),
    (
        "aws:assertAwsResourceProperty",
        "Service: ssm\nApi: GetParameter\nName: /app/mode\nPropertySelector: $.Parameter.Value\nDesiredValues: [fast]\n",
    ),
    ("aws:assertProperty", "Value: \"{{ global:REGION }}\"\nDesiredValues: [us-east-1]\n"),
    (
        "aws:branch",
        "Choices:\n  - NextStep: Next\n    Variable: \"{{ global:REGION }}\"\n    StringEquals: us-east-1\nDefault: Next\n",
    ),
    (
        "aws:createTags",
        "ResourceType: ManagedInstance\nResourceIds: [local]\nTags:\n  - { Key: Tier, Value: web }\n",
    ),
    ("aws:executeAutomation", "DocumentName: Runwright-DemoSequence\n"),
    ("aws:executeAwsApi", "Service: ssm\nApi: GetParameter\nName: /app/mode\n"),
    ("aws:gatherInventory", "Node: local\n"),
    ("aws:getParameter", "Name: /app/mode\n"),
    ("aws:httpRequest", "Url: https://example.org/\n"),
    ("aws:invokeWebhook", "IntegrationName: chat\n"),
    (
        "aws:loop",
        "Iterators: [one, two]\nSteps:\n  - name: Inner\n    action: aws:sleep\n    inputs:\n      Duration: PT1S\n",
    ),
    ("aws:pause", ""),
    ("aws:putParameter", "Name: /app/mode\nValue: fast\nType: String\nOverwrite: true\n"),
    (
        "aws:runCommand",
        "DocumentName: AWS-RunShellScript\nInstanceIds: [local]\nParameters:\n  commands: [uname -a]\n",
    ),
    ("aws:shell", "run: uname -a\n"),
    ("aws:sleep", "Duration: PT10S\n"),
    ("aws:updateVariable", "Name: variable:Count\nValue: 1\n"),
    (
        "aws:waitForAwsResourceProperty",
        "Service: ssm\nApi: GetParameter\nName: /app/mode\nPropertySelector: $.Parameter.Value\nDesiredValues: [fast]\n",
    ),
    ("aws:waitForProperty", "Parameter: /app/mode\nDesiredValues: [fast]\n"),
];

/// Returns a step, indented as it stands in `mainSteps`.
pub(super) fn step(manifest: &ActionManifest, in_ssm: bool) -> String {
    let example = EXAMPLES.iter().find(|(name, _)| *name == manifest.name);
    let inputs =
        example.map_or_else(|| of_schema(&manifest.inputs), |(_, text)| (*text).to_owned());
    let short = manifest.name.strip_prefix("aws:").filter(|_| !in_ssm);
    let name = short.unwrap_or(&manifest.name);
    let mut text = format!("    - name: Step\n      action: {name}\n");
    if inputs.is_empty() {
        text.push_str("      inputs: {}\n");
    } else {
        text.push_str("      inputs:\n");
        inputs.lines().for_each(|line| text.push_str(&format!("        {line}\n")));
    }
    if manifest.name == "aws:branch" {
        text.push_str(
            "    - name: Next\n      action: aws:sleep\n      inputs:\n        Duration: PT1S\n",
        );
    }
    text
}

/// Returns what must stand elsewhere in the runbook for the step to be valid.
pub(super) fn beside(manifest: &ActionManifest) -> Option<&'static str> {
    (manifest.name == "aws:updateVariable")
        .then_some("variables: { Count: { type: Integer, default: 0 } }")
}

fn of_schema(schema: &Value) -> String {
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut text = String::new();
    for name in required {
        // JSON is YAML, whatever a foreign manifest has as name or default.
        let value = value(&schema["properties"][name]);
        text.push_str(&format!("{}: {value}\n", json!(name)));
    }
    text
}

fn value(schema: &Value) -> Value {
    let stated = ["default", "const"].into_iter().find_map(|key| schema.get(key));
    let listed = ["examples", "enum"].into_iter().find_map(|key| schema[key].get(0));
    if let Some(value) = stated.or(listed).filter(|value| !value.is_null()) {
        return value.clone();
    }
    match schema["type"].as_str() {
        Some("array") => {
            let count = schema["minItems"].as_u64().unwrap_or_default().min(10);
            (0..count).map(|_| value(&schema["items"])).collect()
        }
        Some("object") => json!({}),
        Some("boolean") => json!(true),
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(1)),
        _ => json!("…"),
    }
}
