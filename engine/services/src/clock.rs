//! Times as SSM writes them.

/// Returns milliseconds since the Unix epoch as seconds with a fraction.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this age of the world fit exactly")]
pub(crate) fn seconds(time_ms: u64) -> f64 {
    time_ms as f64 / 1_000.0
}
