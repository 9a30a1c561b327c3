use std::collections::BTreeSet;

use host_api::request::ParameterKind;
use services::ServiceError;
use services::parameters::{
    DeleteParameterRequest, DescribeParametersRequest, GetParameterRequest,
    GetParametersByPathRequest, GetParametersRequest, PutParameterRequest,
};
use store::Sealed;
use store::parameters::StoredValue;

use crate::fixture::{Fixture, actor};

fn put(name: &str, value: &str, kind: ParameterKind) -> PutParameterRequest {
    PutParameterRequest {
        name: name.to_owned(),
        value: value.into(),
        r#type: Some(kind),
        ..PutParameterRequest::default()
    }
}

fn overwrite(name: &str, value: &str) -> PutParameterRequest {
    PutParameterRequest {
        name: name.to_owned(),
        value: value.into(),
        overwrite: Some(true),
        ..PutParameterRequest::default()
    }
}

async fn value_of(fixture: &Fixture, name: &str, decrypt: bool) -> Result<String, ServiceError> {
    let request = GetParameterRequest { name: name.to_owned(), with_decryption: Some(decrypt) };
    let result = fixture.services.get_parameter(&actor(), request).await?;
    Ok(result.parameter.value.expose().to_owned())
}

#[tokio::test]
async fn versions_are_put_and_selected() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let first = put("/app/port", "80", ParameterKind::String);
    assert_eq!(services.put_parameter(&actor(), first).await.unwrap().version, 1);
    assert_eq!(
        services.put_parameter(&actor(), overwrite("/app/port", "81")).await.unwrap().version,
        2
    );
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/app/port";
    for (name, expected) in
        [("/app/port", "81"), ("/app/port:1", "80"), (arn, "81"), (&format!("{arn}:1"), "80")]
    {
        assert_eq!(value_of(&fixture, name, false).await.unwrap(), expected, "{name}");
    }
    for (name, code) in [
        ("/app/port:3", "ParameterVersionNotFound"),
        ("/app/port:1:1", "ParameterNotFound"),
        ("/app/other", "ParameterNotFound"),
        ("app/port", "ParameterNotFound"),
        ("/app/port:stable", "Unavailable"),
    ] {
        assert_eq!(value_of(&fixture, name, false).await.unwrap_err().code, code, "{name}");
    }
}

#[tokio::test]
async fn what_cannot_be_put_is_refused_and_changes_nothing() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let string = |name: &str, value: &str| put(name, value, ParameterKind::String);
    let with = |change: fn(&mut PutParameterRequest)| {
        let mut request = string("/x", "v");
        change(&mut request);
        request
    };
    let cases = [
        (string("/aws/x", "v"), "AccessDeniedException"),
        (string("awsome", "v"), "ValidationException"),
        (string("/SSM/x", "v"), "ValidationException"),
        (string("a b", "v"), "ValidationException"),
        (string("/a//b", "v"), "ValidationException"),
        (string("/a/", "v"), "ValidationException"),
        (string("a/b", "v"), "ValidationException"),
        (string("", "v"), "ValidationException"),
        (string(&"/l".repeat(16), "v"), "HierarchyLevelLimitExceededException"),
        (string(&"n".repeat(1_000), "v"), "ValidationException"),
        (string("/x", ""), "ValidationException"),
        (string("/x", "{{ssm:y}}"), "ValidationException"),
        (string("/x", &"v".repeat(4_097)), "ValidationException"),
        (with(|request| request.r#type = None), "ValidationException"),
        (with(|request| request.tier = Some("Advanced".to_owned())), "Unavailable"),
        (with(|request| request.tier = Some("Gold".to_owned())), "ValidationException"),
        (with(|request| request.data_type = Some("aws:ec2:image".to_owned())), "Unavailable"),
        (with(|request| request.policies = Some("[{}]".to_owned())), "Unavailable"),
        (with(|request| request.key_id = Some("alias/mine".to_owned())), "InvalidKeyId"),
        (
            with(|request| request.allowed_pattern = Some("(".to_owned())),
            "InvalidAllowedPatternException",
        ),
        (
            with(|request| request.allowed_pattern = Some("V".to_owned())),
            "ParameterPatternMismatchException",
        ),
    ];
    for (request, code) in cases {
        let name = request.name.clone();
        let error = services.put_parameter(&actor(), request).await.unwrap_err();
        assert_eq!(error.code, code, "{name}: {error}");
    }
    let all = services.describe_parameters(DescribeParametersRequest::default()).await.unwrap();
    assert!(all.parameters.is_empty());
    services.put_parameter(&actor(), string(" /trimmed ", &"v".repeat(4_096))).await.unwrap();
    assert!(value_of(&fixture, "/trimmed", false).await.is_ok());
}

#[tokio::test]
async fn overwriting_keeps_what_it_does_not_say() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let mut first = put("/app/port", "80", ParameterKind::String);
    first.description = Some("the port".to_owned());
    first.allowed_pattern = Some("[0-9]+".to_owned());
    services.put_parameter(&actor(), first.clone()).await.unwrap();

    let error = services.put_parameter(&actor(), first).await.unwrap_err();
    assert_eq!(error.code, "ParameterAlreadyExists");
    let error = services.put_parameter(&actor(), overwrite("/app/port", "x80")).await.unwrap_err();
    assert_eq!(error.code, "ParameterPatternMismatchException");
    let mut other = overwrite("/app/port", "81");
    other.r#type = Some(ParameterKind::SecureString);
    let error = services.put_parameter(&actor(), other).await.unwrap_err();
    assert_eq!(error.code, "HierarchyTypeMismatchException");

    services.put_parameter(&actor(), overwrite("/app/port", "81")).await.unwrap();
    let all = services.describe_parameters(DescribeParametersRequest::default()).await.unwrap();
    let [parameter] = all.parameters.as_slice() else { panic!("{all:?}") };
    assert_eq!(parameter.description.as_deref(), Some("the port"));
    assert_eq!(parameter.allowed_pattern.as_deref(), Some("[0-9]+"));
    assert_eq!((parameter.version, &*parameter.last_modified_user), (2, "os:1000"));
}

