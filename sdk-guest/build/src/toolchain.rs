//! Finds a Rust compiler that can build guests.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The environment variable that forces a way: `rustup` or `debian`.
pub const CHOICE_VARIABLE: &str = "RUNWRIGHT_GUEST_TOOLCHAIN";

/// The target that guests are compiled for.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

const DEBIAN_RUSTC: &str = "/usr/bin/rustc";
const DEBIAN_CARGO: &str = "/usr/bin/cargo";
const DEBIAN_PACKAGES: [&str; 5] =
    ["rustc-web", "cargo-web", "rust-web-src", "rust-web-llvm", "lld-22"];
const RUST_MINOR_MIN: u32 = 95;

/// What rustup's proxies and an outer cargo put into the environment; it would lead another toolchain astray.
const FOREIGN_VARIABLES: [&str; 11] = [
    "RUSTUP_TOOLCHAIN",
    "RUSTUP_HOME",
    "CARGO",
    "RUSTC",
    "RUSTDOC",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "CARGO_BUILD_RUSTC",
    "CARGO_MANIFEST_DIR",
    "CARGO_MANIFEST_PATH",
    "LD_LIBRARY_PATH",
];

/// A compiler that can build guests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Toolchain {
    /// The current toolchain, which has the target.
    Current { cargo: OsString },
    /// Debian's `rustc-web`, which builds the standard library for the target from its source.
    Debian,
}

/// Why there is no compiler for guests.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    #[error(
        "no Rust compiler here can build for {TARGET}; do one of these, then try again:\n  \
         rustup target add {TARGET}\n  \
         apt-get install {packages} (as root, on Debian)\n\
         what was tried: {tried}",
        packages = DEBIAN_PACKAGES.join(" ")
    )]
    Absent { tried: String },
    #[error("{CHOICE_VARIABLE} is {value:?}, expected `rustup` or `debian`")]
    Choice { value: String },
}

impl Toolchain {
    /// Returns the toolchain for the crate in `directory`: the current one, after `rustup target add` if need be, or
    /// else Debian's `rustc-web`, installed by `apt-get` if this is root. Each try is told to `report`.
    ///
    /// # Errors
    /// When none of it works, with what was tried and what to do.
    pub fn find(directory: &Path, report: &mut dyn FnMut(&str)) -> Result<Self, ToolchainError> {
        let choice = std::env::var(CHOICE_VARIABLE).unwrap_or_default();
        let mut tried = Vec::new();
        let found = match choice.as_str() {
            "" => current(directory, report, &mut tried).or_else(|| debian(report, &mut tried)),
            "rustup" => current(directory, report, &mut tried),
            "debian" => debian(report, &mut tried),
            _ => return Err(ToolchainError::Choice { value: choice }),
        };
        found.ok_or_else(|| ToolchainError::Absent { tried: tried.join("; ") })
    }

    /// Returns a `cargo` command with the environment and arguments that this toolchain needs before all others.
    pub(crate) fn cargo(&self, subcommand: &str) -> Command {
        match self {
            Self::Current { cargo } => {
                let mut command = Command::new(cargo);
                command.arg(subcommand);
                command
            }
            Self::Debian => {
                let mut command = Command::new(DEBIAN_CARGO);
                for variable in FOREIGN_VARIABLES {
                    command.env_remove(variable);
                }
                command.env("RUSTC", DEBIAN_RUSTC).env("RUSTC_BOOTSTRAP", "1");
                command.arg(subcommand).arg("-Zbuild-std=std,panic_abort");
                command
            }
        }
    }

    /// Returns where the sources of the standard library may be mentioned from.
    pub(crate) fn sysroot(&self, directory: &Path) -> Option<PathBuf> {
        match self {
            Self::Current { .. } => sysroot(rustc().as_ref(), directory),
            Self::Debian => sysroot(DEBIAN_RUSTC.as_ref(), directory),
        }
    }
}

