//! Webhooks of somebody else, signed by Standard Webhooks.

use host_api::grant::{GrantSet, Grants, Origin};
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use rules::file::Call;
use serde_json::{Value, json};
use store::Tx;
use zeroize::Zeroizing;

use super::delivery::{Done, Pending};
use crate::Services;
use crate::access::{Access, Question, Resource};
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::{ErrorKind, ServiceError};
use crate::outbound::{OutboundError, Outgoing};
use crate::webhooks::scheme::{self, ID_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER};

/// How long the other side may take.
const TIMEOUT_MS: u32 = 15_000;
/// Answers after which it is worth to ask again, beside those of 500 and above.
const PASSING: [u16; 4] = [408, 409, 425, 429];

impl Services {
    /// Sends the event, or what the rule makes of it, to an address of somebody else.
    ///
    /// The identifier of the delivery is that of the match, the same whenever it is sent: who answers late may get it twice, and knows it
    /// by that.
    pub(super) async fn call_webhook(
        &self,
        actor: &Actor,
        call: &Call,
        pending: &Pending,
        rule: &str,
    ) -> Result<Done, ServiceError> {
        let url = Outgoing::parse_url(&call.url).map_err(|error| outbound(&error))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let conditions = [("HttpMethod", json!("POST")), ("HttpHost", json!(host))];
        let question = Question {
            operation: "HttpRequest",
            access: Access::Write,
            resources: &[Resource::Account],
            conditions: &conditions,
        };
        self.authorise(actor, question).await?;
        let body = match &call.body {
            Some(body) => body.of(&pending.event)?,
            None => pending.event.clone(),
        };
        let body = body.to_string().into_bytes();
        let headers = self.signed_headers(call, pending.seq, &body).await?;
        let request = Outgoing {
            method: "POST".to_owned(),
            url,
            headers,
            body: Some(Zeroizing::new(body)),
            timeout_ms: TIMEOUT_MS,
            repeatable: true,
            secret_body: false,
        };
        // The file's author named the address in so many words, and the operator's ceiling holds as for steps.
        let grants = GrantSet::parse([format!("http:POST:{}", host_api::grant::escape(&call.url))])
            .map_err(|error| ServiceError::validation(format!("{}: {error}", call.url)))?;
        let grants =
            Grants::new(Origin::Document, grants).under(Origin::Operator, self.ceiling().clone());
        let received = self
            .outbound()
            .send(request, &grants, &mut |texts| self.revealed().is_in(texts).unwrap_or(true))
            .await
            .map_err(|error| outbound(&error))?;
        check_status(received.status)?;
        let deed = Deed::new("CallWebhook", host).details(json!({ "rule": rule }));
        let result = format!("{} {}", received.status, delivery_id(pending.seq));
        let answer = Value::from(result.clone());
        self.change(actor, deed, move |_: &mut Tx<'_>| Ok(answer.clone())).await?;
        Ok(Done { result, is_run: false })
    }

    async fn signed_headers(
        &self,
        call: &Call,
        seq: u64,
        body: &[u8],
    ) -> Result<Vec<(HeaderName, HeaderValue)>, ServiceError> {
        let secret = self.resolve_secret(&call.secret).await?;
        let signed = scheme::sign(&[secret], &delivery_id(seq), now_ms() / 1_000, body)
            .map_err(|error| ServiceError::validation(format!("{}: {error}", call.secret)))?;
        let header = |name: &'static str, text: &str| -> Result<_, ServiceError> {
            let value = HeaderValue::from_str(text)
                .map_err(|error| ServiceError::internal(format!("{name}: {error}")))?;
            Ok((HeaderName::from_static(name), value))
        };
        Ok(vec![
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            header(ID_HEADER, &signed.id)?,
            header(TIMESTAMP_HEADER, &signed.timestamp)?,
            header(SIGNATURE_HEADER, &signed.signature)?,
        ])
    }
}

fn delivery_id(seq: u64) -> String {
    format!("match_{seq}")
}

fn check_status(status: u16) -> Result<(), ServiceError> {
    if (200..300).contains(&status) {
        return Ok(());
    }
    let kind = if status >= 500 || PASSING.contains(&status) {
        ErrorKind::Transient
    } else {
        ErrorKind::Request
    };
    Err(ServiceError::new(kind, "WebhookRefused", format!("the other side answered {status}")))
}

fn outbound(error: &OutboundError) -> ServiceError {
    let kind = match error {
        OutboundError::Invalid(_) => ErrorKind::Request,
        OutboundError::Denied(_) => ErrorKind::Denied,
        OutboundError::Unreachable { .. }
        | OutboundError::Unanswered { .. }
        | OutboundError::Redirects { .. }
        | OutboundError::Redirected { .. } => ErrorKind::Transient,
    };
    ServiceError::new(kind, "WebhookUnreachable", error.to_string())
}
