//! Where this call stands.

use crate::bindings::runwright::host::context;

pub use context::Position;

/// Returns run, document, step, attempt and activation, account, region, and who started the run.
pub fn position() -> Position {
    context::get()
}

/// Returns a key that is the same whenever this activation is called again, and different for each retry: an
/// idempotency key for systems outside.
pub fn effect_key() -> String {
    context::effect_key()
}
