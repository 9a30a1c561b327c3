//! A node's executor without a server: runs one job and prints its report.
//!
//! `runwright-node run <directory> <job.json>` recovers the directory's jobs and runs this one; `runwright-node shim <folder>` is its shim.

use std::error::Error;
use std::ffi::OsString;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use agent::{Agent, Settings};

#[expect(clippy::print_stderr, reason = "a command-line program")]
fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.split_first() {
        Some((command, rest)) if command == "shim" => agent::shim_main(rest.iter().cloned()),
        Some((command, [directory, job])) if command == "run" => {
            match run(Path::new(directory), Path::new(job)) {
                Ok(()) => ExitCode::SUCCESS,
                Err(error) => {
                    eprintln!("{error}");
                    ExitCode::FAILURE
                }
            }
        }
        _ => {
            eprintln!("usage: runwright-node run <directory> <job.json> | shim <folder>");
            ExitCode::from(2)
        }
    }
}

fn run(directory: &Path, job: &Path) -> Result<(), Box<dyn Error>> {
    let agent = Agent::open(directory, Settings::new(std::env::current_exe()?))?;
    let recovered = agent.recover()?;
    tracing::debug!(jobs = recovered.len(), "recovered");
    let job = serde_json::from_slice(&std::fs::read(job)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let report = runtime.block_on(agent.run(job)?.report())?;
    writeln!(std::io::stdout(), "{}", serde_json::to_string(&report)?)?;
    Ok(())
}
