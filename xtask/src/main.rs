//! Automation in Rust: `cargo xtask setup|guests|model|demo|test|lint|bench|fuzz`.

mod fuzz;
mod guests;
mod model;
mod workspace;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  setup    build the guest components that the library embeds, after finding or installing a compiler for them
  guests   build them again from nothing
  model    write the types of SSM's wire model; with --check, see that they are what the model says
  demo     setup, then run a shipped runbook on this machine
  test     setup, then every test of every workspace
  lint     check formatting and lints of every workspace
  bench    setup, then measure a release build beside its bars; `cargo xtask bench --help` shows its options,
           `cargo xtask bench api` measures the server alone, beside moto's, and
           `cargo xtask bench triggers` webhooks, events and rules
  fuzz     run every fuzz target for a minute, or as `cargo xtask fuzz [--seconds N] [TARGET]...` says

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
    if !matches!(command.as_str(), "demo" | "bench" | "model" | "fuzz") && !rest.is_empty() {
        bail!("`{command}` takes no argument, found {rest:?}\n{USAGE}");
    }
    match command.as_str() {
        "setup" => guests::setup(),
        "guests" => guests::rebuild(),
        "model" => model::types(rest),
        "demo" => demo(rest),
        "test" => test(),
        "lint" => lint(),
        "bench" => bench(rest),
        "fuzz" => fuzz::run(rest),
        "help" | "--help" | "-h" => {
            workspace::say(USAGE);
            Ok(())
        }
        _ => bail!("no command {command:?}\n{USAGE}"),
    }
}

/// Runs the shipped example in a data directory of its own; further arguments go to `runwright run`.
fn demo(arguments: &[String]) -> Result<()> {
    const EXAMPLE: &str = "Runwright-Demo";
    const TOKEN: &str = "/demo/token";
    guests::setup()?;
    let root = workspace::root();
    // The whole workspace, so that `test` finds the dependencies built with the features it wants.
    workspace::cargo(&root, &["build", "--workspace"])?;
    let target = workspace::target();
    let (binary, data) = (target.join("debug/runwright"), target.join("demo"));
    let data = data.to_str().context("the path of the target folder is not UTF-8")?;
    let put = ["--data-dir", data, "param", "put", TOKEN, "--type", "SecureString", "--overwrite"];
    workspace::run(&binary, &put, Some(&random_hex()?))?;
    let mut run = vec!["--data-dir", data, "run", EXAMPLE];
    run.extend(arguments.iter().map(String::as_str));
    workspace::run(&binary, &run, None)
}

/// Returns 16 random bytes as hexadecimal digits.
fn random_hex() -> Result<String> {
    use std::fmt::Write as _;
    use std::io::Read as _;
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .context("cannot read random bytes")?;
    bytes.iter().try_fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}")?;
        Ok(text)
    })
}

/// Measures a release build of the product; further arguments go to the bench.
fn bench(arguments: &[String]) -> Result<()> {
    guests::setup()?;
    let mut run = vec!["run", "--release", "--package", "e2e", "--bin", "bench", "--"];
    for argument in arguments {
        // To the bench a first word is a call of the product that it holds.
        if matches!(argument.as_str(), "api" | "triggers") && run.last() != Some(&"--only") {
            run.push("--only");
        }
        run.push(argument);
    }
    workspace::cargo(&workspace::root(), &run)
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
    model::types(&["--check".to_owned()])?;
    guests::setup()?;
    let mut directories = vec![workspace::root()];
    directories.extend(workspace::guests()?);
    for directory in directories.iter().chain([&workspace::root().join("tests/fuzz")]) {
        workspace::cargo(directory, &["fmt", "--check"])?;
    }
    for directory in &directories {
        workspace::cargo(directory, &[CLIPPY.as_slice(), &["--", "-D", "warnings"]].concat())?;
    }
    Ok(())
}
