//! What the tests of Parameter Store have in common, and putting and getting.

use std::collections::BTreeSet;

use services::ServiceError;
use services::parameters::{
    DeleteParameterRequest, DeleteParametersRequest, DescribeParametersRequest,
    GetParameterHistoryRequest, GetParameterRequest, GetParametersRequest, Parameter,
    ParameterHistory, PutParameterRequest, PutParameterResult,
};

use crate::fixture::{Fixture, actor};

pub(crate) fn put(name: &str, value: &str, kind: &str) -> PutParameterRequest {
    PutParameterRequest {
        name: name.to_owned(),
        value: value.into(),
        r#type: Some(kind.to_owned()),
        ..PutParameterRequest::default()
    }
}

pub(crate) fn overwrite(name: &str, value: &str) -> PutParameterRequest {
    PutParameterRequest {
        name: name.to_owned(),
        value: value.into(),
        overwrite: Some(true),
        ..PutParameterRequest::default()
    }
}

impl Fixture {
    pub(crate) async fn put(&self, request: PutParameterRequest) -> PutParameterResult {
        let name = request.name.clone();
        let result = self.services.put_parameter(&actor(), request).await;
        result.unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) async fn refused(&self, request: PutParameterRequest) -> ServiceError {
        self.services.put_parameter(&actor(), request).await.unwrap_err()
    }

    pub(crate) async fn get(&self, name: &str, decrypt: bool) -> Result<Parameter, ServiceError> {
        let request = GetParameterRequest { name: name.to_owned(), with_decryption: Some(decrypt) };
        Ok(self.services.get_parameter(&actor(), request).await?.parameter.unwrap())
    }

    pub(crate) async fn value(&self, name: &str, decrypt: bool) -> Result<String, ServiceError> {
        Ok(self.get(name, decrypt).await?.value.unwrap().expose().to_owned())
    }

    pub(crate) async fn history(&self, name: &str) -> Vec<ParameterHistory> {
        let (mut all, mut next_token) = (Vec::new(), None);
        loop {
            let request = GetParameterHistoryRequest {
                name: name.to_owned(),
                next_token,
                ..GetParameterHistoryRequest::default()
            };
            let page = self.services.get_parameter_history(&actor(), request).await.unwrap();
            all.extend(page.parameters.unwrap());
            next_token = page.next_token;
            if next_token.is_none() {
                return all;
            }
        }
    }

    pub(crate) async fn delete_parameter(&self, name: &str) {
        let request = DeleteParameterRequest { name: name.to_owned() };
        self.services.delete_parameter(&actor(), request).await.unwrap();
    }
}

#[tokio::test]
async fn versions_are_put_and_selected() {
    let fixture = Fixture::new();
    let first = fixture.put(put("/app/port", "80", "String")).await;
    assert_eq!((first.version, first.tier.as_deref()), (Some(1), Some("Standard")));
    assert_eq!(fixture.put(overwrite("/app/port", "81")).await.version, Some(2));
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/app/port";
    for (name, expected, selector) in [
        ("/app/port", "81", None),
        (" /app/port ", "81", None),
        ("/app/port:1", "80", Some(":1")),
        (arn, "81", None),
        (&format!("{arn}:1"), "80", Some(":1")),
    ] {
        let found = fixture.get(name, false).await.unwrap();
        assert_eq!(found.value.unwrap().expose(), expected, "{name}");
        assert_eq!(found.selector.as_deref(), selector, "{name}");
        assert_eq!(found.name.as_deref(), Some("/app/port"), "{name}");
        assert_eq!(found.arn.as_deref(), Some(arn), "{name}");
    }
    let other = "arn:aws:ssm:us-east-1:111111111111:parameter/app/port";
    for (name, code, message) in [
        (
            "/app/port:3",
            "ParameterVersionNotFound",
            "Systems Manager could not find version 3 of /app/port. Verify the version and try again.",
        ),
        (
            "/app/port:stable",
            "ParameterVersionNotFound",
            "Systems Manager could not find the label stable of /app/port. Verify the label and try again.",
        ),
        ("/app/port:0", "ParameterVersionNotFound", "version 0"),
        ("/app/port:99999999999999999999", "ParameterVersionNotFound", "version"),
        ("/app/port:1:1", "ParameterNotFound", "Parameter /app/port:1:1 not found."),
        ("/app/port:", "ParameterNotFound", "Parameter /app/port: not found."),
        ("/app/other", "ParameterNotFound", "Parameter /app/other not found."),
        ("/app/other:2", "ParameterNotFound", "Parameter /app/other:2 not found."),
        (other, "ParameterNotFound", other),
        ("app/port", "ValidationException", "sub-paths divided by slash symbol"),
        ("/app//port", "ValidationException", "sub-paths divided by slash symbol"),
        ("/app/p ort", "ValidationException", "sub-paths divided by slash symbol"),
    ] {
        let error = fixture.get(name, false).await.unwrap_err();
        assert_eq!(error.code, code, "{name}");
        assert!(error.message.contains(message), "{name}: {error}");
    }
}

