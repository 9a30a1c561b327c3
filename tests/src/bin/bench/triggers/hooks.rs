//! From the moment in which a webhook is sent to the start of its run's first step, at a steady rate.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{SECRET, request};
use crate::api::connection::Connection;
use crate::api::peer::Peer;
use crate::api::source::Signer;
use crate::options::Options;
use crate::report::{Bar, Report, Unit};
use crate::sample::Sample;

const PER_SECOND: usize = 200;
const CONNECTIONS: usize = 20;
/// How long the last run may take to begin.
const BEGIN_MAX: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(20);

struct Sent {
    run: String,
    /// Milliseconds since the Unix epoch.
    at_ms: f64,
    answered: Duration,
}

pub(super) async fn measure(peer: &Peer, options: &Options, report: &mut Report) -> Result<()> {
    // The first deliveries find nothing ready.
    drop(deliver(peer, "warm", options.times(200, 20)).await?);
    let sent = deliver(peer, "measured", options.times(2_000, 40)).await?;
    let answered: Sample = sent.iter().map(|sent| sent.answered).collect();
    let mut began = Sample::default();
    let (signer, mut connection) = (Signer::new(peer), Connection::open(peer.address).await?);
    for sent in &sent {
        let started_ms = started_ms(&signer, &mut connection, &sent.run).await?;
        // The journal's times are whole milliseconds: the step began before the next one.
        let took_ms = (started_ms + 1.0 - sent.at_ms).max(0.0);
        began.add(Duration::from_secs_f64(took_ms / 1_000.0));
    }
    let rate = format!("{PER_SECOND} webhooks a second");
    for (percent, bar) in [(50, Bar::AtMost(5.0)), (99, Bar::None)] {
        let what = format!("webhook to first step, {rate}, p{percent}");
        report.add(what, began.percentile_ms(percent), Unit::Milliseconds, bar);
        let what = format!("webhook to answer, {rate}, p{percent}");
        report.add(what, answered.percentile_ms(percent), Unit::Milliseconds, Bar::None);
    }
    Ok(())
}

/// Sends deliveries at the rate, whether those before were answered or not.
async fn deliver(peer: &Peer, name: &str, count: usize) -> Result<Vec<Sent>> {
    let begin = Instant::now() + Duration::from_millis(100);
    let mut tasks = JoinSet::new();
    for turn in 0..CONNECTIONS {
        let mut connection = Connection::open(peer.address).await?;
        let requests: Vec<(u32, Vec<u8>)> = (turn..count)
            .step_by(CONNECTIONS)
            .map(|number| {
                let body = json!({ "id": format!("{name}-{number}") }).to_string();
                let request = request(peer, "/hooks/bench", "application/json", SECRET, &body);
                Ok((u32::try_from(number)?, request))
            })
            .collect::<Result<_>>()?;
        tasks.spawn(async move {
            let mut sent = Vec::with_capacity(requests.len());
            for (number, request) in requests {
                let due = begin + Duration::from_secs(1) * number / u32::try_from(PER_SECOND)?;
                tokio::time::sleep_until(due.into()).await;
                let at_ms = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() * 1_000.0;
                let asked = Instant::now();
                let answer: Value = serde_json::from_slice(connection.exchange(&request).await?)?;
                let answered = asked.elapsed();
                let run = answer["executionIds"][0].as_str();
                let run = run.with_context(|| format!("no run was started: {answer}"))?.to_owned();
                sent.push(Sent { run, at_ms, answered });
            }
            anyhow::Ok(sent)
        });
    }
    let mut all = Vec::with_capacity(count);
    while let Some(ended) = tasks.join_next().await {
        all.extend(ended??);
    }
    Ok(all)
}

/// Returns when the first step of a run began, in milliseconds since the Unix epoch.
async fn started_ms(signer: &Signer, connection: &mut Connection, run: &str) -> Result<f64> {
    let body = json!({ "AutomationExecutionId": run }).to_string();
    let begun = Instant::now();
    loop {
        let request = signer.sign("DescribeAutomationStepExecutions", &body)?;
        let answer: Value = serde_json::from_slice(connection.exchange(&request).await?)?;
        if let Some(seconds) = answer["StepExecutions"][0]["ExecutionStartTime"].as_f64() {
            return Ok(seconds * 1_000.0);
        }
        ensure!(begun.elapsed() < BEGIN_MAX, "the run {run} does not begin: {answer}");
        tokio::time::sleep(PAUSE).await;
    }
}
