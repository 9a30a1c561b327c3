//! The commands, one module each.

pub(crate) mod actions;
pub(crate) mod audit;
pub(crate) mod auth;
pub(crate) mod documents;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod graph;
pub(crate) mod key;
pub(crate) mod param;
pub(crate) mod plan;
pub(crate) mod plugin;
pub(crate) mod policy;
pub(crate) mod rules;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod server;
pub(crate) mod validate;
