//! Automation in Rust: `cargo xtask setup|guests|demo|test|lint|bench`.

mod guests;
mod workspace;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup    build the guest components that the library embeds, after finding or installing a compiler for them
  guests   build them again from nothing
  demo     setup, then run a shipped runbook on this machine
  test     setup, then every test of every workspace
  lint     check formatting and lints of every workspace
  bench    setup, then measure a release build beside its bars; `cargo xtask bench --help` shows its options

RUNWRIGHT_GUEST_TOOLCHAIN=rustup or =debian forces one way to compile guests.";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            workspace::say(&format!("error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let Some((command, rest)) = arguments.split_first() else { bail!("no command\n{USAGE}") };
    if !matches!(command.as_str(), "demo" | "bench") && !rest.is_empty() {
        bail!("`{command}` takes no argument, found {rest:?}\n{USAGE}");
    }
    match command.as_str() {
        "setup" => guests::setup(),
        "guests" => guests::rebuild(),
        "demo" => demo(rest),
        "test" => test(),
        "lint" => lint(),
        "bench" => bench(rest),
        "help" | "--help" | "-h" => {
            workspace::say(USAGE);
            Ok(())
        }
        _ => bail!("no command {command:?}\n{USAGE}"),
    }
}

/// Runs the shipped example; further arguments go to `runwright run`.
fn demo(arguments: &[String]) -> Result<()> {
    const EXAMPLE: &str = "Runwright-Demo";
    guests::setup()?;
    let mut run = vec!["run", "--quiet", "--package", "runwright", "--", "run", EXAMPLE];
    run.extend(arguments.iter().map(String::as_str));
    workspace::cargo(&workspace::root(), &run)
}

/// Builds the product as it is shipped, and measures it; further arguments go to the bench.
fn bench(arguments: &[String]) -> Result<()> {
    guests::setup()?;
    let root = workspace::root();
    workspace::cargo(&root, &["build", "--release", "--package", "runwright"])?;
    let mut run = vec!["run", "--release", "--package", "e2e", "--bin", "bench", "--"];
    run.extend(arguments.iter().map(String::as_str));
    workspace::cargo(&root, &run)
}

fn test() -> Result<()> {
    guests::setup()?;
    workspace::cargo(&workspace::root(), &["test", "--workspace"])?;
    for directory in workspace::guests()? {
        workspace::cargo(&directory, &["test"])?;
    }
    Ok(())
}

fn lint() -> Result<()> {
    const CLIPPY: [&str; 4] = ["clippy", "--workspace", "--all-targets", "--all-features"];
    guests::setup()?;
    let mut directories = vec![workspace::root()];
    directories.extend(workspace::guests()?);
    for directory in &directories {
        workspace::cargo(directory, &["fmt", "--check"])?;
    }
    for directory in &directories {
        workspace::cargo(directory, &[CLIPPY.as_slice(), &["--", "-D", "warnings"]].concat())?;
    }
    Ok(())
}
