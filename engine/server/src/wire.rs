//! `POST /`: JSON 1.1 of SSM and of `EventBridge`, and the one question that clients ask of STS.

mod answer;
mod body;
mod identity;
mod json;
mod target;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::Response;
use services::{Actor, ServiceError};
use tracing::Instrument;

use crate::authentication::{Asked, actor};
use crate::peer::source_address;
use crate::server::Context;
pub(crate) use answer::{Fault, request_id};
pub(crate) use body::{BodyLimits, Budget};
use target::{Addressed, TARGET_HEADER};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON_TYPES: [&str; 2] = ["application/x-amz-json-1.1", "application/json"];

/// Answers a request of the wire protocol.
pub(crate) async fn post(State(context): State<Arc<Context>>, request: Request) -> Response {
    let id = request_id();
    let (parts, body) = request.into_parts();
    let addressed = target::addressed(&parts.headers);
    let body = match context.bodies.read(&parts.headers, body).await {
        Ok(body) => body,
        Err(fault) => return fault.respond(&id, addressed.service),
    };
    let asked = Asked {
        method: &parts.method,
        uri: &parts.uri,
        headers: &parts.headers,
        body: &body.bytes,
        id: &id,
        source_address: source_address(&parts.extensions, &parts.headers, context.is_behind_proxy),
        service: addressed.scope,
    };
    if is_form(&parts.headers) {
        return identity::answer(&context, asked).await;
    }
    match operation(&context, asked, addressed).await {
        Ok(value) => answer::success(&id, &value),
        Err(fault) => fault.respond(&id, addressed.service),
    }
}

async fn operation(
    context: &Context,
    asked: Asked<'_>,
    addressed: &Addressed,
) -> Result<serde_json::Value, Fault> {
    let operation = addressed.operation(asked.headers)?;
    check_form(asked)?;
    let actor = actor(context, asked).await?;
    let started = std::time::Instant::now();
    let answered = answered(context, asked, operation, actor).await;
    let code = answered.as_ref().err().map_or("", |fault| fault.code.as_str());
    context.metrics.called(operation, code, started.elapsed());
    answered
}

/// Answers somebody who is known.
async fn answered(
    context: &Context,
    asked: Asked<'_>,
    operation: &'static str,
    actor: Actor,
) -> Result<serde_json::Value, Fault> {
    let _turn = context.limits.enter(&actor.principal)?;
    let input = json::parse(asked.body)?;
    let span = tracing::debug_span!(
        "request",
        otel.name = operation,
        request = asked.id,
        principal = %actor.principal,
        error = tracing::field::Empty,
    );
    let result = context.services.call(actor, operation, input).instrument(span.clone()).await;
    if let Err(error) = &result {
        span.record("error", error.code.as_ref());
    }
    Ok(result?)
}

/// What could make the same bytes mean something else is refused.
fn check_form(asked: Asked<'_>) -> Result<(), Fault> {
    let refuse = |message: String| Err(Fault::client("SerializationException", message));
    if asked.uri.query().is_some() {
        return refuse("a request has no query: its input is the body".to_owned());
    }
    let kind = media_type(asked.headers);
    if !JSON_TYPES.contains(&kind.as_str()) {
        return refuse(format!("the content type is {}, not {kind:?}", JSON_TYPES[0]));
    }
    match asked.headers.get(header::CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            refuse("the body must not be compressed".to_owned())
        }
        Some(_) | None => Ok(()),
    }
}

/// Returns the media type without its parameters, in lower case; empty when there is none, or more than one.
fn media_type(headers: &HeaderMap) -> String {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let kind = types.next().and_then(|kind| kind.to_str().ok()).filter(|_| types.next().is_none());
    kind.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim().to_ascii_lowercase()
}

fn is_form(headers: &HeaderMap) -> bool {
    media_type(headers) == FORM && !headers.contains_key(TARGET_HEADER)
}

impl From<ServiceError> for Fault {
    fn from(error: ServiceError) -> Self {
        Self::of(error)
    }
}
