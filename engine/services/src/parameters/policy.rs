//! Policies: what is to happen to a parameter by itself, and when.

use std::time::{Duration, SystemTime};

use serde_json::{Map, Value};
use store::parameters::policies::NewPolicy;

use crate::error::ServiceError;

const POLICIES_MAX: usize = 10;
const TEXT_CHARACTERS_MAX: usize = 4_096;
const VERSION: &str = "1.0";
const HOUR_MS: u64 = 3_600_000;
/// More than anybody means by a number of hours or days: ten thousand years.
const UNITS_MAX: u64 = 87_600_000;

/// What a policy does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PolicyKind {
    /// Deletes the parameter.
    Expiration,
    /// Tells beforehand that it will be deleted.
    ExpirationNotification,
    /// Tells that it was not changed for long.
    NoChangeNotification,
}

impl PolicyKind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Expiration => "Expiration",
            Self::ExpirationNotification => "ExpirationNotification",
            Self::NoChangeNotification => "NoChangeNotification",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Expiration, Self::ExpirationNotification, Self::NoChangeNotification]
            .into_iter()
            .find(|kind| kind.as_str() == text)
    }
}

/// A policy as a request writes it.
#[derive(Debug)]
struct Written {
    text: String,
    timing: Timing,
}

#[derive(Debug, Clone, Copy)]
enum Timing {
    At(u64),
    BeforeExpiration(u64),
    AfterChange(u64),
}

impl Timing {
    fn kind(self) -> PolicyKind {
        match self {
            Self::At(_) => PolicyKind::Expiration,
            Self::BeforeExpiration(_) => PolicyKind::ExpirationNotification,
            Self::AfterChange(_) => PolicyKind::NoChangeNotification,
        }
    }
}

/// Reads the policies of a request for a parameter that changes at `modified_ms`; none are written `[{}]`.
///
/// # Errors
/// `InvalidPolicyTypeException`, `InvalidPolicyAttributeException`, `IncompatiblePolicyException`,
/// `PoliciesLimitExceededException`, and `ValidationException` for what is no JSON list of objects.
pub(super) fn parse(text: &str, modified_ms: u64) -> Result<Vec<NewPolicy>, ServiceError> {
    if text.chars().count() > TEXT_CHARACTERS_MAX {
        return Err(ServiceError::validation(format!(
            "the policies have more than {TEXT_CHARACTERS_MAX} characters"
        )));
    }
    let list: Vec<Map<String, Value>> = serde_json::from_str(text).map_err(|error| {
        ServiceError::validation(format!("Policies must be a JSON list of policies: {error}"))
    })?;
    if list.iter().all(Map::is_empty) && list.len() <= 1 {
        return Ok(Vec::new());
    }
    if list.len() > POLICIES_MAX {
        return Err(ServiceError::request(
            "PoliciesLimitExceededException",
            format!(
                "You specified more than the maximum number of allowed policies for the parameter. The maximum is {POLICIES_MAX}."
            ),
        ));
    }
    let written = list.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let expiration = expiration(&written)?;
    written.into_iter().map(|policy| policy.due(expiration, modified_ms)).collect()
}

/// Returns when the parameter expires, if it does.
fn expiration(written: &[Written]) -> Result<Option<u64>, ServiceError> {
    let mut times = written.iter().filter_map(|policy| match policy.timing {
        Timing::At(time_ms) => Some(time_ms),
        Timing::BeforeExpiration(_) | Timing::AfterChange(_) => None,
    });
    let first = times.next();
    if times.next().is_some() {
        return Err(incompatible("A parameter can have one Expiration policy only."));
    }
    Ok(first)
}

impl Written {
    fn due(self, expiration: Option<u64>, modified_ms: u64) -> Result<NewPolicy, ServiceError> {
        let (after_ms, due_ms) = match (self.timing, expiration) {
            (Timing::At(time_ms), _) if time_ms <= modified_ms => {
                return Err(invalid_attribute("the Timestamp of Expiration is not in the future"));
            }
            (Timing::At(time_ms), _) => (None, time_ms),
            (Timing::BeforeExpiration(before_ms), Some(time_ms)) => {
                (None, time_ms.saturating_sub(before_ms))
            }
            (Timing::BeforeExpiration(_), None) => {
                return Err(incompatible(
                    "An ExpirationNotification policy needs an Expiration policy beside it.",
                ));
            }
            (Timing::AfterChange(after_ms), _) => {
                (Some(after_ms), modified_ms.saturating_add(after_ms))
            }
        };
        let kind = self.timing.kind().as_str().to_owned();
        Ok(NewPolicy { kind, text: self.text, after_ms, due_ms })
    }
}

