//! One request and its answer on one connection.

use host_api::limits::HTTP_BODY_BYTES_MAX;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderValue, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::time::{Instant, timeout_at};
use url::Url;

use super::connect::Stream;
use super::{OutboundError, Outgoing, Received, without_query};

const AGENT: &str = concat!("runwright/", env!("CARGO_PKG_VERSION"));
/// The head of an answer in bytes.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// Sends a request and reads its answer, the body up to its cap and as far as it comes before the deadline.
pub(super) async fn exchange(
    stream: Stream,
    request: &Outgoing,
    deadline: Instant,
) -> Result<Received, OutboundError> {
    let url = without_query(&request.url);
    let message = build(request)?;
    let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
        .max_buf_size(HEAD_BYTES_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| OutboundError::Unreachable {
            url: url.clone(),
            message: error.to_string(),
        })?;
    let mut connection = std::pin::pin!(connection);
    let answering = async {
        let unanswered = |message: String| OutboundError::Unanswered { url: url.clone(), message };
        let response = timeout_at(deadline, sender.send_request(message))
            .await
            .map_err(|_| unanswered("timed out".to_owned()))?
            .map_err(|error| unanswered(error.to_string()))?;
        Ok(receive(response, deadline).await)
    };
    let mut answering = std::pin::pin!(answering);
    tokio::select! {
        result = &mut answering => result,
        // The connection's end wakes the answer with an error, or with the rest of what was buffered.
        _ = &mut connection => answering.await,
    }
}

fn build(request: &Outgoing) -> Result<Request<Full<Bytes>>, OutboundError> {
    let url = &request.url;
    let target = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    };
    let mut message = Request::builder().method(request.parsed_method()?).uri(target);
    message = message.header(HOST, authority(url)?);
    if !request.headers.iter().any(|(name, _)| *name == USER_AGENT) {
        message = message.header(USER_AGENT, AGENT);
    }
    for (name, value) in &request.headers {
        message = message.header(name, value);
    }
    let body = request.body.as_ref().map_or_else(Bytes::new, |body| Bytes::copy_from_slice(body));
    message.body(Full::new(body)).map_err(|error| OutboundError::Invalid(error.to_string()))
}

fn authority(url: &Url) -> Result<HeaderValue, OutboundError> {
    let host = url.host_str().unwrap_or_default();
    let text = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    HeaderValue::from_str(&text).map_err(|error| OutboundError::Invalid(error.to_string()))
}

async fn receive(response: Response<Incoming>, deadline: Instant) -> Received {
    let (head, mut incoming) = response.into_parts();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| {
            (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        })
        .collect();
    let mut body = Vec::new();
    let mut truncated = false;
    loop {
        // The head is an answer already: a body that breaks off or stalls is a shortened answer, not an unknown outcome.
        let frame = match timeout_at(deadline, incoming.frame()).await {
            Ok(Some(Ok(frame))) => frame,
            Ok(None) => break,
            Ok(Some(Err(_))) | Err(_) => {
                truncated = true;
                break;
            }
        };
        let Some(data) = frame.data_ref() else { continue };
        let room = HTTP_BODY_BYTES_MAX - body.len();
        body.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            truncated = true;
            break;
        }
    }
    Received { status: head.status.as_u16(), headers, body, truncated }
}
