//! Events from clients.

use serde_json::{Value, json};

use super::{PutEventsRequest, PutEventsRequestEntry, PutEventsResponse, PutEventsResultEntry};
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;
use crate::events::{DETAIL_DEPTH_MAX, Incoming, is_deeper};

/// Entries of one request.
pub const ENTRIES_MAX: usize = 10;
/// Bytes of all entries of a request together.
pub const ENTRIES_BYTES_MAX: usize = 256 * 1_024;
/// What the time of an entry counts for.
const TIME_BYTES: usize = 14;
/// Sources of what happens here.
const RESERVED: &str = "aws.";
/// The end of the year 9999, in seconds since the Unix epoch.
const TIME_S_MAX: f64 = 253_402_300_799.0;

impl Services {
    /// Puts events on the bus. They are stored when this returns; each entry that is refused is told apart.
    ///
    /// # Errors
    /// `ValidationException` for no entries, more than [`ENTRIES_MAX`], or more than [`ENTRIES_BYTES_MAX`].
    pub async fn put_events(
        &self,
        actor: &Actor,
        request: PutEventsRequest,
    ) -> Result<PutEventsResponse, ServiceError> {
        let PutEventsRequest { entries, endpoint_id } = request;
        if endpoint_id.is_some() {
            return Err(ServiceError::unavailable(
                "there are no global endpoints in this release: leave EndpointId out",
            ));
        }
        if !(1..=ENTRIES_MAX).contains(&entries.len()) {
            return Err(ServiceError::validation(format!(
                "a request has 1 to {ENTRIES_MAX} entries, not {}",
                entries.len()
            )));
        }
        if entries.iter().map(bytes).sum::<usize>() > ENTRIES_BYTES_MAX {
            return Err(ServiceError::validation(
                "Total size of the entries in the request is over the limit.",
            ));
        }
        let (mut incoming, mut results) = (Vec::new(), Vec::with_capacity(entries.len()));
        for entry in entries {
            results.push(self.read_entry(entry).map(|event| incoming.push(event)));
        }
        let deed = Deed::new("events:PutEvents", self.bus_arn())
            .details(json!({ "events": incoming.len() }));
        let mut taken = self.take_in(actor, deed, incoming).await?.into_iter();
        let entries = results.into_iter().map(|result| match result {
            Ok(()) => PutEventsResultEntry {
                event_id: taken.next().map(|taken| taken.event_id),
                ..PutEventsResultEntry::default()
            },
            Err(refused) => refused,
        });
        let entries: Vec<_> = entries.collect();
        let failed_entry_count = entries.iter().filter(|entry| entry.error_code.is_some()).count();
        Ok(PutEventsResponse { failed_entry_count, entries })
    }

    fn read_entry(&self, entry: PutEventsRequestEntry) -> Result<Incoming, PutEventsResultEntry> {
        let source = required("Source", entry.source)?;
        let detail_type = required("DetailType", entry.detail_type)?;
        let detail = required("Detail", entry.detail)?;
        if source.starts_with(RESERVED) {
            return Err(refused(
                "NotAuthorizedForSourceException",
                "Not authorized for the source.".to_owned(),
            ));
        }
        if let Err(error) = self.check_bus(entry.event_bus_name.as_deref()) {
            return Err(invalid("EventBusName", &error.message));
        }
        let at_ms = entry.time.map(milliseconds).transpose()?;
        match serde_json::from_str(&detail) {
            Ok(detail @ Value::Object(_)) if !is_deeper(&detail, DETAIL_DEPTH_MAX) => {
                Ok(Incoming {
                    source,
                    detail_type,
                    detail,
                    resources: entry.resources.unwrap_or_default(),
                    at_ms,
                    once: None,
                    id: None,
                })
            }
            Ok(_) | Err(_) => Err(refused("MalformedDetail", "Detail is malformed.".to_owned())),
        }
    }
}

/// Returns the size of an entry as `EventBridge` counts it.
fn bytes(entry: &PutEventsRequestEntry) -> usize {
    let texts = [&entry.source, &entry.detail_type, &entry.detail];
    let resources = entry.resources.iter().flatten().map(String::len);
    let texts = texts.into_iter().flatten().map(String::len);
    texts.chain(resources).sum::<usize>() + entry.time.map_or(0, |_| TIME_BYTES)
}

fn required(name: &str, value: Option<String>) -> Result<String, PutEventsResultEntry> {
    super::given(value).ok_or_else(|| invalid(name, &format!("{name} is a required argument.")))
}

/// Returns a time of the wire, which is in seconds, in milliseconds.
fn milliseconds(time: f64) -> Result<u64, PutEventsResultEntry> {
    if !(0.0..=TIME_S_MAX).contains(&time) {
        return Err(invalid("Time", "Time is from 1970 to 9999."));
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is within bounds"
    )]
    let time_ms = (time * 1_000.0).round() as u64;
    Ok(time_ms)
}

fn invalid(name: &str, reason: &str) -> PutEventsResultEntry {
    refused("InvalidArgument", format!("Parameter {name} is not valid. Reason: {reason}"))
}

fn refused(code: &str, message: String) -> PutEventsResultEntry {
    PutEventsResultEntry {
        event_id: None,
        error_code: Some(code.to_owned()),
        error_message: Some(message),
    }
}
