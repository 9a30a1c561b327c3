//! A million events while windows are open: how many a second, and whether memory stays as it is.

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use super::request;
use crate::api::connection::Connection;
use crate::api::peer::Peer;
use crate::memory::{mebibytes, resident_bytes_of};
use crate::options::Options;
use crate::report::{Bar, Report, Unit};
use crate::sample::per_second;

const BATCH: usize = 1_000;
const NODES: usize = 5_000;
const ZONES: usize = 50;
const KIND: &str = "application/cloudevents-batch+json";

pub(super) async fn measure(
    peer: &Peer,
    data: &Path,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let batches = options.times(1_000, 10);
    let token = token(data)?;
    let mut connection = Connection::open(peer.address).await?;
    let begin = Instant::now();
    let mut after_tenth = 0;
    for batch in 0..batches {
        let events: Vec<Value> = (0..BATCH).map(|number| event(batch * BATCH + number)).collect();
        let body = Value::from(events).to_string();
        connection.exchange(&request(peer, "/events", KIND, &token, &body)).await?;
        if batch + 1 == batches.div_ceil(10) {
            after_tenth = resident_bytes_of(peer.process())?;
        }
    }
    let (events, time) = (batches * BATCH, begin.elapsed());
    let after_all = resident_bytes_of(peer.process())?;
    report.add(
        "events taken and held against rules",
        per_second(events, time),
        Unit::PerSecond,
        Bar::None,
    );
    let what = format!("server's memory after {} events, windows open", events / 10);
    report.add(what, mebibytes(after_tenth), Unit::Mebibytes, Bar::None);
    let what = format!("server's memory after {events} events, windows open");
    // Flat: no more than a tenth is noise of the allocator and of the database's cache.
    let bar = Bar::AtMost(mebibytes(after_tenth) * 1.1);
    report.add(what, mebibytes(after_all), Unit::Mebibytes, bar);
    Ok(())
}

fn event(number: usize) -> Value {
    json!({
        "specversion": "1.0", "id": number.to_string(), "source": "bench.flood", "type": "Reading",
        "data": {
            "node": format!("node-{}", number % NODES), "zone": format!("zone-{}", number % ZONES),
            "value": number, "unit": "percent", "text": "what a sensor says now and then",
        },
    })
}

/// Makes a token by this program, which holds the whole product.
fn token(data: &Path) -> Result<String> {
    let output = std::process::Command::new(std::env::current_exe()?)
        .args([
            "auth",
            "token",
            "create",
            "--user",
            "administrator",
            "--output",
            "json",
            "--data-dir",
        ])
        .arg(data)
        .output()
        .context("cannot make a token")?;
    let answer: Value = serde_json::from_slice(&output.stdout)
        .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
    Ok(answer["token"].as_str().context("there is no token in the answer")?.to_owned())
}