fn current(
    directory: &Path,
    report: &mut dyn FnMut(&str),
    tried: &mut Vec<String>,
) -> Option<Toolchain> {
    let toolchain =
        Toolchain::Current { cargo: std::env::var_os("CARGO").unwrap_or("cargo".into()) };
    let Some(root) = sysroot(rustc().as_ref(), directory) else {
        tried.push("rustc does not run".to_owned());
        return None;
    };
    if has_target(&root) {
        return Some(toolchain);
    }
    report(&format!("adding the target {TARGET} with rustup"));
    let mut rustup = Command::new("rustup");
    rustup.args(["target", "add", TARGET]).current_dir(directory).stdout(Stdio::null());
    tried.push(told("rustup target add", rustup.status()));
    has_target(&root).then_some(toolchain)
}

fn debian(report: &mut dyn FnMut(&str), tried: &mut Vec<String>) -> Option<Toolchain> {
    if debian_is_installed() {
        return Some(Toolchain::Debian);
    }
    if !Path::new("/usr/bin/apt-get").exists() {
        tried.push("there is no apt-get".to_owned());
        return None;
    }
    if !is_root() {
        tried.push("apt-get needs root".to_owned());
        return None;
    }
    report(&format!("installing {} with apt-get", DEBIAN_PACKAGES.join(" ")));
    let mut install = apt_get(&["install", "-y", "--no-install-recommends"]);
    install.args(DEBIAN_PACKAGES);
    tried.push(told("apt-get update", apt_get(&["update"]).status()));
    tried.push(told("apt-get install", install.status()));
    debian_is_installed().then_some(Toolchain::Debian)
}

fn apt_get(arguments: &[&str]) -> Command {
    let mut command = Command::new("apt-get");
    command.args(arguments).arg("-qq").stdout(Stdio::null());
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

/// The packages may be there with an older compiler that Debian's `rustc` brought: the version tells.
fn debian_is_installed() -> bool {
    let source = "/usr/lib/rustlib/src/rust/library/std/Cargo.toml";
    let linker = ["/usr/bin/wasm-ld-22", "/usr/bin/rust-lld"];
    Path::new(DEBIAN_CARGO).exists()
        && Path::new(source).exists()
        && linker.iter().any(|path| Path::new(path).exists())
        && output(Command::new(DEBIAN_RUSTC).arg("--version").env_remove("LD_LIBRARY_PATH"))
            .is_some_and(|version| is_recent(&version))
}

fn is_recent(version: &str) -> bool {
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    let mut parts = number.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let (major, minor) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (major, minor) >= (1, RUST_MINOR_MIN)
}

fn is_root() -> bool {
    output(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0")
}

fn rustc() -> OsString {
    std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())
}

fn sysroot(rustc: &Path, directory: &Path) -> Option<PathBuf> {
    let mut command = Command::new(rustc);
    command.args(["--print", "sysroot"]).current_dir(directory);
    output(&mut command).map(|path| PathBuf::from(path.trim()))
}

fn has_target(sysroot: &Path) -> bool {
    let libraries = sysroot.join("lib/rustlib").join(TARGET).join("lib");
    std::fs::read_dir(libraries).is_ok_and(|mut entries| entries.next().is_some())
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

fn told(what: &str, status: io::Result<std::process::ExitStatus>) -> String {
    match status {
        Ok(status) if status.success() => format!("{what} succeeded and did not help"),
        Ok(status) => format!("{what} failed ({status})"),
        Err(error) => format!("{what} does not run ({error})"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_recent;

    #[test]
    fn a_compiler_is_recent_enough_by_its_number() {
        for (version, expected) in [
            ("rustc 1.96.0 (ac68faa20 2026-05-25) (built from a source tarball)", true),
            ("rustc 1.95.0 (59807616e 2026-04-14)", true),
            ("rustc 2.0.0", true),
            ("rustc 1.63.0", false),
            ("", false),
        ] {
            assert_eq!(is_recent(version), expected, "{version}");
        }
    }
}
