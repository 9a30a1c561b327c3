//! State in SQLite, and SQLite only here: one directory, one owner, one writer.
//!
//! A [`Store`] runs closures: [`Store::write`] over a [`Tx`], [`Store::read`] over a [`ReadTx`]. The modules hold, one
//! for each family of tables, the functions that such a closure calls. There is no cryptography of secrets, no policy
//! and no parsing of runbooks here: secrets arrive sealed, journal entries and requests are opaque JSON text.
//!
//! ```
//! # let scratch = tempfile::tempdir()?;
//! # let directory = scratch.path().join("data");
//! use store::{OpenOptions, Store, WriteError, state};
//!
//! let store = Store::open(&directory, &OpenOptions::default())?;
//! store.write_blocking(|tx| state::put(tx, "acme", "greeting", "\"hello\""))?;
//! let greeting = store.read_blocking(|tx| state::get(tx, "acme", "greeting"))?;
//! assert_eq!(greeting.as_deref(), Some("\"hello\""));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod store;

mod checkpoint;
mod connection;
mod directory;
mod error;
mod notice;
mod queue;
mod readers;
mod schema;
mod text_key;
mod transaction;
mod wal;
mod writer;

pub mod host_calls;
pub mod inbox;
pub mod journal;
pub mod leases;
pub mod retention;
pub mod runs;
pub mod step_logs;

pub mod completions;
pub mod once;
pub mod waits;

pub mod commands;
pub mod credentials;
pub mod documents;
pub mod invocations;
pub mod named_keys;
pub mod nodes;
pub mod parameters;
pub mod plans;
pub mod plugins;
pub mod previews;
pub mod principals;
pub mod resource_policies;
pub mod settings;
pub mod state;
pub mod tags;

pub mod dispatch;
pub mod event_rules;
pub mod ops_items;
pub mod replays;
pub mod rule_files;
pub mod rule_matches;
pub mod rule_windows;
pub mod schedules;

pub mod audit;
pub mod backup;
pub mod events;
pub mod keys;

pub use error::{BackupError, DatabaseError, OpenError, ReadError, WriteError};
pub use notice::Notice;
pub use schema::SCHEMA_VERSION;
pub use store::{OpenOptions, Store};
pub use transaction::{ReadTx, Tx};

/// Bytes that only the holder of a key can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The name of the key, not the key.
    pub key_id: String,
    pub envelope: Vec<u8>,
}
