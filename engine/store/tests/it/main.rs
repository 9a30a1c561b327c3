//! The store through its public face, each test in a directory of its own.

#![expect(clippy::unwrap_used, reason = "what tests call may panic as they do")]

mod audit;
mod backup;
mod catalogue;
mod crash;
mod deployment;
mod documents;
mod effects;
mod event_rules;
mod events;
mod journal;
mod migration;
mod opening;
mod parameters;
mod retention;
mod scene;
mod triggers;
mod waits;
mod wal;
mod writing;
