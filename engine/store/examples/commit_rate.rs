//! Measures what a durable step costs of the store: three rows, one commit. Run it from a release build.

use std::time::Instant;

use host_api::effect::{Activation, StepPath};
use host_api::identifier::{Digest, Principal, RunId};
use host_api::port::{LoggedAnswer, LoggedCall};
use host_api::request::{ClockRequest, HostRequest};
use store::runs::NewRun;
use store::{OpenOptions, Store, WriteError, host_calls, journal, leases, runs};

const SEQUENTIAL: u64 = 4_000;
const RUNS: u64 = 200;
const STEPS: u64 = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let place = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let scratch = tempfile::tempdir_in(place)?;
    let store = Store::open(&scratch.path().join("data"), &OpenOptions::default())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().build()?;
    runtime.block_on(measure(store))?;
    Ok(())
}

#[expect(clippy::print_stdout, reason = "the example's purpose")]
async fn measure(store: Store) -> Result<(), WriteError> {
    let epoch = start(&store, "sequential").await?;
    let mut times_us = Vec::new();
    for seq in 0..SEQUENTIAL {
        let begun = Instant::now();
        step(&store, "sequential", seq, epoch).await?;
        times_us.push(begun.elapsed().as_micros());
    }
    times_us.sort_unstable();
    let at = |percent: usize| times_us[times_us.len() * percent / 100];
    println!("in sequence: p50 {} us, p99 {} us", at(50), at(99));

    let mut tasks = tokio::task::JoinSet::new();
    let mut epochs = Vec::new();
    for run in 0..RUNS {
        epochs.push(start(&store, &run.to_string()).await?);
    }
    let begun = Instant::now();
    for (run, epoch) in (0..RUNS).zip(epochs) {
        let store = store.clone();
        tasks.spawn(async move {
            for seq in 0..STEPS {
                step(&store, &run.to_string(), seq, epoch).await?;
            }
            Ok::<_, WriteError>(())
        });
    }
    for result in tasks.join_all().await {
        result?;
    }
    let rate = u128::from(RUNS * STEPS) * 1_000_000 / begun.elapsed().as_micros();
    println!("{RUNS} in flight: {rate} commits/s");
    Ok(())
}

async fn start(store: &Store, run: &str) -> Result<u64, WriteError> {
    let run = NewRun {
        id: RunId::new(run),
        document_name: "Bench".to_owned(),
        document_version: "1".to_owned(),
        plan_digest: Digest::of(b"plan"),
        status: "InProgress".to_owned(),
        principal: Principal::new("os:0"),
        parent: None,
        depth: 0,
        created_ms: 0,
        sealed_seed: None,
    };
    store
        .write(move |tx| {
            runs::insert(tx, &run)?;
            leases::acquire(tx, &run.id, "bench")
        })
        .await
}

/// Two journal entries and a row of host calls.
async fn step(store: &Store, run: &str, step: u64, epoch: u64) -> Result<u64, WriteError> {
    let run = RunId::new(run);
    let path = StepPath::top(format!("Step{step}"));
    let activation = Activation { run: run.clone(), path, attempt: 1, activation: 1 };
    let calls = [LoggedCall {
        ordinal: 0,
        interface: "clock".to_owned(),
        function: "now".to_owned(),
        request_digest: Digest::of(b"now"),
        request: HostRequest::Clock(ClockRequest::Now),
        answer: Some(LoggedAnswer::Value(serde_json::json!(1_700_000_000_000_u64))),
    }];
    let entry = format!(
        "{{\"event\":\"StepSucceeded\",\"step\":\"Step{step}\",\"pad\":\"{}\"}}",
        "x".repeat(150)
    );
    store
        .write(move |tx| {
            host_calls::append(tx, &activation, &calls)?;
            journal::append(tx, &run, step * 2, epoch, &[&entry, &entry])
        })
        .await
}
