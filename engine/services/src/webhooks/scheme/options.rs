//! The options of each scheme, as a rule file writes them.

mod hmac;
mod secret_names;

use hyper::header::HeaderName;
use serde::Deserialize;

use super::TOLERANCE_MS;
pub(super) use hmac::Part;
pub use hmac::{Digest, Encoding, Hmac};
pub use secret_names::{SECRETS_MAX, SecretNames};

/// The largest tolerance that may be set, in milliseconds.
pub const TOLERANCE_MS_MAX: u64 = 60 * 60 * 1_000;

const GRAFANA_HEADER: HeaderName = HeaderName::from_static("x-grafana-alerting-signature");

/// The options of a scheme that signs the body alone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    pub secret: SecretNames,
}

/// The options of a scheme that signs the time too.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stamped {
    pub secret: SecretNames,
    #[serde(default)]
    pub tolerance: Tolerance,
}

/// The options of GitLab.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gitlab {
    pub secret: SecretNames,
    #[serde(default)]
    pub form: GitlabForm,
}

/// How GitLab shows that it is the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum GitlabForm {
    /// The secret itself, in `X-Gitlab-Token`.
    #[default]
    Token,
    /// A signature with the signing token `whsec_`, as Standard Webhooks have it.
    Signed,
}

/// The options of Grafana.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenGrafana")]
pub struct Grafana {
    pub secret: SecretNames,
    pub header: HeaderName,
    /// Where the contact point sends the time; it is then signed.
    pub timestamp_header: Option<HeaderName>,
    pub tolerance: Tolerance,
}

/// The options of a bearer token.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "WrittenBearer")]
pub struct Bearer {
    pub secret: SecretNames,
    pub names: NameHeaders,
}

/// The headers, none of them signed, that name a delivery and its event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NameHeaders {
    pub delivery: Option<HeaderName>,
    pub event: Option<HeaderName>,
}

/// How far the timestamp of a delivery may be from now; a duration such as `5m`, from a second to an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Tolerance(u64);

impl Tolerance {
    pub(super) fn as_ms(self) -> u64 {
        self.0
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        Self(TOLERANCE_MS)
    }
}

/// Why the options of a scheme are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OptionError {
    #[error(transparent)]
    Duration(#[from] runbook::duration::DurationError),
    #[error("a tolerance is 1s to 1h, not `{0}`")]
    Tolerance(String),
    #[error("`{0}` is not the name of a header: write for example X-Signature")]
    Header(String),
    #[error(
        "a tolerance is of the time in timestampHeader: write that, or leave the tolerance out"
    )]
    ToleranceAlone,
    #[error("the time is signed only with timestampHeader: write that, or leave {{ts}} out")]
    TimestampHeaderMissing,
    #[error(
        "a time that is not signed protects nothing: write {{ts}} in signed, such as {{ts}}:{{body}}"
    )]
    TimestampUnsigned,
    #[error(
        "`{0}` does not say what is signed: write {{body}} once and {{ts}} at most once with a mark between them, such as {{ts}}:{{body}}"
    )]
    Signed(String),
    #[error("a prefix has at most 64 visible ASCII characters, such as sha256=")]
    Prefix,
    #[error("SHA-1 no longer protects signatures: write sha256 or sha512")]
    Sha1,
    #[error("`{0}` is not a digest: write sha256 or sha512")]
    Digest(String),
}

impl TryFrom<String> for Tolerance {
    type Error = OptionError;

    fn try_from(text: String) -> Result<Self, OptionError> {
        let tolerance_ms = runbook::duration::parse(&text)?;
        if !(1_000..=TOLERANCE_MS_MAX).contains(&tolerance_ms) {
            return Err(OptionError::Tolerance(text));
        }
        Ok(Self(tolerance_ms))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenGrafana {
    secret: SecretNames,
    header: Option<String>,
    timestamp_header: Option<String>,
    tolerance: Option<Tolerance>,
}

impl TryFrom<WrittenGrafana> for Grafana {
    type Error = OptionError;

    fn try_from(written: WrittenGrafana) -> Result<Self, OptionError> {
        let timestamp_header = optional_header(written.timestamp_header)?;
        if written.tolerance.is_some() && timestamp_header.is_none() {
            return Err(OptionError::ToleranceAlone);
        }
        Ok(Self {
            secret: written.secret,
            header: optional_header(written.header)?.unwrap_or(GRAFANA_HEADER),
            timestamp_header,
            tolerance: written.tolerance.unwrap_or_default(),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WrittenBearer {
    secret: SecretNames,
    delivery_header: Option<String>,
    event_header: Option<String>,
}

impl TryFrom<WrittenBearer> for Bearer {
    type Error = OptionError;

    fn try_from(written: WrittenBearer) -> Result<Self, OptionError> {
        let names = NameHeaders {
            delivery: optional_header(written.delivery_header)?,
            event: optional_header(written.event_header)?,
        };
        Ok(Self { secret: written.secret, names })
    }
}

fn optional_header(name: Option<String>) -> Result<Option<HeaderName>, OptionError> {
    name.map(header).transpose()
}

fn header(name: String) -> Result<HeaderName, OptionError> {
    name.parse().map_err(|_| OptionError::Header(name))
}
