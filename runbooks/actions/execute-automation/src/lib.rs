//! `aws:executeAutomation`: starts a child run and waits for it.

use std::collections::BTreeMap;

use runwright_sdk::host::automation::{ExecutionId, ExecutionResult, StartAutomation};
use runwright_sdk::host::tags::Tag;
use runwright_sdk::serde_json::json;
use runwright_sdk::{
    Action, Call, Effect, Ended, Failure, Step, TextList, Value, Wait, inputs, outputs, value,
};

#[inputs]
pub struct Inputs {
    document_name: String,
    /// The default version when absent.
    document_version: Option<String>,
    /// The document's parameters. A single value counts as a list of one.
    runtime_parameters: Option<BTreeMap<String, Value>>,
    /// At most 5.
    tags: Option<Vec<Tag>>,
    /// Not available yet; forEach does it.
    targets: Option<Value>,
    /// Not available yet; forEach does it.
    target_parameter_name: Option<Value>,
    /// Not available yet; forEach does it.
    target_maps: Option<Value>,
    /// Not available yet.
    target_locations: Option<Value>,
    /// Not available yet; forEach does it.
    max_concurrency: Option<Value>,
    /// Not available yet; forEach does it.
    max_errors: Option<Value>,
}

#[outputs]
pub struct Outputs {
    execution_id: String,
    status: String,
    /// The values of all outputs of the child run.
    output: Vec<String>,
    /// The same by name.
    #[serde(rename = "Outputs")]
    by_name: BTreeMap<String, Vec<String>>,
}

#[value]
pub struct Started {
    execution: ExecutionId,
}

#[derive(Debug)]
pub enum ExecuteAutomation {}

impl Action for ExecuteAutomation {
    const NAME: &'static str = "aws:executeAutomation";
    const SUMMARY: &'static str = "Runs another runbook and waits for it.";
    const EFFECT: Effect = Effect::Store;
    const NEEDS: &'static [&'static str] = &["automation:start:{DocumentName}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = Started;

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, Started>, Failure> {
        refuse_unavailable(&inputs)?;
        let execution = request(inputs).start()?;
        Ok(Step::wait(Started { execution: execution.clone() }).on(Wait::automation(&execution)))
    }

    fn resume(
        _inputs: Inputs,
        state: Started,
        ended: Ended,
        _call: &Call,
    ) -> Result<Step<Outputs, Started>, Failure> {
        let ExecutionResult { status, outputs, .. } = ended.automation()?.succeeded()?.clone();
        Ok(Step::Done(Outputs {
            execution_id: state.execution.to_string(),
            status,
            output: outputs.values().flatten().cloned().collect(),
            by_name: outputs,
        }))
    }
}

fn refuse_unavailable(inputs: &Inputs) -> Result<(), Failure> {
    let unavailable = [
        ("Targets", &inputs.targets),
        ("TargetParameterName", &inputs.target_parameter_name),
        ("TargetMaps", &inputs.target_maps),
        ("TargetLocations", &inputs.target_locations),
        ("MaxConcurrency", &inputs.max_concurrency),
        ("MaxErrors", &inputs.max_errors),
    ];
    match unavailable.iter().find(|(_, value)| value.is_some()) {
        None => Ok(()),
        Some((name, _)) => Err(Failure::new(
            "Unavailable",
            format!("{name} is not available yet: use forEach with maxConcurrency and maxErrors"),
        )),
    }
}

fn request(inputs: Inputs) -> StartAutomation {
    let mut request = StartAutomation::new(inputs.document_name);
    if let Some(version) = inputs.document_version {
        request = request.field("DocumentVersion", Value::String(version));
    }
    if let Some(tags) = inputs.tags {
        request = request.field("Tags", json!(tags));
    }
    for (name, value) in inputs.runtime_parameters.unwrap_or_default() {
        request = request.parameter(name, TextList::of(&value).into());
    }
    request
}

runwright_sdk::export!(
    package = "aws:executeAutomation",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["automation"],
    actions = [ExecuteAutomation],
);

#[cfg(test)]
mod tests {
    use runwright_sdk::host::automation::ExecutionResult;
    use runwright_sdk::serde_json::{self, json};
    use runwright_sdk::{Action, Call, Ended, Step};

    use super::{ExecuteAutomation, Started, refuse_unavailable, request};

    #[test]
    fn inputs_become_the_request_of_the_api() {
        let inputs = serde_json::from_value(json!({
            "DocumentName": "D", "DocumentVersion": "2", "RuntimeParameters": { "A": "x", "B": ["y", 1] },
            "Tags": [{ "Key": "k", "Value": "v" }]
        }));
        let expected = json!({
            "DocumentName": "D", "DocumentVersion": "2", "Parameters": { "A": ["x"], "B": ["y", "1"] },
            "Tags": [{ "Key": "k", "Value": "v" }]
        });
        assert_eq!(request(inputs.unwrap()).to_json(), expected);
    }

    #[test]
    fn what_is_not_available_is_said() {
        for name in
            ["Targets", "TargetParameterName", "TargetMaps", "TargetLocations", "MaxConcurrency"]
        {
            let inputs = serde_json::from_value(json!({ "DocumentName": "D", name: "1" })).unwrap();
            let failure = refuse_unavailable(&inputs).unwrap_err();
            assert_eq!(failure.code, "Unavailable");
            assert!(failure.message.starts_with(name), "{failure}");
        }
    }

    #[test]
    fn outputs_of_the_child_are_outputs() {
        let resume = |status: &str| {
            let result = ExecutionResult::new(json!({
                "AutomationExecutionId": "e", "AutomationExecutionStatus": status,
                "Outputs": { "a.X": ["1", "2"], "b.Y": ["3"] }, "FailureMessage": "why"
            }));
            let id: runwright_sdk::host::automation::ExecutionId = String::from("e").into();
            let call = Call { run_id: String::new(), step: String::new(), attempt: 1 };
            let inputs = serde_json::from_value(json!({ "DocumentName": "D" })).unwrap();
            let ended = Ended::Automation { id: id.clone(), result };
            ExecuteAutomation::resume(inputs, Started { execution: id }, ended, &call)
        };
        let Ok(Step::Done(outputs)) = resume("Success") else { panic!("it did not succeed") };
        assert_eq!(outputs.output, ["1", "2", "3"]);
        let failure = resume("TimedOut").unwrap_err();
        assert_eq!(failure.code, "AutomationTimedOut");
        assert!(failure.message.ends_with("why"), "{failure}");
    }
}
