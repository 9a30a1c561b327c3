//! What one activation has used of its memory and of its host calls.

use host_api::limits::Limits;
use wasmtime::ResourceLimiter;

use crate::engine::{CORE_INSTANCES_MAX, MEMORIES_MAX, TABLES_MAX};

/// What an element of a table costs.
const TABLE_ELEMENT_BYTES: usize = size_of::<usize>();

/// Sums all linear memories and tables of a store. Asking for more than there is traps: a guest that must fail says so,
/// whatever its allocator does with a refused growth.
#[derive(Debug)]
pub(crate) struct MemoryMeter {
    used_bytes: u64,
    peak_bytes: u64,
    bytes_max: u64,
    /// What the growth that was last allowed added; given back when it then fails.
    last_bytes: u64,
}

/// The memory budget is used up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("asked for {wanted_bytes} bytes of memory in all, the limit is {bytes_max}")]
pub(crate) struct MemoryExceeded {
    wanted_bytes: u64,
    bytes_max: u64,
}

impl MemoryMeter {
    pub(crate) fn new(bytes_max: u64) -> Self {
        Self { used_bytes: 0, peak_bytes: 0, bytes_max, last_bytes: 0 }
    }

    pub(crate) fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    fn grow(&mut self, units: usize, unit_bytes: usize) -> wasmtime::Result<bool> {
        let bytes = (units as u64).saturating_mul(unit_bytes as u64);
        let wanted_bytes = self.used_bytes.saturating_add(bytes);
        if wanted_bytes > self.bytes_max {
            return Err(MemoryExceeded { wanted_bytes, bytes_max: self.bytes_max }.into());
        }
        self.used_bytes = wanted_bytes;
        self.last_bytes = bytes;
        self.peak_bytes = self.peak_bytes.max(wanted_bytes);
        Ok(true)
    }

    fn take_back(&mut self) {
        self.used_bytes = self.used_bytes.saturating_sub(self.last_bytes);
        self.last_bytes = 0;
    }
}

impl ResourceLimiter for MemoryMeter {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.last_bytes = 0;
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current), 1)
    }

    fn memory_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            self.last_bytes = 0;
            return Ok(false);
        }
        self.grow(desired.saturating_sub(current), TABLE_ELEMENT_BYTES)
    }

    fn table_grow_failed(&mut self, _error: wasmtime::Error) -> wasmtime::Result<()> {
        self.take_back();
        Ok(())
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_MAX as usize
    }

    fn tables(&self) -> usize {
        TABLES_MAX as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX as usize
    }
}

/// Counts host calls and their bytes: fuel does not pay for what the host does.
#[derive(Debug)]
pub(crate) struct CallMeter {
    pub(crate) calls: u32,
    pub(crate) bytes: u64,
    calls_max: u32,
    bytes_max: u64,
}

/// The budget of host calls, or of their bytes, is used up.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallsExceeded {
    #[error("made more than {0} host calls")]
    Calls(u32),
    #[error("host calls carried more than {0} bytes")]
    Bytes(u64),
}

impl CallMeter {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            calls: 0,
            bytes: 0,
            calls_max: limits.host_calls_max,
            bytes_max: limits.host_call_bytes_max,
        }
    }

    /// Charges one call and the bytes of its request.
    pub(crate) fn call(&mut self, request_bytes: usize) -> Result<(), CallsExceeded> {
        if self.calls >= self.calls_max {
            return Err(CallsExceeded::Calls(self.calls_max));
        }
        self.calls += 1;
        self.carry(request_bytes)
    }

    /// Charges bytes of a request or of an answer.
    pub(crate) fn carry(&mut self, bytes: usize) -> Result<(), CallsExceeded> {
        let bytes = self.bytes.saturating_add(bytes as u64);
        if bytes > self.bytes_max {
            return Err(CallsExceeded::Bytes(self.bytes_max));
        }
        self.bytes = bytes;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memories_and_tables_share_one_sum() {
        let mut meter = MemoryMeter::new(1_000);
        assert!(meter.memory_growing(0, 600, None).unwrap());
        assert!(meter.table_growing(0, 40, None).unwrap());
        assert_eq!(meter.peak_bytes(), 920);
        assert!(meter.memory_growing(600, 700, None).is_err());
        assert!(!meter.memory_growing(600, 610, Some(605)).unwrap());
        assert_eq!(meter.used_bytes, 920);
    }

    #[test]
    fn a_growth_that_fails_costs_nothing() {
        let mut meter = MemoryMeter::new(1_000);
        assert!(meter.memory_growing(0, 600, None).unwrap());
        meter.memory_grow_failed(wasmtime::Error::msg("no pages")).unwrap();
        assert!(meter.memory_growing(0, 1_000, None).unwrap());
    }
}
