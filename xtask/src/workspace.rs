//! The workspaces of this repository, and cargo in them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// Returns the directories of the workspaces of guests: the built-in actions, and each example plugin.
pub(crate) fn guests() -> Result<Vec<PathBuf>> {
    let plugins = root().join("examples/plugins");
    let mut directories = vec![root().join("runbooks/actions")];
    let entries = std::fs::read_dir(&plugins)
        .with_context(|| format!("cannot list {}", plugins.display()))?;
    for entry in entries {
        let path = entry.with_context(|| format!("cannot list {}", plugins.display()))?.path();
        if path.join("Cargo.toml").exists() {
            directories.push(path);
        }
    }
    directories[1..].sort();
    Ok(directories)
}

/// Runs the cargo that runs us.
pub(crate) fn cargo(directory: &Path, arguments: &[&str]) -> Result<()> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let command = format!("cargo {}", arguments.join(" "));
    let status = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .status()
        .with_context(|| format!("cannot run {command}"))?;
    ensure!(status.success(), "{command} failed in {} ({status})", directory.display());
    Ok(())
}

/// Returns where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// Runs a program that was built, with text on its standard input where there is some.
pub(crate) fn run(program: &Path, arguments: &[&str], input: Option<&str>) -> Result<()> {
    use std::io::Write as _;
    let command = format!("{} {}", program.display(), arguments.join(" "));
    let stdin = if input.is_some() { Stdio::piped() } else { Stdio::inherit() };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(stdin)
        .spawn()
        .with_context(|| format!("cannot run {command}"))?;
    let input = input.unwrap_or_default();
    let written = child.stdin.take().map(|mut stdin| stdin.write_all(input.as_bytes()));
    let status = child.wait().with_context(|| format!("cannot wait for {command}"))?;
    ensure!(status.success(), "{command} failed ({status})");
    written.transpose().with_context(|| format!("{command} did not read its input"))?;
    Ok(())
}

/// Tells the person at the terminal.
#[expect(clippy::print_stderr, reason = "this is a program for a person at a terminal")]
pub(crate) fn say(text: &str) {
    eprintln!("{text}");
}
