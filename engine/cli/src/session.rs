//! How a command reaches the engine: as the owner of the data directory, or as the client of the process that owns it.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::control::client::ControlClient;
use crate::control::server::ControlServer;
use crate::engine::{Engine, Openings};
use crate::exit::{Exit, Refusal};
use crate::operation::Operation;

/// Tries to become owner or client while an owner comes or goes.
const TRIES: u32 = 50;
const BETWEEN_TRIES: std::time::Duration = std::time::Duration::from_millis(20);

/// A way to the engine.
pub(crate) enum Session {
    Owner { engine: Engine, _control: ControlServer },
    Client { directory: PathBuf },
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Owner { .. } => "Owner",
            Self::Client { .. } => "Client",
        })
    }
}

impl Session {
    /// Opens the data directory, or connects to the process that has it open.
    pub(crate) async fn open(directory: &Path, openings: Openings) -> Result<Self> {
        let mut owned_by = None;
        for _ in 0..TRIES {
            match Engine::open(directory, openings).await {
                Ok(engine) => {
                    let handler = engine.handler();
                    let control = crate::control::server::serve(directory, handler)?;
                    return Ok(Self::Owner { engine, _control: control });
                }
                Err(error) => match error.downcast_ref::<store::OpenError>() {
                    Some(store::OpenError::Owned { pid, .. }) => owned_by = *pid,
                    Some(_) => return Err(refused(&error)),
                    None => return Err(error),
                },
            }
            match ControlClient::connect(directory).await {
                Ok(_) => return Ok(Self::Client { directory: directory.to_owned() }),
                Err(error) => tracing::debug!(%error, "the owner does not listen yet"),
            }
            tokio::time::sleep(BETWEEN_TRIES).await;
        }
        bail!(Refusal::not_reachable(format!(
            "the data directory {} is in use by {}, which does not answer",
            directory.display(),
            owned_by.map_or("another process".to_owned(), |pid| format!("process {pid}"))
        )))
    }

    /// Asks; `on_news` gets what is told before the answer.
    pub(crate) async fn ask(
        &self,
        operation: &Operation,
        mut on_news: impl FnMut(Value) + Send,
    ) -> Result<Value> {
        match self {
            Self::Owner { engine, .. } => engine.perform(operation.clone(), &mut on_news).await,
            Self::Client { directory } => match ControlClient::connect(directory).await {
                Ok(mut client) => client.ask(operation, on_news).await,
                Err(error) => bail!(Refusal::not_reachable(format!(
                    "the owner of the data directory has gone: {error}"
                ))),
            },
        }
    }

    /// Asks for something without news.
    pub(crate) async fn call(&self, operation: &Operation) -> Result<Value> {
        self.ask(operation, |_| {}).await
    }

    /// Lets running activations end before the process does.
    pub(crate) async fn close(self) {
        if let Self::Owner { engine, .. } = self {
            engine.close().await;
        }
    }
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
