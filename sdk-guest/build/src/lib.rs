//! Finds a compiler for guests and builds their components.
//!
//! Nothing is printed here but what `cargo` and `apt-get` say themselves; the caller tells of progress.

mod compile;
pub mod component;
mod module;
mod toolchain;

pub use compile::{Build, BuildError, Built, build};
pub use component::{Component, ComponentError, componentize};
pub use toolchain::{CHOICE_VARIABLE, Toolchain, ToolchainError};
