//! The wire model (JSON 1.1) of SSM, and of `EventBridge` beside it: what each operation takes and answers.
//!
//! The check is interpreted from a table that is built once, from the embedded model. It knows no capability and does no I/O.
//!
//! ```
//! let operation = ssm_model::operation("GetParameter").expect("SSM has it");
//! let refused = operation.check_input(&serde_json::json!({})).expect_err("a name is required");
//! assert_eq!(refused.code(), "ValidationException");
//! assert_eq!(
//!     refused.to_string(),
//!     "1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null"
//! );
//! ```

mod operation;
mod refused;

mod check;
mod redact;
mod table;

mod sensitive;
#[expect(clippy::struct_field_names, reason = "the names of members are SSM's")]
pub mod types;

pub use operation::{
    ErrorShape, Operation, Pagination, Service, error_shape, operation, operations,
};
pub use redact::HIDDEN;
pub use refused::{Refused, Violation};
pub use sensitive::Sensitive;

/// Seconds since the Unix epoch, with a fraction.
pub type Timestamp = f64;
