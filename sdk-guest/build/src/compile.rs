//! Compiles the guests of a crate or a workspace, and makes them components.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use host_api::identifier::Digest;
use host_api::manifest::Manifest;
use serde::Deserialize;

use crate::component::{ComponentError, componentize};
use crate::toolchain::{TARGET, Toolchain};

/// The profile of every guest, whatever its own `Cargo.toml` says. A guest is called for each step: speed before size.
const PROFILE: [(&str, &str); 6] = [
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2"),
    ("CARGO_PROFILE_RELEASE_LTO", "fat"),
    ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1"),
    ("CARGO_PROFILE_RELEASE_PANIC", "abort"),
    ("CARGO_PROFILE_RELEASE_STRIP", "symbols"),
    ("CARGO_INCREMENTAL", "0"),
];

/// What to build.
#[derive(Debug, Clone)]
pub struct Build<'a> {
    /// Where the `Cargo.toml` of a guest, or of a workspace of guests, lies.
    pub manifest_dir: &'a Path,
    /// Where the components go, each named as its crate.
    pub out_dir: &'a Path,
    /// `target` beside the `Cargo.toml` when absent.
    pub target_dir: Option<&'a Path>,
    /// Whether `Cargo.lock` must be there and fit.
    pub locked: bool,
    /// Whether cargo says only what goes wrong.
    pub quiet: bool,
}

/// A component that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// The crate's name.
    pub name: String,
    pub path: PathBuf,
    /// Of the whole file.
    pub digest: Digest,
    pub manifest: Manifest,
    pub bytes: usize,
    /// Whether the file was written; it is left alone when it is the same already.
    pub changed: bool,
}

/// Why guests were not built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("there is no Cargo.toml in {}", directory.display())]
    NoManifest { directory: PathBuf },
    #[error("cannot run cargo ({program:?})")]
    Run { program: OsString, source: io::Error },
    #[error("cargo failed ({status})")]
    Cargo { status: ExitStatus },
    #[error("cargo's messages are not readable")]
    Message(#[source] serde_json::Error),
    #[error(
        "{} builds no component; a guest has `crate-type = [\"cdylib\"]`",
        directory.display()
    )]
    NoComponent { directory: PathBuf },
    #[error("guest `{name}`")]
    Component { name: String, source: ComponentError },
    #[error("cannot {operation} {}", path.display())]
    File { operation: &'static str, path: PathBuf, source: io::Error },
}

/// Builds every `cdylib` of a crate or workspace and writes its component. The same sources, in the same place, with
/// the same compiler give the same bytes.
///
/// # Errors
/// When cargo fails, which has then said why, or a guest is not a proper component.
pub fn build(toolchain: &Toolchain, request: &Build<'_>) -> Result<Vec<Built>, BuildError> {
    let directory = request.manifest_dir.canonicalize().map_err(|_| no_manifest(request))?;
    if !directory.join("Cargo.toml").exists() {
        return Err(no_manifest(request));
    }
    let modules = modules(&run_cargo(toolchain, request, &directory)?)?;
    if modules.is_empty() {
        return Err(BuildError::NoComponent { directory });
    }
    std::fs::create_dir_all(request.out_dir)
        .map_err(|source| file("create", request.out_dir, source))?;
    modules.into_iter().map(|module| write_component(module, request.out_dir)).collect()
}

fn no_manifest(request: &Build<'_>) -> BuildError {
    BuildError::NoManifest { directory: request.manifest_dir.to_owned() }
}

/// Returns cargo's messages, one JSON text a line.
fn run_cargo(
    toolchain: &Toolchain,
    request: &Build<'_>,
    directory: &Path,
) -> Result<String, BuildError> {
    let mut cargo = toolchain.cargo("build");
    cargo.args(["--release", "--target", TARGET, "--message-format=json-render-diagnostics"]);
    if request.locked {
        cargo.arg("--locked");
    }
    if request.quiet {
        cargo.arg("--quiet");
    }
    let target_dir = request.target_dir.map_or_else(|| directory.join("target"), Path::to_owned);
    cargo.arg("--target-dir").arg(target_dir).current_dir(directory);
    cargo.env_remove("RUSTFLAGS").env_remove("CARGO_BUILD_TARGET");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(toolchain, directory)).envs(PROFILE);
    let output =
        cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().map_err(|source| {
            BuildError::Run { program: cargo.get_program().to_owned(), source }
        })?;
    if !output.status.success() {
        return Err(BuildError::Cargo { status: output.status });
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Paths of this machine stay out of the component.
fn flags(toolchain: &Toolchain, directory: &Path) -> OsString {
    let mut flags = OsString::new();
    let mut remap = |from: &Path, to: &str| {
        if !flags.is_empty() {
            flags.push("\u{1f}");
        }
        flags.push("--remap-path-prefix=");
        flags.push(from);
        flags.push("=");
        flags.push(to);
    };
    let home = std::env::home_dir().map(|home| home.join(".cargo"));
    if let Some(home) = std::env::var_os("CARGO_HOME").map(PathBuf::from).or(home) {
        remap(&home, "/cargo");
    }
    if let Some(sysroot) = toolchain.sysroot(directory) {
        remap(&sysroot, "/rust");
    }
    remap(directory, "/guest");
    flags
}

/// A core module that cargo built.
struct Module {
    name: String,
    path: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    target: Option<Target>,
    #[serde(default)]
    filenames: Vec<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

fn modules(messages: &str) -> Result<Vec<Module>, BuildError> {
    let mut modules = Vec::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Message = serde_json::from_str(line).map_err(BuildError::Message)?;
        let Some(target) = message.target else { continue };
        if message.reason != "compiler-artifact" || !target.kind.iter().any(|kind| kind == "cdylib")
        {
            continue;
        }
        let wasm = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
        if let Some(path) = message.filenames.into_iter().find(wasm) {
            modules.push(Module { name: target.name.replace('_', "-"), path });
        }
    }
    modules.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(modules)
}

fn write_component(module: Module, out_dir: &Path) -> Result<Built, BuildError> {
    let core = std::fs::read(&module.path).map_err(|source| file("read", &module.path, source))?;
    let component = componentize(&core)
        .map_err(|source| BuildError::Component { name: module.name.clone(), source })?;
    let path = out_dir.join(format!("{}.wasm", module.name));
    let changed = std::fs::read(&path).map_or(true, |present| present != component.bytes);
    if changed {
        let draft = out_dir.join(format!("{}.wasm.draft", module.name));
        std::fs::write(&draft, &component.bytes).map_err(|source| file("write", &draft, source))?;
        std::fs::rename(&draft, &path).map_err(|source| file("write", &path, source))?;
    }
    Ok(Built {
        name: module.name,
        path,
        digest: Digest::of(&component.bytes),
        manifest: component.manifest,
        bytes: component.bytes.len(),
        changed,
    })
}

fn file(operation: &'static str, path: &Path, source: io::Error) -> BuildError {
    BuildError::File { operation, path: path.to_owned(), source }
}
