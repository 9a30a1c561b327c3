//! Connections: accepted, bounded in number and time, and let end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use prometheus_client::metrics::gauge::Gauge;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio_io_timeout::TimeoutWriter;
use tower_service::Service;

use crate::peer::Peer;
use crate::server::{ServeError, Settings};
use crate::tls::Acceptor;

/// Connections that are open at the same time; who comes then waits in the system's queue.
const CONNECTIONS_MAX: usize = 4_096;
/// How long the head of a request may take to arrive, and the handshake of TLS.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long a client may read nothing of what it asked for.
const WRITE_TIME_MAX: Duration = Duration::from_secs(30);
/// Bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// How long requests under way may take once the end was asked for.
const DRAIN_MAX: Duration = Duration::from_secs(30);
/// How long nothing is accepted when the system has no file descriptor left.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// What is listened on.
pub(crate) struct Listeners {
    pub(crate) address: SocketAddr,
    tcp: TcpListener,
    unix: Option<UnixSocket>,
    tls: Option<Acceptor>,
}

/// A socket in the file system, which goes with its listener.
struct UnixSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl Drop for UnixSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::debug!(%error, "the socket's file is gone already");
        }
    }
}

/// The place of a connection, which is counted while it is held.
struct Place {
    _permit: OwnedSemaphorePermit,
    connections: Gauge,
}

impl Place {
    fn take(permit: OwnedSemaphorePermit, connections: &Gauge) -> Self {
        connections.inc();
        Self { _permit: permit, connections: connections.clone() }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.dec();
    }
}

impl Listeners {
    pub(crate) async fn bind(
        settings: &Settings,
        tls: Option<Acceptor>,
    ) -> Result<Self, ServeError> {
        let address = settings.listen;
        let refused = |source| ServeError::Listen { address: address.to_string(), source };
        let tcp = TcpListener::bind(address).await.map_err(refused)?;
        let address = tcp.local_addr().map_err(refused)?;
        let unix = settings.unix_socket.as_deref().map(bind_unix).transpose()?;
        Ok(Self { address, tcp, unix, tls })
    }

    /// Serves connections until `ending` becomes true, then lets the open ones end.
    pub(crate) async fn accept(
        self,
        router: Router,
        connections: Gauge,
        mut ending: watch::Receiver<bool>,
    ) {
        let follow = self.tls.clone().map(|tls| tokio::spawn(tls.follow()));
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let graceful = GracefulShutdown::new();
        loop {
            let place = tokio::select! {
                place = places.clone().acquire_owned() => place,
                () = asked_to_end(&mut ending) => break,
            };
            let Ok(place) = place else { break };
            tokio::select! {
                accepted = self.tcp.accept() => match accepted {
                    Ok((stream, from)) => {
                        let place = Place::take(place, &connections);
                        let peer = Peer { address: Some(from.ip()) };
                        if let Err(error) = stream.set_nodelay(true) {
                            tracing::debug!(%error, "a connection was gone at once");
                            continue;
                        }
                        match &self.tls {
                            None => serve(stream, peer, &router, &graceful, place),
                            Some(tls) => {
                                let ending = ending.clone();
                                serve_tls(stream, peer, tls, &router, &graceful, (place, ending));
                            }
                        }
                    }
                    Err(error) => failed(&error).await,
                },
                accepted = accept_unix(self.unix.as_ref()) => match accepted {
                    Ok((stream, _)) => {
                        let place = Place::take(place, &connections);
                        serve(stream, Peer::default(), &router, &graceful, place);
                    }
                    Err(error) => failed(&error).await,
                },
                () = asked_to_end(&mut ending) => break,
            }
        }
        drop((self.tcp, self.unix));
        if let Some(follow) = follow {
            follow.abort();
        }
        if tokio::time::timeout(DRAIN_MAX, graceful.shutdown()).await.is_err() {
            tracing::warn!("requests were under way for too long and are cut off");
        }
    }
}

/// Waits until the end is asked for, or nobody is left who could.
async fn asked_to_end(ending: &mut watch::Receiver<bool>) {
    drop(ending.wait_for(|ending| *ending).await);
}

async fn accept_unix(
    socket: Option<&UnixSocket>,
) -> std::io::Result<(tokio::net::UnixStream, tokio::net::unix::SocketAddr)> {
    match socket {
        Some(socket) => socket.listener.accept().await,
        None => std::future::pending().await,
    }
}

async fn failed(error: &std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    tokio::time::sleep(AFTER_FAILURE).await;
}

fn serve_tls(
    stream: tokio::net::TcpStream,
    peer: Peer,
    tls: &Acceptor,
    router: &Router,
    graceful: &GracefulShutdown,
    (place, mut ending): (Place, watch::Receiver<bool>),
) {
    let (acceptor, router, watcher) = (tls.current(), router.clone(), graceful.watcher());
    tokio::spawn(async move {
        let accepting = tokio::time::timeout(HEAD_TIME_MAX, acceptor.accept(stream));
        let accepted = tokio::select! {
            accepted = accepting => accepted,
            // Who has not even greeted has asked for nothing yet.
            () = asked_to_end(&mut ending) => return,
        };
        match accepted {
            Ok(Ok(stream)) => {
                let served = watcher.watch(connection(stream, peer, router));
                ended(served.await, place);
            }
            Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
            Err(_) => tracing::debug!("a handshake took too long"),
        }
    });
}

fn serve<S>(stream: S, peer: Peer, router: &Router, graceful: &GracefulShutdown, place: Place)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let served = graceful.watch(connection(stream, peer, router.clone()));
    tokio::spawn(async move { ended(served.await, place) });
}

fn ended(result: hyper::Result<()>, place: Place) {
    if let Err(error) = result {
        tracing::debug!(%error, "a connection ended badly");
    }
    drop(place);
}

type Served = TowerToHyperService<PeerService>;
/// A stream whose other end must read.
type Bounded<S> = Pin<Box<TimeoutWriter<S>>>;

pub(crate) fn connection<S>(
    stream: S,
    peer: Peer,
    router: Router,
) -> http1::Connection<TokioIo<Bounded<S>>, Served>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(WRITE_TIME_MAX));
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .max_buf_size(HEAD_BYTES_MAX)
        .serve_connection(
            TokioIo::new(Box::pin(stream)),
            TowerToHyperService::new(PeerService { router, peer }),
        )
}

/// The router, told who is at the other end.
#[derive(Clone)]
pub(crate) struct PeerService {
    router: Router,
    peer: Peer,
}

impl Service<hyper::Request<hyper::body::Incoming>> for PeerService {
    type Response = axum::response::Response;
    type Error = Infallible;
    type Future = <Router as Service<Request>>::Future;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Infallible>> {
        <Router as Service<Request>>::poll_ready(&mut self.router, context)
    }

    fn call(&mut self, request: hyper::Request<hyper::body::Incoming>) -> Self::Future {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(self.peer);
        self.router.call(request)
    }
}

fn bind_unix(path: &Path) -> Result<UnixSocket, ServeError> {
    use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
    let refused = |source| ServeError::Listen { address: path.display().to_string(), source };
    // A server that was killed leaves its socket; one that lives answers there.
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|data| data.file_type().is_socket());
    if is_socket && std::os::unix::net::UnixStream::connect(path).is_err() {
        std::fs::remove_file(path).map_err(refused)?;
    }
    let listener = UnixListener::bind(path).map_err(refused)?;
    let socket = UnixSocket { listener, path: path.to_owned() };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(refused)?;
    Ok(socket)
}
