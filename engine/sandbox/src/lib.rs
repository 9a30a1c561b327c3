//! Runs steps as WebAssembly components under wasmtime.
//!
//! There is no store here, no grants policy and no run log: every host call goes to the [`Host`] that the caller gives
//! for one activation, as a `HostRequest`. What a component may reach is decided by what is linked: an interface that
//! is not in its manifest is refused when it is registered, one that the step is not granted is linked to functions
//! that answer `Denied`, and of WASI there is only a sliver without files, sockets or environment.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use sandbox::{Interfaces, Origin, Sandbox, Settings};
//! # async fn example(bytes: Arc<[u8]>, call: host_api::invocation::Invocation, host: impl sandbox::Host) {
//! let sandbox = Sandbox::new(Settings::default()).expect("an engine");
//! let registered = sandbox.register(bytes, Origin::BuiltIn).await.expect("a component of ours");
//! let granted = Interfaces::of(["parameters"]).expect("known names");
//! let invoked = sandbox.invoke(&registered.digest, granted, call, &Default::default(), host).await;
//! match invoked.result {
//!     Ok(outcome) => drop(outcome),
//!     Err(failure) => drop(failure),
//! }
//! # }
//! ```

mod activation;
mod bindings;
mod budget;
mod code_cache;
mod compile;
mod engine;
mod examine;
mod fault;
mod handle;
mod host;
mod interfaces;
mod invoke;
mod line_log;
mod link;
mod manifest;
mod outcome;
mod register;
mod registry;
mod sandbox;
mod settings;
pub mod signature;
mod wasi;

pub use code_cache::CacheError;
pub use compile::{COMPILE_BYTES_MAX, CompileError, CompileExit, compile_main};
pub use examine::Malformed;
pub use host::{Host, Position};
pub use interfaces::{Interfaces, UnknownInterface};
pub use invoke::{Invoked, Usage};
pub use line_log::{LogLevel, LogLine};
pub use manifest::ManifestError;
pub use register::{Origin, RegisterError, Registered, read_manifest};
pub use sandbox::{Occupancy, Sandbox, SandboxError};
pub use settings::{Allocation, Compiler, Settings, SignaturePolicy};
