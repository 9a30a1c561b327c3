//! The owner's side.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, watch};

use super::{Answer, MESSAGE_BYTES_MAX, SocketPlace};
use crate::exit::Refusal;

/// Connections served at the same time.
const CONNECTIONS_MAX: usize = 512;
/// How long to wait before the next connection when one could not be accepted.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(100);

/// Answers one request; the receiver turns true when the client has gone. An error ends the connection without an answer.
pub(crate) type Handler = Arc<
    dyn Fn(
            String,
            Speaker,
            watch::Receiver<bool>,
        ) -> Pin<Box<dyn Future<Output = Result<()>> + Send>>
        + Send
        + Sync,
>;

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

/// The socket, removed when dropped; connections that were accepted go on.
#[derive(Debug)]
pub(crate) struct ControlServer {
    task: tokio::task::JoinHandle<()>,
    place: SocketPlace,
}

impl Drop for ControlServer {
    fn drop(&mut self) {
        // While the data directory is ours nobody else can have a socket here.
        if let Err(error) = std::fs::remove_file(&self.place.address) {
            tracing::debug!(%error, "the control socket could not be removed");
        }
        self.task.abort();
    }
}

/// Serves the data directory's socket. Only its owner calls this, so a socket that is there is a dead owner's.
pub(crate) fn serve(directory: &Path, handler: Handler) -> Result<ControlServer> {
    let refuse = |error: std::io::Error| {
        let what = format!("cannot listen on the control socket in {}", directory.display());
        Refusal::bad_input(format!("{what}: {error}"))
    };
    let place = SocketPlace::of(directory).map_err(refuse)?;
    match std::fs::remove_file(&place.address) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(refuse(error).into());
        }
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&place.address).map_err(refuse)?;
    std::fs::set_permissions(&place.address, std::fs::Permissions::from_mode(0o600))
        .map_err(refuse)?;
    let task = tokio::spawn(accept(listener, handler));
    Ok(ControlServer { task, place })
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
            Err(error) => {
                tracing::warn!(%error, "a control connection was not accepted");
                tokio::time::sleep(PAUSE_AFTER_FAILURE).await;
            }
        }
    }
}

async fn converse(stream: UnixStream, handler: Handler) -> Result<()> {
    let peer = stream.peer_cred()?.uid();
    let own = nix::unistd::getuid().as_raw();
    anyhow::ensure!(peer == own || peer == 0, "uid {peer} is not the owner's");
    let (reader, writer) = stream.into_split();
    let speaker = Speaker { writer: Arc::new(tokio::sync::Mutex::new(writer)) };
    let (gone, is_gone) = watch::channel(false);
    let (requests, mut received) = mpsc::channel(1);
    // Read beside the answering, so that a client's end is seen while it is answered.
    let reading = tokio::spawn(async move {
        let read = read_requests(reader, &requests).await;
        gone.send_replace(true);
        read
    });
    while let Some(request) = received.recv().await {
        handler(request, speaker.clone(), is_gone.clone()).await?;
    }
    reading.await?
}

async fn read_requests(reader: OwnedReadHalf, requests: &mpsc::Sender<String>) -> Result<()> {
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let limit = u64::try_from(MESSAGE_BYTES_MAX)?;
        if (&mut reader).take(limit).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        requests.send(String::from_utf8(line)?).await?;
    }
}
