//! From the start of a process to its first step.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::options::Options;
use crate::report::{Bar, Report, Unit};
use crate::sample::Sample;

const RUNBOOK: &str = "schemaVersion: \"0.4\"
mainSteps:
- { name: Only, action: assertProperty, inputs: { Value: 1, DesiredValues: [1] } }
";

pub(crate) fn measure(directory: &Path, options: &Options, report: &mut Report) -> Result<()> {
    // This program holds the whole product, and is as large.
    let binary = std::env::current_exe()?;
    std::fs::create_dir_all(directory)?;
    let file = directory.join("one.yaml");
    std::fs::write(&file, RUNBOOK)?;
    let call = || {
        let mut command = Command::new(&binary);
        command.arg("run").arg(&file).args(["--output", "json", "--data-dir"]);
        command.arg(directory.join("data"));
        one(command)
    };
    let (_, first) = call()?;
    let (mut steps, mut wholes) = (Sample::default(), Sample::default());
    for _ in 0..options.times(30, 3) {
        let (step, whole) = call()?;
        steps.add(step);
        wholes.add(whole);
    }
    let step = steps.percentile_ms(50);
    report.add("process start to first step, p50", step, Unit::Milliseconds, Bar::None);
    let whole = wholes.percentile_ms(50);
    report.add("  whole process of a run of one step, p50", whole, Unit::Milliseconds, Bar::None);
    let first = crate::sample::milliseconds(first);
    report.add("  the same on an empty data directory", first, Unit::Milliseconds, Bar::None);
    Ok(())
}

/// Returns when the only step began, and when the process had ended.
fn one(mut command: Command) -> Result<(Duration, Duration)> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH)?;
    let begun = Instant::now();
    let output = command.output().context("cannot start the binary")?;
    let whole = begun.elapsed();
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let view: Value = serde_json::from_slice(&output.stdout)?;
    let started_ms =
        view["steps"][0]["started"].as_u64().context("the step says not when it began")?;
    Ok((Duration::from_millis(started_ms).saturating_sub(since_epoch), whole))
}
