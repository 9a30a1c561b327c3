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
mod operations_of_steps;
mod outbound;
mod parameters;
mod redirects;
mod scrub;
mod state_and_tags;
