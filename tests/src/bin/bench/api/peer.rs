//! The servers that are measured, each a process of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::python;
use serde_json::Value;

const START_MAX: Duration = Duration::from_mins(1);
const START_PAUSE: Duration = Duration::from_millis(50);

/// A server that ends with this.
pub(crate) struct Peer {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) key_id: String,
    pub(crate) secret: String,
}

impl Peer {
    /// Returns the number of its process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Either fails only if it ended before.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts this program, which holds the whole product, as a server on an empty data directory.
pub(crate) fn runwright(directory: &Path, arguments: &[&str]) -> Result<Peer> {
    let mut child = Command::new(std::env::current_exe()?)
        .args(["server", "--listen", "127.0.0.1:0", "--output", "json", "--data-dir"])
        .arg(directory.join("data"))
        .args(["--rate-limit", "10000000", "--concurrency-limit", "1000"])
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the server")?;
    let stdout = child.stdout.take().context("the server has no output")?;
    let mut peer = Peer {
        child,
        address: SocketAddr::from(([127, 0, 0, 1], 0)),
        key_id: String::new(),
        secret: String::new(),
    };
    let announced: Value = serde_json::Deserializer::from_reader(stdout)
        .into_iter()
        .next()
        .context("the server ended at once")??;
    let text = |member: &str| {
        let found = announced[member].as_str().map(str::to_owned);
        found.with_context(|| format!("the server does not tell its {member}"))
    };
    peer.address = text("url")?.trim_start_matches("http://").parse()?;
    (peer.key_id, peer.secret) = (text("accessKeyId")?, text("secretAccessKey")?);
    Ok(peer)
}

/// Starts moto's server, in a Python environment that is made when there is none yet.
pub(crate) async fn moto(directory: &Path) -> Result<Peer> {
    let own = std::env::current_exe()?;
    let beside = own.parent().context("this program is in no folder")?.to_owned();
    let interpreter =
        tokio::task::spawn_blocking(move || python::interpreter("requirements-bench.txt", &beside));
    let interpreter = interpreter.await??;
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let child = Command::new(interpreter.with_file_name("moto_server"))
        .args(["--host", "127.0.0.1", "--port", &address.port().to_string()])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("cannot start moto's server")?;
    let user = || "testing".to_owned();
    let peer = Peer { child, address, key_id: user(), secret: user() };
    let begun = Instant::now();
    while tokio::net::TcpStream::connect(address).await.is_err() {
        ensure!(begun.elapsed() < START_MAX, "moto's server does not listen");
        tokio::time::sleep(START_PAUSE).await;
    }
    Ok(peer)
}