#[tokio::test]
async fn a_name_at_the_root_is_found_with_and_without_its_slash() {
    let fixture = Fixture::new();
    fixture.put(put("flat", "1", "String")).await;
    fixture.put(put("/slashed", "2", "String")).await;
    let arn = |name: &str| format!("arn:aws:ssm:us-east-1:000000000000:parameter/{name}");
    for (asked, value, shown) in [
        ("flat", "1", "flat"),
        ("/flat", "1", "/flat"),
        ("slashed", "2", "slashed"),
        (&arn("flat"), "1", "flat"),
        (&arn("slashed"), "2", "/slashed"),
        (&arn("slashed:1"), "2", "/slashed"),
    ] {
        let found = fixture.get(asked, false).await.unwrap();
        let text = found.value.unwrap();
        assert_eq!((text.expose(), found.name.as_deref()), (value, Some(shown)), "{asked}");
    }
    let history = fixture.history(&arn("slashed")).await;
    assert_eq!(history[0].name.as_deref(), Some("/slashed"));
    fixture.put(put("/flat", "3", "String")).await;
    assert_eq!(fixture.value("flat", false).await.unwrap(), "1");
    assert_eq!(fixture.value("/flat", false).await.unwrap(), "3");
    assert_eq!(fixture.get("/flat:2", false).await.unwrap_err().code, "ParameterVersionNotFound");
}

#[tokio::test]
async fn what_cannot_be_put_is_refused_and_changes_nothing() {
    let fixture = Fixture::new();
    let string = |name: &str, value: &str| put(name, value, "String");
    let flat = "can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).";
    let path = "can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash";
    let cases = vec![
        (
            string("/aws/x", "v"),
            "AccessDeniedException",
            "No access to reserved parameter name: /aws/x.",
        ),
        (string("/AWSome/x", "v"), "AccessDeniedException", "/AWSome/x."),
        (string("/aws_x", "v"), "ValidationException", flat),
        (string("awsome", "v"), "ValidationException", flat),
        (string("SSM_x", "v"), "ValidationException", flat),
        (string("/SSM/x", "v"), "ValidationException", path),
        (string("a b", "v"), "ValidationException", path),
        (string("/a//b", "v"), "ValidationException", path),
        (string("/a/", "v"), "ValidationException", path),
        (string("a/b", "v"), "ValidationException", path),
        (string("a:1", "v"), "ValidationException", path),
        (string("", "v"), "ValidationException", "at least one character"),
        (string(&"/l".repeat(16), "v"), "HierarchyLevelLimitExceededException", "at most 15"),
        (string(&"n".repeat(1_000), "v"), "ValidationException", "at most 1011"),
        (string("/x", ""), "ValidationException", "greater than or equal to 1."),
        (string("/x", "{{ssm:y}}"), "ValidationException", "can't nest another parameter"),
        (string("/x", &"v".repeat(4_097)), "ValidationException", "4096 characters"),
        (string("/x", &"v".repeat(8_193)), "ValidationException", "8192 characters"),
    ];
    refuses(&fixture, cases).await;
    fixture.put(string(" /trimmed ", &"v".repeat(4_096))).await;
    assert!(fixture.value("/trimmed", false).await.is_ok());
}

