//! `runwright events`

use std::collections::VecDeque;
use std::time::Duration;

use anyhow::{Context, Result};
use rules::{Event, Pattern};
use serde_json::{Value, json};

use crate::arguments::{Events, ReplayEvents, SendEvent};
use crate::exit::{Exit, Refusal};
use crate::interrupt::Interrupts;
use crate::moment;
use crate::operation::{EventOperation, Operation};
use crate::render::{Printer, safe_line, table};
use crate::session::Session;
use crate::source;

/// The size of a file with an event.
const FILE_BYTES_MAX: usize = 1 << 20;
/// How often it is looked for events while they are followed.
const LOOK_EACH: Duration = Duration::from_millis(500);

pub(crate) async fn run(arguments: Events, session: &Session, printer: Printer) -> Result<Exit> {
    match arguments {
        Events::Tail { follow, since, pattern, count } => {
            let wanted = Wanted::new(&since, pattern.as_deref())?;
            tail(&wanted, follow, count, session, printer).await
        }
        Events::Send(asked) => {
            let sent = ask(session, sending(asked)?).await?;
            printer.result(&sent, || sent_text(&sent))?;
            Ok(Exit::Done)
        }
        Events::Replay(replay) => replayed(replay, session, printer).await,
    }
}

async fn ask(session: &Session, operation: EventOperation) -> Result<Value> {
    session.call(&Operation::Bus(operation)).await
}

/// Which events are shown.
struct Wanted {
    since_ms: u64,
    until_ms: u64,
    pattern: Option<Pattern>,
}

impl Wanted {
    fn new(since: &str, pattern: Option<&str>) -> Result<Self> {
        let pattern = pattern
            .map(Pattern::parse)
            .transpose()
            .map_err(|error| Refusal::bad_input(format!("--pattern: {error}")))?;
        Ok(Self { since_ms: moment::past("--since", since)?, until_ms: u64::MAX, pattern })
    }

    fn includes(&self, event: &Value) -> bool {
        let time = event["time"].as_str().unwrap_or_default();
        let at_ms = runbook::duration::timestamp(time).unwrap_or(0);
        let is_match =
            |pattern: &Pattern| Event::new(event).is_ok_and(|event| pattern.matches(&event));
        (self.since_ms..self.until_ms).contains(&at_ms)
            && self.pattern.as_ref().is_none_or(is_match)
    }
}

/// Prints the last events of a time, and then those that come, one a line, until it is interrupted.
async fn tail(
    wanted: &Wanted,
    follows: bool,
    count: usize,
    session: &Session,
    printer: Printer,
) -> Result<Exit> {
    let mut interrupts = Interrupts::listen()?;
    let mut last = VecDeque::new();
    let mut cursor = each(wanted, session, |event| {
        last.push_back(event.clone());
        if last.len() > count {
            last.pop_front();
        }
        Ok(())
    })
    .await?;
    if !follows {
        let events = Value::from(Vec::from(last));
        printer.result(&events, || listed(&events))?;
        return Ok(Exit::Done);
    }
    for event in last {
        printer.record(&event, || row(&event).join("  "))?;
    }
    loop {
        let page = EventOperation::Page { cursor: Some(cursor) };
        let page = tokio::select! {
            page = ask(session, page) => page?,
            _ = interrupts.next() => return Ok(Exit::Done),
        };
        let occurrences = page["events"].as_array();
        for occurrence in occurrences.into_iter().flatten() {
            let event = &occurrence["event"];
            if wanted.includes(event) {
                printer.record(event, || row(event).join("  "))?;
            }
        }
        cursor = page["cursor"].as_str().unwrap_or_default().to_owned();
        if page["isOver"] != Value::Bool(true) {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EACH) => {}
            _ = interrupts.next() => return Ok(Exit::Done),
        }
    }
}

/// Calls `visit` with each event that is wanted, from the beginning until now, and returns the cursor after them.
async fn each(
    wanted: &Wanted,
    session: &Session,
    mut visit: impl FnMut(&Value) -> Result<()>,
) -> Result<String> {
    let mut cursor: Option<String> = None;
    loop {
        let page = ask(session, EventOperation::Page { cursor }).await?;
        for occurrence in page["events"].as_array().into_iter().flatten() {
            if wanted.includes(&occurrence["event"]) {
                visit(&occurrence["event"])?;
            }
        }
        let next = page["cursor"].as_str().unwrap_or_default().to_owned();
        if page["isOver"] == Value::Bool(true) {
            return Ok(next);
        }
        cursor = Some(next);
    }
}

