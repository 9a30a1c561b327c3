//! What an operator's tools look at.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::server::Context;

const TEXT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Answers that the process lives.
pub(crate) async fn healthz() -> &'static str {
    "ok\n"
}

/// Answers whether new work is taken: the store can be read, and the server is not ending.
pub(crate) async fn readyz(State(context): State<Arc<Context>>) -> Response {
    if *context.ending.borrow() {
        return (StatusCode::SERVICE_UNAVAILABLE, "ending\n").into_response();
    }
    match context.services.is_ready().await {
        Ok(()) => "ready\n".into_response(),
        Err(error) => {
            tracing::error!(%error, "the store cannot be read");
            (StatusCode::SERVICE_UNAVAILABLE, "the store cannot be read\n").into_response()
        }
    }
}

/// Answers with the counters.
pub(crate) async fn metrics(State(context): State<Arc<Context>>) -> Response {
    match context.metrics.text() {
        Ok(text) => ([(header::CONTENT_TYPE, TEXT)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "the counters cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Answers with the description of what SSM has no word for.
pub(crate) async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], include_str!("openapi.json")).into_response()
}
