//! Signature Version 4, in its header form.
//!
//! The rules are those of AWS, and stricter where a header could change what a request means without changing its signature: the
//! host, the content type and every `x-amz-*` header must be signed, each header of these comes once, and the body is always hashed.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use axum::http::{HeaderMap, Method, Uri};
use host_api::identifier::Digest;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use subtle::ConstantTimeEq;

use super::Refused;

/// How far the clock of a client may be off, to either side, as AWS has it.
pub(super) const SKEW: Duration = Duration::from_mins(5);
const ALGORITHM: &str = "AWS4-HMAC-SHA256";
const DATE_FORM: &str = "%Y%m%dT%H%M%SZ";
/// Headers that may be signed at most: more than any client has.
const SIGNED_HEADERS_MAX: usize = 64;

/// What the `Authorization` header says, before anything of it is believed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim<'a> {
    pub(super) key_id: &'a str,
    date: &'a str,
    region: &'a str,
    service: &'a str,
    signed_headers: Vec<&'a str>,
    pub(super) signature: &'a str,
    /// When it was signed.
    pub(super) time: SystemTime,
}

impl<'a> Claim<'a> {
    /// Reads the claim of a request and checks all that needs no secret.
    pub(super) fn read(
        headers: &'a HeaderMap,
        authorization: &'a str,
        body: &[u8],
        now: SystemTime,
    ) -> Result<Self, Refused> {
        let rest = authorization.strip_prefix(ALGORITHM).ok_or_else(|| {
            Refused::incomplete(format!("Authorization header requires the algorithm {ALGORITHM}."))
        })?;
        let part = |name: &str| {
            let mut parts = rest.split(',').map(str::trim).filter_map(|part| part.split_once('='));
            let found = parts.find(|(key, _)| *key == name).map(|(_, value)| value);
            found.filter(|value| !value.is_empty()).ok_or_else(|| {
                Refused::incomplete(format!("Authorization header requires '{name}' parameter."))
            })
        };
        let (credential, signed, signature) =
            (part("Credential")?, part("SignedHeaders")?, part("Signature")?);
        let scope: Vec<&str> = credential.split('/').collect();
        let [key_id, date, region, service, "aws4_request"] = scope.as_slice() else {
            return Err(Refused::incomplete(
                "Credential must have the form KEY/DATE/REGION/SERVICE/aws4_request.".to_owned(),
            ));
        };
        let (date_text, time) = request_time(headers)?;
        if !date_text.starts_with(date) {
            return Err(Refused::signature(format!(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '{date}' != '{}'",
                date_text.get(..8).unwrap_or(date_text)
            )));
        }
        check_skew(date_text, time, now)?;
        let claim = Self {
            key_id,
            date,
            region,
            service,
            signed_headers: signed.split(';').collect(),
            signature,
            time,
        };
        claim.check_headers(headers)?;
        check_body_hash(headers, body)?;
        Ok(claim)
    }

    /// Refuses a scope of another service: a signature for one says nothing at another.
    pub(super) fn check_service(&self, expected: &str) -> Result<(), Refused> {
        if self.service == expected {
            return Ok(());
        }
        Err(Refused::signature(format!(
            "Credential should be scoped to correct service: '{expected}'."
        )))
    }

    /// Every header that could change what the request means is signed, and comes once.
    fn check_headers(&self, headers: &HeaderMap) -> Result<(), Refused> {
        let signed = &self.signed_headers;
        if signed.len() > SIGNED_HEADERS_MAX || !signed.is_sorted_by(|one, next| one < next) {
            return Err(Refused::signature(
                "SignedHeaders must be sorted, and name each header once.".to_owned(),
            ));
        }
        for name in headers.keys() {
            let name = name.as_str();
            let matters = matters(name);
            if matters && !signed.contains(&name) {
                return Err(Refused::signature(format!("The header '{name}' must be signed.")));
            }
            if (matters || signed.contains(&name)) && headers.get_all(name).iter().count() > 1 {
                return Err(Refused::signature(format!("The header '{name}' must come once.")));
            }
        }
        for required in ["host", "x-amz-date"] {
            if !signed.contains(&required) {
                return Err(Refused::signature(format!("'{required}' must be signed.")));
            }
        }
        if headers.contains_key("x-amz-security-token") {
            return Err(Refused::unrecognized());
        }
        match signed.iter().find(|name| !headers.contains_key(**name)) {
            Some(missing) => {
                Err(Refused::signature(format!("The signed header '{missing}' is not there.")))
            }
            None => Ok(()),
        }
    }