#[tokio::test]
async fn a_request_that_asks_for_what_cannot_be_is_refused() {
    let fixture = Fixture::new();
    let with = |change: fn(&mut PutParameterRequest)| {
        let mut request = put("/x", "v", "String");
        change(&mut request);
        request
    };
    let cases = vec![
        (
            with(|request| request.r#type = None),
            "ValidationException",
            "A parameter type is required when you create a parameter.",
        ),
        (
            with(|request| request.r#type = Some("str".to_owned())),
            "ValidationException",
            "enum value set: [SecureString, StringList, String]",
        ),
        (with(|request| request.tier = Some("Gold".to_owned())), "ValidationException", "'tier'"),
        (
            with(|request| request.data_type = Some("not_text".to_owned())),
            "ValidationException",
            "The following data type is not supported: not_text (Data type names are all lowercase.)",
        ),
        (
            with(|request| request.policies = Some("[{\"Type\":\"Never\"}]".to_owned())),
            "InvalidPolicyTypeException",
            "not supported",
        ),
        (
            with(|request| {
                request.key_id = Some("alias/mine".to_owned());
                request.r#type = Some("SecureString".to_owned());
            }),
            "InvalidKeyId",
            "alias/mine",
        ),
        (
            with(|request| request.key_id = Some("alias/aws/ssm".to_owned())),
            "ValidationException",
            "KeyId is used for parameters of the type SecureString only",
        ),
        (
            with(|request| request.allowed_pattern = Some("(".to_owned())),
            "InvalidAllowedPatternException",
            "(",
        ),
        (
            with(|request| request.allowed_pattern = Some("V".to_owned())),
            "ParameterPatternMismatchException",
            "cannot be validated against allowedPattern: V",
        ),
        (
            with(|request| {
                request.overwrite = Some(true);
                request.tags = Some(vec![ssm_model::types::tags::Tag {
                    key: "a".to_owned(),
                    value: "b".to_owned(),
                }]);
            }),
            "ValidationException",
            "tags and overwrite can't be used together",
        ),
    ];
    refuses(&fixture, cases).await;
}

async fn refuses(fixture: &Fixture, cases: Vec<(PutParameterRequest, &str, &str)>) {
    for (request, code, message) in cases {
        let name = request.name.clone();
        let error = fixture.refused(request).await;
        assert_eq!(error.code, code, "{name}: {error}");
        assert!(error.message.contains(message), "{name}: {error}");
    }
    let all =
        fixture.services.describe_parameters(DescribeParametersRequest::default()).await.unwrap();
    assert_eq!(all.parameters, Some(Vec::new()));
}

#[tokio::test]
async fn a_pattern_is_java_s_and_the_whole_value_must_match() {
    let fixture = Fixture::new();
    let mut request = put("/x", "ab12", "String");
    request.allowed_pattern = Some(r"(?<w>\p{Alpha}+)(?!13)\d++".to_owned());
    fixture.put(request).await;
    for value in ["ab13", "ab12 ", "12"] {
        let error = fixture.refused(overwrite("/x", value)).await;
        assert_eq!(error.code, "ParameterPatternMismatchException", "{value}");
    }
    let mut anything = overwrite("/x", "12");
    anything.allowed_pattern = Some(String::new());
    assert_eq!(fixture.put(anything).await.version, Some(2), "an empty pattern takes it away");
}

#[tokio::test]
async fn overwriting_keeps_what_it_does_not_say() {
    let fixture = Fixture::new();
    let mut first = put("/app/port", "80", "String");
    first.description = Some("the port".to_owned());
    first.allowed_pattern = Some("[0-9]+".to_owned());
    first.data_type = Some("integer".to_owned());
    fixture.put(first.clone()).await;

    let error = fixture.refused(first).await;
    assert_eq!(error.code, "ParameterAlreadyExists");
    assert_eq!(
        error.message,
        "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."
    );
    let error = fixture.refused(overwrite("/app/port", "x80")).await;
    assert_eq!(error.code, "ValidationException", "the data type stays: {error}");
    let mut text = overwrite("/app/port", "x80");
    text.data_type = Some("text".to_owned());
    let error = fixture.refused(text).await;
    assert_eq!(error.code, "ParameterPatternMismatchException");
    let mut other = overwrite("/app/port", "81");
    other.r#type = Some("SecureString".to_owned());
    let error = fixture.refused(other).await;
    assert_eq!(error.code, "HierarchyTypeMismatchException");

    fixture.put(overwrite("/app/port", "81")).await;
    let all =
        fixture.services.describe_parameters(DescribeParametersRequest::default()).await.unwrap();
    let all = all.parameters.unwrap();
    let [parameter] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(parameter.description.as_deref(), Some("the port"));
    assert_eq!(parameter.allowed_pattern.as_deref(), Some("[0-9]+"));
    assert_eq!(parameter.data_type.as_deref(), Some("integer"));
    assert_eq!(parameter.version, Some(2));
    assert_eq!(parameter.last_modified_user.as_deref(), Some("os:1000"));
}

#[tokio::test]
async fn several_are_asked_for_at_once_and_misses_are_told() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    fixture.put(put("b", "1", "String")).await;
    fixture.put(put("a", "1,2", "StringList")).await;
    let ask = |names: &[&str]| GetParametersRequest {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        with_decryption: None,
    };
    let asked = ask(&["b", "a", "missing", "b", "a:9", "a:label", "a:1:2", "b:1"]);
    let result = services.get_parameters(&actor(), asked).await.unwrap();
    let found: Vec<_> = result
        .parameters
        .unwrap()
        .into_iter()
        .map(|found| (found.name.unwrap(), found.selector.unwrap_or_default()))
        .collect();
    let expected = [("a", ""), ("b", ""), ("b", ":1")];
    assert_eq!(found, expected.map(|(name, selector)| (name.to_owned(), selector.to_owned())));
    assert_eq!(result.invalid_parameters.unwrap(), ["a:1:2", "a:9", "a:label", "missing"]);
    for names in [&[][..], &["a"; 11][..], &["a", "/b//c"][..]] {
        let error = services.get_parameters(&actor(), ask(names)).await.unwrap_err();
        assert_eq!(error.code, "ValidationException", "{names:?}");
    }
}

#[tokio::test]
async fn a_deleted_parameter_is_gone() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    for name in ["/x", "/y"] {
        fixture.put(put(name, "v", "String")).await;
    }
    let request = DeleteParameterRequest { name: "/x".to_owned() };
    services.delete_parameter(&actor(), request.clone()).await.unwrap();
    assert_eq!(fixture.value("/x", false).await.unwrap_err().code, "ParameterNotFound");
    let error = services.delete_parameter(&actor(), request).await.unwrap_err();
    assert_eq!(
        (&*error.code, error.message.as_str()),
        ("ParameterNotFound", "Parameter /x not found.")
    );
    assert_eq!(fixture.put(put("/x", "v", "String")).await.version, Some(1));

    let names = ["/y", "/none", "/x", "/y", "no name"].map(str::to_owned).to_vec();
    let request = DeleteParametersRequest { names };
    let result = services.delete_parameters(&actor(), request).await.unwrap();
    assert_eq!(result.deleted_parameters.unwrap(), ["/x", "/y"]);
    assert_eq!(result.invalid_parameters.unwrap(), ["/none", "no name"]);
    let nothing = DeleteParametersRequest::default();
    let error = services.delete_parameters(&actor(), nothing).await.unwrap_err();
    assert_eq!(error.code, "ValidationException");
}

