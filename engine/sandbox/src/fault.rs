//! What stopped a guest, as a failure of its step.

use host_api::failure::{Failure, FailureKind};
use serde_json::{Value, json};
use wasmtime::{PoolConcurrencyLimitError, Trap, WasmBacktrace};

use crate::budget::MemoryExceeded;
use crate::host::Aborted;

/// Frames shown of a trap's stack, and bytes of each name; both come from the plugin.
const FRAMES_MAX: usize = 16;
const FRAME_NAME_BYTES_MAX: usize = 200;
/// wasmtime keeps this error private and gives it no trap code; a test pins the text.
const HOSTCALL_FUEL_TEXT: &str = "fuel allocated for hostcalls has been exhausted";

/// Turns wasmtime's error into a failure.
pub(crate) fn classify(error: wasmtime::Error, fuel: u64) -> Failure {
    let error = match error.downcast::<Aborted>() {
        Ok(Aborted(failure)) => return *failure,
        Err(error) => error,
    };
    if let Some(exceeded) = error.downcast_ref::<MemoryExceeded>() {
        return Failure::new(FailureKind::Memory, exceeded.to_string());
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        let message = "no room for another instance at the moment";
        return Failure::new(FailureKind::Load, message).retryable();
    }
    let backtrace = error.downcast_ref::<WasmBacktrace>();
    match error.downcast_ref::<Trap>() {
        Some(Trap::OutOfFuel) => {
            Failure::new(FailureKind::Fuel, format!("used up its processor budget of {fuel}"))
                .with_details(stack(backtrace))
        }
        Some(trap) => {
            Failure::new(FailureKind::Trap, trap.to_string()).with_details(stack(backtrace))
        }
        None => without_code(&error, backtrace),
    }
}

fn without_code(error: &wasmtime::Error, backtrace: Option<&WasmBacktrace>) -> Failure {
    let cause = error.root_cause().to_string();
    if cause.contains(HOSTCALL_FUEL_TEXT) {
        // Without a stack the guest had returned: it was the answer that was too large.
        return match backtrace {
            Some(_) => {
                Failure::new(FailureKind::HostBudget, "a host call's arguments are too large")
            }
            None => Failure::new(FailureKind::BadOutput, "the answer is too large"),
        };
    }
    Failure::new(FailureKind::Trap, cause).with_details(stack(backtrace))
}

fn stack(backtrace: Option<&WasmBacktrace>) -> Value {
    let Some(backtrace) = backtrace else { return Value::Null };
    let names: Vec<String> = backtrace
        .frames()
        .iter()
        .take(FRAMES_MAX)
        .map(|frame| match frame.func_name() {
            Some(name) => name[..name.floor_char_boundary(FRAME_NAME_BYTES_MAX)].to_owned(),
            None => format!("function {}", frame.func_index()),
        })
        .collect();
    json!({ "stack": names })
}
