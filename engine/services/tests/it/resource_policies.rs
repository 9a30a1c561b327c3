use serde_json::{Value, json};
use services::ServiceError;
use services::resource_policies::{POLICIES_MAX, POLICY_BYTES_MAX};
use store::parameters::{NewParameter, StoredValue};

use crate::fixture::{Fixture, SMALLEST, actor};

const PARAMETER: &str = "arn:aws:ssm:us-east-1:000000000000:parameter/app/a";
const DOCUMENT: &str = "arn:aws:ssm:us-east-1:000000000000:document/Check";

async fn call(fixture: &Fixture, operation: &str, input: Value) -> Result<Value, ServiceError> {
    fixture.services.call(actor(), operation, input).await
}

async fn put(
    fixture: &Fixture,
    arn: &str,
    policy: &str,
    current: Value,
) -> Result<Value, ServiceError> {
    let mut input = json!({ "ResourceArn": arn, "Policy": policy });
    for (member, value) in current.as_object().unwrap() {
        input[member] = value.clone();
    }
    call(fixture, "PutResourcePolicy", input).await
}

fn policy(sid: &str) -> String {
    let statement = json!({
        "Sid": sid,
        "Effect": "Allow",
        "Principal": { "AWS": "111122223333" },
        "Action": ["ssm:GetParameter"],
        "Resource": PARAMETER,
    });
    json!({ "Version": "2012-10-17", "Statement": [statement] }).to_string()
}

fn parameter(fixture: &Fixture, name: &str, tier: &str) {
    let new = NewParameter {
        name: name.to_owned(),
        kind: "String".to_owned(),
        value: StoredValue::Plain("v".to_owned()),
        description: None,
        last_modified_ms: 1,
        last_modified_by: "os:1000".to_owned(),
        data_type: "text".to_owned(),
        allowed_pattern: None,
        tier: tier.to_owned(),
        key_name: None,
    };
    fixture.store.write_blocking(move |tx| store::parameters::put(tx, &new, 0)).unwrap();
}

async fn scene() -> Fixture {
    let fixture = Fixture::new();
    parameter(&fixture, "/app/a", "Advanced");
    parameter(&fixture, "plain", "Standard");
    fixture.services.put_document(&actor(), "Check", "Automation", SMALLEST).await.unwrap();
    fixture
}

async fn list(fixture: &Fixture, arn: &str) -> Value {
    let answer = call(fixture, "GetResourcePolicies", json!({ "ResourceArn": arn })).await.unwrap();
    answer["Policies"].clone()
}

#[tokio::test]
async fn a_policy_is_put_replaced_and_deleted_under_its_hash() {
    let fixture = scene().await;
    for arn in [PARAMETER, DOCUMENT] {
        let first = put(&fixture, arn, &policy("one"), json!({})).await.unwrap();
        let mut shown = first.clone();
        shown["Policy"] = json!(policy("one"));
        assert_eq!(list(&fixture, arn).await, json!([shown]));
        let second = put(&fixture, arn, &policy("two"), first.clone()).await.unwrap();
        assert_eq!(second["PolicyId"], first["PolicyId"]);
        assert_ne!(second["PolicyHash"], first["PolicyHash"]);
        let stale = put(&fixture, arn, &policy("three"), first.clone()).await.unwrap_err();
        assert_eq!(stale.code, "ResourcePolicyConflictException");
        let delete = async |current: &Value| {
            let mut input = current.clone();
            input["ResourceArn"] = json!(arn);
            call(&fixture, "DeleteResourcePolicy", input).await
        };
        assert_eq!(delete(&first).await.unwrap_err().code, "ResourcePolicyConflictException");
        assert_eq!(delete(&second).await.unwrap(), json!({}));
        assert_eq!(delete(&second).await.unwrap_err().code, "ResourcePolicyNotFoundException");
        let gone = put(&fixture, arn, &policy("three"), second).await.unwrap_err();
        assert_eq!(gone.code, "ResourcePolicyNotFoundException");
        assert_eq!(list(&fixture, arn).await, json!([]));
    }
}

