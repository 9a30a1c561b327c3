//! What a plugin author writes an action with: an action is one `impl` and one macro.
//!
//! There is no standard input or output, no file, no socket and no environment here: an action reaches the world
//! through the functions of [`host`] alone, and each of them only as far as its step is granted.
//!
//! # A complete plugin
//!
//! ```
//! use runwright_sdk::host::{commands, log};
//! use runwright_sdk::{Action, Call, Effect, Ended, Failure, Step, Wait, inputs, outputs, value};
//!
//! /// What the runbook gives.
//! #[inputs]
//! pub struct Inputs {
//!     /// The node to look at: its id, or `local`.
//!     #[input(default = "local")]
//!     node: String,
//!     /// How full the disk may be, in percent.
//!     #[input(default = 80)]
//!     percent_max: u64,
//! }
//!
//! /// What later steps can refer to.
//! #[outputs]
//! pub struct Outputs {
//!     /// How full it is, in percent.
//!     percent: u64,
//! }
//!
//! /// What is kept while the command runs and no instance of the plugin exists.
//! #[value]
//! pub struct Asked {
//!     command: commands::CommandId,
//! }
//!
//! #[derive(Debug)]
//! pub enum CheckDisk {}
//!
//! impl Action for CheckDisk {
//!     const NAME: &'static str = "acme:check-disk";
//!     const SUMMARY: &'static str = "Fails when the root disk of a node is too full.";
//!     const EFFECT: Effect = Effect::Store;
//!     const NEEDS: &'static [&'static str] = &["commands:send:AWS-RunShellScript@{Node}"];
//!
//!     type Inputs = Inputs;
//!     type Outputs = Outputs;
//!     type State = Asked;
//!
//!     fn run(inputs: Inputs, _call: &Call) -> Result<Step<Outputs, Asked>, Failure> {
//!         let command = commands::SendCommand::new("AWS-RunShellScript")
//!             .node(&inputs.node)
//!             .parameter("commands", ["df --output=pcent / | tail -n 1 | tr -dc 0-9"])
//!             .send()?;
//!         log::info("asked the node");
//!         Ok(Step::wait(Asked { command: command.clone() }).on(Wait::command(&command)))
//!     }
//!
//!     fn resume(
//!         inputs: Inputs,
//!         _state: Asked,
//!         ended: Ended,
//!         _call: &Call,
//!     ) -> Result<Step<Outputs, Asked>, Failure> {
//!         let result = ended.command()?;
//!         let text = result.succeeded()?.output();
//!         let percent = text
//!             .trim()
//!             .parse()
//!             .map_err(|_| Failure::new("BadAnswer", format!("df said {text:?}")))?;
//!         if percent > inputs.percent_max {
//!             return Err(Failure::new("DiskFull", format!("the disk is {percent} % full")));
//!         }
//!         Ok(Step::Done(Outputs { percent }))
//!     }
//! }
//!
//! runwright_sdk::export!(
//!     package = "acme:disk",
//!     version = env!("CARGO_PKG_VERSION"),
//!     interfaces = ["commands"],
//!     actions = [CheckDisk],
//! );
//! ```
//!
//! Build it with `runwright plugin build`. The crate is a `cdylib`. `cargo test` tests its pure parts natively, where
//! host functions do not exist and panic.

extern crate self as runwright_sdk;

mod action;
#[doc(hidden)]
pub mod bindings;
#[doc(hidden)]
pub mod export;
mod failure;
pub mod host;
mod manifest;
mod number;
pub mod schema;
mod secret;
mod text;

pub use action::{Action, Call, Effect, Ended, Pending, Step, Wait};
pub use failure::Failure;
pub use manifest::{ActionManifest, Manifest};
pub use number::{Amount, Count};
pub use runwright_sdk_macros::{Schema, inputs, outputs, value};
pub use schema::Schema;
pub use secret::{Secret, TextOrSecret};
pub use serde;
pub use serde_json;
pub use serde_json::Value;
pub use text::{Scalar, TextList};

/// The version of the WIT package `runwright:host` that this SDK is made for.
pub const WIT_VERSION: &str = "0.1.0";
