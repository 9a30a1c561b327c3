//! Tiers and data types.

use services::parameters::PutParameterRequest;

use crate::fixture::Fixture;
use crate::parameters::{overwrite, put};

fn with_tier(request: PutParameterRequest, tier: &str) -> PutParameterRequest {
    PutParameterRequest { tier: Some(tier.to_owned()), ..request }
}

fn with_type(request: PutParameterRequest, data_type: &str) -> PutParameterRequest {
    PutParameterRequest { data_type: Some(data_type.to_owned()), ..request }
}

#[tokio::test]
async fn the_advanced_tier_holds_more_and_is_not_left() {
    let fixture = Fixture::new();
    let large = "v".repeat(8_192);
    fixture.put(put("/x", "v", "String")).await;
    let error = fixture.refused(overwrite("/x", &large)).await;
    assert_eq!(error.code, "ValidationException", "the tier stays when none is named");
    let result = fixture.put(with_tier(overwrite("/x", &large), "Advanced")).await;
    assert_eq!(result.tier.as_deref(), Some("Advanced"));
    let error = fixture.refused(with_tier(overwrite("/x", "v"), "Standard")).await;
    assert_eq!(error.code, "ValidationException");
    assert!(error.message.contains("You can't downgrade a parameter"), "{error}");
    for request in [overwrite("/x", "v"), with_tier(overwrite("/x", "v"), "Intelligent-Tiering")] {
        assert_eq!(fixture.put(request).await.tier.as_deref(), Some("Advanced"));
    }
}

#[tokio::test]
async fn intelligent_tiering_takes_what_is_needed() {
    let fixture = Fixture::new();
    let intelligent =
        |name: &str, value: &str| with_tier(put(name, value, "String"), "Intelligent-Tiering");
    let mut expiring = intelligent("/expiring", "v");
    expiring.policies = Some(
        r#"[{"Type":"NoChangeNotification","Version":"1.0","Attributes":{"After":"1","Unit":"Days"}}]"#
            .to_owned(),
    );
    let mut without = intelligent("/without", "v");
    without.policies = Some("[{}]".to_owned());
    for (request, tier) in [
        (intelligent("/small", &"v".repeat(4_096)), "Standard"),
        (intelligent("/large", &"v".repeat(4_097)), "Advanced"),
        (expiring, "Advanced"),
        (without, "Standard"),
        (with_type(intelligent("/json", "{}"), "json"), "Advanced"),
        (with_type(intelligent("/integer", "1"), "integer"), "Standard"),
    ] {
        let name = request.name.clone();
        assert_eq!(fixture.put(request).await.tier.as_deref(), Some(tier), "{name}");
    }
}

#[tokio::test]
async fn there_is_an_end_to_the_standard_tier() {
    let fixture = Fixture::new();
    let row = |number: usize| store::parameters::NewParameter {
        name: format!("/many/{number:05}"),
        kind: "String".to_owned(),
        value: store::parameters::StoredValue::Plain("v".to_owned()),
        description: None,
        last_modified_ms: 1,
        last_modified_by: "os:1000".to_owned(),
        data_type: "text".to_owned(),
        allowed_pattern: None,
        tier: "Standard".to_owned(),
        key_name: None,
    };
    fixture
        .store
        .write_blocking(move |tx| {
            (0..10_000).try_for_each(|number| store::parameters::put(tx, &row(number), 0).map(drop))
        })
        .unwrap();
    let error = fixture.refused(put("/more", "v", "String")).await;
    assert_eq!(error.code, "ParameterLimitExceeded");
    fixture.put(overwrite("/many/00001", "a new version is no new parameter")).await;
    let intelligent = with_tier(put("/more", "v", "String"), "Intelligent-Tiering");
    assert_eq!(fixture.put(intelligent).await.tier.as_deref(), Some("Advanced"));
    fixture.delete_parameter("/many/00000").await;
    fixture.put(put("/another", "v", "String")).await;
    fixture.put(with_tier(overwrite("/another", "v"), "Advanced")).await;
    fixture.put(put("/in-its-place", "v", "String")).await;
    assert_eq!(fixture.refused(put("/z", "v", "String")).await.code, "ParameterLimitExceeded");
}

