//! The machine through its public face: scenarios, the truth table of graphs, a simulation, journals of released versions.

#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails, and looks only at what it is about"
)]

mod draw;
mod interactive;
mod items;
mod journals;
mod scenarios;
mod signals;
mod simulation;
mod truth_table;
mod world;
