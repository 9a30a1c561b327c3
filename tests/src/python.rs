//! Python environments with what the API is tried and compared with, from the package index.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use host_api::identifier::Digest;

/// Written last: an environment without it was cut off while it was made.
const COMPLETE: &str = "complete";
const DIGITS: usize = 16;

/// Returns where the Python tests and their requirements are.
pub fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("python")
}

/// Returns the interpreter of an environment below `target` that has exactly what the file `requirements` of the Python tests asks for.
///
/// The environment is made once for each content of that file; who asks meanwhile waits.
///
/// # Errors
/// Without a `python3` that has `venv`, and when the packages cannot be installed.
pub fn interpreter(requirements: &str, target: &Path) -> Result<PathBuf> {
    let file = directory().join(requirements);
    let text = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let all = target.join("python");
    fs::create_dir_all(&all).with_context(|| format!("cannot make {}", all.display()))?;
    let environment = all.join(&Digest::of(&text).as_str()[..DIGITS]);
    let python = environment.join("bin/python");
    let lock = File::create(environment.with_extension("lock"))?;
    lock.lock().context("cannot wait for who makes the Python environment")?;
    if !environment.join(COMPLETE).exists() {
        make(&environment, &python, &file)?;
        fs::write(environment.join(COMPLETE), "")?;
    }
    Ok(python)
}

fn make(environment: &Path, python: &Path, requirements: &Path) -> Result<()> {
    if environment.exists() {
        fs::remove_dir_all(environment)?;
    }
    run(
        Command::new("python3").args(["-m", "venv"]).arg(environment),
        "python3 with its module venv is needed (on Debian: apt-get install python3-venv)",
    )?;
    run(
        Command::new(python)
            .args(["-m", "pip", "install", "--quiet", "--requirement"])
            .arg(requirements),
        "the Python packages cannot be installed",
    )
}

fn run(command: &mut Command, otherwise: &'static str) -> Result<()> {
    let output = command.output().context(otherwise)?;
    ensure!(
        output.status.success(),
        "{otherwise}: {command:?} ended with {}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
