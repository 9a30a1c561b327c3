//! Policies: what they may say, when they are due, and that each is carried out once.

use services::parameters::{DescribeParametersRequest, ParameterMetadata, PutParameterRequest};

use crate::fixture::Fixture;
use crate::parameters::{overwrite, put};

const HOUR_MS: u64 = 3_600_000;

fn with(request: PutParameterRequest, policies: &str) -> PutParameterRequest {
    PutParameterRequest {
        policies: Some(policies.to_owned()),
        tier: Some("Advanced".to_owned()),
        ..request
    }
}

fn policy(kind: &str, attributes: &str) -> String {
    format!(r#"{{"Type":"{kind}","Version":"1.0","Attributes":{attributes}}}"#)
}

fn expiration(time: &str) -> String {
    policy("Expiration", &format!(r#"{{"Timestamp":"{time}"}}"#))
}

fn no_change(after: u32, unit: &str) -> String {
    policy("NoChangeNotification", &format!(r#"{{"After":"{after}","Unit":"{unit}"}}"#))
}

fn before(before: u32, unit: &str) -> String {
    policy("ExpirationNotification", &format!(r#"{{"Before":"{before}","Unit":"{unit}"}}"#))
}

async fn described(fixture: &Fixture) -> Vec<ParameterMetadata> {
    let all = DescribeParametersRequest::default();
    fixture.services.describe_parameters(all).await.unwrap().parameters.unwrap()
}

async fn statuses(fixture: &Fixture) -> Vec<String> {
    let policies = described(fixture).await.remove(0).policies.unwrap();
    let shown = |policy: services::parameters::ParameterInlinePolicy| {
        format!("{} {}", policy.policy_type.unwrap(), policy.policy_status.unwrap())
    };
    policies.into_iter().map(shown).collect()
}

/// 2100-01-01T00:00:00Z in milliseconds since the Unix epoch.
const YEAR_2100_MS: u64 = 4_102_444_800_000;

#[tokio::test]
async fn a_policy_that_cannot_be_is_refused() {
    let fixture = Fixture::new();
    let list = |policies: &[String]| format!("[{}]", policies.join(","));
    let future = expiration("2100-01-01T00:00:00.000Z");
    let cases = [
        ("invalid json".to_owned(), "ValidationException"),
        ("{}".to_owned(), "ValidationException"),
        (r#"["Expiration"]"#.to_owned(), "ValidationException"),
        (list(&[policy("Never", "{}")]), "InvalidPolicyTypeException"),
        (r#"[{"Version":"1.0"}]"#.to_owned(), "InvalidPolicyTypeException"),
        ("[{},{}]".to_owned(), "InvalidPolicyTypeException"),
        (list(&[expiration("tomorrow")]), "InvalidPolicyAttributeException"),
        (list(&[expiration("2001-01-01T00:00:00Z")]), "InvalidPolicyAttributeException"),
        (list(&[policy("Expiration", "{}")]), "InvalidPolicyAttributeException"),
        (
            list(&[policy("Expiration", r#"{"Timestamp":"2100-01-01T00:00:00Z","Unit":"Days"}"#)]),
            "InvalidPolicyAttributeException",
        ),
        (list(&[no_change(1, "Weeks")]), "InvalidPolicyAttributeException"),
        (list(&[no_change(0, "Days")]), "InvalidPolicyAttributeException"),
        (
            list(&[policy("NoChangeNotification", r#"{"After":"x","Unit":"Days"}"#)]),
            "InvalidPolicyAttributeException",
        ),
        (future.replace("1.0", "2.0"), "ValidationException"),
        (list(&[future.replace("1.0", "2.0")]), "InvalidPolicyAttributeException"),
        (
            r#"[{"Type":"Expiration","Version":"1.0","Attributes":{"Timestamp":"2100-01-01T00:00:00Z"},"More":1}]"#
                .to_owned(),
            "InvalidPolicyAttributeException",
        ),
        (list(&[future.clone(), future.clone()]), "IncompatiblePolicyException"),
        (list(&[before(1, "Days")]), "IncompatiblePolicyException"),
        (list(&vec![no_change(1, "Days"); 11]), "PoliciesLimitExceededException"),
        (format!("[{}]", " ".repeat(4_096)), "ValidationException"),
    ];
    for (policies, code) in cases {
        let error = fixture.refused(with(put("/x", "v", "String"), &policies)).await;
        assert_eq!(error.code, code, "{policies}: {error}");
    }
    let mut standard = with(put("/x", "v", "String"), &list(&[future]));
    standard.tier = Some("Standard".to_owned());
    assert_eq!(fixture.refused(standard).await.code, "ValidationException");
    assert_eq!(fixture.services.next_parameter_policy_due().await.unwrap(), None);
}

#[tokio::test]
async fn a_parameter_expires_at_its_time_with_all_it_has() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let policies = format!("[{},{}]", expiration("2100-01-01T02:00:00+02:00"), before(3, "Hours"));
    fixture.put(with(put("/x", "v", "String"), &policies)).await;
    fixture.label("/x", None, &["live"]).await.unwrap();
    let next = || services.next_parameter_policy_due();
    assert_eq!(next().await.unwrap(), Some(YEAR_2100_MS - 3 * HOUR_MS));
    let carry_out = |now_ms| services.carry_out_parameter_policies(now_ms);
    assert_eq!(carry_out(YEAR_2100_MS - 3 * HOUR_MS - 1).await.unwrap(), 0);
    assert_eq!(carry_out(YEAR_2100_MS - 3 * HOUR_MS).await.unwrap(), 1);
    assert_eq!(carry_out(YEAR_2100_MS - 1).await.unwrap(), 0, "it is told once");
    assert_eq!(statuses(&fixture).await, ["Expiration Pending", "ExpirationNotification Finished"]);
    fixture.put(overwrite("/x", "v2")).await;
    assert_eq!(
        statuses(&fixture).await,
        ["Expiration Pending", "ExpirationNotification Finished"],
        "policies stay, and what was told is not told again"
    );
    assert_eq!(next().await.unwrap(), Some(YEAR_2100_MS));
    assert_eq!(carry_out(YEAR_2100_MS).await.unwrap(), 1);
    assert_eq!(fixture.get("/x", false).await.unwrap_err().code, "ParameterNotFound");
    assert_eq!((next().await.unwrap(), carry_out(u64::MAX >> 1).await.unwrap()), (None, 0));
    let fired = fixture.audit_actions();
    assert_eq!(fired.iter().filter(|(action, _)| action == "ParameterPolicy").count(), 2);
    assert_eq!(fixture.put(put("/x", "new", "String")).await.version, Some(1));
    assert!(statuses(&fixture).await.is_empty());
}

#[tokio::test]
async fn a_change_begins_the_wait_for_no_change_anew() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let policies = format!("[{}]", no_change(20, "Days"));
    fixture.put(with(put("/x", "v", "String"), &policies)).await;
    let due = services.next_parameter_policy_due().await.unwrap().unwrap();
    assert_eq!(services.carry_out_parameter_policies(due).await.unwrap(), 1);
    assert_eq!(statuses(&fixture).await, ["NoChangeNotification Finished"]);
    assert_eq!(services.next_parameter_policy_due().await.unwrap(), None);

    fixture.put(overwrite("/x", "v2")).await;
    let again = services.next_parameter_policy_due().await.unwrap().unwrap();
    assert!(again >= due);
    assert_eq!(statuses(&fixture).await, ["NoChangeNotification Pending"]);
    let texts: Vec<_> = fixture
        .history("/x")
        .await
        .into_iter()
        .map(|version| version.policies.unwrap()[0].policy_text.clone().unwrap())
        .collect();
    assert_eq!(texts, [no_change(20, "Days"), no_change(20, "Days")]);

    fixture.put(with(overwrite("/x", "v3"), &format!("[{}]", no_change(1, "Hours")))).await;
    assert!(services.next_parameter_policy_due().await.unwrap().unwrap() < again);
    fixture.put(with(overwrite("/x", "v4"), "[{}]")).await;
    assert_eq!(services.next_parameter_policy_due().await.unwrap(), None);
    assert!(statuses(&fixture).await.is_empty());
    let history = fixture.history("/x").await;
    let counts: Vec<_> =
        history.iter().map(|version| version.policies.as_ref().unwrap().len()).collect();
    assert_eq!(counts, [1, 1, 1, 0]);
}

#[tokio::test]
async fn those_who_carry_out_side_by_side_do_it_once() {
    let fixture = Fixture::new();
    for number in 0..20 {
        let policies = format!("[{}]", expiration("2100-01-01T00:00:00Z"));
        fixture.put(with(put(&format!("/p{number}"), "v", "String"), &policies)).await;
    }
    let workers: Vec<_> = (0..8)
        .map(|_| {
            let services = fixture.services.clone();
            tokio::spawn(async move { services.carry_out_parameter_policies(YEAR_2100_MS).await })
        })
        .collect();
    let mut count = 0;
    for worker in workers {
        count += worker.await.unwrap().unwrap();
    }
    assert_eq!(count, 20);
    let fired = fixture.audit_actions();
    assert_eq!(fired.iter().filter(|(action, _)| action == "ParameterPolicy").count(), 20);
    assert!(described(&fixture).await.is_empty());
}
