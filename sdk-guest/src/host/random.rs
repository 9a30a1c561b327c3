//! Bytes derived from the run's sealed seed: unpredictable outside the run, the same on replay.

use crate::bindings::runwright::host::random;

/// Returns `length` bytes, at most 4,096.
pub fn bytes(length: u32) -> Vec<u8> {
    random::bytes(length)
}