#[tokio::test]
async fn policies_come_in_pages_and_have_a_limit() {
    let fixture = scene().await;
    for number in 0..POLICIES_MAX {
        put(&fixture, PARAMETER, &policy(&number.to_string()), json!({})).await.unwrap();
    }
    let error = put(&fixture, PARAMETER, &policy("more"), json!({})).await.unwrap_err();
    assert_eq!(error.code, "ResourcePolicyLimitExceededException");
    let mut ids = Vec::new();
    let mut input = json!({ "ResourceArn": PARAMETER, "MaxResults": 4 });
    loop {
        let page = call(&fixture, "GetResourcePolicies", input.clone()).await.unwrap();
        let policies = page["Policies"].as_array().unwrap();
        assert!(policies.len() <= 4);
        ids.extend(policies.iter().map(|policy| policy["PolicyId"].as_str().unwrap().to_owned()));
        let Some(token) = page.get("NextToken") else { break };
        input["NextToken"] = token.clone();
    }
    assert_eq!(ids.len(), POLICIES_MAX as usize);
    assert!(ids.is_sorted());
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let fixture = scene().await;
    let arn = |rest: &str| format!("arn:aws:ssm:us-east-1:000000000000:{rest}");
    let good = policy("x");
    let long = format!("{good}{}", " ".repeat(POLICY_BYTES_MAX));
    let statement = |text: &str| format!(r#"{{"Statement":[{text}]}}"#);
    for (arn, policy, current, code) in [
        (arn("parameter/none"), &good, json!({}), "ResourceNotFoundException"),
        (arn("document/None"), &good, json!({}), "ResourceNotFoundException"),
        (arn("parameter/plain"), &good, json!({}), "ResourcePolicyInvalidParameterException"),
        (arn("opsitemgroup/default"), &good, json!({}), "Unavailable"),
        (arn("patchbaseline/pb-1"), &good, json!({}), "ResourcePolicyInvalidParameterException"),
        (
            PARAMETER.replace("us-east-1", "x"),
            &good,
            json!({}),
            "ResourcePolicyInvalidParameterException",
        ),
        (
            PARAMETER.to_owned(),
            &good,
            json!({ "PolicyId": "x" }),
            "ResourcePolicyInvalidParameterException",
        ),
        (
            PARAMETER.to_owned(),
            &good,
            json!({ "PolicyHash": "x" }),
            "ResourcePolicyInvalidParameterException",
        ),
        (PARAMETER.to_owned(), &long, json!({}), "ResourcePolicyLimitExceededException"),
        (
            PARAMETER.to_owned(),
            &"{".to_owned(),
            json!({}),
            "MalformedResourcePolicyDocumentException",
        ),
        (
            PARAMETER.to_owned(),
            &statement(""),
            json!({}),
            "MalformedResourcePolicyDocumentException",
        ),
        (
            PARAMETER.to_owned(),
            &statement("{}"),
            json!({}),
            "MalformedResourcePolicyDocumentException",
        ),
        (
            PARAMETER.to_owned(),
            &statement(r#"{"Effect":"Allow","Action":"ssm:*","Resource":"*"}"#),
            json!({}),
            "MalformedResourcePolicyDocumentException",
        ),
    ] {
        let error = put(&fixture, &arn, policy, current).await.unwrap_err();
        assert_eq!(error.code, code, "{arn} {policy}: {error}");
    }
    let token = json!({ "ResourceArn": PARAMETER, "NextToken": "bad" });
    let error = call(&fixture, "GetResourcePolicies", token).await.unwrap_err();
    assert_eq!(error.code, "ResourcePolicyInvalidParameterException");
    let none = json!({ "ResourceArn": arn("parameter/none") });
    let error = call(&fixture, "GetResourcePolicies", none).await.unwrap_err();
    assert_eq!(error.code, "ResourceNotFoundException");
}
