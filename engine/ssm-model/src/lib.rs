//! SSM's wire model (JSON 1.1): what each operation takes and answers.

mod sensitive;
#[expect(clippy::struct_field_names, reason = "the names of members are SSM's")]
pub mod types;

pub use sensitive::Sensitive;

/// Seconds since the Unix epoch, with a fraction.
pub type Timestamp = f64;
