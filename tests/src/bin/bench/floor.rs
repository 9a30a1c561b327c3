//! The floor: a fresh instance from a prepared component and three rows in a shared commit, with no engine.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use host_api::effect::{Activation, StepPath};
use host_api::failure::Failure;
use host_api::identifier::{Digest, Principal, RunId};
use host_api::invocation::{Invocation, Outcome};
use host_api::limits::Limits;
use host_api::port::{HostAnswer, LoggedCall};
use host_api::request::{ClockRequest, HostRequest};
use sandbox::{Interfaces, Origin, Position, Sandbox};
use serde_json::{Value, json};
use store::runs::NewRun;
use store::{OpenOptions, Store, WriteError, host_calls, journal, leases, runs};

use crate::options::Options;
use crate::report::{Bar, Report, Unit};
use crate::sample::{Sample, per_second};

pub(crate) const SEQUENTIAL_P50: &str = "floor: one step after the other, p50";
pub(crate) const RATE_200: &str = "floor: steps, 200 in flight";
const IN_FLIGHT: usize = 200;

/// What a floor's step is made of.
#[derive(Clone)]
struct Floor {
    sandbox: Sandbox,
    component: Digest,
    store: Store,
    limits: Arc<Limits>,
}

pub(crate) async fn measure(
    directory: &Path,
    options: &Options,
    report: &mut Report,
) -> Result<()> {
    let floor = Floor::open(directory).await?;
    warm(&floor, options, report).await?;
    sequential(&floor, options, report).await?;
    in_flight(&floor, options, report).await
}

async fn warm(floor: &Floor, options: &Options, report: &mut Report) -> Result<()> {
    let mut sample = Sample::default();
    for number in 0..options.times(5_000, 100) {
        let begun = Instant::now();
        floor.call("warm", number).await?;
        sample.add(begun.elapsed());
    }
    let bar = Bar::AtMost(0.06);
    let p50 = sample.percentile_ms(50);
    report.add("warm sandboxed step without the store, p50", p50, Unit::Milliseconds, bar);
    let p99 = sample.percentile_ms(99);
    report.add("warm sandboxed step without the store, p99", p99, Unit::Milliseconds, Bar::None);
    Ok(())
}

async fn sequential(floor: &Floor, options: &Options, report: &mut Report) -> Result<()> {
    let epoch = floor.start("sequential").await?;
    let mut sample = Sample::default();
    for number in 0..options.times(4_000, 100) {
        let begun = Instant::now();
        floor.step("sequential", number, epoch).await?;
        sample.add(begun.elapsed());
    }
    report.add(SEQUENTIAL_P50, sample.percentile_ms(50), Unit::Milliseconds, Bar::None);
    let p99 = sample.percentile_ms(99);
    report.add("floor: one step after the other, p99", p99, Unit::Milliseconds, Bar::None);
    Ok(())
}

