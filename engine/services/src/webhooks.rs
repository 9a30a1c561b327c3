//! Webhooks: how a delivery is known to come from its sender.

pub mod scheme;
