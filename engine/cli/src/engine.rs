//! The composition root: where ports meet what implements them.

mod beside;
mod perform;

use std::path::Path;
use std::sync::Arc;

use agent::Agent;
use anyhow::{Context, Result};
use driver::{Driver, Scope, Seeds};
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::{Principal, RunId};
use sandbox::{Compiler, Sandbox};
use serde_json::{Value, json};
use services::keyring::Sources;
use services::{Actor, Keyring, Services, Shipped, ShippedDocument};
use store::{OpenOptions, Store};
use tokio::sync::OnceCell;

use crate::catalogue;
use crate::control::Answer;
use crate::control::server::{Handler, Speaker};
use crate::exit::{Exit, Refusal};
use crate::nodes::LocalNodes;
use crate::operation::Operation;
use crate::render::Printer;
use beside::KnownBeside;

/// The file by which a data directory is known.
pub const DATABASE_FILE: &str = "runwright.db";

/// What an engine is opened for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Openings {
    /// Runs are driven from the start.
    Driving,
    /// Nothing is driven until somebody asks for it.
    Resting,
}

/// An engine over one data directory. Clones are the same engine.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    services: Services,
    sandbox: Sandbox,
    nodes: Arc<LocalNodes>,
    beside: Arc<KnownBeside>,
    driver: OnceCell<Driver>,
    dispatcher: tokio::task::JoinHandle<()>,
    actor: Actor,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.dispatcher.abort();
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("store", &self.inner.store).finish_non_exhaustive()
    }
}

/// Opens the seeds of runs by the services' keys.
struct ServiceSeeds(Services);

impl Seeds for ServiceSeeds {
    fn unseal(&self, run: &RunId, sealed: &str) -> Result<[u8; 32], Failure> {
        self.0
            .unseal_seed(run, sealed)
            .map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))
    }
}

impl Engine {
    /// Opens a data directory, which must have no other owner.
    pub async fn open(directory: &Path, openings: Openings) -> Result<Self> {
        let store = {
            let directory = directory.to_owned();
            tokio::task::spawn_blocking(move || Store::open(&directory, &OpenOptions::default()))
                .await??
        };
        let keyring =
            Keyring::open(directory, &Sources::from_environment()).map_err(Refusal::caused)?;
        let executable = std::env::current_exe().context("cannot find this very program")?;
        let agent =
            Agent::open(&directory.join("agent"), agent::Settings::new(executable.clone()))?;
        let sandbox = Sandbox::new(sandbox::Settings {
            cache_directory: Some(directory.join("cache")),
            compiler: Compiler::ChildProcess {
                executable,
                arguments: vec!["compile-component".to_owned()],
            },
            ..sandbox::Settings::default()
        })?;
        let nodes = LocalNodes::new(agent);
        let beside = Arc::new(KnownBeside::new(store.clone()));
        let settings =
            services::Settings { beside: Some(beside.clone()), ..services::Settings::default() };
        let shipped = Shipped { components: catalogue::built_in()?, documents: documents() };
        let services = {
            let (store, nodes) = (store.clone(), nodes.clone());
            tokio::task::spawn_blocking(move || {
                Services::new(settings, store, keyring, nodes, shipped)
            })
            .await??
        };
        nodes.report_to(services.clone());
        nodes.take_up().await?;
        let dispatcher = {
            let (services, notices) = (services.clone(), store.subscribe());
            tokio::spawn(async move { services.dispatch(notices).await })
        };
        let principal = Principal::new(format!("os:{}", nix::unistd::getuid()));
        let engine = Self {
            inner: Arc::new(Inner {
                store,
                services,
                sandbox,
                nodes,
                beside,
                driver: OnceCell::new(),
                dispatcher,
                actor: Actor::new(principal),
            }),
        };
        if openings == Openings::Driving {
            engine.driver().await?;
        }
        Ok(engine)
    }

