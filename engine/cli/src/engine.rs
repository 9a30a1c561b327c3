//! The composition root: where ports meet what implements them.

pub(crate) mod perform;
mod place;

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use agent::Agent;
use anyhow::{Context, Result};
use driver::{Driver, Scope, Seeds};
use host_api::failure::{Failure, FailureKind};
use host_api::identifier::{Principal, RunId};
use sandbox::{Compiler, Sandbox, SignaturePolicy};
use serde_json::{Value, json};
use services::keyring::{Sources, Transit};
use services::{Actor, Keyring, Services, Shipped, ShippedDocument};
use store::{OpenOptions, Store};
use tokio::sync::{OnceCell, Semaphore, watch};

use crate::catalogue;
use crate::control::Answer;
use crate::control::server::{Handler, Speaker};
use crate::exit::{Exit, Refusal};
use crate::nodes::LocalNodes;
use crate::operation::{Operation, Request};
use crate::operator::OperatorPolicy;
use crate::render::Printer;
use perform::refused;

/// The file by which a data directory is known.
pub const DATABASE_FILE: &str = "runwright.db";
/// Where the operator's policies are in a data directory.
pub(crate) const POLICY_DIRECTORY: &str = "policies";

/// Requests of other processes that are answered at the same time.
const REQUESTS_MAX: usize = 64;
/// Other processes that follow runs at the same time.
const FOLLOWERS_MAX: usize = 256;
/// How long the end of the process waits for activations, and for requests that were accepted.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// The same while another process follows a run here: what the longest activation may take.
const DRAIN_FOLLOWED_MAX: Duration = Duration::from_mins(10);

/// What an engine is opened for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Openings {
    /// Runs are driven from the start.
    Driving,
    /// Nothing is driven until somebody asks for it.
    Resting,
    /// All runs of the store are driven from the start: those that were interrupted go on.
    Serving {
        /// Where the files of rules are.
        rules: Option<PathBuf>,
    },
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
    /// Whose plugins are admitted.
    signatures: SignaturePolicy,
    keyring: Keyring,
    nodes: Arc<LocalNodes>,
    driver: OnceCell<Driver>,
    dispatcher: tokio::task::JoinHandle<()>,
    actor: Actor,
    /// Which runs are driven.
    scope: Scope,
    /// Places of requests that are being answered.
    requests: Semaphore,
    /// Places of processes that follow a run.
    followers: Semaphore,
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
        let operator = OperatorPolicy::read(directory)?;
        let keyring = keyring(store.clone(), operator.transit.as_ref()).await?;
        let executable = std::env::current_exe().context("cannot find this very program")?;
        let agent =
            Agent::open(&directory.join("agent"), agent::Settings::new(executable.clone()))?;
        let sandbox = sandbox(directory, executable, &operator)?;
        let nodes = LocalNodes::new(agent);
        let policies = policy_directory(directory, &openings)?;
        let settings = services_settings(&operator, policies, &openings);
        let shipped = Shipped { components: catalogue::built_in()?, documents: documents() };
        let services = {
            let (store, keyring, nodes) = (store.clone(), keyring.clone(), nodes.clone());
            tokio::task::spawn_blocking(move || {
                Services::new(settings, store, keyring, nodes, shipped)
            })
            .await?
            .map_err(refused)?
        };
        place::check(&services).await?;
        nodes.report_to(services.clone());
        nodes.take_up().await?;
        // A store that was restored here may wait for a node that stayed where the copy was made.
        services.lose_jobs_of(&[nodes.node_id().clone()]).await?;
        let dispatcher = {
            let (services, notices) = (services.clone(), store.subscribe());
            tokio::spawn(async move {
                if let Err(error) = services.forget_expired_tokens().await {
                    tracing::warn!(%error, "expired tokens stay for now");
                }
                services.dispatch(notices).await;
            })
        };
        let principal = Principal::new(format!("os:{}", nix::unistd::getuid()));
        let engine = Self {
            inner: Arc::new(Inner {
                store,
                services,
                sandbox,
                signatures: operator.signatures,
                keyring,
                nodes,
                driver: OnceCell::new(),
                dispatcher,
                actor: Actor::owner(principal),
                scope: match openings {
                    Openings::Serving { .. } => Scope::All,
                    Openings::Driving | Openings::Resting => Scope::Started,
                },
                requests: Semaphore::new(REQUESTS_MAX),
                followers: Semaphore::new(FOLLOWERS_MAX),
            }),
        };
        if openings != Openings::Resting {
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
                    driver::Settings { scope: inner.scope, ..driver::Settings::default() };
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

    /// Starts nothing new and waits for running activations; for long only where another process follows a run here.
    pub async fn drain(&self) {
        let Some(driver) = self.inner.driver.get() else { return };
        let is_followed = self.inner.followers.available_permits() < FOLLOWERS_MAX;
        driver.drain(if is_followed { DRAIN_FOLLOWED_MAX } else { DRAIN_MAX }).await;
    }

    /// Waits until the requests that were accepted are answered.
    pub(crate) async fn requests_done(&self) {
        let all = u32::try_from(REQUESTS_MAX).unwrap_or(u32::MAX);
        let answered = self.inner.requests.acquire_many(all);
        if tokio::time::timeout(DRAIN_MAX, answered).await.is_err() {
            tracing::warn!("a request of another process was not answered in time");
        }
        if let Err(error) = self.services().flush_records().await {
            tracing::error!(%error, "the last records of the audit log were not written");
        }
        // Who asks from now on finds nobody, and asks the next owner.
        self.inner.requests.close();
        // What it looks at ends with the process; it must not take that for a failure.
        self.inner.dispatcher.abort();
    }

    /// Returns what answers the control socket.
    pub(crate) fn handler(&self) -> Handler {
        let engine = self.clone();
        Arc::new(move |request, speaker, gone| {
            let engine = engine.clone();
            Box::pin(async move { engine.answer(&request, speaker, gone).await })
        })
    }

    async fn answer(
        &self,
        request: &str,
        speaker: Speaker,
        mut gone: watch::Receiver<bool>,
    ) -> Result<()> {
        let request: Request = match serde_json::from_str(request) {
            Ok(request) => request,
            Err(error) => {
                let message = format!("the request is not understood: {error}");
                let exit = Exit::BadInput as u8;
                speaker.say(&Answer::Refused { exit, message, help: None }).await?;
                return Ok(());
            }
        };
        let follows = matches!(request.operation, Operation::Follow { .. });
        let places = if follows { &self.inner.followers } else { &self.inner.requests };
        speaker.say(&Answer::Accepted).await?;
        let _place = places.acquire().await?;
        let answer = tokio::select! {
            answer = self.answer_with_news(request, &speaker) => answer,
            // Whatever else was asked for is done to its end.
            _ = gone.wait_for(|gone| *gone), if follows => return Ok(()),
        };
        if self.inner.requests.is_closed() && matches!(answer, Answer::Refused { .. }) {
            anyhow::bail!("the engine was closed meanwhile");
        }
        Ok(speaker.say(&answer).await?)
    }

    async fn answer_with_news(&self, request: Request, speaker: &Speaker) -> Answer {
        let (sender, mut news) = tokio::sync::mpsc::unbounded_channel::<Value>();
        let speaking = async {
            while let Some(value) = news.recv().await {
                if speaker.say(&Answer::News(value)).await.is_err() {
                    return;
                }
            }
        };
        let performing = async {
            let mut on_news = |value| drop(sender.send(value));
            let result = self.perform(request, &mut on_news).await;
            drop(sender);
            result
        };
        match tokio::join!(performing, speaking).0 {
            Ok(value) => Answer::Done(value),
            Err(error) => refusal(&error),
        }
    }
}

