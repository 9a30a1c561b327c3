//! What the driver is given.

use host_api::failure::Failure;
use host_api::identifier::RunId;
use host_api::limits::Limits;

/// Bounds of the driver.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Component activations at the same time, over all runs.
    pub activations_max: usize,
    /// Runs in memory at the same time; others wait in the store.
    pub runs_max: usize,
    /// Budgets of one activation.
    pub limits: Limits,
    /// How long a failed attempt's commands and child runs may take to end after they were cancelled.
    pub settle_ms_max: u64,
    /// Name of this owner in leases.
    pub owner: String,
    pub scope: Scope,
}

/// Which runs of the store are driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All; those under way are recovered at the start.
    All,
    /// Those that begin from now on, and those that [`Driver::resume`](crate::Driver::resume) takes up.
    Started,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            activations_max: 256,
            runs_max: 1_024,
            limits: Limits::default(),
            settle_ms_max: 30_000,
            owner: format!("pid-{}", std::process::id()),
            scope: Scope::All,
        }
    }
}

/// Opens the sealed random seed of a run; implemented where the keys are.
pub trait Seeds: Send + Sync + 'static {
    fn unseal(&self, run: &RunId, sealed: &str) -> Result<[u8; 32], Failure>;
}
