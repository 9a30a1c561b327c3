//! `aws:shell`: runs a script on a node. Nothing is put into the script's text; values come in as environment
//! variables, so that a value cannot become a command.

use std::collections::BTreeMap;

use runwright_sdk::host::commands::{CommandId, CommandResult, SendCommand};
use runwright_sdk::serde_json::json;
use runwright_sdk::{
    Action, Call, Count, Effect, Ended, Failure, Scalar, Step, Wait, inputs, outputs, value,
};

/// Ships with Runwright: one `aws:runShellScript` step with a `StringMap` parameter `environment`.
const DOCUMENT: &str = "Runwright-Shell";
const EXCERPT_CHARACTERS: usize = 2_000;

#[inputs(rename_all = "camelCase")]
pub struct Inputs {
    /// The script, as it is.
    run: String,
    /// Environment variables.
    env: Option<BTreeMap<String, Scalar>>,
    working_directory: Option<String>,
    /// The node's id, or `local`.
    #[input(default = "local")]
    node: String,
    /// For the script: 5 to 172,800.
    #[input(default = 3600)]
    timeout_seconds: Count,
    /// The absolute path of the interpreter; `/bin/sh` when absent.
    shell: Option<String>,
}

#[outputs]
pub struct Outputs {
    /// First 24,000 characters.
    stdout: String,
    /// First 8,000 characters.
    stderr: String,
    exit_code: i64,
    command_id: String,
}

#[value]
pub struct Sent {
    command: CommandId,
}

#[derive(Debug)]
pub enum Shell {}

impl Action for Shell {
    const NAME: &'static str = "aws:shell";
    const SUMMARY: &'static str = "Runs a shell script on a node.";
    const EFFECT: Effect = Effect::Store;
    const NEEDS: &'static [&'static str] = &["commands:send:Runwright-Shell@{node}"];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = Sent;

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, Sent>, Failure> {
        let command = request(&inputs)?.send()?;
        Ok(Step::wait(Sent { command: command.clone() }).on(Wait::command(&command)))
    }

    fn resume(
        _inputs: Inputs,
        state: Sent,
        ended: Ended,
        _call: &Call,
    ) -> Result<Step<Outputs, Sent>, Failure> {
        outputs_of(&state.command, &ended.command()?).map(Step::Done)
    }
}

fn request(inputs: &Inputs) -> Result<SendCommand, Failure> {
    if !(5..=172_800).contains(&inputs.timeout_seconds.0) {
        let given = inputs.timeout_seconds.0;
        return Err(Failure::invalid_inputs(format!(
            "timeoutSeconds is {given}, not within 5 to 172800"
        )));
    }
    let environment = inputs.env.clone().unwrap_or_default();
    if let Some(name) = environment.keys().find(|name| !is_variable(name)) {
        return Err(Failure::invalid_inputs(format!(
            "{name:?} cannot name an environment variable"
        )));
    }
    let mut request = SendCommand::new(DOCUMENT)
        .node(&inputs.node)
        .parameter("commands", [script(inputs)?])
        .parameter("environment", [json!(environment).to_string()])
        .parameter("executionTimeout", [inputs.timeout_seconds.0.to_string()]);
    if let Some(directory) = &inputs.working_directory {
        request = request.parameter("workingDirectory", [directory]);
    }
    Ok(request)
}

/// The agent runs the script as a file, so its first line chooses the interpreter.
fn script(inputs: &Inputs) -> Result<String, Failure> {
    let Some(shell) = &inputs.shell else { return Ok(inputs.run.clone()) };
    if !shell.starts_with('/') || shell.contains('\n') {
        return Err(Failure::invalid_inputs(format!(
            "shell is {shell:?}, expected an absolute path"
        )));
    }
    if inputs.run.starts_with("#!") {
        return Err(Failure::invalid_inputs("shell is given, and the script names its own"));
    }
    Ok(format!("#!{shell}\n{}", inputs.run))
}

fn is_variable(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn outputs_of(command: &CommandId, result: &CommandResult) -> Result<Outputs, Failure> {
    let plugin = result.telling_plugin().cloned().unwrap_or_default();
    if plugin.status == "Failed" && plugin.response_code > 0 {
        let code = plugin.response_code;
        let details = json!({
            "ExitCode": code,
            "Stderr": tail(&plugin.standard_error_content),
            "Stdout": tail(&plugin.standard_output_content),
            "CommandId": command,
        });
        let last = plugin.standard_error_content.lines().rfind(|line| !line.trim().is_empty());
        let said = last.map(|line| format!(": {}", tail(line))).unwrap_or_default();
        let message = format!("the script ended with exit code {code}{said}");
        return Err(Failure::new("ExitCode", message).with_details(details));
    }
    result.succeeded()?;
    Ok(Outputs {
        stdout: plugin.standard_output_content,
        stderr: plugin.standard_error_content,
        exit_code: plugin.response_code,
        command_id: command.to_string(),
    })
}

fn tail(text: &str) -> &str {
    let skipped = text.chars().count().saturating_sub(EXCERPT_CHARACTERS);
    text.char_indices().nth(skipped).map_or("", |(start, _)| &text[start..])
}

runwright_sdk::export!(
    package = "aws:shell",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["commands"],
    actions = [Shell],
);

#[cfg(test)]
mod tests;
