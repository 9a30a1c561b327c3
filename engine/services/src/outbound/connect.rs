//! A connection to a checked address, with TLS where the URL says so.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use host_api::grant::Grants;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::{Host, Url};

use super::{OutboundError, Outgoing, Resolve, address, without_query};

/// Addresses of one name that are tried.
const ADDRESSES_MAX: usize = 4;

pub(super) struct Connector {
    resolver: Arc<dyn Resolve>,
    extra: Vec<CertificateDer<'static>>,
    tls: OnceLock<Arc<ClientConfig>>,
}

impl std::fmt::Debug for Connector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connector").field("extra", &self.extra.len()).finish_non_exhaustive()
    }
}

/// A stream to the server, plain or encrypted.
#[derive(Debug)]
pub(super) enum Stream {
    Plain(TcpStream),
    Encrypted(Box<TlsStream<TcpStream>>),
}

impl Connector {
    pub(super) fn new(resolver: Arc<dyn Resolve>, extra: Vec<CertificateDer<'static>>) -> Self {
        Self { resolver, extra, tls: OnceLock::new() }
    }

    /// Resolves the host once, checks every address, and connects to one of those.
    pub(super) async fn connect(
        &self,
        request: &Outgoing,
        grants: &Grants,
    ) -> Result<Stream, OutboundError> {
        let url = &request.url;
        let unreachable =
            |message: String| OutboundError::Unreachable { url: without_query(url), message };
        let addresses = match url.host() {
            Some(Host::Domain(name)) => {
                self.resolver.resolve(name).await.map_err(|error| unreachable(error.to_string()))?
            }
            Some(Host::Ipv4(address)) => vec![IpAddr::V4(address)],
            Some(Host::Ipv6(address)) => vec![IpAddr::V6(address)],
            None => Vec::new(),
        };
        address::check_addresses(request, &addresses, grants)?;
        let port = url.port_or_known_default().unwrap_or_default();
        let tcp = first_that_connects(&addresses, port)
            .await
            .map_err(|error| unreachable(error.to_string()))?;
        if url.scheme() != "https" {
            return Ok(Stream::Plain(tcp));
        }
        let name = server_name(url).ok_or_else(|| unreachable("no host".to_owned()))?;
        let tls = self.tls().map_err(|error| unreachable(error.to_string()))?;
        let encrypted = TlsConnector::from(tls)
            .connect(name, tcp)
            .await
            .map_err(|error| unreachable(format!("TLS: {error}")))?;
        Ok(Stream::Encrypted(Box::new(encrypted)))
    }

    fn tls(&self) -> io::Result<Arc<ClientConfig>> {
        if let Some(config) = self.tls.get() {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.build_tls()?);
        Ok(Arc::clone(self.tls.get_or_init(|| config)))
    }

    fn build_tls(&self) -> io::Result<ClientConfig> {
        let mut roots = RootCertStore::empty();
        let platform = rustls_native_certs::load_native_certs();
        for error in &platform.errors {
            tracing::warn!(%error, "a certificate authority of the platform cannot be read");
        }
        let (_, ignored) = roots.add_parsable_certificates(platform.certs);
        if ignored > 0 {
            tracing::debug!(ignored, "certificate authorities of the platform are unusable");
        }
        for certificate in &self.extra {
            roots.add(certificate.clone()).map_err(io::Error::other)?;
        }
        if roots.is_empty() {
            return Err(io::Error::other("this machine has no certificate authorities"));
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn server_name(url: &Url) -> Option<ServerName<'static>> {
    match url.host()? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
        Host::Ipv4(address) => Some(ServerName::from(IpAddr::V4(address))),
        Host::Ipv6(address) => Some(ServerName::from(IpAddr::V6(address))),
    }
}

async fn first_that_connects(addresses: &[IpAddr], port: u16) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in addresses.iter().take(ADDRESSES_MAX) {
        match TcpStream::connect(SocketAddr::new(*address, port)).await {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Encrypted(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Encrypted(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Encrypted(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
