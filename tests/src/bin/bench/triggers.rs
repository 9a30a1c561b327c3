//! Triggers: how many events are held against rules, how fast a webhook starts its run, and what a flood of events costs.

mod flood;
mod hooks;
mod matching;

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use crate::api::connection::Connection;
use crate::api::peer::{self, Peer};
use crate::api::source::Signer;
use crate::options::Options;
use crate::report::Report;

/// The secret of the webhook, and the parameter that holds it.
const SECRET: &str = "bench-secret-of-the-webhook";
const SECRET_NAME: &str = "/bench/hook";
const RUNBOOK: &str = "Bench";
const RULES: &str = r#"
webhooks:
  - name: bench
    verify: { scheme: bearer, secret: /bench/hook }
    event: { source: bench.hook, detailType: Delivery, id: $.id }
rules:
  - name: start
    match: { source: [bench.hook] }
    start: { runbook: Bench, parameters: { Id: $.detail.id } }
  - name: first-of-node
    match: { source: [bench.flood], detail: { node: [{ prefix: node- }] } }
    once: { within: 1d, by: detail.node }
    opsItem: { title: "{{ $.detail.node }}", deduplicate: all }
  - name: many-of-zone
    match: { source: [bench.flood] }
    accumulate: { count: 100000, within: 1d, by: detail.zone }
    opsItem: { title: "{{ $.detail.zone }}", deduplicate: all }
"#;
const CONTENT: &str = r#"{
  "schemaVersion": "0.4", "flow": "sequence",
  "parameters": { "Id": { "type": "String" } },
  "mainSteps": [
    { "name": "look", "action": "getParameter", "inputs": { "Name": "/bench/read" } }
  ]
}"#;

pub(crate) async fn measure(
    directory: &Path,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    matching::measure(options, report)?;
    let rules = directory.join("rules");
    std::fs::create_dir_all(&rules)?;
    std::fs::write(rules.join("bench.yaml"), RULES)?;
    let rules = rules.to_str().context("the path of the rules is not UTF-8")?;
    let peer = peer::runwright(directory, &["--rules", rules])?;
    prepare(&peer).await?;
    hooks::measure(&peer, options, report).await?;
    flood::measure(&peer, &directory.join("data"), options, report).await
}

async fn prepare(peer: &Peer) -> Result<()> {
    let signer = Signer::new(peer);
    let mut connection = Connection::open(peer.address).await?;
    let secret = json!({ "Name": SECRET_NAME, "Type": "SecureString", "Value": SECRET });
    let read = json!({ "Name": "/bench/read", "Type": "String", "Value": "value" });
    let document = json!({ "Name": RUNBOOK, "DocumentType": "Automation", "Content": CONTENT });
    for (operation, body) in
        [("PutParameter", secret), ("PutParameter", read), ("CreateDocument", document)]
    {
        connection.exchange(&signer.sign(operation, &body.to_string())?).await?;
    }
    Ok(())
}

/// Returns a request with a bearer token.
fn request(peer: &Peer, path: &str, kind: &str, token: &str, body: &str) -> Vec<u8> {
    let (host, length) = (peer.address, body.len());
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}
