//! A record: `CloudTrail`'s shape, and beside it what the log is searched by.

use host_api::identifier::Principal;
use serde_json::{Map, Value, json};
use ssm_model::Service;
use store::audit::{Entry, NewEntry};
use uuid::Uuid;

use super::Redacted;
use super::redaction;
use crate::actor::Actor;
use crate::clock::instant;
use crate::error::ServiceError;
use crate::parameters::Place;

const EVENT_VERSION: &str = "1.11";
const EVENT_SOURCE: &str = "ssm.amazonaws.com";
const EVENT_BRIDGE_SOURCE: &str = "events.amazonaws.com";
/// Where requests come from that no wire brought.
const INTERNAL: &str = "Internal";
/// Longer names of resources, which are of none that exists, are cut.
const RESOURCE_CHARACTERS_MAX: usize = 2_048;
/// Kinds of resources whose ARN has nothing more than the place before it.
const KINDS: [&str; 4] = ["automation-execution/", "document/", "managed-instance/", "parameter/"];

/// What happened.
#[derive(Debug, Clone)]
pub(crate) struct What<'a> {
    pub(crate) action: &'a str,
    pub(crate) resource: &'a str,
    pub(crate) is_read: bool,
    pub(crate) decision: &'static str,
    pub(crate) details: &'a Value,
}

/// A record that is not written yet.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    /// Apart from the details.
    entry: NewEntry,
    members: Map<String, Value>,
}

impl Record {
    pub(crate) fn new(actor: &Actor, place: &Place, what: &What<'_>, time_ms: u64) -> Self {
        let resource = full_resource(what.resource, place);
        let mut members = common(&actor.principal, place, what.action, &resource, time_ms);
        let mut set = |name: &str, value: Value| {
            members.insert(name.to_owned(), value);
        };
        set("readOnly", json!(what.is_read));
        set("eventID", json!(Uuid::new_v4().to_string()));
        set("additionalEventData", additional(actor, what));
        if what.decision == "deny" {
            let message = format!("{} is not allowed on {resource}", what.action);
            let reason = what.details.get("reason").and_then(Value::as_str).unwrap_or(&message);
            set("errorCode", json!("AccessDenied"));
            set("errorMessage", json!(reason));
        }
        let request = actor.request();
        if let Some(request) = request {
            let address = request.source_address.map(|address| address.to_string());
            set("sourceIPAddress", json!(address.as_deref().unwrap_or(INTERNAL)));
            set("userAgent", json!(request.user_agent));
            set("requestParameters", request.parameters.clone());
            set("requestID", json!(request.id));
            set_identity(&mut members, "accessKeyId", &request.credential_id);
        }
        let entry = NewEntry {
            time_ms,
            principal: actor.principal.to_string(),
            action: what.action.to_owned(),
            resource,
            decision: what.decision.to_owned(),
            details: String::new(),
            request_id: request.map(|request| request.id.clone()).filter(|id| !id.is_empty()),
        };
        Self { entry, members }
    }

    /// Says how the request failed.
    pub(crate) fn failed(mut self, error: &ServiceError, request: &Redacted) -> Self {
        let members = &mut self.members;
        members.insert("errorCode".to_owned(), json!(error.code));
        members.insert("errorMessage".to_owned(), json!(request.message(&error.message)));
        self
    }

    /// Returns the entry of what was answered so.
    pub(crate) fn answered(&self, answer: &Value) -> NewEntry {
        let mut record = self.clone();
        let shown = redaction::answer(&self.entry.action, answer);
        record.members.insert("responseElements".to_owned(), shown);
        record.entry()
    }

    pub(crate) fn entry(self) -> NewEntry {
        NewEntry { details: Value::Object(self.members).to_string(), ..self.entry }
    }
}