#[tokio::test]
async fn a_hundred_versions_are_kept() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    services.put_parameter(&actor(), put("v", "1", ParameterKind::String)).await.unwrap();
    for number in 2..=101 {
        services.put_parameter(&actor(), overwrite("v", &number.to_string())).await.unwrap();
    }
    assert_eq!(
        value_of(&fixture, "v:1", false).await.unwrap_err().code,
        "ParameterVersionNotFound"
    );
    assert_eq!(value_of(&fixture, "v:2", false).await.unwrap(), "2");
    assert_eq!(value_of(&fixture, "v", false).await.unwrap(), "101");
}

#[tokio::test]
async fn a_secure_string_is_sealed_and_its_opening_audited() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let secret = "correct horse battery";
    services.put_parameter(&actor(), put("/t", secret, ParameterKind::SecureString)).await.unwrap();
    let sealed = value_of(&fixture, "/t", false).await.unwrap();
    assert!(!sealed.contains(secret) && sealed.len() > 100, "{sealed}");
    assert_eq!(value_of(&fixture, "/t", true).await.unwrap(), secret);
    let expected = [("PutParameter", "allow"), ("DecryptParameter", "allow")];
    assert_eq!(
        fixture.audit_actions(),
        expected.map(|(action, decision)| (action.to_owned(), decision.to_owned()))
    );
    assert!(!format!("{:?}", put("/t", secret, ParameterKind::SecureString)).contains(secret));

    let data = fixture.directory.path().join("data");
    for entry in std::fs::read_dir(data).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

#[tokio::test]
async fn parameters_are_listed_by_path_in_pages() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    for number in 0..12 {
        let name = format!("/app/n{number:02}");
        services.put_parameter(&actor(), put(&name, "v", ParameterKind::String)).await.unwrap();
    }
    for name in ["/app/deep/er", "/apple", "flat"] {
        services.put_parameter(&actor(), put(name, "v", ParameterKind::String)).await.unwrap();
    }
    let mut request = GetParametersByPathRequest {
        path: "/app/".to_owned(),
        recursive: Some(true),
        ..GetParametersByPathRequest::default()
    };
    let first = services.get_parameters_by_path(&actor(), request.clone()).await.unwrap();
    assert_eq!(first.parameters.len(), 10);
    request.next_token = first.next_token;
    let second = services.get_parameters_by_path(&actor(), request.clone()).await.unwrap();
    let names: Vec<&str> = second.parameters.iter().map(|parameter| &*parameter.name).collect();
    assert_eq!((names, second.next_token), (vec!["/app/n09", "/app/n10", "/app/n11"], None));

    request.next_token = Some("made up".to_owned());
    let error = services.get_parameters_by_path(&actor(), request.clone()).await.unwrap_err();
    assert_eq!(error.code, "InvalidNextToken");
    request = GetParametersByPathRequest { path: "/".to_owned(), ..Default::default() };
    let root = services.get_parameters_by_path(&actor(), request).await.unwrap();
    let names: Vec<&str> = root.parameters.iter().map(|parameter| &*parameter.name).collect();
    assert_eq!(names, ["/apple", "flat"]);
}

