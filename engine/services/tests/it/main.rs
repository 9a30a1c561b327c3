//! The capabilities through their public faces, over a real store in a directory of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod driven;
mod fixture;
mod server;

mod automation;
mod automation_lists;
mod automation_previews;
mod automation_roles;
mod automation_signals;
mod automation_steps;
mod automation_targets;
mod capabilities;
mod commands;
mod dispatching;
mod documents;
mod envelope;
mod keyring;
mod outbound;
mod parameters;
mod redirects;
mod scrub;
mod state_and_tags;