    /// Returns the driver; starts it when it is asked for first.
    pub async fn driver(&self) -> Result<&Driver> {
        let inner = &self.inner;
        inner
            .driver
            .get_or_try_init(|| async {
                let settings =
                    driver::Settings { scope: Scope::Started, ..driver::Settings::default() };
                let (store, sandbox) = (inner.store.clone(), inner.sandbox.clone());
                let capabilities = Arc::new(inner.services.clone());
                let seeds = Arc::new(ServiceSeeds(inner.services.clone()));
                Ok(Driver::start(settings, store, sandbox, capabilities, seeds).await?)
            })
            .await
    }

    /// Returns the services, for callers in this process.
    pub fn services(&self) -> &Services {
        &self.inner.services
    }

    /// Returns who acts by default: the user of this process.
    pub fn actor(&self) -> &Actor {
        &self.inner.actor
    }

    /// Lets running activations end.
    pub async fn close(&self) {
        if let Some(driver) = self.inner.driver.get() {
            driver.drain().await;
        }
    }

    /// Returns what answers the control socket.
    pub(crate) fn handler(&self) -> Handler {
        let engine = self.clone();
        Arc::new(move |request, speaker| {
            let engine = engine.clone();
            Box::pin(async move { engine.answer(&request, speaker).await })
        })
    }

    async fn answer(&self, request: &str, speaker: Speaker) -> Answer {
        let operation: Operation = match serde_json::from_str(request) {
            Ok(operation) => operation,
            Err(error) => {
                let message = format!("the request is not understood: {error}");
                return Answer::Refused { exit: Exit::BadInput as u8, message, help: None };
            }
        };
        let (sender, mut news) = tokio::sync::mpsc::unbounded_channel::<Value>();
        let speaking = tokio::spawn(async move {
            while let Some(value) = news.recv().await {
                if speaker.say(&Answer::News(value)).await.is_err() {
                    return;
                }
            }
        });
        let mut on_news = |value| drop(sender.send(value));
        let result = self.perform(operation, &mut on_news).await;
        drop(sender);
        if speaking.await.is_err() {
            tracing::debug!("the speaker of a control connection broke");
        }
        match result {
            Ok(value) => Answer::Done(value),
            Err(error) => refusal(&error),
        }
    }
}

fn refusal(error: &anyhow::Error) -> Answer {
    match error.downcast_ref::<Refusal>() {
        Some(refusal) => Answer::Refused {
            exit: refusal.exit as u8,
            message: refusal.message.clone(),
            help: refusal.help.clone(),
        },
        None => {
            Answer::Refused { exit: Exit::Bug as u8, message: format!("{error:#}"), help: None }
        }
    }
}

fn documents() -> Vec<ShippedDocument> {
    library::documents()
        .iter()
        .map(|document| ShippedDocument {
            name: document.name.to_owned(),
            content: document.content.to_owned(),
            format: match document.format {
                library::DocumentFormat::Yaml => runbook::document::Format::Yaml,
                library::DocumentFormat::Json => runbook::document::Format::Json,
            },
        })
        .collect()
}

/// Puts a backup in place.
pub(crate) fn restore(file: &Path, directory: &Path, printer: Printer) -> Result<Exit> {
    let report = store::backup::restore(file, directory).map_err(Refusal::caused)?;
    let value = json!({ "directory": directory, "bytes": report.bytes, "keyIds": report.key_ids });
    printer.result(&value, || {
        format!("restored to {} ({} bytes){}", directory.display(), report.bytes, keys_text(&value))
    })?;
    Ok(Exit::Done)
}

/// Returns what a backup says.
pub(crate) fn backup_text(result: &Value) -> String {
    format!(
        "{} ({} bytes){}",
        result["file"].as_str().unwrap_or_default(),
        result["bytes"],
        keys_text(result)
    )
}

fn keys_text(value: &Value) -> String {
    let keys: Vec<&str> =
        value["keyIds"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if keys.is_empty() {
        return "\nno secrets are in it".to_owned();
    }
    format!(
        "\nits secrets need the key {}, which is not in it: keep keys/ of the data directory apart",
        keys.join(", ")
    )
}
