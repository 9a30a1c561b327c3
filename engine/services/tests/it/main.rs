//! The capabilities through their public faces, over a real store in a directory of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod fixture;
mod server;

mod access;
mod access_iam;
mod access_properties;
mod access_sources;
mod automation;
mod capabilities;
mod commands;
mod credentials;
mod dispatching;
mod documents;
mod envelope;
mod keyring;
mod outbound;
mod parameters;
mod redirects;
mod scrub;
mod state_and_tags;
