//! The sandbox through its public face.

#![expect(clippy::unwrap_used, reason = "a panic fails the test")]

mod abuse;
mod cache;
mod calls;
mod fixture;
mod host;
mod lifecycle;
mod registration;
mod signatures;
