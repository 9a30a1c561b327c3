//! Tests of wiring: the binary as a user meets it, and the rules of the house.

#![expect(clippy::unwrap_used, reason = "all of it is tests")]

mod access_cli;
mod api;
mod backup;
mod control;
mod language;
mod operator;
mod owners;
mod parameters;
mod plugins;
mod recovery;
mod refused;
mod run;
mod runs;
mod secrets;
mod tidy;
