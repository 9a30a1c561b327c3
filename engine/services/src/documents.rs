//! Documents: immutable versions in the store, files beside a runbook, and what is shipped.

pub(crate) mod beside;
pub(crate) mod find;
pub(crate) mod name;

mod attachments;
mod check;
mod create;
mod delete;
mod describe;
mod facts;
mod filter;
mod get;
mod kinds;
mod list;
mod page;
mod permissions;
mod put;
mod reviews;
mod select;
mod shown;
mod sync;
mod update;
mod versions;

pub use attachments::{ATTACHMENT_BYTES_MAX, ATTACHMENTS_MAX, AUTOMATION_ATTACHMENTS_MAX};
pub use find::Found;
pub(crate) use find::{COMPILED_MAX, CompiledKey};
pub use permissions::{ACCOUNTS_MAX, PUBLIC_MAX};
pub use sync::{DocumentFile, FILES_MAX, SyncAction, SyncPlan, SyncStep};

pub const AUTOMATION: &str = "Automation";
pub const COMMAND: &str = "Command";
pub const CHANGE_CALENDAR: &str = "ChangeCalendar";

/// Documents of an installation, those that are shipped not counted.
pub const DOCUMENTS_MAX: u64 = 10_000;
/// Versions of a document.
pub const VERSIONS_MAX: u64 = 1_000;
/// The text of a document in bytes.
pub const CONTENT_BYTES_MAX: usize = runbook::document::TEXT_BYTES_MAX;
