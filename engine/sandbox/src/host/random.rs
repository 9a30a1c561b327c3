//! `random`.

use host_api::failure::{Failure, FailureKind};
use host_api::limits::RANDOM_BYTES_MAX;

use crate::activation::Activation;
use crate::bindings::runwright::host::random::Host;
use crate::host::{Aborted, CallError};

impl Host for Activation {
    fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        self.charge(size_of::<u32>()).map_err(CallError::into_trap)?;
        if length > RANDOM_BYTES_MAX {
            let message =
                format!("asked for {length} random bytes, a call gives {RANDOM_BYTES_MAX}");
            return Err(Aborted(Box::new(Failure::new(FailureKind::HostBudget, message))).into());
        }
        self.carry(length as usize).map_err(CallError::into_trap)?;
        Ok(self.host.random(length))
    }
}
