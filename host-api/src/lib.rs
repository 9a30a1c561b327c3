//! The contract between host and guest, and between the engine's parts: plain data and traits.
//!
//! There is no input or output here, no clock and no thread; whoever implements a port owns those.
//! The WIT package `runwright:host` lies beside the crate in `wit/`.

pub mod effect;
pub mod failure;
pub mod grant;
pub mod identifier;
pub mod invocation;
pub mod limits;
pub mod manifest;
pub mod node;
pub mod port;
pub mod request;

/// The version of the WIT package in `wit/`.
pub const WIT_VERSION: &str = "0.1.0";
