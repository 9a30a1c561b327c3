//! What is counted, for Prometheus.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

/// From 0.1 ms on, each bucket four times the one before: up to 26 s.
const BUCKETS: u16 = 10;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    operation: &'static str,
    /// The name of the exception; empty for success.
    error: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    operation: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Delivered {
    /// Why it was not taken; empty for one that was.
    error: &'static str,
}

/// The counters of a server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    calls: Family<Call, Counter>,
    durations: Family<Called, Histogram>,
    refused: Counter,
    deliveries: Family<Delivered, Counter>,
    pub(crate) connections: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("runwright");
        let calls = Family::default();
        let durations: Family<Called, Histogram> = Family::new_with_constructor(|| {
            Histogram::new(exponential_buckets(1e-4, 4.0, BUCKETS))
        });
        let (refused, connections) = (Counter::default(), Gauge::default());
        let deliveries = Family::default();
        registry.register("webhook_deliveries", "Webhooks by error", deliveries.clone());
        registry.register("api_calls", "Requests by operation and error", calls.clone());
        registry.register_with_unit(
            "api_call_duration",
            "Time from authentication to answer",
            Unit::Seconds,
            durations.clone(),
        );
        registry.register("api_refused", "Requests of nobody", refused.clone());
        registry.register("connections", "Open connections", connections.clone());
        Self { registry, calls, durations, refused, deliveries, connections }
    }
}

impl Metrics {
    /// Counts a request that was authenticated.
    pub(crate) fn called(&self, operation: &'static str, error: &str, took: Duration) {
        self.calls.get_or_create(&Call { operation, error: error.to_owned() }).inc();
        self.durations.get_or_create(&Called { operation }).observe(took.as_secs_f64());
    }

    /// Counts a request whose credential was not accepted.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }

    /// Counts a delivery of a webhook.
    pub(crate) fn delivered(&self, error: &'static str) {
        self.deliveries.get_or_create(&Delivered { error }).inc();
    }

    /// Returns all in the text form that Prometheus reads.
    pub(crate) fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
