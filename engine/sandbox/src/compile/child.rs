//! The parent's side of a compiling child.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};

use super::{COMPILE_BYTES_MAX, CompileError, CompileExit};

/// What is kept of a child's standard error.
const DIAGNOSTIC_BYTES_MAX: u64 = 16 << 10;

/// Runs the child. Dropping the future kills it.
pub(crate) async fn run(
    executable: &Path,
    arguments: &[String],
    bytes: &[u8],
) -> Result<Vec<u8>, CompileError> {
    let mut child = Command::new(executable)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(CompileError::Start)?;
    let (written, code, diagnostic) = exchange(&mut child, bytes).await;
    let code = code.map_err(CompileError::Start)?;
    if code.len() > COMPILE_BYTES_MAX {
        return Err(CompileError::TooLarge);
    }
    let status = child.wait().await.map_err(CompileError::Start)?;
    if status.success() {
        // A child that succeeds has read all it was given.
        written.map_err(CompileError::Start)?;
        return Ok(code);
    }
    Err(refused(status, &diagnostic.map_err(CompileError::Start)?))
}

type Exchanged = (std::io::Result<()>, std::io::Result<Vec<u8>>, std::io::Result<Vec<u8>>);

/// Writes and reads at the same time, so that no full pipe blocks the other side.
async fn exchange(child: &mut Child, bytes: &[u8]) -> Exchanged {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        let Some(mut stdin) = stdin else { return Ok(()) };
        stdin.write_all(bytes).await?;
        stdin.shutdown().await
    };
    let read_code = async {
        let mut code = Vec::new();
        let Some(stdout) = stdout else { return Ok(code) };
        stdout.take(COMPILE_BYTES_MAX as u64 + 1).read_to_end(&mut code).await?;
        Ok(code)
    };
    let read_diagnostic = async {
        let mut text = Vec::new();
        let Some(mut stderr) = stderr else { return Ok(text) };
        (&mut stderr).take(DIAGNOSTIC_BYTES_MAX).read_to_end(&mut text).await?;
        tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await?;
        Ok(text)
    };
    tokio::join!(write, read_code, read_diagnostic)
}

fn refused(status: ExitStatus, diagnostic: &[u8]) -> CompileError {
    let text = String::from_utf8_lossy(diagnostic).trim().to_owned();
    if status.code() == Some(CompileExit::Rejected as i32) {
        return CompileError::Rejected(text);
    }
    CompileError::Crashed(if text.is_empty() { status.to_string() } else { text })
}
