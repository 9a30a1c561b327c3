//! Trivial local commands: through the engine, and the agent alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Instant;

use agent::Agent;
use anyhow::{Result, ensure};
use host_api::identifier::CommandId;
use host_api::node::{Job, JobStatus};
use runwright::engine::Engine;
use serde_json::json;

use crate::engine::{plan, start, wait};
use crate::options::Options;
use crate::report::{Bar, Report, Unit};
use crate::sample::{Sample, milliseconds};

const COMMANDS: usize = 20;
const BAR: Bar = Bar::AtMost(100.0);

pub(crate) async fn through_the_engine(
    engine: &Engine,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    for (flow, what, bar) in [
        ("sequence", "20 trivial local commands, one after the other, median", BAR),
        ("graph", "20 trivial local commands, all at once, median", Bar::None),
    ] {
        let mut text = format!("schemaVersion: \"0.4\"\nflow: {flow}\nmainSteps:\n");
        let depends = if flow == "graph" { "dependsOn: [], " } else { "" };
        for number in 0..COMMANDS {
            writeln!(
                text,
                "- {{name: C{number}, action: shell, {depends}inputs: {{run: \"true\"}}}}"
            )?;
        }
        let plan = plan(engine, text).await?;
        let mut sample = Sample::default();
        for _ in 0..options.times(9, 1) {
            let begun = Instant::now();
            let run = start(engine, &plan).await?;
            wait(engine, &run).await?;
            sample.add(begun.elapsed());
        }
        report.add(what, sample.percentile_ms(50), Unit::Milliseconds, bar);
    }
    Ok(())
}

pub(crate) async fn agent_alone(
    directory: &Path,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let executable = std::env::current_exe()?;
    let agent = Agent::open(directory, agent::Settings::new(executable))?;
    let (mut sample, mut number) = (Sample::default(), 0);
    for _ in 0..options.times(9, 1) {
        let begun = Instant::now();
        for _ in 0..COMMANDS {
            number += 1;
            run(&agent, number).await?;
        }
        sample.add(begun.elapsed());
    }
    report.add("  by the agent alone", sample.percentile_ms(50), Unit::Milliseconds, Bar::None);
    let begun = Instant::now();
    for _ in 0..COMMANDS {
        let ended = tokio::process::Command::new("/bin/sh").args(["-c", "true"]).status().await?;
        ensure!(ended.success(), "`true` failed");
    }
    let time = milliseconds(begun.elapsed());
    report.add("  by `sh -c true`, nothing kept", time, Unit::Milliseconds, Bar::None);
    Ok(())
}

async fn run(agent: &Agent, number: usize) -> Result<()> {
    let document = json!({
        "schemaVersion": "2.2",
        "mainSteps": [{
            "action": "aws:runShellScript", "name": "shell", "inputs": { "runCommand": ["true"] },
        }],
    });
    let job = Job {
        id: format!("job-{number}"),
        command: CommandId::new(format!("command-{number}")),
        document_name: "Bench".to_owned(),
        document,
        parameters: BTreeMap::new(),
    };
    let report = agent.run(job)?.report().await?;
    ensure!(report.status == JobStatus::Success, "the job ended as {:?}", report.status);
    Ok(())
}
