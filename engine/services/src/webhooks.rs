//! Webhooks: how a delivery is known to come from its sender, and which events it makes.

mod payload;
mod receive;
pub mod scheme;
mod secrets;

pub use receive::{Delivery, Received, Rejected};
pub(crate) use secrets::HookSecrets;
