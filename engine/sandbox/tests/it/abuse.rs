//! Each file in `fixtures/cases` says what must come of it; after each, the next step is unharmed.

use host_api::failure::FailureKind;
use host_api::identifier::Digest;
use host_api::invocation::Outcome;
use host_api::limits::Limits;
use sandbox::{Allocation, Interfaces, Invoked, Origin, Sandbox, Settings};
use serde_json::json;

use crate::fixture::Case;
use crate::host::{RecordingHost, call};

pub(crate) fn sandbox(allocation: Allocation) -> Sandbox {
    let settings = Settings { allocation, concurrency_max: 4, ..Settings::default() };
    Sandbox::new(settings).unwrap()
}

pub(crate) async fn register(sandbox: &Sandbox, case: &Case) -> Digest {
    let origin = Origin::Foreign { signature: None };
    match sandbox.register(case.component(), origin).await {
        Ok(registered) => registered.digest,
        Err(error) => panic!("{}: {error}", case.name),
    }
}

/// The result of a call as the cases write it.
pub(crate) fn shown(invoked: &Invoked<RecordingHost>) -> String {
    match &invoked.result {
        Ok(Outcome::Done(value)) => value.to_string(),
        Ok(Outcome::Suspended(suspension)) => {
            let waits = suspension.on.iter().map(|wait| format!("{:?} {}", wait.kind, wait.id));
            format!("suspended on {}", waits.collect::<Vec<_>>().join(", ").to_lowercase())
        }
        Err(failure) if failure.kind == FailureKind::Action => {
            let retryable = if failure.retryable { " retryable" } else { "" };
            let details = Some(&failure.details).filter(|details| !details.is_null());
            let details = details.map(|details| format!(" {details}")).unwrap_or_default();
            format!("Action {}{retryable}{details}", failure.code)
        }
        Err(failure) => format!("{:?}", failure.kind),
    }
}

async fn every_case(allocation: Allocation) {
    let sandbox = sandbox(allocation);
    let good = register(&sandbox, &Case::named("echo")).await;
    for case in Case::all() {
        let digest = register(&sandbox, &case).await;
        let host = RecordingHost::default();
        let limits = case.limits();
        let inputs = json!({ "n": 1 });
        let invoked = sandbox.invoke(&digest, Interfaces::all(), call(inputs), &limits, host).await;
        assert_eq!(
            Some(shown(&invoked).as_str()),
            case.says("expect"),
            "{}: {invoked:?}",
            case.name
        );
        if let Some(part) = case.says("contains") {
            let message = &invoked.result.as_ref().unwrap_err().message;
            assert!(message.contains(part), "{}: {message}", case.name);
        }
        assert!(invoked.usage.fuel <= limits.fuel, "{}", case.name);
        assert!(invoked.usage.memory_bytes_peak <= limits.memory_bytes_max, "{}", case.name);
        assert!(invoked.usage.host_calls <= limits.host_calls_max, "{}", case.name);

        let host = RecordingHost::default();
        let limits = Limits::default();
        let next =
            sandbox.invoke(&good, Interfaces::NONE, call(json!([1, "é"])), &limits, host).await;
        assert_eq!(shown(&next), r#"[1,"é"]"#, "after {}", case.name);
    }
}

#[tokio::test]
async fn every_case_in_a_pool() {
    every_case(Allocation::Pooled).await;
}

#[tokio::test]
async fn every_case_on_demand() {
    every_case(Allocation::OnDemand).await;
}
