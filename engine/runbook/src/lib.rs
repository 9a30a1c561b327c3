//! The runbook language: text -> [`document`] -> checked runbook -> [`plan::Plan`].
//!
//! Pure: no input or output, no clock, no threads. Broken input gives diagnostics, not errors of the program.

pub mod action;
pub mod cel;
pub mod check;
pub mod codes;
pub mod compile;
pub mod condition;
pub mod diagnostic;
pub mod document;
pub mod duration;
pub mod lock;
pub mod need;
pub mod picture;
pub mod plan;
pub mod schedule;
pub mod selector;
pub mod source;
pub mod template;
pub mod value;
