//! TLS, with certificates that are read anew when their files change.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::server::{ServeError, TlsFiles};

/// How often the files are looked at.
const BETWEEN_LOOKS: Duration = Duration::from_secs(5);

/// Accepts TLS with the newest certificate that could be used.
#[derive(Clone)]
pub(crate) struct Acceptor {
    files: TlsFiles,
    current: Arc<ArcSwap<ServerConfig>>,
}

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Acceptor").field("files", &self.files).finish_non_exhaustive()
    }
}

impl Acceptor {
    pub(crate) fn open(files: &TlsFiles) -> Result<Self, ServeError> {
        let current = Arc::new(ArcSwap::from_pointee(configuration(files)?));
        Ok(Self { files: files.clone(), current })
    }

    /// Returns what the next connection is accepted with.
    pub(crate) fn current(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.current.load_full())
    }

    /// Looks at the files now and then. One that cannot be used leaves the last good certificate in place.
    pub(crate) async fn follow(self) {
        let mut seen = modified(&self.files);
        loop {
            tokio::time::sleep(BETWEEN_LOOKS).await;
            let found = modified(&self.files);
            if found == seen {
                continue;
            }
            seen = found;
            let files = self.files.clone();
            match tokio::task::spawn_blocking(move || configuration(&files)).await {
                Ok(Ok(configuration)) => {
                    self.current.store(Arc::new(configuration));
                    tracing::info!("the certificate was read anew");
                }
                Ok(Err(error)) => {
                    tracing::error!(%error, "the new certificate cannot be used; the old one stays");
                }
                Err(error) => tracing::error!(%error, "the certificate could not be read anew"),
            }
        }
    }
}

fn modified(files: &TlsFiles) -> Vec<Option<SystemTime>> {
    let time = |path: &Path| std::fs::metadata(path).and_then(|data| data.modified()).ok();
    let mut times = vec![time(&files.certificates), time(&files.key)];
    times.extend(files.client_authorities.as_deref().map(time));
    times
}

fn configuration(files: &TlsFiles) -> Result<ServerConfig, ServeError> {
    let chain = certificates(&files.certificates)?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| unusable(&files.key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&files.certificates, &error))?;
    let builder = match &files.client_authorities {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for certificate in certificates(path)? {
                roots.add(certificate).map_err(|error| unusable(path, &error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| unusable(path, &error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut configuration =
        builder.with_single_cert(chain, key).map_err(|error| unusable(&files.key, &error))?;
    configuration.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(configuration)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, ServeError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found: Vec<_> = read.map_err(|error| unusable(path, &error))?;
    if found.is_empty() { Err(unusable(path, &"no certificate is in it")) } else { Ok(found) }
}

fn unusable(path: &Path, error: &dyn std::fmt::Display) -> ServeError {
    ServeError::Certificate { path: path.to_owned(), message: error.to_string() }
}
