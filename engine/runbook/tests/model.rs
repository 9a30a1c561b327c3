//! The model half of the language, through its public face; cases are tables in `data/`.
#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "model/bind.rs"]
mod bind;
#[path = "model/cel.rs"]
mod cel;
#[path = "model/condition.rs"]
mod condition;
#[path = "model/duration.rs"]
mod duration;
#[path = "model/fixture.rs"]
mod fixture;
#[path = "model/need.rs"]
mod need;
#[path = "model/pattern.rs"]
mod pattern;
#[path = "model/schedule.rs"]
mod schedule;
#[path = "model/schedule_properties.rs"]
mod schedule_properties;
#[path = "model/selector.rs"]
mod selector;
#[path = "model/template.rs"]
mod template;
#[path = "model/value.rs"]
mod value;
