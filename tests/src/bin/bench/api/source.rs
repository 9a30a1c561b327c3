//! Requests, signed.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::peer::Peer;

const KIND: &str = "application/x-amz-json-1.1";

/// Where the next request comes from.
pub(crate) trait Source: Send {
    fn next(&mut self) -> Result<&[u8]>;
}

/// Signs for one server, as one user.
pub(crate) struct Signer {
    credentials: Credentials,
    host: String,
}

impl Signer {
    pub(crate) fn new(peer: &Peer) -> Self {
        let credentials = Credentials::new(&peer.key_id, &peer.secret, None, None, "bench");
        Self { credentials, host: peer.address.to_string() }
    }

    /// Returns a whole request, signed now.
    pub(crate) fn sign(&self, operation: &str, body: &str) -> Result<Vec<u8>> {
        let target = format!("AmazonSSM.{operation}");
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name("ssm")
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()?
            .into();
        let headers = [("content-type", KIND), ("x-amz-target", target.as_str())];
        let uri = format!("http://{}/", self.host);
        let body_signed = SignableBody::Bytes(body.as_bytes());
        let request = SignableRequest::new("POST", uri, headers.into_iter(), body_signed)?;
        let (instructions, _) = sign(request, &parameters)?.into_parts();
        let (host, length) = (&self.host, body.len());
        let mut text = format!(
            "POST / HTTP/1.1\r\nhost: {host}\r\ncontent-type: {KIND}\r\nx-amz-target: {target}\r\ncontent-length: {length}\r\n"
        );
        for (name, value) in instructions.headers() {
            text.push_str(&format!("{name}: {value}\r\n"));
        }
        text.push_str("\r\n");
        text.push_str(body);
        Ok(text.into_bytes())
    }
}

/// The same reads again and again, signed anew each second: signing must not be what is measured.
pub(crate) struct Reads {
    signer: Arc<Signer>,
    operation: &'static str,
    bodies: Vec<String>,
    signed: Vec<Vec<u8>>,
    second: u64,
    turn: usize,
}

impl Reads {
    pub(crate) fn new(signer: Arc<Signer>, operation: &'static str, bodies: Vec<String>) -> Self {
        Self { signer, operation, bodies, signed: Vec::new(), second: 0, turn: 0 }
    }
}

impl Source for Reads {
    fn next(&mut self) -> Result<&[u8]> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        if now != self.second {
            let sign = |body: &String| self.signer.sign(self.operation, body);
            self.signed = self.bodies.iter().map(sign).collect::<Result<_>>()?;
            self.second = now;
        }
        self.turn += 1;
        let request = self.signed.get(self.turn % self.bodies.len());
        Ok(request.context("a source of reads has none")?)
    }
}

/// Changes, each another and signed for itself.
pub(crate) struct Writes<Body> {
    signer: Arc<Signer>,
    operation: &'static str,
    body: Body,
    signed: Vec<u8>,
    turn: usize,
}

impl<Body> Writes<Body> {
    pub(crate) fn new(signer: Arc<Signer>, operation: &'static str, body: Body) -> Self {
        Self { signer, operation, body, signed: Vec::new(), turn: 0 }
    }
}

impl<Body> Source for Writes<Body>
where
    Body: Fn(usize) -> String + Send,
{
    fn next(&mut self) -> Result<&[u8]> {
        self.turn += 1;
        self.signed = self.signer.sign(self.operation, &(self.body)(self.turn))?;
        Ok(&self.signed)
    }
}
