//! Answers as AWS's clients read them.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value};
use services::{ErrorKind, ServiceError};
use ssm_model::Service;

/// The content type of every answer.
const JSON: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.1");
const REQUEST_ID: &str = "x-amzn-requestid";
/// What a bug or a broken store is called, by SSM and by `EventBridge`.
const INTERNAL: &str = "InternalServerError";
const EVENT_BRIDGE_INTERNAL: &str = "InternalException";

/// An error as it goes over the wire.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fault {
    pub(crate) status: StatusCode,
    /// SSM's name of the exception.
    pub(crate) code: String,
    pub(crate) message: String,
}

impl Fault {
    /// Returns an error that is the client's.
    pub(crate) fn client(code: &str, message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code: code.to_owned(), message }
    }

    /// Returns a capability's error. What went wrong inside is in the log, not in the answer.
    pub(crate) fn of(error: ServiceError) -> Self {
        let status = match error.kind {
            ErrorKind::Request | ErrorKind::Denied | ErrorKind::Nondeterminism => {
                StatusCode::BAD_REQUEST
            }
            ErrorKind::Unavailable => StatusCode::NOT_IMPLEMENTED,
            ErrorKind::Transient => StatusCode::SERVICE_UNAVAILABLE,
            ErrorKind::Unknown | ErrorKind::Internal => {
                tracing::error!(code = %error.code, message = %error.message, "a request failed");
                let message = "An error occurred on the server side.".to_owned();
                return Self {
                    status: StatusCode::INTERNAL_SERVER_ERROR,
                    code: INTERNAL.to_owned(),
                    message,
                };
            }
        };
        let code = match error.kind {
            ErrorKind::Unavailable => "NotImplementedException".to_owned(),
            ErrorKind::Transient => "ThrottlingException".to_owned(),
            ErrorKind::Request
            | ErrorKind::Denied
            | ErrorKind::Unknown
            | ErrorKind::Nondeterminism
            | ErrorKind::Internal => error.code.into_owned(),
        };
        Self { status, code, message: error.message }
    }

    /// Returns the answer. The member that holds the message is spelt as the model spells it for this exception, in small letters where
    /// the model has none: clients look there.
    pub(crate) fn respond(self, request_id: &str, service: Service) -> Response {
        let code = match service {
            Service::EventBridge if self.code == INTERNAL => EVENT_BRIDGE_INTERNAL.to_owned(),
            Service::EventBridge | Service::Ssm => self.code,
        };
        let shape = service.error_shape(&code);
        let member = shape.and_then(|shape| shape.message_member).unwrap_or("message");
        let mut body = Map::new();
        body.insert("__type".to_owned(), Value::from(code));
        body.insert(member.to_owned(), Value::from(self.message));
        respond(self.status, request_id, &Value::Object(body))
    }
}

/// Returns the answer to a request that was granted.
pub(crate) fn success(request_id: &str, value: &Value) -> Response {
    respond(StatusCode::OK, request_id, value)
}

fn respond(status: StatusCode, request_id: &str, value: &Value) -> Response {
    let mut response = Response::new(Body::from(value.to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    if let Ok(id) = HeaderValue::from_str(request_id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// Returns a new id for a request.
pub(crate) fn request_id() -> String {
    uuid::Uuid::new_v4().to_string()
}
