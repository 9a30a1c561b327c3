//! What one evaluation may use.
//!
//! The crate's functions are plain `fn`s without state, so the account of the evaluation that runs on this thread is a
//! thread-local; evaluations do not nest.

use std::cell::Cell;

use ::cel::ExecutionError;
use ::cel::common::types::{CelBytes, CelList, CelMap, CelOptional, CelString};
use ::cel::common::value::Val;

/// List elements and map keys that comprehensions may visit in one evaluation, nested visits multiplied out.
pub const STEPS_MAX: usize = 2_000_000;
/// Size of all values that one evaluation may make on the way, counted as their text and 16 bytes for each value.
pub const MADE_BYTES_MAX: usize = 32 << 20;

thread_local! {
    static STEPS_LEFT: Cell<usize> = const { Cell::new(0) };
    static BYTES_LEFT: Cell<usize> = const { Cell::new(0) };
}

/// Opens a new account.
pub(super) fn reset() {
    STEPS_LEFT.set(STEPS_MAX);
    BYTES_LEFT.set(MADE_BYTES_MAX);
}

/// Charges a value that is about to be copied into another.
pub(super) fn charge(value: &dyn Val) -> Result<(), ExecutionError> {
    charge_bytes(size_bytes(value))
}

/// Charges bytes about to be made.
pub(super) fn charge_bytes(bytes: usize) -> Result<(), ExecutionError> {
    match BYTES_LEFT.get().checked_sub(bytes) {
        Some(left) => {
            BYTES_LEFT.set(left);
            Ok(())
        }
        None => Err(ExecutionError::function_error("@charge", "the values it makes are too large")),
    }
}

/// Charges one visit of each element, and the copying of each into the comprehension's variable.
pub(super) fn charge_visit(elements: usize, value: &dyn Val) -> Result<(), ExecutionError> {
    const COPIED_BYTES_PER_STEP: usize = 256;
    let steps = elements + size_bytes(value) / COPIED_BYTES_PER_STEP;
    match STEPS_LEFT.get().checked_sub(steps) {
        Some(left) => {
            STEPS_LEFT.set(left);
            Ok(())
        }
        None => Err(ExecutionError::function_error("@range", "it visits too many elements")),
    }
}

pub(super) fn size_bytes(value: &dyn Val) -> usize {
    16 + if let Some(text) = value.downcast_ref::<CelString>() {
        text.inner().len()
    } else if let Some(list) = value.downcast_ref::<CelList>() {
        list.inner().iter().map(|item| size_bytes(item.as_ref())).sum()
    } else if let Some(map) = value.downcast_ref::<CelMap>() {
        map.inner()
            .iter()
            .map(|(key, member)| size_bytes(key.inner()) + size_bytes(member.as_ref()))
            .sum()
    } else if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        bytes.inner().len()
    } else if let Some(optional) = value.downcast_ref::<CelOptional>() {
        optional.option().map_or(0, size_bytes)
    } else {
        0
    }
}
