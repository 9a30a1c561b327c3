//! Deliveries: verified, stored, and acted upon before they are answered.

use std::net::IpAddr;

use host_api::identifier::Principal;
use hyper::HeaderMap;
use rules::file::Webhook;
use serde_json::json;

use super::payload;
use super::scheme::{Request, Scheme, Verified};
use crate::actor::{Actor, WireRequest, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;
use crate::triggers::Accepted;
use crate::{Sensitive, Services};

/// The secret that deliveries to no webhook are held against: the same work as for one that exists.
const DECOY: &str = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// A delivery as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Delivery<'d> {
    /// The name of the webhook, as it was asked for.
    pub hook: &'d str,
    pub headers: &'d HeaderMap,
    /// The bytes as they were sent.
    pub body: &'d [u8],
    /// What names the request.
    pub request_id: &'d str,
    pub source_address: Option<IpAddr>,
}

/// What a delivery is answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Received {
    Accepted(Accepted),
    /// To be answered as plain text: the sender asks whether the address is ours.
    Challenge(String),
}

/// Why a delivery is not taken.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Rejected {
    /// There is no such webhook, or the delivery is not its sender's: the same to whoever asks.
    #[error("the webhook is not accepted")]
    Unverified,
    #[error("the content type is application/json or application/x-www-form-urlencoded, not {0:?}")]
    MediaType(String),
    #[error("{0}")]
    Malformed(String),
    /// It is its sender's, and not of the shape that the rule file says.
    #[error("{0}")]
    Shape(String),
    #[error(transparent)]
    Failed(#[from] ServiceError),
}

impl Services {
    /// Takes a delivery: its events are stored, each once, and what rules do about them has begun when this returns.
    pub async fn receive(&self, delivery: Delivery<'_>) -> Result<Received, Rejected> {
        let rules = self.rules();
        let Some(hook) = rules.hook(delivery.hook) else {
            refuse_alike(&delivery);
            return Err(Rejected::Unverified);
        };
        let verified = self.verify(&delivery, &hook.scheme).await?;
        if let Some(challenge) = verified.challenge {
            return Ok(Received::Challenge(challenge));
        }
        let read = payload::read(delivery.headers, delivery.body)?;
        let incoming = payload::events(&hook.webhook, &verified, delivery.body, read)?;
        let actor = actor(&hook.webhook, &delivery);
        let deed = Deed::new("ReceiveWebhook", format!("hook/{}", hook.webhook.name))
            .details(json!({ "delivery": verified.delivery_id, "events": incoming.len() }));
        Ok(Received::Accepted(self.accept(&actor, deed, incoming).await?))
    }

    async fn verify(&self, delivery: &Delivery<'_>, scheme: &Scheme) -> Result<Verified, Rejected> {
        let names = scheme.secret_names().as_slice();
        let Delivery { headers, body, hook, .. } = *delivery;
        let request = Request { headers, body, now_ms: now_ms() };
        let secrets = self.hook_secrets(hook, names).await;
        let mut verified = scheme.verify(&request, &secrets);
        if verified.is_err() && self.renew_hook_secrets(names) {
            let secrets = self.hook_secrets(hook, names).await;
            verified = scheme.verify(&request, &secrets);
        }
        verified.map_err(|refused| {
            let from = delivery.source_address;
            tracing::warn!(hook, ?from, cause = %refused.cause(), "a webhook was refused");
            Rejected::Unverified
        })
    }
}

/// Does for a webhook that does not exist what is done for one that does.
fn refuse_alike(delivery: &Delivery<'_>) {
    let decoy: Result<Scheme, _> =
        serde_json::from_value(json!({ "scheme": "github", "secret": "/decoy" }));
    if let Ok(scheme) = decoy {
        let Delivery { headers, body, .. } = *delivery;
        let request = Request { headers, body, now_ms: now_ms() };
        drop(scheme.verify(&request, &[Sensitive::new(DECOY)]));
    }
    let from = delivery.source_address;
    tracing::warn!(?from, "a delivery to a webhook that does not exist was refused");
}

fn actor(webhook: &Webhook, delivery: &Delivery<'_>) -> Actor {
    let user_agent = delivery.headers.get(hyper::header::USER_AGENT);
    let user_agent = user_agent.and_then(|agent| agent.to_str().ok());
    let request = WireRequest {
        id: delivery.request_id.to_owned(),
        source_address: delivery.source_address,
        user_agent: user_agent.map(|agent| agent.chars().take(256).collect()),
        operation: "ReceiveWebhook",
        ..WireRequest::default()
    };
    Actor::of_request(Principal::new(format!("webhook/{}", webhook.name)), request)
}
