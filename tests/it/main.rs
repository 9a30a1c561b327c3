//! Tests of wiring: the binary as a user meets it, and the rules of the house.

mod recovery;
mod tidy;
