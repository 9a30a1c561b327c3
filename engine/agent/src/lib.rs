//! What runs on a node: jobs under their shim, command documents, facts.
//!
//! An [`Agent`] owns a directory. Each job in it has a folder and a process of its own, the shim, which outlives the agent: killing
//! the agent loses nothing and doubles nothing. There is no network here, and nothing knows of runs or of the store.

mod agent;
pub mod document;
mod durable;
pub mod facts;
mod folder;
mod identity;
mod leftovers;
mod plan;
mod processes;
mod shim;

pub use agent::{
    Agent, AgentError, Cancellation, JobHandle, JobOutcome, JobState, Recovered, Settings,
};
pub use shim::shim_main;
