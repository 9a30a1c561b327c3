//! `aws:runCommand`: sends a command and waits for it. Inputs and outputs are SSM's.

use std::collections::BTreeMap;

use runwright_sdk::host::commands::{CommandId, SendCommand};
use runwright_sdk::serde_json::json;
use runwright_sdk::{
    Action, Amount, Call, Count, Effect, Ended, Failure, Step, TextList, Value, Wait, inputs,
    outputs, value,
};

#[inputs]
pub struct Inputs {
    document_name: String,
    /// A version, `$DEFAULT` or `$LATEST`.
    document_version: Option<String>,
    /// At most 50 nodes; `local` is this machine. Either these or `Targets`.
    instance_ids: Option<TextList>,
    /// Nodes by tag, or other keys of SSM.
    targets: Option<Vec<Target>>,
    /// The document's parameters. A single value counts as a list of one.
    parameters: Option<BTreeMap<String, Value>>,
    comment: Option<String>,
    /// For delivery: 30 to 2,592,000.
    timeout_seconds: Option<Count>,
    max_concurrency: Option<Amount>,
    max_errors: Option<Amount>,
    document_hash: Option<String>,
    document_hash_type: Option<String>,
    service_role_arn: Option<String>,
    notification_config: Option<Value>,
    cloud_watch_output_config: Option<Value>,
    #[serde(rename = "OutputS3BucketName")]
    output_s3_bucket_name: Option<String>,
    #[serde(rename = "OutputS3KeyPrefix")]
    output_s3_key_prefix: Option<String>,
}

/// SSM's `Target`.
#[value]
pub struct Target {
    /// `tag:NAME`, `tag-key`, `InstanceIds` or `resource-groups:…`.
    key: String,
    values: TextList,
}

#[outputs]
pub struct Outputs {
    command_id: String,
    status: String,
    /// What the last step of the first node ended with.
    response_code: i64,
    /// The output of the first node, cut.
    output: String,
}

#[value]
pub struct Sent {
    command: CommandId,
}

#[derive(Debug)]
pub enum RunCommand {}

impl Action for RunCommand {
    const NAME: &'static str = "aws:runCommand";
    const SUMMARY: &'static str = "Runs a command document on nodes and waits for it.";
    const EFFECT: Effect = Effect::Store;
    const NEEDS: &'static [&'static str] =
        &["commands:send:{DocumentName}@{InstanceIds}", "commands:send:{DocumentName}@{Targets}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = Sent;

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, Sent>, Failure> {
        let command = request(inputs)?.send()?;
        Ok(Step::wait(Sent { command: command.clone() }).on(Wait::command(&command)))
    }

    fn resume(
        _inputs: Inputs,
        state: Sent,
        ended: Ended,
        _call: &Call,
    ) -> Result<Step<Outputs, Sent>, Failure> {
        let result = ended.command()?;
        result.succeeded()?;
        Ok(Step::Done(Outputs {
            command_id: state.command.to_string(),
            response_code: result.response_code(),
            output: result.output(),
            status: result.status,
        }))
    }
}

fn request(inputs: Inputs) -> Result<SendCommand, Failure> {
    let nodes = inputs.instance_ids.unwrap_or_default();
    let targets = inputs.targets.unwrap_or_default();
    if nodes.as_slice().is_empty() == targets.is_empty() {
        return Err(Failure::invalid_inputs("expected either InstanceIds or Targets"));
    }
    let mut request = SendCommand::new(inputs.document_name);
    for node in nodes.as_slice() {
        request = request.node(node);
    }
    for target in targets {
        request = request.target(target.key, Vec::from(target.values));
    }
    for (name, value) in inputs.parameters.unwrap_or_default() {
        request = request.parameter(name, Vec::from(TextList::of(&value)));
    }
    let others = [
        ("DocumentVersion", inputs.document_version.map(Value::String)),
        ("Comment", inputs.comment.map(Value::String)),
        ("TimeoutSeconds", inputs.timeout_seconds.map(|count| json!(count))),
        ("MaxConcurrency", inputs.max_concurrency.map(|amount| json!(amount))),
        ("MaxErrors", inputs.max_errors.map(|amount| json!(amount))),
        ("DocumentHash", inputs.document_hash.map(Value::String)),
        ("DocumentHashType", inputs.document_hash_type.map(Value::String)),
        ("ServiceRoleArn", inputs.service_role_arn.map(Value::String)),
        ("NotificationConfig", inputs.notification_config),
        ("CloudWatchOutputConfig", inputs.cloud_watch_output_config),
        ("OutputS3BucketName", inputs.output_s3_bucket_name.map(Value::String)),
        ("OutputS3KeyPrefix", inputs.output_s3_key_prefix.map(Value::String)),
    ];
    for (name, value) in others {
        if let Some(value) = value {
            request = request.field(name, value);
        }
    }
    Ok(request)
}

