//! Which header is checked, and over what.

use super::headers::{Headers, check_timestamp};
use super::options::{Digest, Encoding, GitlabForm, Grafana, Hmac, Part, Stamped, Tolerance};
use super::signature::{Secret, accept, accept_token, bounded, from_hex};
use super::{Cause, Request, Scheme, standard};
use crate::Sensitive;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const GITHUB_HEADER: &str = "X-Hub-Signature-256";
const GITLAB_HEADER: &str = "X-Gitlab-Token";
const STRIPE_HEADER: &str = "Stripe-Signature";
const SLACK_HEADER: &str = "X-Slack-Signature";
const SLACK_TIMESTAMP_HEADER: &str = "X-Slack-Request-Timestamp";
const PAGERDUTY_HEADER: &str = "X-PagerDuty-Signature";
const AUTHORIZATION_HEADER: &str = "Authorization";
const BEARER: &str = "Bearer";

impl Scheme {
    pub(super) fn check(
        &self,
        headers: Headers<'_>,
        request: &Request<'_>,
        secrets: &[Sensitive],
    ) -> Result<(), Cause> {
        match self {
            Self::Github(_) => {
                let signatures = after_prefix(headers, GITHUB_HEADER, "sha256=")?;
                accept(&keys(secrets, Digest::Sha256), &[request.body], &signatures)
            }
            Self::Gitlab(gitlab) => match gitlab.form {
                GitlabForm::Token => accept_token(secrets, headers.need(GITLAB_HEADER)?),
                GitlabForm::Signed => {
                    standard::check(headers, request, Tolerance::default(), secrets)
                }
            },
            Self::Stripe(options) => check_stripe(options, headers, request, secrets),
            Self::Slack(options) => {
                let signatures = after_prefix(headers, SLACK_HEADER, "v0=")?;
                let (now_ms, tolerance) = (request.now_ms, options.tolerance);
                let timestamp = headers.timestamp(SLACK_TIMESTAMP_HEADER, now_ms, tolerance)?;
                let parts = [b"v0:", timestamp.as_bytes(), b":", request.body];
                accept(&keys(secrets, Digest::Sha256), &parts, &signatures)
            }
            Self::Pagerduty(_) => {
                let listed = headers.need(PAGERDUTY_HEADER)?.split(',');
                let signatures =
                    listed.filter_map(|item| from_hex(item.trim().strip_prefix("v1=")?));
                let signatures = bounded(signatures.collect(), PAGERDUTY_HEADER)?;
                accept(&keys(secrets, Digest::Sha256), &[request.body], &signatures)
            }
            Self::Grafana(options) => check_grafana(options, headers, request, secrets),
            Self::Standard(options) => {
                standard::check(headers, request, options.tolerance, secrets)
            }
            Self::Bearer(_) => check_bearer(headers, secrets),
            Self::Hmac(options) => check_hmac(options, headers, request, secrets),
        }
    }
}

fn keys(secrets: &[Sensitive], digest: Digest) -> Vec<Option<Secret>> {
    secrets.iter().map(|secret| Secret::text(secret, digest)).collect()
}

/// Reads the one signature of a header that begins with `prefix`, in hexadecimal.
fn after_prefix(headers: Headers<'_>, header: &str, prefix: &str) -> Result<Vec<Vec<u8>>, Cause> {
    let signature = headers.need(header)?.strip_prefix(prefix).and_then(from_hex);
    bounded(signature.into_iter().collect(), header)
}

/// `t=<seconds>,v1=<hex>`, with other versions that are passed over.
fn check_stripe(
    options: &Stamped,
    headers: Headers<'_>,
    request: &Request<'_>,
    secrets: &[Sensitive],
) -> Result<(), Cause> {
    let items = || headers.need(STRIPE_HEADER).map(|text| text.split(',').map(str::trim));
    let mut times = items()?.filter_map(|item| item.strip_prefix("t="));
    let (Some(timestamp), None) = (times.next(), times.next()) else {
        return Err(Cause::TimestampForm { header: STRIPE_HEADER.to_owned() });
    };
    check_timestamp(timestamp, STRIPE_HEADER, request.now_ms, options.tolerance)?;
    let signatures = items()?.filter_map(|item| from_hex(item.strip_prefix("v1=")?));
    let signatures = bounded(signatures.collect(), STRIPE_HEADER)?;
    let parts = [timestamp.as_bytes(), b".", request.body];
    accept(&keys(secrets, Digest::Sha256), &parts, &signatures)
}

fn check_grafana(
    options: &Grafana,
    headers: Headers<'_>,
    request: &Request<'_>,
    secrets: &[Sensitive],
) -> Result<(), Cause> {
    let signatures = after_prefix(headers, options.header.as_str(), "")?;
    let keys = keys(secrets, Digest::Sha256);
    let Some(header) = &options.timestamp_header else {
        return accept(&keys, &[request.body], &signatures);
    };
    let timestamp = headers.timestamp(header.as_str(), request.now_ms, options.tolerance)?;
    accept(&keys, &[timestamp.as_bytes(), b":", request.body], &signatures)
}

fn check_bearer(headers: Headers<'_>, secrets: &[Sensitive]) -> Result<(), Cause> {
    let text = headers.need(AUTHORIZATION_HEADER)?;
    let token = text
        .split_once(' ')
        .filter(|(kind, _)| kind.eq_ignore_ascii_case(BEARER))
        .map(|(_, token)| token)
        .ok_or_else(|| Cause::SignatureForm { header: AUTHORIZATION_HEADER.to_owned() })?;
    accept_token(secrets, token)
}

fn check_hmac(
    options: &Hmac,
    headers: Headers<'_>,
    request: &Request<'_>,
    secrets: &[Sensitive],
) -> Result<(), Cause> {
    let header = options.header.as_str();
    let encoded = headers.need(header)?.strip_prefix(options.prefix.as_str());
    let signature = encoded.and_then(|encoded| match options.encoding {
        Encoding::Hex => from_hex(encoded),
        Encoding::Base64 => STANDARD.decode(encoded).ok(),
    });
    let signatures = bounded(signature.into_iter().collect(), header)?;
    let timestamp = match &options.timestamp_header {
        Some(header) => headers.timestamp(header.as_str(), request.now_ms, options.tolerance)?,
        None => "",
    };
    let parts: Vec<&[u8]> = options
        .signed
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.as_bytes(),
            Part::Timestamp => timestamp.as_bytes(),
            Part::Body => request.body,
        })
        .collect();
    accept(&keys(secrets, options.digest), &parts, &signatures)
}
