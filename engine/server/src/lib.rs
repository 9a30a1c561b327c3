//! The HTTP face of the capabilities.
//!
//! [`serve`] listens and answers until it is told to end. What an operation means is in `services`; here are the wire protocol, who
//! asks, how much at a time, and what an operator looks at.

mod authentication;
mod cloud_events;
mod health;
mod hooks;
mod hosts;
mod limits;
mod listen;
mod metrics;
mod peer;
mod server;
mod stream;
mod tls;
mod upkeep;
mod wire;

pub use limits::Limits;
pub use server::{Connections, ServeError, Server, Settings, TlsFiles, serve};
