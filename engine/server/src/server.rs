//! The server as its owner holds it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use services::Services;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;

use crate::hosts::Hosts;
use crate::limits::{Limits, Principals};
use crate::metrics::Metrics;
use crate::peer::Peer;
use crate::{cloud_events, health, hooks, hosts, listen, stream, tls, upkeep, wire};

/// How a server is set up.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port 0 takes a free one.
    pub listen: SocketAddr,
    /// A Unix socket beside the address, for whoever may open it: mode 0600.
    pub unix_socket: Option<PathBuf>,
    pub tls: Option<TlsFiles>,
    /// Whether a proxy that speaks TLS stands before the server; without that or `tls` only loopback is listened on.
    pub is_behind_tls_proxy: bool,
    /// Names under which the server is called, beside addresses and `localhost`.
    pub host_names: Vec<String>,
    pub limits: Limits,
}

/// Files of the server's certificate, read anew when they change.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// PEM: the certificate, then those that lead to its root.
    pub certificates: PathBuf,
    /// PEM.
    pub key: PathBuf,
    /// PEM: who signs the certificates of clients; a client must then have one.
    pub client_authorities: Option<PathBuf>,
}

/// Why a server cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("cannot listen on {address}: {source}")]
    Listen { address: String, source: std::io::Error },
    #[error("{address} can be reached from other machines, and nothing would be encrypted")]
    Unencrypted { address: SocketAddr },
    #[error("{path}: {message}")]
    Certificate { path: PathBuf, message: String },
    #[error("the rules cannot be made ready: {0}")]
    Rules(#[from] services::ServiceError),
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    /// Where it listens, with the port that it took.
    pub address: SocketAddr,
    /// Ends when the last request has been answered after the end was asked for.
    pub done: tokio::task::JoinHandle<()>,
}

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) services: Services,
    pub(crate) limits: Principals,
    pub(crate) metrics: Metrics,
    pub(crate) hosts: Hosts,
    pub(crate) bodies: wire::Budget,
    pub(crate) is_behind_proxy: bool,
    /// Becomes true when no new work is taken.
    pub(crate) ending: watch::Receiver<bool>,
}

impl Context {
    fn new(settings: &Settings, services: Services, ending: watch::Receiver<bool>) -> Self {
        Self {
            services,
            limits: Principals::new(settings.limits),
            metrics: Metrics::default(),
            hosts: Hosts::new(&settings.host_names),
            bodies: wire::Budget::default(),
            is_behind_proxy: settings.is_behind_tls_proxy,
            ending,
        }
    }
}

/// Answers what comes over connections that somebody else accepts.
#[derive(Debug, Clone)]
pub struct Connections {
    router: Router,
    /// Streams of events go on as long as it is there.
    _ending: Arc<watch::Sender<bool>>,
}

impl Connections {
    /// Of the settings only what does not concern listening has a meaning here.
    pub fn new(settings: &Settings, services: Services) -> Self {
        let (ending, is_ending) = watch::channel(false);
        let context = Arc::new(Context::new(settings, services, is_ending));
        Self { router: router(context), _ending: Arc::new(ending) }
    }

    /// Answers until the other end closes the connection.
    ///
    /// # Errors
    /// What came is no HTTP, or the connection broke.
    pub async fn answer<S>(&self, stream: S) -> std::io::Result<()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let answered = listen::connection(stream, Peer::default(), self.router.clone()).await;
        answered.map_err(std::io::Error::other)
    }
}

/// Listens, and answers until `ending` becomes true; requests under way are then answered first.
///
/// # Errors
/// An address that cannot be listened on or must not be without TLS, and certificates that cannot be used.
pub async fn serve(
    settings: Settings,
    services: Services,
    ending: watch::Receiver<bool>,
) -> Result<Server, ServeError> {
    let is_encrypted = settings.tls.is_some() || settings.is_behind_tls_proxy;
    if !is_encrypted && !settings.listen.ip().is_loopback() {
        return Err(ServeError::Unencrypted { address: settings.listen });
    }
    let tls = settings.tls.as_ref().map(tls::Acceptor::open).transpose()?;
    let context = Arc::new(Context::new(&settings, services.clone(), ending.clone()));
    let connections = context.metrics.connections.clone();
    let router = router(context);
    // What comes in from the first moment on is held against the rules.
    services.begin_triggers().await?;
    let listeners = listen::Listeners::bind(&settings, tls).await?;
    let address = listeners.address;
    let done = tokio::spawn(async move {
        // The last deliveries wait for it.
        let dispatching = {
            let services = services.clone();
            tokio::spawn(async move { services.dispatch_events().await })
        };
        let keeping_up = upkeep::keep_up(services.clone(), ending.clone());
        tokio::join!(listeners.accept(router, connections, ending), keeping_up);
        dispatching.abort();
        // What the last requests left to be recorded.
        if let Err(error) = services.flush_records().await {
            tracing::error!(%error, "the last records were not written to the audit log");
        }
    });
    Ok(Server { address, done })
}

fn router(context: Arc<Context>) -> Router {
    Router::new()
        .route("/", post(wire::post))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/openapi.json", get(health::description))
        .route("/events", get(stream::all).post(cloud_events::post))
        .route("/hooks/{name}", post(hooks::post))
        .route("/runs/{id}/events", get(stream::of_run))
        .layer(axum::middleware::from_fn_with_state(context.clone(), hosts::check))
        .with_state(context)
}
