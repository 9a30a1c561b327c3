//! The agent through its public face, with real processes.

#![expect(clippy::unwrap_used, reason = "what surrounds a test may panic as the test does")]

mod damage;
mod documents;
mod execution;
mod facts;
mod fixture;
mod leftovers;
mod recovery;
