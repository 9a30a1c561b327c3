//! One call of an action.

use std::any::Any;
use std::time::{Duration, Instant};

use host_api::failure::{Failure, FailureKind};
use host_api::identifier::Digest;
use host_api::invocation::{Invocation, Outcome};
use host_api::limits::{HTTP_BODY_BYTES_MAX, Limits};
use wasmtime::Store;

use crate::activation::Activation;
use crate::bindings::ActionPre;
use crate::bindings::runwright::host::types as wit;
use crate::engine::{FUEL_YIELD_INTERVAL, HANDLES_MAX};
use crate::fault;
use crate::host::{CallError, Host};
use crate::interfaces::Interfaces;
use crate::line_log::LogLine;
use crate::outcome;
use crate::registry::Entry;
use crate::sandbox::Sandbox;
use crate::wasi::{SEED_BYTES, Wasi};

/// Room for the small things around the largest value that crosses from guest to host.
const CROSSING_BYTES_SLACK: usize = 256 << 10;

/// How a call ended, and what it took.
#[derive(Debug)]
pub struct Invoked<H> {
    pub result: Result<Outcome, Failure>,
    pub usage: Usage,
    /// What the guest wrote, as far as the log's budget went.
    pub log: Vec<LogLine>,
    /// Bytes of the lines that were dropped.
    pub log_dropped_bytes: u64,
    /// The host that was given.
    pub host: H,
}

/// What one activation used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub fuel: u64,
    pub memory_bytes_peak: u64,
    pub host_calls: u32,
    pub host_call_bytes: u64,
    /// From the moment the call had its turn.
    pub wall_clock: Duration,
}

pub(crate) async fn invoke<H: Host>(
    sandbox: &Sandbox,
    digest: &Digest,
    granted: Interfaces,
    call: Invocation,
    limits: &Limits,
    host: H,
) -> Invoked<H> {
    let Some(entry) = sandbox.inner.registry.get(digest) else {
        let message = format!("the component {digest} is not registered");
        return refused(
            Failure { code: "NotRegistered".to_owned(), ..load_failure(message) },
            host,
        );
    };
    if !entry.manifest.actions.iter().any(|action| action.name == call.action) {
        let message = format!("the component {digest} has no action `{}`", call.action);
        return refused(
            Failure { code: "UnknownAction".to_owned(), ..load_failure(message) },
            host,
        );
    }
    let prepared = match entry.prepared(granted) {
        Ok(prepared) => prepared,
        Err(error) => return refused(load_failure(format!("{error:#}")), host),
    };
    let permits = entry.permits.min(sandbox.inner.concurrency_max);
    let Ok(_turn) = sandbox.inner.turns.acquire_many(permits).await else {
        return refused(load_failure("the sandbox is closed"), host);
    };
    let started = Instant::now();
    let activation = Activation::new(Box::new(host), &call, limits);
    let mut store = Store::new(&sandbox.inner.engine, activation);
    let call = outcome::to_guest(call);
    let wall_clock_max = Duration::from_millis(limits.wall_clock_ms_max);
    let run = run(&entry, &prepared, &mut store, &call, limits);
    let answer = tokio::time::timeout(wall_clock_max, run).await;
    let result = match answer {
        Ok(Ok(answer)) => outcome::from_guest(answer, limits).map_err(|failure| *failure),
        Ok(Err(error)) => Err(fault::classify(error, limits.fuel)),
        Err(_) => {
            let message = format!("not done within {} ms", limits.wall_clock_ms_max);
            Err(Failure::new(FailureKind::Timeout, message))
        }
    };
    // Fuel is always on, so there is always an answer.
    let fuel_left = store.get_fuel().unwrap_or(0);
    closed(result, store.into_data(), limits.fuel.saturating_sub(fuel_left), started)
}

/// Sets every limit. It is done before anything of the guest is touched, so that they hold for start functions too.
fn limit(store: &mut Store<Activation>, limits: &Limits) -> wasmtime::Result<()> {
    store.limiter(|activation| &mut activation.memory);
    let result_bytes_max = usize::try_from(limits.result_bytes_max).unwrap_or(usize::MAX);
    let crossing_bytes_max = result_bytes_max.max(HTTP_BODY_BYTES_MAX);
    store.set_hostcall_fuel(crossing_bytes_max.saturating_add(CROSSING_BYTES_SLACK));
    store.set_max_component_handles(HANDLES_MAX);
    store.set_fuel(limits.fuel)?;
    store.fuel_async_yield_interval(Some(FUEL_YIELD_INTERVAL))
}

async fn run(
    entry: &Entry,
    prepared: &ActionPre<Activation>,
    store: &mut Store<Activation>,
    call: &wit::Invocation,
    limits: &Limits,
) -> wasmtime::Result<Result<wit::Outcome, wit::Failure>> {
    limit(store, limits)?;
    if entry.wasi {
        let activation = store.data_mut();
        let now_ms = activation.now_ms().await.map_err(CallError::into_trap)?;
        let seed = activation.host.random(SEED_BYTES);
        activation.wasi = Some(Box::new(Wasi::new(now_ms, &seed, limits.log_bytes_max)));
    }
    let action = prepared.instantiate_async(&mut *store).await?;
    action.call_run(store, call).await
}

fn load_failure(message: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Load, message)
}

fn refused<H>(failure: Failure, host: H) -> Invoked<H> {
    Invoked {
        result: Err(failure),
        usage: Usage::default(),
        log: Vec::new(),
        log_dropped_bytes: 0,
        host,
    }
}

fn closed<H: Host>(
    result: Result<Outcome, Failure>,
    activation: Activation,
    fuel: u64,
    started: Instant,
) -> Invoked<H> {
    let Activation { host, memory, calls, mut log, wasi, .. } = activation;
    if let Some(wasi) = wasi {
        wasi.drain(&mut log);
    }
    let usage = Usage {
        fuel,
        memory_bytes_peak: memory.peak_bytes(),
        host_calls: calls.calls,
        host_call_bytes: calls.bytes,
        wall_clock: started.elapsed(),
    };
    let (log, log_dropped_bytes) = log.into_parts();
    let host: Box<dyn Any> = host;
    let host = host.downcast::<H>().expect("the store was given a host of this type");
    Invoked { result, usage, log, log_dropped_bytes, host: *host }
}