/// Returns an entry as `CloudTrail` shows it; also one that was written without that shape: by version 1, or by what knows no requests.
pub(super) fn shown(entry: &Entry, place: &Place) -> Value {
    let details = serde_json::from_str(&entry.event.details).unwrap_or(Value::Null);
    if details.get("eventVersion").is_some() {
        return details;
    }
    let NewEntry { time_ms, principal, action, resource, decision, .. } = &entry.event;
    let resource = full_resource(resource, place);
    let principal = Principal::new(principal.as_str());
    let mut members = common(&principal, place, action, &resource, *time_ms);
    members.insert("eventID".to_owned(), json!(entry.hash));
    let additional = json!({ "decision": decision, "details": details });
    members.insert("additionalEventData".to_owned(), additional);
    if decision == "deny" {
        members.insert("errorCode".to_owned(), json!("AccessDenied"));
    }
    Value::Object(members)
}

/// Returns what the ARN of everything here begins with.
pub(super) fn arn_prefix(place: &Place) -> String {
    let Place { region, account_id } = place;
    format!("arn:aws:ssm:{region}:{account_id}:")
}

fn full_resource(resource: &str, place: &Place) -> String {
    let mut full = resource.to_owned();
    if KINDS.iter().any(|kind| resource.starts_with(kind)) {
        full.insert_str(0, &arn_prefix(place));
    }
    if let Some((end, _)) = full.char_indices().nth(RESOURCE_CHARACTERS_MAX) {
        full.truncate(end);
    }
    full
}

fn common(
    principal: &Principal,
    place: &Place,
    action: &str,
    resource: &str,
    time_ms: u64,
) -> Map<String, Value> {
    let (source, name) = match action.strip_prefix(Service::EventBridge.namespace()) {
        Some(name) => (EVENT_BRIDGE_SOURCE, name),
        None => (EVENT_SOURCE, action),
    };
    let members = [
        ("eventVersion", json!(EVENT_VERSION)),
        ("userIdentity", identity(principal, place)),
        ("eventTime", json!(instant(time_ms))),
        ("eventSource", json!(source)),
        ("eventName", json!(name)),
        ("awsRegion", json!(place.region)),
        ("sourceIPAddress", json!(INTERNAL)),
        ("userAgent", Value::Null),
        ("requestParameters", Value::Null),
        ("responseElements", Value::Null),
        ("requestID", Value::Null),
        ("readOnly", json!(false)),
        ("resources", json!([{ "ARN": resource, "accountId": place.account_id }])),
        ("eventType", json!("AwsApiCall")),
        ("managementEvent", json!(true)),
        ("recipientAccountId", json!(place.account_id)),
        ("eventCategory", json!("Management")),
    ];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns who it was: a user or a role by the ARN, else a principal of ours, such as a user of this machine.
fn identity(principal: &Principal, place: &Place) -> Value {
    let text = principal.as_str();
    let kind = match text.rsplit_once(':').map(|(_, rest)| rest) {
        Some(rest) if text.starts_with("arn:") => match rest.split('/').next() {
            Some("user") => "IAMUser",
            Some("assumed-role") => "AssumedRole",
            Some("role") => "Role",
            Some("root") => "Root",
            _ => "Unknown",
        },
        _ => "Unknown",
    };
    let name = text.rsplit(['/', ':']).next().unwrap_or(text);
    json!({
        "type": kind,
        "principalId": text,
        "arn": text.starts_with("arn:").then_some(text),
        "accountId": place.account_id,
        "accessKeyId": null,
        "userName": name,
    })
}

fn set_identity(members: &mut Map<String, Value>, name: &str, value: &str) {
    if let Some(identity) = members.get_mut("userIdentity")
        && !value.is_empty()
    {
        identity[name] = json!(value);
    }
}

/// What `CloudTrail` has no member for: how it was decided and by which policies, and for which step.
fn additional(actor: &Actor, what: &What<'_>) -> Value {
    let mut data = json!({ "decision": what.decision, "details": what.details });
    if let Some(request) = actor.request() {
        // Those that refused it are known to who recorded that.
        let refusing = what.details.get("policies").cloned();
        data["policies"] = refusing.unwrap_or_else(|| json!(request.policies));
        data["mfaAuthenticated"] = json!(request.is_mfa);
    }
    if let Some(step) = actor.step() {
        data["run"] = json!(step.activation.run.as_str());
        data["step"] = json!(step.activation.path.to_string());
        data["attempt"] = json!(step.activation.attempt);
    }
    data
}