    /// Compares the signature with the one that the secret gives; takes the same time wherever they differ.
    pub(super) fn verify(
        &self,
        secret: &str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<(), Refused> {
        let expected = self.expected(secret, method, uri, headers, body)?;
        let is_equal = expected.as_bytes().ct_eq(self.signature.as_bytes());
        if bool::from(is_equal) { Ok(()) } else { Err(Refused::unrecognized()) }
    }

    fn expected(
        &self,
        secret: &str,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<String, Refused> {
        let malformed = |what: &dyn std::fmt::Display| {
            Refused::signature(format!("It cannot be signed: {what}"))
        };
        let mut signed = Vec::with_capacity(self.signed_headers.len());
        for name in &self.signed_headers {
            let value = headers.get(*name).map(|value| value.to_str());
            signed.push((
                *name,
                value.transpose().map_err(|error| malformed(&error))?.unwrap_or_default(),
            ));
        }
        let host = signed.iter().find(|(name, _)| *name == "host").map_or("", |(_, host)| host);
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut settings = SigningSettings::default();
        settings.excluded_headers = None;
        let identity = Credentials::new(self.key_id, secret, None, None, "store").into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(self.region)
            .name(self.service)
            .time(self.time)
            .settings(settings)
            .build()
            .map_err(|error| malformed(&error))?;
        let uri = format!("http://{host}{path}");
        let request = SignableRequest::new(
            method.as_str(),
            uri,
            signed.into_iter(),
            SignableBody::Bytes(body),
        )
        .map_err(|error| malformed(&error))?;
        let output =
            sign(request, &SigningParams::V4(params)).map_err(|error| malformed(&error))?;
        Ok(output.into_parts().1)
    }
}

/// Whether a header could change what a request means.
fn matters(name: &str) -> bool {
    matches!(name, "host" | "content-type") || name.starts_with("x-amz-")
}

fn request_time(headers: &HeaderMap) -> Result<(&str, SystemTime), Refused> {
    let text =
        headers.get("x-amz-date").and_then(|value| value.to_str().ok()).ok_or_else(|| {
            Refused::incomplete(
                "Authorization header requires existence of the 'X-Amz-Date' header.".to_owned(),
            )
        })?;
    let time = DateTime::strptime(DATE_FORM, text)
        .and_then(|time| time.to_zoned(TimeZone::UTC))
        .map_err(|_| {
            Refused::incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{text:.64}'."
            ))
        })?;
    Ok((text, time.timestamp().into()))
}

fn check_skew(text: &str, time: SystemTime, now: SystemTime) -> Result<(), Refused> {
    let written = |time: SystemTime| {
        Timestamp::try_from(time)
            .map_or_else(|_| String::new(), |time| time.strftime(DATE_FORM).to_string())
    };
    if time + SKEW < now {
        let (limit, current) = (written(now - SKEW), written(now));
        return Err(Refused::signature(format!(
            "Signature expired: {text} is now earlier than {limit} ({current} - 5 min.)"
        )));
    }
    if time > now + SKEW {
        let (limit, current) = (written(now + SKEW), written(now));
        return Err(Refused::signature(format!(
            "Signature not yet current: {text} is still later than {limit} ({current} + 5 min.)"
        )));
    }
    Ok(())
}

/// A hash of the body that the client states must be the body's; a body that is not hashed is not accepted.
fn check_body_hash(headers: &HeaderMap, body: &[u8]) -> Result<(), Refused> {
    let Some(stated) = headers.get("x-amz-content-sha256") else { return Ok(()) };
    let digest = Digest::of(body);
    if stated.as_bytes().eq_ignore_ascii_case(digest.as_str().as_bytes()) {
        return Ok(());
    }
    Err(Refused::signature(
        "x-amz-content-sha256 is not the SHA-256 of the body: unsigned and streamed payloads are not accepted.".to_owned(),
    ))
}
