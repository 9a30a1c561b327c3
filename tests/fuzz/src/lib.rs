//! What fuzz targets share: a server without a network, on a store that goes with the process.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use host_api::failure::Failure;
use host_api::identifier::{NodeId, Principal};
use host_api::node::Job;
use serde_json::Value;
use server::{Connections, Limits};
use services::access::ADMINISTRATOR_ROLE;
use services::credentials::TokenRequest;
use services::keyring::Sources;
use services::{Actor, Keyring, NodeInformation, Nodes, Services, Shipped};
use store::{OpenOptions, Store};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::Runtime;

/// Bytes that are on their way at the same time.
const BUFFER_BYTES: usize = 64 << 10;
/// An answer that takes longer is a hang.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(5);

static SERVER: LazyLock<InProcess> = LazyLock::new(InProcess::start);

/// A server that is asked over pipes in memory.
struct InProcess {
    runtime: Runtime,
    connections: Connections,
    /// Of somebody who may do everything.
    token: String,
}

impl InProcess {
    fn start() -> Self {
        let runtime = Runtime::new().expect("there is a runtime");
        let folder = tempfile::tempdir().expect("there is a temporary folder").keep();
        let data = folder.join("data");
        let store = Store::open(&data, &OpenOptions::default()).expect("the store opens");
        let keyring = Keyring::open(&data, &Sources::default(), &[]).expect("there are keys");
        let shipped = Shipped { components: Vec::new(), documents: Vec::new() };
        let settings = services::Settings::default();
        let services = Services::new(settings, store, keyring, Arc::new(NoNodes), shipped);
        let services = services.expect("the services start");
        let request = TokenRequest {
            user: "fuzz".to_owned(),
            roles: [ADMINISTRATOR_ROLE.to_owned()].into(),
            ..TokenRequest::default()
        };
        let root = Actor::new(Principal::new("os:0"));
        let token = runtime.block_on(services.create_token(&root, request));
        let token = token.expect("a token is made").token.expose().to_owned();
        let listen = ([127, 0, 0, 1], 0).into();
        let settings = server::Settings {
            listen,
            unix_socket: None,
            tls: None,
            is_behind_tls_proxy: false,
            host_names: Vec::new(),
            limits: Limits::default(),
        };
        let _within = runtime.enter();
        let connections = Connections::new(&settings, services);
        Self { runtime, connections, token }
    }
}

/// Sends bytes over a connection of their own and returns what is answered until it is closed. Who `hangs_up` after sending may get
/// no answer; who does not must have asked for the connection to be closed.
///
/// # Panics
/// When the server hangs, which is what targets look for.
pub fn exchange(sent: &[u8], hangs_up: bool) -> Vec<u8> {
    let InProcess { runtime, connections, .. } = &*SERVER;
    runtime.block_on(async {
        let (client, server) = tokio::io::duplex(BUFFER_BYTES);
        let answering = tokio::spawn({
            let connections = connections.clone();
            async move { connections.answer(server).await }
        });
        let (mut from, mut to) = tokio::io::split(client);
        let sent = sent.to_vec();
        let sending = tokio::spawn(async move {
            // The server may refuse to read on.
            let _ = to.write_all(&sent).await;
            if hangs_up {
                let _ = to.shutdown().await;
            }
            to
        });
        let mut answer = Vec::new();
        let reading = tokio::time::timeout(ANSWER_TIME_MAX, from.read_to_end(&mut answer));
        let read = reading.await.expect("the server answers in time");
        read.expect("a pipe in memory can be read");
        sending.await.expect("sending does not panic");
        // Bytes that are no HTTP end a connection in an error; only a panic is a mistake.
        let _ = answering.await.expect("answering does not panic");
        answer
    })
}

/// Returns the head and body of a request by somebody who may do everything.
pub fn request(operation: &str, body: &[u8]) -> Vec<u8> {
    let token = &SERVER.token;
    let head = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/x-amz-json-1.1\r\nx-amz-target: AmazonSSM.{operation}\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// An installation without nodes.
struct NoNodes;

#[async_trait]
impl Nodes for NoNodes {
    async fn deliver(&self, _node: &NodeId, _job: Job) -> Result<(), Failure> {
        Err(Failure::action("Undeliverable", "there are no nodes"))
    }

    async fn cancel(&self, _node: &NodeId, _job_id: &str) -> Result<(), Failure> {
        Ok(())
    }

    async fn gather(&self, _node: &NodeId, _types: &[String]) -> Result<Vec<Value>, Failure> {
        Ok(Vec::new())
    }

    async fn list(&self) -> Vec<NodeInformation> {
        Vec::new()
    }
}

/// Returns the statuses of the answers on a connection, up to one whose length is not stated. What an answer repeats of a request in
/// its body is no status.
pub fn statuses(mut answers: &[u8]) -> Vec<&[u8]> {
    const HEAD_END: &[u8] = b"\r\n\r\n";
    let mut statuses = Vec::new();
    while let Some(rest) = answers.strip_prefix(b"HTTP/1.1 ") {
        statuses.push(&rest[..rest.len().min(3)]);
        let end = answers.windows(HEAD_END.len()).position(|bytes| bytes == HEAD_END);
        let Some(end) = end else { break };
        let head = String::from_utf8_lossy(&answers[..end]).to_ascii_lowercase();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let Some(length) = length.and_then(|length| length.trim().parse::<usize>().ok()) else {
            break;
        };
        answers = answers.get(end + HEAD_END.len() + length..).unwrap_or_default();
    }
    statuses
}
