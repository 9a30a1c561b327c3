//! A run read from the store: what is fixed since its start, and its state as the fold of its journal.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use host_api::failure::{Failure, FailureKind};
use host_api::grant::Grants;
use host_api::identifier::{Digest, RunId};
use machine::State;
use machine::event::{Entry, RunStarted};
use runbook::plan::Plan;
use store::{ReadError, ReadTx, Store, WriteError};

use crate::driver::Shared;
use crate::secrets::RunSecrets;
use crate::settings::Seeds;

/// What does not change after a run's start.
pub(crate) struct Fixed {
    pub(crate) plan: Arc<Plan>,
    pub(crate) started: RunStarted,
    pub(crate) seed: [u8; 32],
    pub(crate) secrets: Arc<RunSecrets>,
    grants: Mutex<BTreeMap<String, Granted>>,
}

/// What a step may do, and the interfaces that follow from it.
pub(crate) type Granted = (Arc<Grants>, sandbox::Interfaces);

impl Fixed {
    pub(crate) fn new(
        plan: Arc<Plan>,
        started: RunStarted,
        seeds: &dyn Seeds,
        secrets: RunSecrets,
    ) -> Result<Self, Failure> {
        let seed = seeds.unseal(&started.run, &started.sealed_seed)?;
        Ok(Self { plan, started, seed, secrets: Arc::new(secrets), grants: Mutex::default() })
    }

    /// Returns what a step may do; worked out once for each step.
    pub(crate) fn grants(&self, step: &str) -> Result<Granted, Failure> {
        let mut known = self.grants.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(granted) = known.get(step) {
            return Ok(granted.clone());
        }
        let grants = self.started.grants.get(step).ok_or_else(|| {
            Failure::new(FailureKind::Internal, format!("the run has no grants for {step}"))
        })?;
        let interfaces = sandbox::Interfaces::of(grants.interfaces())
            .map_err(|error| Failure::new(FailureKind::Internal, error.to_string()))?;
        let granted = (Arc::new(grants.clone()), interfaces);
        known.insert(step.to_owned(), granted.clone());
        Ok(granted)
    }
}

/// A run in memory.
pub(crate) struct Loaded {
    pub(crate) state: State,
    /// Absent until the run's start was taken from its inbox.
    pub(crate) fixed: Option<Arc<Fixed>>,
    pub(crate) plan: Arc<Plan>,
    pub(crate) next_seq: u64,
    pub(crate) epoch: u64,
}

/// The plans of the runs in memory: runs of one runbook share it.
#[derive(Default)]
pub(crate) struct Plans {
    known: Mutex<BTreeMap<Digest, Weak<Plan>>>,
}

impl Plans {
    fn find(&self, digest: &Digest) -> Option<Arc<Plan>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(digest)?.upgrade()
    }

    fn keep(&self, digest: Digest, plan: &Arc<Plan>) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, plan| plan.strong_count() > 0);
        known.insert(digest, Arc::downgrade(plan));
    }
}

/// Why a run cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("run {0} does not exist")]
    NoRun(RunId),
    #[error("the plan of run {run} cannot be read")]
    Plan { run: RunId, source: serde_json::Error },
    #[error("journal entry {seq} of run {run} cannot be read")]
    Entry { run: RunId, seq: u64, source: serde_json::Error },
    #[error("journal entry {seq} of run {run} is illegal")]
    Illegal { run: RunId, seq: u64, source: machine::IllegalEvent },
    #[error("run {run} cannot be opened: {failure}")]
    Seed { run: RunId, failure: Failure },
    #[error("the store cannot be read")]
    Read(#[from] ReadError),
    #[error("the lease cannot be taken")]
    Lease(#[from] WriteError),
}

impl LoadError {
    /// Returns whether loading again cannot help: something is damaged.
    pub(crate) fn is_lasting(&self) -> bool {
        let is_damage =
            |error: &ReadError| matches!(error, ReadError::Corrupt(_) | ReadError::NotFound { .. });
        match self {
            Self::Read(error) | Self::Lease(WriteError::Read(error)) => is_damage(error),
            Self::Lease(_) => false,
            Self::NoRun(_)
            | Self::Plan { .. }
            | Self::Entry { .. }
            | Self::Illegal { .. }
            | Self::Seed { .. } => true,
        }
    }
}

/// Takes the run's lease and folds its journal.
pub(crate) async fn load(shared: &Arc<Shared>, run: &RunId) -> Result<Loaded, LoadError> {
    let (id, owner) = (run.clone(), shared.settings.owner.clone());
    let epoch = shared.store.write(move |tx| store::leases::acquire(tx, &id, &owner)).await?;
    let (id, plans) = (run.clone(), shared.clone());
    let (plan, entries) =
        shared.store.read(move |tx| read_now(tx, &id, Some(&plans.plans))).await?;
    let mut state = State::new(plan.clone());
    let mut fixed = None;
    for (seq, entry) in (0u64..).zip(&entries) {
        state.apply(entry).map_err(|source| LoadError::Illegal {
            run: run.clone(),
            seq,
            source,
        })?;
    }
    if let Some(started) = state.started() {
        let secrets = RunSecrets::read(&shared.store, run).await?;
        let opened = Fixed::new(plan.clone(), started.clone(), shared.seeds.as_ref(), secrets)
            .map_err(|failure| LoadError::Seed { run: run.clone(), failure })?;
        fixed = Some(Arc::new(opened));
    }
    let next_seq = u64::try_from(entries.len()).unwrap_or(u64::MAX);
    Ok(Loaded { state, fixed, plan, next_seq, epoch })
}

/// Reads a run's plan and journal.
pub(crate) async fn read(store: &Store, run: &RunId) -> Result<(Arc<Plan>, Vec<Entry>), LoadError> {
    let id = run.clone();
    store.read(move |tx| read_now(tx, &id, None)).await
}

fn read_now(
    tx: &ReadTx<'_>,
    run: &RunId,
    plans: Option<&Plans>,
) -> Result<(Arc<Plan>, Vec<Entry>), LoadError> {
    let row = store::runs::find(tx, run)?.ok_or_else(|| LoadError::NoRun(run.clone()))?;
    let plan = if let Some(plan) = plans.and_then(|plans| plans.find(&row.plan_digest)) {
        plan
    } else {
        let text = store::plans::get(tx, &row.plan_digest)?;
        let plan: Plan = serde_json::from_str(&text)
            .map_err(|source| LoadError::Plan { run: run.clone(), source })?;
        let plan = Arc::new(plan);
        if let Some(plans) = plans {
            plans.keep(row.plan_digest, &plan);
        }
        plan
    };
    let mut entries = Vec::new();
    store::journal::visit(tx, run, 0, |seq, text| {
        let entry = serde_json::from_str(text).map_err(|source| LoadError::Entry {
            run: run.clone(),
            seq,
            source,
        })?;
        entries.push(entry);
        Ok::<(), LoadError>(())
    })?;
    Ok((plan, entries))
}