async fn in_flight(floor: &Floor, options: &Options, report: &mut Report) -> Result<()> {
    let steps = options.times(200, 5);
    let mut epochs = Vec::with_capacity(IN_FLIGHT);
    for run in 0..IN_FLIGHT {
        epochs.push(floor.start(&format!("flight-{run}")).await?);
    }
    let begun = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for (run, epoch) in epochs.into_iter().enumerate() {
        let floor = floor.clone();
        tasks.spawn(async move {
            let run = format!("flight-{run}");
            for number in 0..steps {
                floor.step(&run, number, epoch).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    let rate = per_second(IN_FLIGHT * steps, begun.elapsed());
    report.add(RATE_200, rate, Unit::PerSecond, Bar::None);
    Ok(())
}

impl Floor {
    async fn open(directory: &Path) -> Result<Self> {
        let shipped = library::actions().iter().find(|action| action.name == "assert-property");
        let shipped = shipped.context("the library has no `assert-property`")?;
        let sandbox = Sandbox::new(sandbox::Settings {
            cache_directory: Some(directory.join("floor-cache")),
            ..sandbox::Settings::default()
        })?;
        let registered = sandbox.register(Arc::from(shipped.bytes), Origin::BuiltIn).await?;
        let data = directory.join("floor");
        let store =
            tokio::task::spawn_blocking(move || Store::open(&data, &OpenOptions::default()))
                .await??;
        let limits = Arc::new(Limits::default());
        Ok(Self { sandbox, component: registered.digest, store, limits })
    }

    async fn start(&self, run: &str) -> Result<u64, WriteError> {
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
        let write = self.store.write(move |tx| {
            runs::insert(tx, &run)?;
            leases::acquire(tx, &run.id, "bench")
        });
        write.await
    }

    /// Calls the component and returns its outputs.
    async fn call(&self, run: &str, number: usize) -> Result<Value> {
        let call = Invocation {
            action: "aws:assertProperty".to_owned(),
            run_id: run.to_owned(),
            step: format!("Step{number}"),
            attempt: 1,
            inputs: json!({ "Value": number, "DesiredValues": [number] }),
            resume: None,
        };
        let granted = Interfaces::of([] as [&str; 0])?;
        let invoked =
            self.sandbox.invoke(&self.component, granted, call, &self.limits, Nothing).await;
        match invoked.result {
            Ok(Outcome::Done(outputs)) => Ok(outputs),
            Ok(Outcome::Suspended(_)) => bail!("`assertProperty` suspended itself"),
            Err(failure) => bail!("{failure}"),
        }
    }

    /// One step. The component makes no host call of its own, so the logged one is made here.
    async fn step(&self, run: &str, number: usize, epoch: u64) -> Result<()> {
        let outputs = self.call(run, number).await?;
        let run = RunId::new(run);
        let path = StepPath::top(format!("Step{number}"));
        let activation = Activation { run: run.clone(), path, attempt: 1, activation: 1 };
        let answer = Ok(Value::from(1_700_000_000_000_u64));
        let request = HostRequest::Clock(ClockRequest::Now);
        let calls = host_calls::Encoded::new(&[LoggedCall::new(0, &request, Some(&answer))])?;
        let ended = entry("StepSucceeded", number, &outputs);
        let begun = entry("StepStarted", number + 1, &outputs);
        let expected_seq = u64::try_from(number)? * 2;
        let write = self.store.write(move |tx| {
            host_calls::append_encoded(tx, &activation, &calls)?;
            journal::append(tx, &run, expected_seq, epoch, &[&ended, &begun])
        });
        write.await?;
        Ok(())
    }
}

/// An entry as large as the engine's.
fn entry(event: &str, number: usize, outputs: &Value) -> String {
    json!({
        "at": 1_700_000_000_000_u64, "event": event, "path": format!("Step{number}"), "attempt": 1,
        "outputs": outputs,
    })
    .to_string()
}

/// A host that is never asked.
struct Nothing;

#[async_trait]
impl sandbox::Host for Nothing {
    async fn call(&mut self, _request: HostRequest) -> Result<HostAnswer, Failure> {
        Ok(Ok(Value::Null))
    }

    fn denied(&mut self, _interface: &str, _function: &str) {}

    fn random(&mut self, length: u32) -> Vec<u8> {
        vec![0; usize::try_from(length).unwrap_or(0)]
    }

    fn position(&self) -> Position {
        let text = String::new;
        Position {
            run_id: text(),
            document_name: text(),
            document_version: text(),
            step: text(),
            attempt: 1,
            activation: 1,
            account_id: text(),
            region: text(),
            principal: text(),
        }
    }

    fn effect_key(&self) -> String {
        String::new()
    }

    fn handle_for(&mut self, _secret_reference: &str) -> String {
        String::new()
    }

    fn resolve_handle(&self, _handle: &str) -> Option<String> {
        None
    }
}