fn services_settings(
    operator: &OperatorPolicy,
    policy_directory: Option<PathBuf>,
    openings: &Openings,
) -> services::Settings {
    let rule_directory = match openings {
        Openings::Serving { rules } => rules.clone(),
        Openings::Driving | Openings::Resting => None,
    };
    services::Settings {
        account_id: operator.account_id.clone(),
        region: operator.region.clone(),
        ceiling: operator.ceiling.clone(),
        secret_backend: operator.secret_backend.clone(),
        policy_directory,
        rule_directory,
        transit: operator.transit.clone(),
        active_runs_max: operator.active_runs_max.unwrap_or(services::ACTIVE_RUNS_MAX),
        event_days_max: operator.event_days_max.unwrap_or(services::EVENT_DAYS_MAX),
        ..services::Settings::default()
    }
}

async fn keyring(store: Store, transit: Option<&Transit>) -> Result<Keyring> {
    let mut sources = Sources::from_environment();
    if let Some(transit) = transit {
        let known = store.read(store::keys::list).await?;
        let unwrapped = transit.keys(store.directory(), &sources, &known).await;
        sources.unwrapped = Some(unwrapped.map_err(Refusal::caused)?);
    }
    let opened = tokio::task::spawn_blocking(move || Keyring::of_store(&store, &sources));
    Ok(opened.await?.map_err(Refusal::caused)?)
}

/// Returns where the operator's policies are, if there is such a directory; a server makes it.
fn policy_directory(directory: &Path, openings: &Openings) -> Result<Option<PathBuf>> {
    let policies = directory.join(POLICY_DIRECTORY);
    if matches!(openings, Openings::Serving { .. }) && !policies.exists() {
        let made = DirBuilder::new().mode(0o700).create(&policies);
        made.with_context(|| format!("cannot make {}", policies.display()))?;
    }
    // What is there and is no directory is refused by whoever reads it: what it forbids must not be allowed.
    Ok(policies.exists().then_some(policies))
}

fn sandbox(directory: &Path, executable: PathBuf, operator: &OperatorPolicy) -> Result<Sandbox> {
    Ok(Sandbox::new(sandbox::Settings {
        cache_directory: Some(directory.join("cache")),
        compiler: Compiler::ChildProcess {
            executable,
            arguments: vec!["compile-component".to_owned()],
        },
        signatures: operator.signatures.clone(),
        ..sandbox::Settings::default()
    })?)
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
