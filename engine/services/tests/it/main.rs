//! The capabilities through their public faces, over a real store in a directory of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod driven;
mod fixture;
mod server;

mod access;
mod access_iam;
mod access_properties;
mod access_sources;
mod audit;
mod automation;
mod automation_lists;
mod automation_previews;
mod automation_roles;
mod automation_signals;
mod automation_steps;
mod automation_targets;
mod calendars;
mod capabilities;
mod cloud_events;
mod commands;
mod credentials;
mod dispatching;
mod document_lists;
mod document_sharing;
mod document_sync;
mod document_versions;
mod documents;
mod envelope;
mod event_bridge;
mod event_bridge_events;
mod event_bridge_targets;
mod events;
mod exceptions;
mod keyring;
mod operations_of_steps;
mod outbound;
mod parameters;
mod parameters_filters;
mod parameters_keys;
mod parameters_model;
mod parameters_policies;
mod parameters_references;
mod parameters_secrets;
mod parameters_tiers;
mod parameters_versions;
mod redirects;
mod resource_policies;
mod scrub;
mod settings;
mod state_and_tags;
mod webhooks;
