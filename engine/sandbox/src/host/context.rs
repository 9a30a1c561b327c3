//! `context`.

use crate::activation::Activation;
use crate::bindings::runwright::host::context::{Host, Position};
use crate::host::CallError;

impl Host for Activation {
    fn get(&mut self) -> wasmtime::Result<Position> {
        self.charge(0).map_err(CallError::into_trap)?;
        let at = self.host.position();
        let bytes = at.run_id.len()
            + at.document_name.len()
            + at.document_version.len()
            + at.step.len()
            + at.account_id.len()
            + at.region.len()
            + at.principal.len();
        self.carry(bytes).map_err(CallError::into_trap)?;
        Ok(Position {
            run_id: at.run_id,
            document_name: at.document_name,
            document_version: at.document_version,
            step: at.step,
            attempt: at.attempt,
            activation: at.activation,
            account_id: at.account_id,
            region: at.region,
            principal: at.principal,
        })
    }

    fn effect_key(&mut self) -> wasmtime::Result<String> {
        self.charge(0).map_err(CallError::into_trap)?;
        let key = self.host.effect_key();
        self.carry(key.len()).map_err(CallError::into_trap)?;
        Ok(key)
    }
}
