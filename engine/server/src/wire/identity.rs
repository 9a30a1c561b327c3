//! STS `GetCallerIdentity`, which the AWS CLI and Terraform ask before anything else.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::Fault;
use crate::authentication::{Asked, actor};
use crate::server::Context;

const VERSION: &str = "2011-06-15";
const NAMESPACE: &str = "https://sts.amazonaws.com/doc/2011-06-15/";

/// Answers a request of the query protocol.
pub(super) async fn answer(context: &Context, asked: Asked<'_>) -> Response {
    match identity(context, asked).await {
        Ok(text) => respond(StatusCode::OK, text),
        Err(fault) => {
            let (code, message) = (escaped(&fault.code), escaped(&fault.message));
            let id = asked.id;
            let text = format!(
                "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>Sender</Type><Code>{code}</Code>\
                 <Message>{message}</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
            );
            respond(fault.status, text)
        }
    }
}

async fn identity(context: &Context, asked: Asked<'_>) -> Result<String, Fault> {
    let mut action = None;
    for (name, value) in url::form_urlencoded::parse(asked.body) {
        match name.as_ref() {
            "Action" if action.is_none() => action = Some(value.into_owned()),
            "Version" if value == VERSION => {}
            other => {
                let message = format!("the parameter {other:?} is not expected here");
                return Err(Fault::client("InvalidParameterValue", message));
            }
        }
    }
    if action.as_deref() != Some("GetCallerIdentity") {
        let message = "of STS only GetCallerIdentity is available".to_owned();
        return Err(Fault::client("InvalidAction", message));
    }
    let actor = actor(context, Asked { service: "sts", ..asked }).await?;
    let _turn = context.limits.enter(&actor.principal)?;
    let arn = actor.principal.as_str();
    let name = arn.rsplit('/').next().unwrap_or(arn);
    let (arn, user) = (escaped(arn), escaped(name));
    let (account, id) = (&context.services.place().account_id, asked.id);
    Ok(format!(
        "<GetCallerIdentityResponse xmlns=\"{NAMESPACE}\"><GetCallerIdentityResult><Arn>{arn}</Arn>\
         <UserId>{user}</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         <ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></GetCallerIdentityResponse>"
    ))
}

fn respond(status: StatusCode, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    response
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
