//! The owner's side.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};

use super::{Answer, MESSAGE_BYTES_MAX, socket_path};

/// Connections served at the same time.
const CONNECTIONS_MAX: usize = 64;

/// Answers one request, with news before it where the request asks for them.
pub(crate) type Handler =
    Arc<dyn Fn(String, Speaker) -> Pin<Box<dyn Future<Output = Answer> + Send>> + Send + Sync>;

/// Says news to the client.
#[derive(Clone, Debug)]
pub(crate) struct Speaker {
    writer: Arc<tokio::sync::Mutex<OwnedWriteHalf>>,
}

impl Speaker {
    /// Sends one answer.
    ///
    /// # Errors
    /// When the client has gone.
    pub(crate) async fn say(&self, answer: &Answer) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(answer)?;
        line.push(b'\n');
        self.writer.lock().await.write_all(&line).await
    }
}

/// The socket, removed when dropped.
#[derive(Debug)]
pub(crate) struct ControlServer {
    task: tokio::task::JoinHandle<()>,
    path: std::path::PathBuf,
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        self.task.abort();
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the control socket could not be removed");
        }
    }
}

/// Serves the data directory's socket. Only its owner calls this, so a socket that is there is a dead owner's.
pub(crate) fn serve(directory: &Path, handler: Handler) -> Result<ControlServer> {
    let path = socket_path(directory);
    match std::fs::remove_file(&path) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).context("cannot remove a former owner's socket"),
    }
    let listener = UnixListener::bind(&path)
        .with_context(|| format!("cannot listen on {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let task = tokio::spawn(accept(listener, handler));
    Ok(ControlServer { task, path })
}

async fn accept(listener: UnixListener, handler: Handler) {
    let places = Arc::new(tokio::sync::Semaphore::new(CONNECTIONS_MAX));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let handler = handler.clone();
                tokio::spawn(async move {
                    if let Err(error) = converse(stream, handler).await {
                        tracing::debug!(%error, "a control connection ended early");
                    }
                    drop(place);
                });
            }
            Err(error) => tracing::warn!(%error, "a control connection was not accepted"),
        }
    }
}

async fn converse(stream: UnixStream, handler: Handler) -> Result<()> {
    let peer = stream.peer_cred()?.uid();
    let own = nix::unistd::getuid().as_raw();
    anyhow::ensure!(peer == own || peer == 0, "uid {peer} is not the owner's");
    let (reader, writer) = stream.into_split();
    let speaker = Speaker { writer: Arc::new(tokio::sync::Mutex::new(writer)) };
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(MESSAGE_BYTES_MAX)?;
        if (&mut reader).take(limit).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let request = String::from_utf8(line)?;
        let answer = handler(request, speaker.clone()).await;
        speaker.say(&answer).await?;
    }
}
