//! How a command reaches the engine: as the owner of the data directory, or as the client of the process that owns it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::sync::Mutex;

use crate::control::client::ControlClient;
use crate::control::server::ControlServer;
use crate::engine::{Engine, Openings};
use crate::exit::{Exit, Refusal};
use crate::operation::{Operation, Request};

/// How long an owner may take to come, to go, or to answer that it is there.
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_TRIES: Duration = Duration::from_millis(20);
/// Owners that may go away while one thing is asked.
const OWNERS_MAX: u32 = 20;

/// The engine that this process owns, once it does. Closed at the end of the process.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owned(Arc<Mutex<Option<Owner>>>);

#[derive(Debug)]
struct Owner {
    engine: Engine,
    control: ControlServer,
}

impl Owned {
    /// Lets what is under way end: first activations, then the requests of other processes. Those who follow a run here find that the
    /// owner has gone, and one of them becomes the next.
    pub(crate) async fn close(&self) {
        if let Some(Owner { engine, control }) = self.0.lock().await.take() {
            engine.drain().await;
            drop(control);
            engine.requests_done().await;
        }
    }

    /// Becomes the owner of a data directory, or fails by naming who is.
    pub(crate) async fn own(&self, directory: &Path, openings: Openings) -> Result<Engine> {
        let mut owned = self.0.lock().await;
        let engine = Engine::open(directory, openings).await.map_err(|error| {
            if error.is::<store::OpenError>() { refused(&error) } else { error }
        })?;
        let control = crate::control::server::serve(directory, engine.handler())?;
        *owned = Some(Owner { engine: engine.clone(), control });
        Ok(engine)
    }

    async fn engine(&self) -> Option<Engine> {
        self.0.lock().await.as_ref().map(|owner| owner.engine.clone())
    }
}

/// A way to the engine.
#[derive(Debug)]
pub(crate) struct Session {
    directory: PathBuf,
    openings: Openings,
    owned: Owned,
}

impl Session {
    /// Opens the data directory, or finds the process that has it open.
    pub(crate) async fn open(directory: &Path, openings: Openings, owned: &Owned) -> Result<Self> {
        let session = Self { directory: directory.to_owned(), openings, owned: owned.clone() };
        session.reach().await?;
        Ok(session)
    }

    async fn reach(&self) -> Result<()> {
        let mut owned = self.owned.0.lock().await;
        if let Some(owner) = &*owned {
            if self.openings == Openings::Driving {
                owner.engine.driver().await?;
            }
            return Ok(());
        }
        let give_up = Instant::now() + PATIENCE;
        loop {
            let pid = match Engine::open(&self.directory, self.openings.clone()).await {
                Ok(engine) => {
                    let control = crate::control::server::serve(&self.directory, engine.handler())?;
                    *owned = Some(Owner { engine, control });
                    return Ok(());
                }
                Err(error) => match error.downcast_ref::<store::OpenError>() {
                    Some(store::OpenError::Owned { pid, .. }) => *pid,
                    Some(_) => return Err(refused(&error)),
                    None => return Err(error),
                },
            };
            match ControlClient::connect(&self.directory).await {
                Ok(_) => return Ok(()),
                Err(error) => tracing::debug!(%error, "the owner does not listen yet"),
            }
            if Instant::now() >= give_up {
                bail!(Refusal::not_reachable(format!(
                    "the data directory {} is in use by {}, which does not answer",
                    self.directory.display(),
                    pid.map_or("another process".to_owned(), |pid| format!("process {pid}"))
                )));
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
    }

    /// Asks once; `on_news` gets what is told before the answer.
    pub(crate) async fn ask(
        &self,
        operation: &Operation,
        on_news: impl FnMut(Value) + Send,
    ) -> Result<Value> {
        self.ask_once(&operation.clone().into(), on_news).await
    }

    async fn ask_once(
        &self,
        request: &Request,
        mut on_news: impl FnMut(Value) + Send,
    ) -> Result<Value> {
        if let Some(engine) = self.owned.engine().await {
            return engine.perform(request.clone(), &mut on_news).await;
        }
        match ControlClient::connect(&self.directory).await {
            Ok(mut client) => client.ask(request, PATIENCE, on_news).await,
            Err(error) => bail!(Refusal::not_reachable(format!(
                "the owner of the data directory has gone: {error}"
            ))),
        }
    }

    /// Asks for something without news. When the owner goes away meanwhile, the next is asked, or this process becomes the next; it is
    /// done once all the same.
    pub(crate) async fn call(&self, operation: &Operation) -> Result<Value> {
        let request = Request::from(operation.clone());
        for _ in 1..OWNERS_MAX {
            match self.ask_once(&request, |_| {}).await {
                Err(error) if is_gone(&error) => self.reach().await?,
                result => return result,
            }
        }
        self.ask_once(&request, |_| {}).await
    }

    /// Lets running activations end before the process does.
    pub(crate) async fn close(self) {
        self.owned.close().await;
    }
}

/// Returns whether an error says that the owner went away.
pub(crate) fn is_gone(error: &anyhow::Error) -> bool {
    error.downcast_ref::<Refusal>().is_some_and(|refusal| refusal.exit == Exit::NotReachable)
}

fn refused(error: &anyhow::Error) -> anyhow::Error {
    Refusal { exit: Exit::BadInput, message: format!("{error:#}"), help: None }.into()
}

/// Returns the data directory: what was given, else where this user's data lives.
pub(crate) fn data_directory(given: Option<&Path>) -> Result<PathBuf> {
    if let Some(given) = given {
        return std::path::absolute(given)
            .context("cannot make the data directory's path absolute");
    }
    if let Some(base) = std::env::var_os("XDG_DATA_HOME").filter(|base| !base.is_empty()) {
        return Ok(PathBuf::from(base).join("runwright"));
    }
    match std::env::var_os("HOME").filter(|home| !home.is_empty()) {
        Some(home) => Ok(PathBuf::from(home).join(".local/share/runwright")),
        None => bail!(
            Refusal::bad_input("neither --data-dir nor HOME says where data is kept")
                .with_help("give --data-dir DIR or set RUNWRIGHT_DATA_DIR")
        ),
    }
}
