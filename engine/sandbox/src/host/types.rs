//! `types`: how a failure reaches the guest.

use crate::activation::Activation;
use crate::bindings::runwright::host::types::{Failure, Host};
use crate::host::{Aborted, CallError};

impl Host for Activation {
    fn convert_failure(&mut self, error: CallError) -> wasmtime::Result<Failure> {
        let failure = match error {
            CallError::Answered(failure) => failure,
            CallError::Aborted(failure) => return Err(Aborted(failure).into()),
        };
        let details = failure.details.to_string();
        self.carry(failure.code.len() + failure.message.len() + details.len())
            .map_err(CallError::into_trap)?;
        Ok(Failure {
            code: failure.code,
            message: failure.message,
            retryable: failure.retryable,
            details,
        })
    }
}
