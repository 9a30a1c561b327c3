//! A collector of OpenTelemetry, which spans are sent to in the background.

use std::time::Duration;

use async_trait::async_trait;
use opentelemetry::trace::TracerProvider;
use opentelemetry_http::hyper::HyperClient;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SdkTracerProvider, Tracer};
use tokio::runtime::Handle;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use crate::exit::Refusal;

const SERVICE: &str = "runwright";
/// Where OTLP over HTTP takes traces, below the collector's address.
const PATH: &str = "v1/traces";
/// How long one export may take.
const EXPORT_TIME_MAX: Duration = Duration::from_secs(10);

/// Traces on their way to a collector. Dropping it sends what is left, so it must not be dropped on a thread of the runtime.
pub(crate) struct Traces(SdkTracerProvider);

impl Traces {
    /// Prepares to send to a collector by OTLP over HTTP; it is called within the runtime that does the sending.
    ///
    /// # Errors
    /// An address that is not one of `http`.
    pub(super) fn open(endpoint: &str) -> Result<Self, Refusal> {
        if !endpoint.starts_with("http://") {
            let help = "a collector on this machine or behind a local proxy listens on http://127.0.0.1:4318";
            let message = format!("--otlp-endpoint: {endpoint:?} is no http:// address");
            return Err(Refusal::bad_input(message).with_help(help));
        }
        let client = OnRuntime {
            client: HyperClient::with_default_connector(EXPORT_TIME_MAX, None),
            runtime: Handle::current(),
        };
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_endpoint(format!("{}/{PATH}", endpoint.trim_end_matches('/')))
            .build()
            .map_err(|error| Refusal::bad_input(format!("--otlp-endpoint: {error}")))?;
        let resource = Resource::builder().with_service_name(SERVICE).build();
        let provider = SdkTracerProvider::builder()
            .with_resource(resource)
            .with_batch_exporter(exporter)
            .build();
        Ok(Self(provider))
    }

    pub(super) fn layer<S>(&self) -> OpenTelemetryLayer<S, Tracer>
    where
        S: Subscriber + for<'s> LookupSpan<'s>,
    {
        tracing_opentelemetry::layer().with_tracer(self.0.tracer(SERVICE))
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown() {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

/// The exporter has a thread of its own, and the client needs the runtime.
#[derive(Debug)]
struct OnRuntime {
    client: HyperClient,
    runtime: Handle,
}

#[async_trait]
impl HttpClient for OnRuntime {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sending = self.runtime.spawn(async move { client.send_bytes(request).await });
        sending.await?
    }
}