runwright_sdk::export!(
    package = "aws:runCommand",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["commands"],
    actions = [RunCommand],
);

#[cfg(test)]
mod tests {
    use runwright_sdk::host::commands::CommandResult;
    use runwright_sdk::serde_json::{self, Value, json};
    use runwright_sdk::{Action, Call, Ended, Step};

    use super::{RunCommand, Sent, request};

    fn sent(inputs: Value) -> Result<Value, String> {
        let request = request(serde_json::from_value(inputs).unwrap());
        request.map(|request| request.to_json()).map_err(|failure| failure.code)
    }

    #[test]
    fn inputs_become_the_request_of_the_api() {
        let full = json!({
            "DocumentName": "AWS-RunShellScript", "InstanceIds": [["local"], "mi-1"], "TimeoutSeconds": "60",
            "Parameters": { "commands": "id", "executionTimeout": 5, "list": ["a", 1], "map": { "k": "v" } },
            "MaxErrors": "10%", "Comment": "c", "OutputS3BucketName": "b"
        });
        assert_eq!(
            sent(full).unwrap(),
            json!({
                "DocumentName": "AWS-RunShellScript", "InstanceIds": ["local", "mi-1"], "TimeoutSeconds": 60,
                "Parameters": {
                    "commands": ["id"], "executionTimeout": ["5"], "list": ["a", "1"], "map": ["{\"k\":\"v\"}"]
                },
                "MaxErrors": "10%", "Comment": "c", "OutputS3BucketName": "b"
            })
        );
        let tagged =
            json!({ "DocumentName": "D", "Targets": [{ "Key": "tag:Role", "Values": ["web"] }] });
        assert_eq!(sent(tagged.clone()).unwrap(), tagged);
        assert_eq!(sent(json!({ "DocumentName": "D" })).unwrap_err(), "InvalidInputs");
    }

    #[test]
    fn a_command_that_did_not_succeed_fails_the_step() {
        let resume = |status: &str, code: i64| {
            let result = json!({
                "Command": { "CommandId": "c", "Status": status, "StatusDetails": status },
                "CommandInvocations": [{ "InstanceId": "mi-1", "Status": status, "CommandPlugins": [
                    { "Name": "one", "Status": "Success", "ResponseCode": 0, "Output": "first" },
                    { "Name": "two", "Status": status, "ResponseCode": code, "Output": "second" },
                ] }]
            });
            let command = String::from("c").into();
            let state = Sent { command };
            let ended =
                Ended::Command { id: state.command.clone(), result: CommandResult::new(result) };
            let inputs = serde_json::from_value(json!({ "DocumentName": "D" })).unwrap();
            let call = Call { run_id: String::new(), step: String::new(), attempt: 1 };
            RunCommand::resume(inputs, state, ended, &call)
        };
        let Ok(Step::Done(outputs)) = resume("Success", 0) else { panic!("it did not succeed") };
        assert_eq!((outputs.response_code, outputs.output.as_str()), (0, "first\nsecond"));
        assert_eq!((outputs.command_id.as_str(), outputs.status.as_str()), ("c", "Success"));
        let failure = resume("Failed", 7).unwrap_err();
        assert_eq!(failure.code, "CommandFailed");
        assert_eq!(failure.details["ResponseCode"], json!(7));
        assert_eq!(resume("TimedOut", -1).unwrap_err().code, "CommandTimedOut");
    }
}
