//! The capabilities through their public faces, over a real store in a directory of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fixture;
mod server;

mod automation;
mod capabilities;
mod commands;
mod dispatching;
mod documents;
mod envelope;
mod keyring;
mod outbound;
mod parameters;
mod parameters_filters;
mod parameters_keys;
mod parameters_model;
mod parameters_policies;
mod parameters_references;
mod parameters_secrets;
mod parameters_tiers;
mod parameters_versions;
mod redirects;
mod scrub;
mod state_and_tags;
