//! Event rules: which patterns an event matches, and what a matched rule hands to its target.
//!
//! [`file`] reads what an operator writes.
//!
//! Patterns, paths and templates mean what they mean to Amazon EventBridge. There is no input or output here, no clock and no
//! randomness; delivery, retries and schedules are the caller's.
//!
//! ```
//! use rules::{Event, Index, Pattern};
//!
//! let mut index = Index::new();
//! index.insert("stopped", Pattern::parse(r#"{"detail": {"state": [{"prefix": "stop"}]}}"#)?);
//! let event = serde_json::json!({"source": "aws.ec2", "detail": {"state": "stopping"}});
//! assert_eq!(index.matching(&Event::new(&event)?), [&"stopped"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod event;
pub mod pattern;

pub mod codes;
pub mod file;
pub mod index;
pub mod path;
pub mod target;
pub mod template;
pub mod window;

mod anchor;
mod condition;
mod digest;
mod search;

pub use event::Event;
pub use index::Index;
pub use path::JsonPath;
pub use pattern::{Pattern, PatternError};
pub use target::Target;
pub use template::Template;
