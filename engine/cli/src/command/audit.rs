//! `runwright audit`

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use crate::arguments::{Audit, AuditDecision, AuditQuery};
use crate::exit::Exit;
use crate::interrupt::Interrupts;
use crate::moment;
use crate::operation::{AuditFilter, AuditOperation, Operation};
use crate::render::{Printer, safe_line, table};
use crate::session::Session;

/// How often the log is looked at while it is followed.
const LOOK_EACH: Duration = Duration::from_millis(500);

pub(crate) async fn run(arguments: Audit, session: &Session, printer: Printer) -> Result<Exit> {
    match arguments {
        Audit::Tail { follow: false, count } => {
            let newest = ask(session, AuditOperation::Newest { count }).await?;
            printer.result(&newest["records"], || listed(&newest["records"]))?;
            Ok(Exit::Done)
        }
        Audit::Tail { follow: true, count } => follow(count, session, printer).await,
        Audit::Query(query) => {
            let limit = query.limit;
            let operation = AuditOperation::Query { filter: filter(query)?, limit };
            let records = ask(session, operation).await?;
            printer.result(&records, || listed(&records))?;
            Ok(Exit::Done)
        }
        Audit::Verify { checkpoint } => verify(checkpoint, session, printer).await,
        Audit::Checkpoint => {
            let checkpoint = ask(session, AuditOperation::Checkpoint).await?;
            printer.exact(&checkpoint, checkpoint["line"].as_str().unwrap_or_default())?;
            Ok(Exit::Done)
        }
    }
}

async fn ask(session: &Session, operation: AuditOperation) -> Result<Value> {
    session.call(&Operation::Audit(operation)).await
}

/// Prints records as they come, one a line, until it is interrupted.
async fn follow(count: u32, session: &Session, printer: Printer) -> Result<Exit> {
    let mut interrupts = Interrupts::listen()?;
    let mut next = AuditOperation::Newest { count };
    loop {
        let answer = tokio::select! {
            answer = ask(session, next) => answer?,
            _ = interrupts.next() => return Ok(Exit::Done),
        };
        let records = answer["records"].as_array();
        for record in records.into_iter().flatten() {
            printer.record(record, || row(record).join("  "))?;
        }
        let is_more = records.is_some_and(|records| !records.is_empty());
        next = AuditOperation::From { seq: answer["nextSeq"].as_u64().unwrap_or(1) };
        if is_more {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(LOOK_EACH) => {}
            _ = interrupts.next() => return Ok(Exit::Done),
        }
    }
}

fn filter(query: AuditQuery) -> Result<AuditFilter> {
    let AuditQuery { user, event, resource, decision, since, until, request_id, limit: _ } = query;
    let decision = decision.map(|decision| match decision {
        AuditDecision::Allow => "allow".to_owned(),
        AuditDecision::Deny => "deny".to_owned(),
    });
    Ok(AuditFilter {
        user,
        event,
        resource,
        decision,
        since_ms: since.map(|when| moment::past("--since", &when)).transpose()?,
        until_ms: until.map(|when| moment::past("--until", &when)).transpose()?,
        request_id,
    })
}

async fn verify(checkpoint: Option<String>, session: &Session, printer: Printer) -> Result<Exit> {
    let answer = ask(session, AuditOperation::Verify { checkpoint }).await?;
    let is_valid = answer["valid"].as_bool().unwrap_or_default();
    printer.result(&answer, || {
        if !is_valid {
            let error = answer["error"].as_str().unwrap_or_default();
            return format!("the audit log is not what was written: {error}");
        }
        let verified = &answer["verified"];
        let (entries, signed) = (&verified["entries"], &verified["signedEntries"]);
        let checkpoints = &verified["checkpoints"];
        format!(
            "{entries} records are as they were written; signed up to record {signed} (checkpoints: {checkpoints})"
        )
    })?;
    Ok(if is_valid { Exit::Done } else { Exit::RunFailed })
}

fn listed(records: &Value) -> String {
    let rows: Vec<_> = records.as_array().into_iter().flatten().map(row).collect();
    table(&["SEQ", "TIME", "WHO", "WHAT", "DECISION", "RESOURCE", "ERROR"], &rows)
}

/// Returns what a record says in a line.
fn row(event: &Value) -> Vec<String> {
    let record = &event["record"];
    let text = |value: &Value| safe_line(value.as_str().unwrap_or_default());
    let decision = match &record["additionalEventData"]["decision"] {
        Value::Null => json!("allow"),
        decision => decision.clone(),
    };
    vec![
        event["seq"].to_string(),
        text(&record["eventTime"]),
        text(&record["userIdentity"]["principalId"]),
        text(&record["eventName"]),
        text(&decision),
        text(&record["resources"][0]["ARN"]),
        text(&record["errorCode"]),
    ]
}
