//! Compiling in a child, which is this binary itself; it has no test harness because its standard output is native code.

#[path = "it/fixture.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    reason = "a module of the other tests, which use all of it"
)]
mod fixture;

use std::io::{stderr, stdin, stdout};
use std::process::ExitCode;
use std::sync::Arc;

use sandbox::{
    Allocation, CompileError, Compiler, Origin, RegisterError, Sandbox, Settings, compile_main,
};

const COMPILE: &str = "compile-component";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some(COMPILE) => ExitCode::from(compile_main(stdin(), stdout(), stderr()) as u8),
        Some("crash") => std::process::abort(),
        Some("--list") => ExitCode::SUCCESS,
        _ => {
            let runtime = tokio::runtime::Runtime::new().expect("a runtime");
            runtime.block_on(tests());
            ExitCode::SUCCESS
        }
    }
}

async fn tests() {
    for allocation in [Allocation::Pooled, Allocation::OnDemand] {
        let registered = register(sandbox(allocation, COMPILE), good()).await;
        assert!(registered.is_ok(), "{allocation:?}: {registered:?}");
    }
    let refused = register(sandbox(Allocation::OnDemand, COMPILE), invalid()).await;
    assert!(
        matches!(&refused, Err(RegisterError::Compile(CompileError::Rejected(text))) if text.contains("type mismatch")),
        "{refused:?}"
    );
    let crashed = register(sandbox(Allocation::OnDemand, "crash"), good()).await;
    assert!(
        matches!(&crashed, Err(RegisterError::Compile(CompileError::Crashed(_)))),
        "{crashed:?}"
    );
}

fn sandbox(allocation: Allocation, argument: &str) -> Sandbox {
    let executable = std::env::current_exe().expect("a path");
    let compiler = Compiler::ChildProcess { executable, arguments: vec![argument.to_owned()] };
    let settings = Settings { allocation, concurrency_max: 2, compiler, ..Settings::default() };
    Sandbox::new(settings).expect("a sandbox")
}

async fn register(sandbox: Sandbox, bytes: Arc<[u8]>) -> Result<(), RegisterError> {
    sandbox.register(bytes, Origin::Foreign { signature: None }).await.map(drop)
}

fn good() -> Arc<[u8]> {
    fixture::Case::named("echo").component()
}

/// Well-formed, and not valid: a function that promises a number and leaves none.
fn invalid() -> Arc<[u8]> {
    let text = "(component (core module (func (result i32))))";
    fixture::with_manifest(&wat::parse_str(text).expect("text"), &fixture::manifest())
}
