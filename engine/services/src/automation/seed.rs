//! The random seed of a run, sealed for its id.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use host_api::identifier::RunId;
use store::Sealed;

use crate::Services;
use crate::envelope::{self, Binding};
use crate::error::ServiceError;

/// The length of a seed in bytes.
pub(super) const SEED_BYTES: usize = 32;

impl Services {
    /// Makes a seed for a run and returns it sealed, as the store and as the journal keep it.
    pub(super) fn sealed_seed(&self, run: &RunId) -> Result<(Sealed, String), ServiceError> {
        let mut seed = zeroize::Zeroizing::new([0; SEED_BYTES]);
        getrandom::fill(&mut *seed).map_err(|error| ServiceError::internal(error.to_string()))?;
        let envelope = envelope::seal(self.keyring(), binding(run), &*seed)
            .map_err(|error| ServiceError::internal(format!("a seed cannot be sealed: {error}")))?;
        let text = STANDARD.encode(&envelope);
        Ok((Sealed { key_id: self.keyring().primary().to_string(), envelope }, text))
    }

    /// Opens the seed that a run's journal holds.
    pub fn unseal_seed(&self, run: &RunId, sealed: &str) -> Result<[u8; SEED_BYTES], ServiceError> {
        let broken = |why: String| {
            ServiceError::internal(format!("the random seed of run {run} cannot be opened: {why}"))
        };
        let envelope = STANDARD.decode(sealed).map_err(|error| broken(error.to_string()))?;
        let seed = envelope::open(self.keyring(), binding(run), &envelope)
            .map_err(|error| broken(error.to_string()))?;
        seed.as_slice().try_into().map_err(|_| broken("it has another length".to_owned()))
    }
}

fn binding(run: &RunId) -> Binding<'_> {
    Binding { purpose: "RUN_SEED", resource: run.as_str(), version: 0 }
}