#[tokio::test]
async fn a_value_is_what_its_data_type_says() {
    let fixture = Fixture::new();
    let cases: [(&str, &[&str], &[&str]); 14] = [
        ("text", &["anything"], &[]),
        ("aws:ec2:image", &["ami-12345678", "not one"], &[]),
        (
            "aws:region",
            &["us-east-1", "us-gov-west-1", "ap-southeast-2"],
            &["useast1", "us-1", "US-east-1", "us-east-x"],
        ),
        ("aws:account:id", &["000000000000"], &["1", "00000000000x"]),
        ("boolean", &["true", "false"], &["True", "1"]),
        (
            "integer",
            &["0", "-12", "+7", "123456789012345678901234567890"],
            &["1.0", "", "-", "0x1"],
        ),
        ("float", &["1.5", "-2e10", "7", ".5"], &["NaN", "inf", "1,5", "1e999"]),
        ("binary", &["aGVsbG8="], &["not base64!"]),
        ("hostname", &["localhost", "a-1.example.org"], &["-a", "a..b", "a_b", "10.0.0.1"]),
        (
            "email",
            &["a.b+c@example.org"],
            &["a@b", "a b@example.org", "@example.org", "a..b@example.org"],
        ),
        ("ipv4-address", &["10.0.0.1"], &["10.0.0", "256.0.0.1", "::1"]),
        ("ipv6-address", &["::1", "2001:db8::ff00:42:8329"], &["10.0.0.1", "::g"]),
        ("url", &["https://example.org/x?y"], &["example.org", "mailto:x"]),
        ("json", &["{\"a\":[1]}", "7"], &["{a:1}", "{} // no"]),
    ];
    for (data_type, good, bad) in cases {
        let tier = |request| with_tier(with_type(request, data_type), "Advanced");
        for value in good {
            let mut request = tier(put("/x", value, "String"));
            request.overwrite = Some(true);
            fixture.put(request).await;
            let found = fixture.get("/x", false).await.unwrap();
            assert_eq!(found.data_type.as_deref(), Some(data_type));
            assert_eq!(found.value.unwrap().expose(), *value, "values are texts");
        }
        for value in bad.iter().filter(|value| !value.is_empty()) {
            let error = fixture.refused(tier(put("/y", value, "String"))).await;
            assert_eq!(error.code, "ValidationException", "{data_type} {value}");
            assert!(error.message.contains(data_type) && !error.message.contains(value), "{error}");
        }
    }
    let commented = "{ // a\n \"b\": \"/* no \\\" comment */\" /* c */ }";
    let jsonc =
        |value: &str| with_tier(with_type(put("/jsonc", value, "String"), "jsonc"), "Advanced");
    fixture.put(jsonc(commented)).await;
    fixture.delete_parameter("/jsonc").await;
    for value in ["{ /* }", "{ / }", "\"open", "{} //\n,"] {
        assert_eq!(fixture.refused(jsonc(value)).await.code, "ValidationException", "{value}");
    }
    for data_type in ["url", "json", "jsonc"] {
        let error = fixture.refused(with_type(put("/z", "{}", "String"), data_type)).await;
        assert_eq!(error.code, "ValidationException", "needs the Advanced tier: {data_type}");
    }
    fixture.put(with_type(put("/list", "1,2,-3", "StringList"), "integer")).await;
    let list = with_type(put("/list2", "1,x", "StringList"), "integer");
    assert_eq!(fixture.refused(list).await.code, "ValidationException");
    let image = with_type(put("/image", "ami-1", "SecureString"), "aws:ec2:image");
    assert_eq!(fixture.refused(image).await.code, "ValidationException");
}

#[tokio::test]
async fn an_integration_is_secret_and_in_its_place() {
    let fixture = Fixture::new();
    let place = "/d9d01087-4a3f-49e0-b0b4-d568d7826553/ssm/integrations/webhook/chat";
    let integration = |name: &str, value: &str, kind: &str| {
        with_type(put(name, value, kind), "aws:ssm:integration")
    };
    let good = r#"{"description":"d","url":"https://example.org/h","headers":{"x":"y"},"payload":{"a":1}}"#;
    fixture.put(integration(place, good, "SecureString")).await;
    for (name, value, kind) in [
        ("/elsewhere", good, "SecureString"),
        (place, good, "String"),
        (place, "hidden", "SecureString"),
        (place, r#"{"url":"http://hidden.example"}"#, "SecureString"),
        (place, r#"{"headers":{}}"#, "SecureString"),
        (place, r#"{"url":"https://hidden.example","more":1}"#, "SecureString"),
    ] {
        let mut request = integration(name, value, kind);
        request.overwrite = Some(name == place && kind == "SecureString");
        if kind == "String" {
            request.name.push('2');
        }
        let error = fixture.refused(request).await;
        assert_eq!(error.code, "ValidationException", "{name} {value} {kind}");
        assert!(!error.message.contains("hidden"), "{error}");
    }
}