#[tokio::test]
async fn a_plain_value_is_read_without_a_write() {
    let fixture = Fixture::new();
    fixture.put(put("/x", "v", "String")).await;
    let before = fixture.audit_actions().len();
    fixture.value("/x", true).await.unwrap();
    assert_eq!(fixture.audit_actions().len(), before);
}

#[tokio::test]
async fn writers_of_one_name_do_not_lose_each_other() {
    let fixture = Fixture::new();
    fixture.put(put("n", "0", "SecureString")).await;
    let writers: Vec<_> = (1..=64)
        .map(|number| {
            let services = fixture.services.clone();
            let request = overwrite("n", &number.to_string());
            tokio::spawn(async move {
                let version = services.put_parameter(&actor(), request).await?.version;
                let name = format!("n:{}", version.unwrap());
                let request = GetParameterRequest { name, with_decryption: Some(true) };
                let read = services.get_parameter(&actor(), request).await?.parameter.unwrap();
                assert_eq!(read.value.unwrap().expose(), number.to_string());
                Ok::<_, ServiceError>(version.unwrap())
            })
        })
        .collect();
    let mut versions = BTreeSet::new();
    for writer in writers {
        versions.insert(writer.await.unwrap().unwrap());
    }
    assert_eq!(versions, (2..=65).collect());
    assert_eq!(fixture.history("n").await.len(), 65);
}
