//! `clock`.

use host_api::request::{ClockRequest, HostRequest};

use crate::activation::Activation;
use crate::bindings::runwright::host::clock::Host;
use crate::host::CallError;

impl Activation {
    /// Returns the recorded time, in milliseconds since the Unix epoch.
    pub(crate) async fn now_ms(&mut self) -> Result<u64, CallError> {
        self.charge(size_of::<u64>())?;
        self.perform_as(HostRequest::Clock(ClockRequest::Now)).await
    }
}

impl Host for Activation {
    async fn now(&mut self) -> wasmtime::Result<u64> {
        self.now_ms().await.map_err(CallError::into_trap)
    }
}
