//! Types of the operations that have a service. Written by `cargo xtask model`.

pub mod automation;
pub mod automation_steps;
pub mod calendars;
pub mod document_reviews;
pub mod documents;
pub mod parameters;
pub mod previews;
pub mod resource_policies;
pub mod settings;
pub mod tags;
