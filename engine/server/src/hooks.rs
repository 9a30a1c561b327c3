//! `POST /hooks/{name}`: deliveries of webhooks, by whoever can sign them.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use host_api::identifier::Principal;
use serde_json::{Value, json};
use services::triggers::Accepted;
use services::webhooks::scheme::BODY_BYTES_MAX;
use services::webhooks::{Delivery, Received, Rejected};

use crate::peer::source_address;
use crate::server::Context;
use crate::wire::{BodyLimits, Fault, request_id};

/// What a body may be, and how long it may take to arrive.
pub(crate) const BODY: BodyLimits =
    BodyLimits { bytes: BODY_BYTES_MAX, time: Duration::from_secs(10) };
/// Whose turns deliveries to webhooks take that do not exist: all of them together, so that no name costs memory.
const NOBODY: &str = "webhook/";
const JSON: HeaderValue = HeaderValue::from_static("application/json");
const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");
/// When a sender may try again that asked for too much.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Answers a delivery after what it leads to has begun.
pub(crate) async fn post(
    State(context): State<Arc<Context>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let id = request_id();
    let answered = match deliver(&context, &name, request, &id).await {
        Ok(Received::Challenge(text)) => plain(text),
        Ok(Received::Accepted(accepted)) => taken(&accepted),
        Err(refused) => refused.into_response(),
    };
    with_id(answered, &id)
}

/// Why a delivery is refused, as its sender is told.
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: String,
    pub(crate) message: String,
}

async fn deliver(
    context: &Context,
    name: &str,
    request: Request,
    id: &str,
) -> Result<Received, Refusal> {
    let (parts, body) = request.into_parts();
    let is_known = context.services.rules().hook(name).is_some();
    let principal = Principal::new(format!("{NOBODY}{}", if is_known { name } else { "" }));
    let _turn = context.limits.enter(&principal)?;
    let body = context.bodies.read_within(&parts.headers, body, BODY).await?;
    let delivery = Delivery {
        hook: name,
        headers: &parts.headers,
        body: &body.bytes,
        request_id: id,
        source_address: source_address(&parts.extensions, &parts.headers, context.is_behind_proxy),
    };
    let received = context.services.receive(delivery).await;
    context.metrics.delivered(received.as_ref().err().map_or("", code));
    Ok(received?)
}

fn code(rejected: &Rejected) -> &'static str {
    match rejected {
        Rejected::Unverified => "Unverified",
        Rejected::MediaType(_) => "UnsupportedMediaType",
        Rejected::Malformed(_) => "MalformedBody",
        Rejected::Shape(_) => "UnexpectedShape",
        Rejected::Failed(_) => "InternalServerError",
    }
}

impl From<Rejected> for Refusal {
    fn from(rejected: Rejected) -> Self {
        let status = match &rejected {
            Rejected::Unverified => StatusCode::UNAUTHORIZED,
            Rejected::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Rejected::Malformed(_) => StatusCode::BAD_REQUEST,
            Rejected::Shape(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Rejected::Failed(error) => return Fault::of(error.clone()).into(),
        };
        Self { status, code: code(&rejected).to_owned(), message: rejected.to_string() }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        let status = match fault.code.as_str() {
            "ThrottlingException" => StatusCode::TOO_MANY_REQUESTS,
            "AccessDeniedException" => StatusCode::FORBIDDEN,
            _ => fault.status,
        };
        Self { status, code: fault.code, message: fault.message }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "code": self.code, "message": self.message });
        let mut response = json_response(self.status, &body);
        let is_later =
            matches!(self.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        if is_later {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        response
    }
}

/// Returns the answer to events that were taken: where the first run that they started is followed, and all ids.
pub(crate) fn taken(accepted: &Accepted) -> Response {
    let body = serde_json::to_value(accepted).unwrap_or_default();
    let mut response = json_response(StatusCode::ACCEPTED, &body);
    let location = accepted.execution_ids.first().map(|run| format!("/runs/{run}/events"));
    if let Some(location) = location.and_then(|text| HeaderValue::from_str(&text).ok()) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

fn plain(text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, TEXT);
    response
}

pub(crate) fn with_id(mut response: Response, id: &str) -> Response {
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert("x-request-id", id);
    }
    response
}