fn read(policy: &Map<String, Value>) -> Result<Written, ServiceError> {
    let kind = policy.get("Type").and_then(Value::as_str).and_then(PolicyKind::parse);
    let Some(kind) = kind else {
        return Err(ServiceError::request(
            "InvalidPolicyTypeException",
            "The policy type is not supported. Parameter Store supports the following policy types: Expiration, \
             ExpirationNotification, and NoChangeNotification.",
        ));
    };
    for member in policy.keys() {
        if !matches!(member.as_str(), "Type" | "Version" | "Attributes") {
            return Err(invalid_attribute(format!("a policy has no member {member}")));
        }
    }
    if policy.get("Version").and_then(Value::as_str) != Some(VERSION) {
        return Err(invalid_attribute(format!("the Version of a policy is {VERSION:?}")));
    }
    let Some(Value::Object(attributes)) = policy.get("Attributes") else {
        return Err(invalid_attribute(format!("a policy {} has Attributes", kind.as_str())));
    };
    let timing = match kind {
        PolicyKind::Expiration => Timing::At(timestamp(attributes)?),
        PolicyKind::ExpirationNotification => {
            Timing::BeforeExpiration(duration(attributes, "Before")?)
        }
        PolicyKind::NoChangeNotification => Timing::AfterChange(duration(attributes, "After")?),
    };
    let text = serde_json::to_string(policy)
        .map_err(|error| ServiceError::internal(format!("a policy cannot be kept: {error}")))?;
    Ok(Written { text, timing })
}

fn timestamp(attributes: &Map<String, Value>) -> Result<u64, ServiceError> {
    only(attributes, &["Timestamp"])?;
    let text = attributes.get("Timestamp").and_then(Value::as_str).unwrap_or_default();
    let instant: jiff::Timestamp = text.parse().map_err(|_| {
        invalid_attribute(format!(
            "the Timestamp {text:?} is no ISO 8601 instant such as 2030-12-31T21:34:33.000Z"
        ))
    })?;
    let since = SystemTime::from(instant).duration_since(SystemTime::UNIX_EPOCH);
    let milliseconds = since.unwrap_or(Duration::ZERO).as_millis();
    // A time that the store cannot write is later than any that comes.
    Ok(u64::try_from(milliseconds).unwrap_or(u64::MAX).min(u64::MAX >> 1))
}

fn duration(attributes: &Map<String, Value>, member: &str) -> Result<u64, ServiceError> {
    only(attributes, &[member, "Unit"])?;
    let unit_ms = match attributes.get("Unit").and_then(Value::as_str) {
        Some("Hours") => HOUR_MS,
        Some("Days") => 24 * HOUR_MS,
        Some(_) | None => return Err(invalid_attribute("the Unit is Days or Hours")),
    };
    let count = match attributes.get(member) {
        Some(Value::String(text)) => text.parse().ok(),
        Some(Value::Number(number)) => number.as_u64(),
        Some(_) | None => None,
    };
    match count {
        Some(count) if (1..=UNITS_MAX).contains(&count) => Ok(count * unit_ms),
        Some(_) | None => Err(invalid_attribute(format!("{member} is a whole number from 1 on"))),
    }
}

fn only(attributes: &Map<String, Value>, known: &[&str]) -> Result<(), ServiceError> {
    match attributes.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(invalid_attribute(format!("there is no attribute {name} here"))),
        None => Ok(()),
    }
}

fn invalid_attribute(reason: impl std::fmt::Display) -> ServiceError {
    ServiceError::request(
        "InvalidPolicyAttributeException",
        format!("A policy attribute or its value is not valid: {reason}."),
    )
}

fn incompatible(message: &str) -> ServiceError {
    ServiceError::request("IncompatiblePolicyException", message)
}
