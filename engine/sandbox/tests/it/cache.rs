//! Native code on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use host_api::limits::Limits;
use sandbox::{Allocation, Compiler, Interfaces, Origin, Sandbox, SandboxError, Settings};
use serde_json::json;

use crate::abuse::shown;
use crate::fixture::Case;
use crate::host::{RecordingHost, call};

/// A sandbox that cannot compile: what it registers comes from the cache.
fn without_compiler(directory: &Path) -> Sandbox {
    let compiler =
        Compiler::ChildProcess { executable: directory.join("no-compiler"), arguments: Vec::new() };
    open(directory, Allocation::Pooled, compiler).unwrap()
}

fn open(
    directory: &Path,
    allocation: Allocation,
    compiler: Compiler,
) -> Result<Sandbox, SandboxError> {
    Sandbox::new(Settings {
        allocation,
        cache_directory: Some(directory.to_owned()),
        concurrency_max: 2,
        compiler,
        ..Settings::default()
    })
}

async fn works(sandbox: &Sandbox) -> bool {
    let component = Case::named("echo").component();
    let Ok(registered) = sandbox.register(component, Origin::Foreign { signature: None }).await
    else {
        return false;
    };
    let host = RecordingHost::default();
    let call = call(json!({ "a": 1 }));
    let limits = Limits::default();
    let invoked = sandbox.invoke(&registered.digest, Interfaces::NONE, call, &limits, host).await;
    shown(&invoked) == r#"{"a":1}"#
}

fn files(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[tokio::test]
async fn code_is_kept_for_the_next_process_and_serves_either_allocation() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("code");
    let first = open(&directory, Allocation::OnDemand, Compiler::InProcess).unwrap();
    assert!(works(&first).await);
    let [file] = &files(&directory)[..] else { panic!("{:?}", files(&directory)) };
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&directory), mode(file)), (0o700, 0o600));
    assert!(works(&without_compiler(&directory)).await);
}

#[tokio::test]
async fn damaged_code_is_compiled_anew() {
    let root = tempfile::tempdir().unwrap();
    let directory = root.path().join("code");
    let compiling = || open(&directory, Allocation::OnDemand, Compiler::InProcess).unwrap();
    assert!(works(&compiling()).await);
    let file = files(&directory).remove(0);
    let whole = fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    flipped[whole.len() / 2] ^= 1;
    for damaged in [&whole[..whole.len() / 2], &whole[..10], &flipped, b""] {
        fs::write(&file, damaged).unwrap();
        assert!(!works(&without_compiler(&directory)).await, "it was believed");
        assert!(works(&compiling()).await);
        assert_eq!(fs::read(&file).unwrap(), whole, "it was not mended");
    }
}

#[test]
fn a_directory_that_others_may_enter_is_refused() {
    let root = tempfile::tempdir().unwrap();
    fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let refused = open(root.path(), Allocation::OnDemand, Compiler::InProcess);
    assert!(matches!(refused, Err(SandboxError::Cache(_))), "{refused:?}");
}
