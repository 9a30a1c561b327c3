//! Compiling components to native code, in a thread of this process or in a child.

mod child;

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{Resource, setrlimit};
use wasmtime::Engine;

use crate::engine;
use crate::settings::Compiler;

/// How long one component may compile.
const COMPILE_TIME_MAX: Duration = Duration::from_mins(1);
/// What a child may map. The largest runtimes compile in less than a quarter of it.
const CHILD_MEMORY_BYTES_MAX: u64 = 8 << 30;
/// Native code of one component.
pub const COMPILE_BYTES_MAX: usize = 512 << 20;

/// Why a component was not compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The component is not valid.
    #[error("not a valid component: {0}")]
    Rejected(String),
    #[error("not compiled within {} seconds", COMPILE_TIME_MAX.as_secs())]
    TooLong,
    #[error("more than {COMPILE_BYTES_MAX} bytes of native code")]
    TooLarge,
    /// The compiler crashed on this component.
    #[error("the compiler crashed: {0}")]
    Crashed(String),
    #[error("cannot run the compiler")]
    Start(#[source] std::io::Error),
}

/// How [`compile_main`] ended; its number is the process's exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum CompileExit {
    Done = 0,
    /// The component is not valid; standard error says why.
    Rejected = 65,
    /// The compiler could not do its work; standard error says why.
    Failed = 70,
}

/// The child's side of [`Compiler::ChildProcess`]: reads a component, writes its native code.
///
/// Limits its own processor time and memory first, so call it from a process that does nothing else.
pub fn compile_main(
    mut input: impl Read,
    mut output: impl Write,
    mut diagnostics: impl Write,
) -> CompileExit {
    let mut work = || -> Result<Vec<u8>, (CompileExit, String)> {
        let failed = |error: &dyn std::fmt::Display| (CompileExit::Failed, error.to_string());
        let seconds = COMPILE_TIME_MAX.as_secs() * 4;
        setrlimit(Resource::RLIMIT_CPU, seconds, seconds).map_err(|error| failed(&error))?;
        setrlimit(Resource::RLIMIT_AS, CHILD_MEMORY_BYTES_MAX, CHILD_MEMORY_BYTES_MAX)
            .map_err(|error| failed(&error))?;
        setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(|error| failed(&error))?;
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map_err(|error| failed(&error))?;
        let engine = engine::on_demand().map_err(|error| failed(&error))?;
        let code = engine
            .precompile_component(&bytes)
            .map_err(|error| (CompileExit::Rejected, format!("{error:#}")))?;
        output.write_all(&code).and_then(|()| output.flush()).map_err(|error| failed(&error))?;
        Ok(code)
    };
    match work() {
        Ok(_) => CompileExit::Done,
        // Nothing is left to tell of a diagnostic that cannot be written; the exit code says enough.
        Err((exit, message)) => diagnostics.write_all(message.as_bytes()).map_or(exit, |()| exit),
    }
}

/// Compiles `bytes` for `engine`.
pub(crate) async fn compile(
    engine: &Engine,
    compiler: &Compiler,
    bytes: Arc<[u8]>,
) -> Result<Vec<u8>, CompileError> {
    let code = match compiler {
        Compiler::InProcess => in_process(engine.clone(), bytes).await?,
        Compiler::ChildProcess { executable, arguments } => {
            tokio::time::timeout(COMPILE_TIME_MAX, child::run(executable, arguments, &bytes))
                .await
                .map_err(|_| CompileError::TooLong)??
        }
    };
    if code.len() > COMPILE_BYTES_MAX { Err(CompileError::TooLarge) } else { Ok(code) }
}

async fn in_process(engine: Engine, bytes: Arc<[u8]>) -> Result<Vec<u8>, CompileError> {
    let compiled = tokio::task::spawn_blocking(move || engine.precompile_component(&bytes)).await;
    match compiled {
        Ok(Ok(code)) => Ok(code),
        Ok(Err(error)) => Err(CompileError::Rejected(format!("{error:#}"))),
        Err(panicked) => Err(CompileError::Crashed(panicked.to_string())),
    }
}