#[tokio::test]
async fn several_are_asked_for_at_once_and_misses_are_told() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    services.put_parameter(&actor(), put("b", "1", ParameterKind::String)).await.unwrap();
    services.put_parameter(&actor(), put("a", "1,2", ParameterKind::StringList)).await.unwrap();
    let names = ["b", "a", "missing", "b", "a:9"].map(str::to_owned).to_vec();
    let request = GetParametersRequest { names, with_decryption: None };
    let result = services.get_parameters(&actor(), request).await.unwrap();
    let found: Vec<&str> = result.parameters.iter().map(|parameter| &*parameter.name).collect();
    assert_eq!(found, ["a", "b"]);
    assert_eq!(result.invalid_parameters, ["a:9", "missing"]);
}

#[tokio::test]
async fn a_deleted_parameter_is_gone() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    services.put_parameter(&actor(), put("/x", "v", ParameterKind::String)).await.unwrap();
    let request = DeleteParameterRequest { name: "/x".to_owned() };
    services.delete_parameter(&actor(), request.clone()).await.unwrap();
    assert_eq!(value_of(&fixture, "/x", false).await.unwrap_err().code, "ParameterNotFound");
    let error = services.delete_parameter(&actor(), request).await.unwrap_err();
    assert_eq!(error.code, "ParameterNotFound");
    assert_eq!(
        services
            .put_parameter(&actor(), put("/x", "v", ParameterKind::String))
            .await
            .unwrap()
            .version,
        1
    );
}

async fn scrubbed(fixture: &Fixture, references: &[&str], text: &str) -> Result<String, String> {
    let references: BTreeSet<String> = references.iter().map(|name| (*name).to_owned()).collect();
    let scrubber = fixture.services.scrubber(&references).await.map_err(|error| {
        assert!(references.iter().any(|name| error.message.contains(name.as_str())), "{error}");
        error.code.into_owned()
    })?;
    Ok(scrubber.text(text.to_owned()))
}

async fn delete(fixture: &Fixture, name: &str) {
    let request = DeleteParameterRequest { name: name.to_owned() };
    fixture.services.delete_parameter(&actor(), request).await.unwrap();
}

#[tokio::test]
async fn a_scrubber_knows_the_named_version_and_without_one_all_of_them() {
    let fixture = Fixture::new();
    let secret = put("/t", "old-secret", ParameterKind::SecureString);
    fixture.services.put_parameter(&actor(), secret).await.unwrap();
    fixture.services.put_parameter(&actor(), overwrite("/t", "new-secret")).await.unwrap();
    for (reference, expected) in
        [("/t:1", "*** new-secret"), ("/t:2", "old-secret ***"), ("/t", "*** ***")]
    {
        let text = scrubbed(&fixture, &[reference], "old-secret new-secret").await.unwrap();
        assert_eq!(text, expected, "{reference}");
    }
}

#[tokio::test]
async fn what_was_revealed_is_scrubbed_when_the_parameter_is_another_or_gone() {
    let fixture = Fixture::new();
    let secret = |value: &str| put("/t", value, ParameterKind::SecureString);
    fixture.services.put_parameter(&actor(), secret("first-secret")).await.unwrap();
    assert_eq!(value_of(&fixture, "/t", true).await.unwrap(), "first-secret");
    delete(&fixture, "/t").await;
    for reference in ["/t", "/t:1"] {
        assert_eq!(scrubbed(&fixture, &[reference], "first-secret").await.unwrap(), "***");
    }
    fixture.services.put_parameter(&actor(), secret("second-secret")).await.unwrap();
    let text = scrubbed(&fixture, &["/t:1"], "first-secret second-secret").await.unwrap();
    assert_eq!(text, "*** ***");
    delete(&fixture, "/t").await;
    let string = put("/t", "an open text", ParameterKind::String);
    fixture.services.put_parameter(&actor(), string).await.unwrap();
    let text = scrubbed(&fixture, &["/t"], "first-secret, an open text").await.unwrap();
    assert_eq!(text, "***, an open text");
}

