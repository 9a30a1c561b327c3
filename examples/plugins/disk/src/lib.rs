//! The plugin `acme:disk`, with one action: `acme:check-disk`.

mod filesystem;

use runwright_sdk::host::commands::{CommandId, CommandResult, SendCommand};
use runwright_sdk::host::parameters::{self, Kind};
use runwright_sdk::host::{clock, log, state};
use runwright_sdk::serde_json::json;
use runwright_sdk::{Action, Call, Effect, Ended, Failure, Step, Wait, inputs, outputs, value};

use filesystem::{Filesystem, fullest};

/// `df` in the format of POSIX. Nothing is put into its text.
const SCRIPT: &str = "df -P -k";

#[inputs]
pub struct Inputs {
    /// The node to look at: its id, or `local`.
    #[input(default = "local")]
    node: String,
    /// How full a file system may be, in percent.
    #[input(default = 90)]
    percent_max: u64,
    /// Mount points that are not looked at, with what is below them.
    #[input(default = ["/dev", "/proc", "/run", "/sys", "/snap"])]
    ignore: Vec<String>,
    /// The parameter that the report goes to.
    report: String,
}

#[outputs]
pub struct Outputs {
    /// Every file system that was looked at.
    filesystems: Vec<Filesystem>,
    /// The mount point of the fullest.
    fullest: String,
    /// How full that is, in percent.
    percent: u64,
    /// How full it was when this action looked last, in whatever run.
    percent_before: Option<u64>,
    /// The version of the report.
    report_version: u64,
}

/// What is kept while the command runs and no instance of the plugin exists.
#[value]
pub struct Asked {
    command: CommandId,
}

/// What outlives the run, one for each node.
#[value]
pub struct Seen {
    percent: u64,
    /// Milliseconds since the Unix epoch.
    at_ms: u64,
}

#[derive(Debug)]
pub enum CheckDisk {}

impl Action for CheckDisk {
    const NAME: &'static str = "acme:check-disk";
    const SUMMARY: &'static str =
        "Reports how full a node's file systems are, and fails when one is too full.";
    const EFFECT: Effect = Effect::Store;
    const NEEDS: &'static [&'static str] = &[
        "commands:send:AWS-RunShellScript@{Node}",
        "parameters:write:{Report}",
        "state:read:disk/*",
        "state:write:disk/*",
    ];

    type Inputs = Inputs;
    type Outputs = Outputs;
    type State = Asked;

    fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, Asked>, Failure> {
        if inputs.percent_max > 100 {
            let given = inputs.percent_max;
            return Err(Failure::invalid_inputs(format!("PercentMax is {given}, at most 100")));
        }
        let command = SendCommand::new("AWS-RunShellScript")
            .node(&inputs.node)
            .parameter("commands", [SCRIPT])
            .send()?;
        log::info(&format!("asked {} how full it is", inputs.node));
        Ok(Step::wait(Asked { command: command.clone() }).on(Wait::command(&command)))
    }

    fn resume(
        inputs: Inputs,
        _state: Asked,
        ended: Ended,
        _call: &Call,
    ) -> Result<Step<Outputs, Asked>, Failure> {
        let filesystems = filesystem::parse(&standard_output(&ended.command()?)?, &inputs.ignore)?;
        let worst = fullest(&filesystems)
            .ok_or_else(|| Failure::new("NoFilesystem", "every file system is ignored"))?
            .clone();
        let key = format!("disk/{}", inputs.node);
        let before: Option<Seen> = state::get(&key)?;
        state::put(&key, &Seen { percent: worst.percent, at_ms: clock::now_ms() })?;
        let report = json!({ "Node": inputs.node, "Filesystems": filesystems });
        let report_version = parameters::put(&inputs.report, report.to_string())
            .kind(Kind::String)
            .overwrite(true)
            .send()?;
        if worst.percent > inputs.percent_max {
            let Filesystem { mount, percent, .. } = &worst;
            let message = format!("{mount} on {} is {percent} % full", inputs.node);
            return Err(Failure::new("DiskFull", message).with_details(json!(worst)));
        }
        Ok(Step::Done(Outputs {
            fullest: worst.mount,
            percent: worst.percent,
            percent_before: before.map(|seen| seen.percent),
            report_version,
            filesystems,
        }))
    }
}

fn standard_output(result: &CommandResult) -> Result<String, Failure> {
    result.succeeded()?;
    let plugin = result.telling_plugin();
    Ok(plugin.map(|plugin| plugin.standard_output_content.clone()).unwrap_or_default())
}

runwright_sdk::export!(
    package = "acme:disk",
    version = env!("CARGO_PKG_VERSION"),
    interfaces = ["commands", "parameters", "state"],
    actions = [CheckDisk],
);
