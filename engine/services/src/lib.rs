//! The capabilities: their rules, and only here.
//!
//! Each module holds one capability as functions of [`Services`] over SSM's own requests and answers; the wire, the CLI and
//! the sandbox are thin faces of them. The sandbox comes in through [`host_api::port::Capabilities`]. Nothing here knows the
//! driver: a run is told something by a row in its inbox.

mod capabilities;
mod services;

pub mod access;
pub mod actor;
mod api;
pub mod audit;
mod change;
mod clock;
pub mod credentials;
pub mod error;

pub mod envelope;
pub mod keyring;
pub mod scrub;

pub mod nodes;
pub mod outbound;

pub mod automation;
pub mod calendars;
pub mod cloud_events;
pub mod commands;
pub mod documents;
pub mod event_bridge;
pub mod events;
pub mod http;
pub mod inventory;
pub mod ops_items;
pub mod parameters;
pub mod plugin_state;
pub mod plugins;
pub mod resource_policies;
pub mod settings;
pub mod tags;
pub mod triggers;
pub mod webhooks;

pub use access::{Access, Resource};
pub use actor::{Actor, SignedWith, WireRequest};
pub use api::{Operation, operations};
pub use credentials::{AccessKey, Bearer, NewAccessKey};
pub use documents::beside::BesideDocument;
pub use error::{ErrorKind, ServiceError};
pub use keyring::Keyring;
pub use nodes::{NodeInformation, Nodes};
pub use services::{
    ACCOUNT_ID, ACTIVE_RUNS_MAX, BuiltIn, EVENT_DAYS_MAX, REGION, Services, Settings, Shipped,
    ShippedDocument,
};
pub use ssm_model::Sensitive;