#[tokio::test]
async fn a_secret_of_which_nothing_is_known_fails_closed() {
    let fixture = Fixture::new();
    let secret = put("/t", "first-secret", ParameterKind::SecureString);
    fixture.services.put_parameter(&actor(), secret).await.unwrap();
    for reference in ["/gone", "/t:2"] {
        let result = scrubbed(&fixture, &["/t", reference], "first-secret").await;
        assert_eq!(result, Err("SecretNotFound".to_owned()), "{reference}");
    }
    delete(&fixture, "/t").await;
    let result = scrubbed(&fixture, &["/t"], "first-secret").await;
    assert_eq!(result, Err("SecretNotFound".to_owned()));
}

/// The stored envelope of a parameter's latest version.
fn stored(fixture: &Fixture, name: &str) -> Sealed {
    let name = name.to_owned();
    let read = move |tx: &store::ReadTx<'_>| store::parameters::get(tx, &name, None);
    let found = fixture.store.read_blocking::<_, store::ReadError>(read).unwrap().unwrap();
    let StoredValue::Sealed(sealed) = found.parameter.value else { panic!("{found:?}") };
    sealed
}

async fn swap_in(fixture: &Fixture, name: &str, sealed: &Sealed) {
    let (name, sealed) = (name.to_owned(), sealed.clone());
    let write = move |tx: &mut store::Tx<'_>| store::parameters::reseal(tx, &name, 1, &sealed);
    fixture.store.write(write).await.unwrap();
}

#[tokio::test]
async fn an_envelope_opens_under_its_exact_name_only() {
    let fixture = Fixture::new();
    for (name, value) in [("/x", "with-slash"), ("x", "without-slash")] {
        let secret = put(name, value, ParameterKind::SecureString);
        fixture.services.put_parameter(&actor(), secret).await.unwrap();
    }
    let sealed = stored(&fixture, "/x");
    swap_in(&fixture, "x", &sealed).await;
    assert_eq!(value_of(&fixture, "x", true).await.unwrap_err().code, "InternalServerError");
    assert_eq!(value_of(&fixture, "/x", true).await.unwrap(), "with-slash");
}

#[tokio::test]
async fn an_envelope_of_a_deleted_parameter_does_not_open_in_its_successor() {
    let fixture = Fixture::new();
    let secret = |value: &str| put("/x", value, ParameterKind::SecureString);
    fixture.services.put_parameter(&actor(), secret("the old one")).await.unwrap();
    let (old, created) = (stored(&fixture, "/x"), modified_ms(&fixture, "/x"));
    delete(&fixture, "/x").await;
    loop {
        fixture.services.put_parameter(&actor(), secret("the new one")).await.unwrap();
        if modified_ms(&fixture, "/x") != created {
            break;
        }
        delete(&fixture, "/x").await;
    }
    swap_in(&fixture, "/x", &old).await;
    assert_eq!(value_of(&fixture, "/x", true).await.unwrap_err().code, "InternalServerError");
}

fn modified_ms(fixture: &Fixture, name: &str) -> u64 {
    let name = name.to_owned();
    let read = move |tx: &store::ReadTx<'_>| store::parameters::get(tx, &name, None);
    let found = fixture.store.read_blocking::<_, store::ReadError>(read).unwrap().unwrap();
    found.parameter.last_modified_ms
}

#[tokio::test]
async fn writers_of_one_name_do_not_lose_each_other() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    services.put_parameter(&actor(), put("n", "0", ParameterKind::SecureString)).await.unwrap();
    let writers: Vec<_> = (1..=10)
        .map(|number| {
            let services = services.clone();
            let request = overwrite("n", &number.to_string());
            tokio::spawn(async move { services.put_parameter(&actor(), request).await })
        })
        .collect();
    let mut versions = BTreeSet::new();
    for writer in writers {
        versions.insert(writer.await.unwrap().unwrap().version);
    }
    assert_eq!(versions, (2..=11).collect());
    assert!(value_of(&fixture, "n:7", true).await.is_ok());
}