fn sending(send: SendEvent) -> Result<EventOperation> {
    let SendEvent { file, source, detail_type, detail } = send;
    let value = match file {
        None => json!({
            "source": source,
            "detail-type": detail_type,
            "detail": parse("--detail", detail.as_bytes())?,
        }),
        Some(file) => event_of(&file)?,
    };
    let text = |member: &str| -> Result<String> {
        let text = value[member].as_str().map(str::to_owned);
        Ok(text.ok_or_else(|| {
            Refusal::bad_input(format!("the event has no text at {member:?}"))
                .with_help("an event has source, detail-type and detail")
        })?)
    };
    let resources: Vec<String> = match value.get("resources") {
        None => Vec::new(),
        Some(resources) => serde_json::from_value(resources.clone())
            .map_err(|error| Refusal::bad_input(format!("resources: {error}")))?,
    };
    let detail = value.get("detail").cloned().unwrap_or_else(|| json!({}));
    Ok(EventOperation::Send {
        source: text("source")?,
        detail_type: text("detail-type")?,
        detail,
        resources,
    })
}

/// Reads an event from a file, or from standard input for `-`.
pub(super) fn event_of(file: &str) -> Result<Value> {
    if file == "-" {
        let mut text = Vec::new();
        let limit = FILE_BYTES_MAX as u64 + 1;
        std::io::Read::read_to_end(&mut std::io::Read::take(std::io::stdin(), limit), &mut text)
            .context("standard input cannot be read")?;
        if text.len() > FILE_BYTES_MAX {
            return Err(
                Refusal::bad_input(format!("an event has at most {FILE_BYTES_MAX} bytes")).into()
            );
        }
        return parse("standard input", &text);
    }
    parse(file, &source::bytes(std::path::Path::new(file), FILE_BYTES_MAX)?)
}

fn parse(what: &str, text: &[u8]) -> Result<Value> {
    Ok(serde_json::from_slice(text)
        .map_err(|error| Refusal::bad_input(format!("{what} is no JSON: {error}")))?)
}

fn sent_text(sent: &Value) -> String {
    let ids = |member: &str| -> Vec<String> {
        let ids = sent[member].as_array().into_iter().flatten();
        ids.filter_map(Value::as_str).map(safe_line).collect()
    };
    let runs = ids("executionIds");
    let runs = if runs.is_empty() { "no run".to_owned() } else { runs.join(", ") };
    format!("event   {}\nstarted {runs}", ids("eventIds").join(", "))
}

async fn replayed(replay: ReplayEvents, session: &Session, printer: Printer) -> Result<Exit> {
    let ReplayEvents { since, until, pattern, rules, name, dry_run } = replay;
    let mut wanted = Wanted::new(&since, pattern.as_deref())?;
    let to_ms = until.map(|until| moment::past("--until", &until)).transpose()?;
    if dry_run {
        wanted.until_ms = to_ms.unwrap_or(u64::MAX);
        let mut count = 0_u64;
        each(&wanted, session, |event| {
            count += u64::from(event.get("replay-name").is_none());
            Ok(())
        })
        .await?;
        let told = json!({ "events": count, "dryRun": true });
        printer.result(&told, || format!("{count} events would come once more"))?;
        return Ok(Exit::Done);
    }
    let from_ms = wanted.since_ms;
    let operation = EventOperation::Replay { name, from_ms, to_ms, pattern, rules };
    let replayed = ask(session, operation).await?;
    printer.result(&replayed, || {
        let name = safe_line(replayed["name"].as_str().unwrap_or_default());
        format!("{} events have come once more, as {name}", replayed["events"])
    })?;
    Ok(Exit::Done)
}

fn listed(events: &Value) -> String {
    let rows: Vec<_> = events.as_array().into_iter().flatten().map(row).collect();
    table(&["TIME", "SOURCE", "DETAIL-TYPE", "ID", "DETAIL"], &rows)
}

/// Returns what an event says in a line.
fn row(event: &Value) -> Vec<String> {
    let text = |member: &str| safe_line(event[member].as_str().unwrap_or_default());
    vec![
        text("time"),
        text("source"),
        text("detail-type"),
        text("id"),
        crate::render::short(&event["detail"], 80),
    ]
}
