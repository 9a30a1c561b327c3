//! `cargo xtask fuzz`: each target is built with coverage by the stable compiler, and run by libFuzzer for a while.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use crate::workspace;

const USAGE: &str = "usage: cargo xtask fuzz [--seconds N] [TARGET]...";
/// How long each target runs when nothing is said.
const SECONDS: u32 = 60;
/// Coverage as libFuzzer counts it, by LLVM's own pass: sanitizers would need another compiler, and safe Rust needs them little.
const COVERAGE: [&str; 5] = [
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=3",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
];
/// Longer inputs find nothing that shorter ones do not, and take longer.
const INPUT_BYTES_MAX: u32 = 8192;
/// An input that takes longer is a hang.
const INPUT_SECONDS_MAX: u32 = 20;
const MEMORY_MIB_MAX: u32 = 2048;

/// Builds all targets and runs those that are named, or all, one after the other.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let (mut seconds, mut named) = (SECONDS, Vec::new());
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => {
                let given = arguments.next().with_context(|| USAGE.to_owned())?;
                seconds = given.parse().with_context(|| format!("--seconds {given}\n{USAGE}"))?;
            }
            option if option.starts_with('-') => bail!("no option {option:?}\n{USAGE}"),
            target => named.push(target.to_owned()),
        }
    }
    let directory = workspace::root().join("tests/fuzz");
    let known = targets(&directory)?;
    if let Some(unknown) = named.iter().find(|target| !known.contains(target)) {
        bail!("no target {unknown:?}; there are {}", known.join(", "));
    }
    let binaries = build(&directory)?;
    for target in if named.is_empty() { &known } else { &named } {
        fuzz(&directory, &binaries.join(target), target, seconds)?;
    }
    Ok(())
}

/// Returns the names of all targets: those of the files that hold them.
fn targets(directory: &Path) -> Result<Vec<String>> {
    let files = directory.join("src/bin");
    let entries =
        std::fs::read_dir(&files).with_context(|| format!("cannot list {}", files.display()))?;
    let mut targets = Vec::new();
    for entry in entries {
        let path = entry.with_context(|| format!("cannot list {}", files.display()))?.path();
        targets.extend(path.file_stem().map(|name| name.to_string_lossy().into_owned()));
    }
    targets.sort();
    Ok(targets)
}

fn build(directory: &Path) -> Result<PathBuf> {
    let target = workspace::target().join("fuzz");
    let host = host()?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // The target is named so that build scripts and macros are compiled as always.
    let status = Command::new(cargo)
        .args(["build", "--release", "--bins", "--target", &host])
        .env("CARGO_ENCODED_RUSTFLAGS", COVERAGE.join("\u{1f}"))
        .env("CARGO_TARGET_DIR", &target)
        .current_dir(directory)
        .status()
        .context("cannot run cargo build")?;
    ensure!(
        status.success(),
        "the fuzz targets were not built ({status}); they need a C++ compiler"
    );
    Ok(target.join(host).join("release"))
}

/// Returns the name of the platform that the compiler is of.
fn host() -> Result<String> {
    let output = Command::new("rustc").arg("-vV").output().context("cannot run rustc")?;
    let text = String::from_utf8(output.stdout).context("rustc -vV is not UTF-8")?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("rustc -vV names no host")
}

fn fuzz(directory: &Path, binary: &Path, target: &str, seconds: u32) -> Result<()> {
    let kept = workspace::target().join("fuzz");
    let (corpus, found) = (kept.join("corpus").join(target), kept.join("found"));
    for folder in [&corpus, &found] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    workspace::say(&format!("fuzzing {target} for {seconds} s"));
    let status = Command::new(binary)
        .arg(&corpus)
        .arg(directory.join("seeds").join(target))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB_MAX}"))
        .arg(format!("-artifact_prefix={}/{target}-", found.display()))
        .args(["-print_final_stats=1", "-print_funcs=0", "-verbosity=0"])
        .status()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    ensure!(
        status.success(),
        "{target} failed ({status}): the input is in {}; call {} with it",
        found.display(),
        binary.display()
    );
    Ok(())
}
