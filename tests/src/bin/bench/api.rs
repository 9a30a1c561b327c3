//! The API over HTTP, signed, with connections that are kept: this server beside moto's, in the same run.

pub(crate) mod connection;
mod load;
pub(crate) mod peer;
pub(crate) mod source;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::options::Options;
use crate::report::{self, Bar, Report, Unit};
use connection::Connection;
use load::Load;
use peer::Peer;
use source::{Reads, Signer, Source, Writes};

const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// How many requests a reading connection has ready; each connection reads other things.
const READY: usize = 16;
const PATH: &str = "/bench/read";
const PAGE: usize = 10;
const SEEDERS: usize = 32;
const RUNBOOK: &str = "Bench";
const OPERATIONS: [&str; 4] =
    ["GetParameter", "PutParameter", "GetParametersByPath", "StartAutomationExecution"];
const GET_PARAMETER: &str = OPERATIONS[0];
/// What moto does not have.
const OURS_ONLY: &str = OPERATIONS[3];

pub(crate) async fn measure(
    directory: &Path,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let server = peer::runwright(directory, &[])?;
    let ours = Measured::prepare(server, options).await?;
    ours.create_runbook().await?;
    for operation in OPERATIONS {
        ours.measure("", operation, options, report).await?;
    }
    drop(ours);
    match peer::moto(directory).await {
        Ok(server) => {
            let theirs = Measured::prepare(server, options).await?;
            for operation in OPERATIONS.into_iter().filter(|name| *name != OURS_ONLY) {
                theirs.measure("moto: ", operation, options, report).await?;
            }
        }
        Err(error) => report::say(&format!("moto is not measured: {error:#}")),
    }
    Ok(())
}

/// A server with parameters to read.
struct Measured {
    peer: Peer,
    signer: Arc<Signer>,
    names: usize,
    /// Where each page of the parameters begins: the first has no token.
    tokens: Vec<Option<String>>,
}

impl Measured {
    async fn prepare(peer: Peer, options: &Options) -> Result<Self> {
        let signer = Arc::new(Signer::new(&peer));
        let names = options.times(10_000, 100);
        let mut measured = Self { peer, signer, names, tokens: Vec::new() };
        measured.seed().await?;
        measured.tokens = measured.pages().await?;
        Ok(measured)
    }

    async fn seed(&self) -> Result<()> {
        let mut tasks = tokio::task::JoinSet::new();
        for seeder in 0..SEEDERS {
            let (signer, address, names) = (self.signer.clone(), self.peer.address, self.names);
            tasks.spawn(async move {
                let mut connection = Connection::open(address).await?;
                for number in (seeder..names).step_by(SEEDERS) {
                    let body = json!({ "Name": name(number), "Type": "String", "Value": "value" });
                    let request = signer.sign("PutParameter", &body.to_string())?;
                    connection.exchange(&request).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        Ok(())
    }

    /// Walks over all pages.
    async fn pages(&self) -> Result<Vec<Option<String>>> {
        let mut connection = Connection::open(self.peer.address).await?;
        let mut tokens = vec![None];
        loop {
            let body = page(tokens.last().cloned().flatten().as_deref());
            let request = self.signer.sign("GetParametersByPath", &body)?;
            let answer: Value = serde_json::from_slice(connection.exchange(&request).await?)?;
            match answer["NextToken"].as_str() {
                Some(token) => tokens.push(Some(token.to_owned())),
                None => return Ok(tokens),
            }
        }
    }

    async fn create_runbook(&self) -> Result<()> {
        let content = json!({
            "schemaVersion": "0.3",
            "mainSteps": [
                { "name": "rest", "action": "aws:sleep", "inputs": { "Duration": "PT0S" } },
            ],
        });
        let body = json!({
            "Name": RUNBOOK, "DocumentType": "Automation", "Content": content.to_string(),
        });
        let mut connection = Connection::open(self.peer.address).await?;
        let request = self.signer.sign("CreateDocument", &body.to_string())?;
        connection.exchange(&request).await.context("the runbook is not created")?;
        Ok(())
    }

    async fn measure(
        &self,
        prefix: &str,
        operation: &'static str,
        options: &Options,
        report: &mut Report,
    ) -> Result<()> {
        let time = if options.quick { Duration::from_millis(500) } else { Duration::from_secs(3) };
        for connections in CONNECTIONS {
            let sources = (0..connections).map(|number| self.source(operation, number)).collect();
            let load = load::drive(self.peer.address, sources, time)
                .await
                .with_context(|| format!("{prefix}{operation}"))?;
            let plural = if connections == 1 { "" } else { "s" };
            let what = format!("{prefix}{operation}, {connections} connection{plural}");
            let has_bar = prefix.is_empty() && operation == GET_PARAMETER && connections == 64;
            let bar = if has_bar && !options.quick { Bar::AtLeast(15_000.0) } else { Bar::None };
            tell(what, &load, bar, report);
        }
        Ok(())
    }

    /// Returns what one connection asks for.
    fn source(&self, operation: &'static str, connection: usize) -> Box<dyn Source> {
        let (signer, names) = (self.signer.clone(), self.names);
        let reads = |body: &dyn Fn(usize) -> String| -> Box<dyn Source> {
            let bodies = (0..READY).map(|turn| body(connection * READY + turn)).collect();
            Box::new(Reads::new(signer.clone(), operation, bodies))
        };
        match operation {
            GET_PARAMETER => {
                // Steps that have no factor in common with the number of names reach them all.
                reads(&|turn| json!({ "Name": name(turn * 97 % self.names) }).to_string())
            }
            "GetParametersByPath" => {
                reads(&|turn| page(self.tokens[turn * 97 % self.tokens.len()].as_deref()))
            }
            // The seeded names fill the quota of the tier, so new versions of them are written.
            "PutParameter" => Box::new(Writes::new(signer, operation, move |turn: usize| {
                json!({
                    "Name": name((connection * 100 + turn % 100) % names),
                    "Type": "String",
                    "Value": turn.to_string(),
                    "Overwrite": true,
                })
                .to_string()
            })),
            _ => Box::new(Writes::new(signer, operation, |_: usize| {
                let token = uuid::Uuid::new_v4().to_string();
                json!({ "DocumentName": RUNBOOK, "ClientToken": token }).to_string()
            })),
        }
    }
}

fn tell(what: String, load: &Load, bar: Bar, report: &mut Report) {
    report.add(what, load.per_second(), Unit::PerSecond, bar);
    // Whoever answers nothing in all the time has no latency.
    if load.sample.is_empty() {
        return;
    }
    report.add("  p50", load.sample.percentile_ms(50), Unit::Milliseconds, Bar::None);
    report.add("  p99", load.sample.percentile_ms(99), Unit::Milliseconds, Bar::None);
}

fn name(number: usize) -> String {
    format!("{PATH}/{number:05}")
}

fn page(token: Option<&str>) -> String {
    let mut body = json!({ "Path": PATH, "MaxResults": PAGE });
    if let Some(token) = token {
        body["NextToken"] = Value::from(token);
    }
    body.to_string()
}
