//! `POST /events`: `CloudEvents` of whoever may tell of them.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use services::cloud_events::{self, CloudEventError};

use crate::authentication::{Asked, actor};
use crate::hooks::{BODY, Refusal, taken, with_id};
use crate::peer::source_address;
use crate::server::Context;
use crate::wire::{Fault, request_id};

/// Answers after what the events lead to has begun.
pub(crate) async fn post(State(context): State<Arc<Context>>, request: Request) -> Response {
    let id = request_id();
    let answered = take(&context, request, &id).await;
    with_id(answered.unwrap_or_else(IntoResponse::into_response), &id)
}

async fn take(context: &Context, request: Request, id: &str) -> Result<Response, Refusal> {
    let (parts, body) = request.into_parts();
    let body = context.bodies.read_within(&parts.headers, body, BODY).await?;
    let asked = Asked {
        method: &parts.method,
        uri: &parts.uri,
        headers: &parts.headers,
        body: &body.bytes,
        id,
        source_address: source_address(&parts.extensions, &parts.headers, context.is_behind_proxy),
        service: "events",
    };
    let actor = actor(context, asked).await.map_err(|fault| match fault.status {
        StatusCode::BAD_REQUEST => Fault { status: StatusCode::UNAUTHORIZED, ..fault },
        _ => fault,
    })?;
    let _turn = context.limits.enter(&actor.principal)?;
    let events = cloud_events::read(&parts.headers, &body.bytes).map_err(malformed)?;
    let accepted = context.services.take_cloud_events(&actor, events).await.map_err(Fault::of)?;
    Ok(taken(&accepted))
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn malformed(error: CloudEventError) -> Refusal {
    Refusal {
        status: error.status(),
        code: "MalformedEvent".to_owned(),
        message: error.to_string(),
    }
}
