//! Time limits, cancellation, queues and leaks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use host_api::failure::FailureKind;
use host_api::identifier::Digest;
use host_api::limits::Limits;
use sandbox::{Allocation, Interfaces, Invoked, Occupancy, Origin, Sandbox, Settings};
use serde_json::json;

use crate::abuse::{register, sandbox, shown};
use crate::fixture::Case;
use crate::host::{Behaviour, RecordingHost, call};

const EMPTY: Occupancy =
    Occupancy { core_instances: 0, component_instances: 0, memories: 0, tables: 0, stacks: 0 };

async fn invoke(
    sandbox: &Sandbox,
    digest: &Digest,
    limits: &Limits,
    behaviour: Behaviour,
) -> Invoked<RecordingHost> {
    let host = RecordingHost::that(behaviour);
    sandbox.invoke(digest, Interfaces::all(), call(json!({})), limits, host).await
}

#[tokio::test]
async fn time_ends_a_blocked_host_call() {
    let sandbox = sandbox(Allocation::Pooled);
    let digest = register(&sandbox, &Case::named("clock")).await;
    let limits = Limits { wall_clock_ms_max: 500, ..Limits::default() };
    let dropped = Arc::new(AtomicBool::new(false));
    let invoked = invoke(&sandbox, &digest, &limits, Behaviour::Hang(Arc::clone(&dropped))).await;
    assert_eq!(shown(&invoked), "Timeout");
    assert!(dropped.load(Ordering::SeqCst), "the host call was left running");
    assert_eq!(invoked.host.requests.len(), 1, "the host comes back");
    assert_eq!(sandbox.occupancy(), Some(EMPTY));
}

#[tokio::test]
async fn time_ends_a_loop_without_a_fuel_limit() {
    let sandbox = sandbox(Allocation::Pooled);
    let limits = Limits { wall_clock_ms_max: 20, fuel: u64::MAX, ..Limits::default() };
    for case in ["loop", "loop-in-start"] {
        let digest = register(&sandbox, &Case::named(case)).await;
        let invoked = invoke(&sandbox, &digest, &limits, Behaviour::Answer).await;
        assert_eq!(shown(&invoked), "Timeout", "{case}");
    }
    assert_eq!(sandbox.occupancy(), Some(EMPTY));
}

#[tokio::test]
async fn dropping_the_call_drops_the_host_call() {
    let sandbox = sandbox(Allocation::Pooled);
    let digest = register(&sandbox, &Case::named("clock")).await;
    let dropped = Arc::new(AtomicBool::new(false));
    let limits = Limits::default();
    {
        let call = invoke(&sandbox, &digest, &limits, Behaviour::Hang(Arc::clone(&dropped)));
        let mut call = Box::pin(call);
        std::future::poll_fn(|context| {
            assert!(call.as_mut().poll(context).is_pending());
            std::task::Poll::Ready(())
        })
        .await;
        assert!(!dropped.load(Ordering::SeqCst));
    }
    assert!(dropped.load(Ordering::SeqCst));
    assert_eq!(sandbox.occupancy(), Some(EMPTY));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_calls_than_room_wait_their_turn() {
    let sandbox = sandbox(Allocation::Pooled);
    let digest = register(&sandbox, &Case::named("every-function")).await;
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (sandbox, digest) = (sandbox.clone(), digest.clone());
            tokio::spawn(async move {
                let limits = Limits::default();
                shown(&invoke(&sandbox, &digest, &limits, Behaviour::Answer).await)
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), "{}");
    }
    assert_eq!(sandbox.occupancy(), Some(EMPTY));
}

#[tokio::test]
async fn ten_thousand_runs_leave_nothing_behind() {
    let sandbox = sandbox(Allocation::Pooled);
    let digest = register(&sandbox, &Case::named("memory-is-fresh")).await;
    let limits = Limits::default();
    for _ in 0..10_000 {
        let invoked = invoke(&sandbox, &digest, &limits, Behaviour::Answer).await;
        assert_eq!(shown(&invoked), "{}");
    }
    assert_eq!(sandbox.occupancy(), Some(EMPTY));
}

#[tokio::test]
async fn what_is_unknown_is_a_load_failure() {
    let sandbox = sandbox(Allocation::OnDemand);
    let limits = Limits::default();
    let unknown = Digest::of(b"unknown");
    let invoked = invoke(&sandbox, &unknown, &limits, Behaviour::Answer).await;
    let failure = invoked.result.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Load, "NotRegistered"));

    let digest = register(&sandbox, &Case::named("echo")).await;
    let other = host_api::invocation::Invocation { action: "test:other".into(), ..call(json!({})) };
    let host = RecordingHost::default();
    let invoked = sandbox.invoke(&digest, Interfaces::NONE, other, &limits, host).await;
    let failure = invoked.result.unwrap_err();
    assert_eq!((failure.kind, failure.code.as_str()), (FailureKind::Load, "UnknownAction"));
}

#[tokio::test]
async fn the_least_recently_used_component_goes_first() {
    let settings =
        Settings { allocation: Allocation::OnDemand, components_max: 2, ..Settings::default() };
    let sandbox = Sandbox::new(settings).unwrap();
    let own = sandbox.register(Case::named("failed").component(), Origin::BuiltIn).await.unwrap();
    let first = register(&sandbox, &Case::named("echo")).await;
    let second = register(&sandbox, &Case::named("loop")).await;
    assert!(sandbox.is_registered(&first));
    let third = register(&sandbox, &Case::named("clock")).await;
    assert!(sandbox.is_registered(&first), "used since");
    assert!(!sandbox.is_registered(&second));
    assert!(sandbox.is_registered(&third) && sandbox.is_registered(&own.digest));
}
