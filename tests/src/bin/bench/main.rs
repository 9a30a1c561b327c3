//! `cargo xtask bench`: what the engine costs, beside what it may cost at most.
//!
//! Every run measures the floor too: the parts that a durable sandboxed step cannot do without, with no engine around them. A machine
//! that is slow or busy slows both, so the comparison with the floor holds where the plain figures do not.

mod api;
mod commands;
mod disk;
mod engine;
mod floor;
mod memory;
mod options;
mod process;
mod report;
mod sample;
mod steps;
mod triggers;

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result};
use options::Options;
use report::Report;

fn main() -> ExitCode {
    // The engine starts this very program as the shim of its jobs, and `process` as the product itself: no option of ours is a word.
    if std::env::args_os().nth(1).is_some_and(|word| !word.as_encoded_bytes().starts_with(b"-")) {
        return runwright::main();
    }
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            report::say(options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            report::say(&format!("error: {error}\n{}", options::USAGE));
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(report) => {
            report::print(&report, options.json);
            ExitCode::SUCCESS
        }
        Err(error) => {
            report::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<Report> {
    let scratch = tempfile::Builder::new()
        .prefix("bench-")
        .tempdir_in(&options.directory)
        .with_context(|| format!("cannot use {}", options.directory.display()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let measured = Arc::new(options.clone());
    let directory = scratch.path().to_owned();
    // On a worker of the runtime, where the engine's own loops run: the main thread would add a change of threads to each wait.
    let report =
        runtime.block_on(async move { tokio::spawn(measure(measured, directory)).await })??;
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    Ok(report)
}

async fn measure(options: Arc<Options>, directory: std::path::PathBuf) -> Result<Report> {
    let mut report = Report::default();
    let wants = |part: &str| {
        let wanted = options.wants(part);
        if wanted {
            report::say(&format!("measuring: {part}"));
        }
        wanted
    };
    let engine = engine::open(&directory.join("engine")).await?;
    let idle_bytes = memory::resident_bytes()?;
    if wants("disk") {
        disk::measure(&directory, &options, &mut report)?;
    }
    if wants("floor") {
        floor::measure(&directory, &options, &mut report).await?;
    }
    if wants("sequence") {
        steps::sequence(&engine, &options, &mut report).await?;
    }
    if wants("flight") {
        steps::in_flight(&engine, &options, &mut report).await?;
    }
    if wants("foreach") {
        steps::for_each(&engine, &options, &mut report).await?;
    }
    if wants("effects") {
        steps::effects(&engine, &options, &mut report).await?;
    }
    if wants("commands") {
        commands::through_the_engine(&engine, &options, &mut report).await?;
        commands::agent_alone(&directory.join("agent"), &options, &mut report).await?;
    }
    let after_bytes = memory::resident_bytes()?;
    engine.drain().await;
    drop(engine);
    if wants("process") {
        process::measure(&directory.join("process"), &options, &mut report)?;
    }
    if wants("api") {
        let directory = directory.join("api");
        std::fs::create_dir_all(&directory)?;
        api::measure(&directory, &options, &mut report).await?;
    }
    if wants("triggers") {
        let directory = directory.join("triggers");
        std::fs::create_dir_all(&directory)?;
        triggers::measure(&directory, &options, &mut report).await?;
    }
    memory::report(idle_bytes, after_bytes, &mut report);
    Ok(report)
}
