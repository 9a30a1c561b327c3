//! The actions that the engine carries out itself, described as a component's manifest describes its own.

use host_api::effect::EffectClass;
use host_api::manifest::ActionManifest;
use runbook::action::FlowAction;
use serde_json::{Map, Value, json};

/// Name, type, whether it must be there, and what it is.
type Property = (&'static str, &'static str, bool, &'static str);

const BRANCH: &[Property] = &[
    (
        "Choices",
        "array",
        true,
        "Each a `NextStep` with `Variable` and one operator, such as StringEquals, or with And, Or, Not.",
    ),
    (
        "Default",
        "string",
        false,
        "The step to go on with when no choice holds; the next one when absent.",
    ),
];
const LOOP: &[Property] = &[
    ("Steps", "array", true, "The steps of one pass."),
    ("Iterators", "any", false, "The values to go over, at most 100; this or `LoopCondition`."),
    ("IteratorDataType", "string", false, "String (the default), Boolean, Integer or StringMap."),
    (
        "LoopCondition",
        "object",
        false,
        "After each pass: go on while it holds. Written as a choice of aws:branch.",
    ),
    ("MaxIterations", "integer", false, "1 to 100, the default."),
];
const SLEEP: &[Property] = &[
    (
        "Duration",
        "string",
        false,
        "Such as PT10M, just under seven days at most; this or `Timestamp`.",
    ),
    ("Timestamp", "string", false, "When to go on, such as 2026-01-31T08:00:00Z."),
];
const APPROVE: &[Property] = &[
    ("Approvers", "array", true, "1 to 10 names; `*` is anyone."),
    ("MinRequiredApprovals", "integer", false, "How many must approve; 1 when absent."),
    ("Message", "string", false, "What is asked."),
    ("NotificationArn", "string", false, "A topic whose name begins with Automation."),
];
const UPDATE_VARIABLE: &[Property] = &[
    ("Name", "string", true, "`variable:NAME`, one of the runbook's `variables`."),
    ("Value", "any", true, "Its new value, of its type."),
];

/// Returns the manifest of a flow action.
pub(super) fn manifest(name: &str, action: FlowAction) -> ActionManifest {
    let (summary, inputs) = match action {
        FlowAction::Branch => ("Goes on with the step of the first choice that holds.", BRANCH),
        FlowAction::Loop => ("Repeats its steps over values, or while a condition holds.", LOOP),
        FlowAction::Sleep => ("Waits for a while or until a time.", SLEEP),
        FlowAction::Pause => ("Waits until `runs signal RUN resume`.", &[][..]),
        FlowAction::Approve => ("Waits until enough of its approvers have approved.", APPROVE),
        FlowAction::UpdateVariable => ("Gives a variable a new value.", UPDATE_VARIABLE),
    };
    let outputs: Map<String, Value> = action
        .outputs()
        .iter()
        .map(|output| ((*output).to_owned(), json!({ "description": about(output) })))
        .collect();
    ActionManifest {
        name: format!("aws:{name}"),
        summary: summary.to_owned(),
        effect: EffectClass::Pure,
        needs: Vec::new(),
        inputs: schema(inputs),
        outputs: json!({ "type": "object", "properties": outputs, "additionalProperties": false }),
    }
}

fn about(output: &str) -> &'static str {
    match output {
        "CurrentIteration" => "The number of the pass, from 1.",
        "CurrentIteratorValue" => "The value of the pass.",
        "ApprovalStatus" => "Approved, Rejected or Waiting.",
        "ApproverDecisions" => "Who decided what, and when.",
        _ => "",
    }
}

fn schema(inputs: &[Property]) -> Value {
    let mut properties = Map::new();
    for (name, kind, _, description) in inputs {
        let mut property = json!({ "description": description });
        if *kind != "any" {
            property["type"] = json!(kind);
        }
        properties.insert((*name).to_owned(), property);
    }
    let required: Vec<_> = inputs.iter().filter(|input| input.2).map(|(name, ..)| *name).collect();
    json!({
        "type": "object", "properties": properties, "required": required, "additionalProperties": false,
    })
}
