//! The driver as its owner holds it.

use std::sync::Arc;
use std::time::Duration;

use host_api::identifier::RunId;
use host_api::port::Capabilities;
use machine::event::{Entry, Event};
use machine::status::RunStatus;
use sandbox::Sandbox;
use store::Store;
use tokio::sync::{Semaphore, mpsc, watch};

use crate::dispatch::{Registry, Subscribers, Trouble};
use crate::load::Plans;
use crate::settings::{Seeds, Settings};

/// What all runs of a driver share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) store: Store,
    pub(crate) sandbox: Sandbox,
    pub(crate) components: Components,
    pub(crate) capabilities: Arc<dyn Capabilities>,
    pub(crate) seeds: Arc<dyn Seeds>,
    pub(crate) activations: Semaphore,
    pub(crate) runs: Semaphore,
    pub(crate) registry: Registry,
    pub(crate) plans: Plans,
    pub(crate) subscribers: Subscribers,
    pub(crate) trouble: Trouble,
    pub(crate) draining: watch::Sender<bool>,
}

/// Makes components ready from the bytes in the store.
pub(crate) struct Components {
    store: Store,
    sandbox: Sandbox,
}

impl Components {
    /// Registers the component unless it is.
    pub(crate) async fn ensure(
        &self,
        digest: &host_api::identifier::Digest,
    ) -> Result<(), host_api::failure::Failure> {
        use host_api::failure::{Failure, FailureKind};
        if self.sandbox.is_registered(digest) {
            return Ok(());
        }
        let wanted = digest.clone();
        let (bytes, manifest) = self
            .store
            .read(move |tx| {
                let bytes = store::plugins::component(tx, &wanted)?;
                Ok((bytes, store::plugins::get(tx, &wanted)?.manifest))
            })
            .await
            .map_err(|error: store::ReadError| {
                Failure::new(FailureKind::Load, error.to_string())
            })?;
        self.sandbox
            .register(bytes.into(), origin(&manifest))
            .await
            .map(drop)
            .map_err(|error| Failure::new(FailureKind::Load, error.to_string()))
    }
}

/// Nobody can add a component of the vendor `aws` to the store but we.
fn origin(manifest: &str) -> sandbox::Origin {
    let manifest: Result<host_api::manifest::Manifest, _> = serde_json::from_str(manifest);
    match manifest {
        Ok(manifest) if manifest.name.starts_with("aws:") => sandbox::Origin::BuiltIn,
        Ok(_) | Err(_) => sandbox::Origin::Admitted,
    }
}

/// Why a run's end cannot be waited for.
#[derive(Debug, thiserror::Error)]
pub enum WaitError {
    #[error(transparent)]
    Read(#[from] store::ReadError),
    #[error("run {run} is put aside: {reason}")]
    PutAside { run: RunId, reason: String },
}

/// News of a run: the entries of one commit.
#[derive(Debug, Clone)]
pub struct Progress {
    pub run: RunId,
    /// The number of the first of `entries`.
    pub first_seq: u64,
    pub entries: Arc<Vec<Entry>>,
}

/// Drives the runs of one store until it is drained. A clone is another hold on the same driver.
#[derive(Clone)]
pub struct Driver {
    shared: Arc<Shared>,
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("settings", &self.shared.settings).finish_non_exhaustive()
    }
}

impl Driver {
    /// Starts to drive: recovers the runs that are under way, then serves what the store announces.
    pub async fn start(
        settings: Settings,
        store: Store,
        sandbox: Sandbox,
        capabilities: Arc<dyn Capabilities>,
        seeds: Arc<dyn Seeds>,
    ) -> Result<Self, store::ReadError> {
        let scope = settings.scope;
        let shared = Arc::new(Shared {
            activations: Semaphore::new(settings.activations_max),
            runs: Semaphore::new(settings.runs_max),
            components: Components { store: store.clone(), sandbox: sandbox.clone() },
            settings,
            store,
            sandbox,
            capabilities,
            seeds,
            registry: Registry::new(scope),
            plans: Plans::default(),
            subscribers: Subscribers::default(),
            trouble: Trouble::default(),
            draining: watch::Sender::new(false),
        });
        crate::dispatch::start(&shared).await?;
        Ok(Self { shared })
    }

    /// Goes on with the runs that have not ended, or with one of them; returns those that no step of another began.
    pub async fn resume(&self, only: Option<RunId>) -> Result<Vec<RunId>, store::ReadError> {
        crate::dispatch::resume(&self.shared, only).await
    }

    /// Returns the entries of `run` from now on, one message for each commit; ends when the receiver is dropped.
    pub fn subscribe(&self, run: &RunId) -> mpsc::UnboundedReceiver<Progress> {
        self.shared.subscribers.subscribe(run)
    }

    /// Returns why the run is not driven although it has not ended; `None` for one that is.
    pub fn trouble(&self, run: &RunId) -> Option<String> {
        self.shared.trouble.of(run)
    }

    /// Returns when the run has ended; at once when it has.
    pub async fn wait(&self, run: &RunId) -> Result<RunStatus, WaitError> {
        loop {
            // Subscribed before the store is read, so that an end in between is heard.
            let mut progress = self.subscribe(run);
            let row = self.shared.store.read_blocking(|tx| store::runs::get(tx, run))?;
            if let Some(status) = terminal(&row.view.status) {
                return Ok(status);
            }
            if let Some(reason) = self.trouble(run) {
                return Err(WaitError::PutAside { run: run.clone(), reason });
            }
            while let Some(news) = progress.recv().await {
                for entry in news.entries.iter() {
                    if let Event::RunFinished { status, .. } = &entry.event {
                        return Ok(*status);
                    }
                }
            }
        }
    }

    /// Starts nothing new and waits for running activations up to `limit`; the next owner of the store goes on with what is left.
    pub async fn drain(&self, limit: Duration) {
        self.shared.draining.send_replace(true);
        if tokio::time::timeout(limit, self.shared.registry.empty()).await.is_err() {
            tracing::warn!("runs were still busy when the time to drain was over");
        }
    }
}

fn terminal(status: &str) -> Option<RunStatus> {
    [RunStatus::Success, RunStatus::Failed, RunStatus::TimedOut, RunStatus::Cancelled]
        .into_iter()
        .find(|known| known.as_str() == status)
}
