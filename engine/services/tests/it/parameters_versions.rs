//! Versions, their labels and the history.

use services::ServiceError;
use services::parameters::{
    GetParameterHistoryRequest, LabelParameterVersionRequest, LabelParameterVersionResult,
    UnlabelParameterVersionRequest, UnlabelParameterVersionResult,
};

use crate::fixture::{Fixture, actor};
use crate::parameters::{overwrite, put};

impl Fixture {
    pub(crate) async fn label(
        &self,
        name: &str,
        version: Option<i64>,
        labels: &[&str],
    ) -> Result<LabelParameterVersionResult, ServiceError> {
        let request = LabelParameterVersionRequest {
            name: name.to_owned(),
            parameter_version: version,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        };
        self.services.label_parameter_version(&actor(), request).await
    }

    pub(crate) async fn unlabel(
        &self,
        name: &str,
        version: i64,
        labels: &[&str],
    ) -> Result<UnlabelParameterVersionResult, ServiceError> {
        let request = UnlabelParameterVersionRequest {
            name: name.to_owned(),
            parameter_version: version,
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
        };
        self.services.unlabel_parameter_version(&actor(), request).await
    }

    /// The labels of each version, oldest first.
    async fn labels(&self, name: &str) -> Vec<String> {
        let history = self.history(name).await;
        history.into_iter().map(|version| version.labels.unwrap().join(" ")).collect()
    }
}

async fn with_versions(count: usize) -> Fixture {
    let fixture = Fixture::new();
    fixture.put(put("v", "1", "String")).await;
    for number in 2..=count {
        fixture.put(overwrite("v", &number.to_string())).await;
    }
    fixture
}

#[tokio::test]
async fn a_hundred_versions_are_kept_unless_the_oldest_has_a_label() {
    let fixture = with_versions(101).await;
    assert_eq!(fixture.value("v:1", false).await.unwrap_err().code, "ParameterVersionNotFound");
    assert_eq!(fixture.value("v:2", false).await.unwrap(), "2");
    assert_eq!(fixture.value("v", false).await.unwrap(), "101");
    let history = fixture.history("v").await;
    assert_eq!((history.len(), history[0].version), (100, Some(2)));

    fixture.label("v", Some(2), &["first"]).await.unwrap();
    let error = fixture.refused(overwrite("v", "102")).await;
    assert_eq!(error.code, "ParameterMaxVersionLimitExceeded");
    assert_eq!(
        error.message,
        "You attempted to create a new version of v by calling the PutParameter API with the overwrite flag. Version 2, the \
         oldest version, can't be deleted because it has a label associated with it. Move the label to another version of the \
         parameter, and try again."
    );
    assert_eq!(fixture.value("v", false).await.unwrap(), "101");
    fixture.label("v", Some(3), &["first"]).await.unwrap();
    assert_eq!(fixture.put(overwrite("v", "102")).await.version, Some(102));
    assert_eq!(
        fixture.label("v", Some(2), &["x"]).await.unwrap_err().code,
        "ParameterVersionNotFound"
    );
}

#[tokio::test]
async fn labels_select_and_move() {
    let fixture = with_versions(3).await;
    let result = fixture.label("v", None, &["live", "live", "b.2_-"]).await.unwrap();
    assert_eq!((result.parameter_version, result.invalid_labels), (Some(3), Some(Vec::new())));
    let found = fixture.get("v:live", false).await.unwrap();
    assert_eq!((found.version, found.selector.as_deref()), (Some(3), Some(":live")));
    let result = fixture.label("v", Some(1), &["live"]).await.unwrap();
    assert_eq!(result.parameter_version, Some(1));
    assert_eq!(fixture.labels("v").await, ["live", "", "b.2_-"]);
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/v:live";
    assert_eq!(fixture.value(arn, false).await.unwrap(), "1");
    let error = fixture.get("v:LIVE", false).await.unwrap_err();
    assert_eq!(error.code, "ParameterVersionNotFound", "never the latest instead");
}

#[tokio::test]
async fn what_can_be_no_label_is_told() {
    let fixture = with_versions(1).await;
    let bad = ["awsabc", "SSMabc", "9abc", "abc/123", "a b", "é"];
    let result = fixture.label("v", None, &[&bad[..], &["good"]].concat()).await.unwrap();
    assert_eq!(result.invalid_labels.unwrap(), bad);
    assert_eq!(fixture.labels("v").await, ["good"]);
    let long = "a".repeat(101);
    for labels in [&[][..], &[""][..], &["fine", long.as_str()][..]] {
        let error = fixture.label("v", None, labels).await.unwrap_err();
        assert_eq!(error.code, "ValidationException", "{labels:?}");
        assert!(error.message.contains("at 'labels' failed to satisfy constraint"), "{error}");
    }
    for (name, version, code, message) in [
        ("none", None, "ParameterNotFound", "Parameter none not found."),
        (
            "v",
            Some(5),
            "ParameterVersionNotFound",
            "Systems Manager could not find version 5 of v. Verify the version and try again.",
        ),
        ("v", Some(0), "ParameterVersionNotFound", "version 0"),
        ("v", Some(-1), "ParameterVersionNotFound", "version -1"),
        ("a/b", None, "ValidationException", "sub-paths"),
    ] {
        let error = fixture.label(name, version, &["x"]).await.unwrap_err();
        assert_eq!(error.code, code, "{name}");
        assert!(error.message.contains(message), "{error}");
    }
    assert_eq!(fixture.labels("v").await, ["good"]);
}

#[tokio::test]
async fn a_version_has_ten_labels_at_most() {
    let fixture = with_versions(2).await;
    let labels: Vec<String> = (0..10).map(|number| format!("l{number}")).collect();
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    fixture.label("v", Some(1), &labels).await.unwrap();
    let error = fixture.label("v", Some(1), &["l0", "l10"]).await.unwrap_err();
    assert_eq!(error.code, "ParameterVersionLabelLimitExceeded");
    assert!(error.message.contains("A parameter version can have maximum 10 labels."), "{error}");
    fixture.label("v", Some(2), &["l10"]).await.unwrap();
    let error = fixture.label("v", Some(1), &["l10"]).await.unwrap_err();
    assert_eq!(error.code, "ParameterVersionLabelLimitExceeded");
    assert_eq!(fixture.labels("v").await, [labels.join(" "), "l10".to_owned()], "nothing moved");
}

#[tokio::test]
async fn labels_are_taken_away_from_the_version_that_has_them() {
    let fixture = with_versions(2).await;
    fixture.label("v", Some(1), &["a", "b"]).await.unwrap();
    fixture.label("v", Some(2), &["c"]).await.unwrap();
    let result = fixture.unlabel("v", 1, &["a", "c", "9x", "none"]).await.unwrap();
    assert_eq!(result.removed_labels.unwrap(), ["a"]);
    assert_eq!(result.invalid_labels.unwrap(), ["9x", "c", "none"]);
    assert_eq!(fixture.labels("v").await, ["b", "c"]);
    for (name, version, code) in
        [("v", 3, "ParameterVersionNotFound"), ("none", 1, "ParameterNotFound")]
    {
        assert_eq!(fixture.unlabel(name, version, &["b"]).await.unwrap_err().code, code);
    }
    fixture.delete_parameter("v").await;
    fixture.put(put("v", "new", "String")).await;
    assert_eq!(fixture.labels("v").await, [""], "labels went with what they named");
}

#[tokio::test]
async fn the_history_is_told_in_pages_oldest_first() {
    let fixture = Fixture::new();
    for number in 1..=60 {
        let mut request = overwrite("/s", &format!("secret-{number}"));
        request.r#type = Some("SecureString".to_owned());
        request.description = (number % 2 == 1).then(|| format!("d{number}"));
        fixture.put(request).await;
    }
    let services = &fixture.services;
    let mut request = GetParameterHistoryRequest {
        name: "/s".to_owned(),
        with_decryption: Some(true),
        ..GetParameterHistoryRequest::default()
    };
    let page = services.get_parameter_history(&actor(), request.clone()).await.unwrap();
    let first = page.parameters.unwrap();
    assert_eq!(first.len(), 50);
    for (number, version) in (1..).zip(&first) {
        assert_eq!(version.version, Some(number));
        let described = number - (number + 1) % 2;
        assert_eq!(version.description.as_deref(), Some(&*format!("d{described}")));
        let value = version.value.as_ref().map(services::Sensitive::expose);
        assert_eq!(value, Some(&*format!("secret-{number}")));
        assert_eq!(version.key_id.as_deref(), Some("alias/aws/ssm"));
    }
    fixture.put(overwrite("/s", "secret-61")).await;
    (request.next_token, request.max_results) = (page.next_token, Some(7));
    let page = services.get_parameter_history(&actor(), request.clone()).await.unwrap();
    let versions: Vec<_> = page.parameters.unwrap().iter().filter_map(|one| one.version).collect();
    assert_eq!(versions, (51..=57).collect::<Vec<i64>>());
    request.next_token = page.next_token;
    request.with_decryption = None;
    let page = services.get_parameter_history(&actor(), request.clone()).await.unwrap();
    let last = page.parameters.unwrap();
    assert_eq!((last.len(), page.next_token), (4, None));
    assert!(!last[0].value.as_ref().unwrap().expose().contains("secret"), "it stays sealed");
    let decrypted =
        fixture.audit_actions().iter().filter(|(action, _)| action == "DecryptParameter").count();
    assert_eq!(decrypted, 57);

    let refused = [
        ("/none", None, None, "ParameterNotFound"),
        ("/s", Some("made up"), None, "InvalidNextToken"),
        ("/s", None, Some(51), "ValidationException"),
        ("/s", None, Some(0), "ValidationException"),
        ("/s:1", None, None, "ValidationException"),
    ];
    for (name, token, max_results, code) in refused {
        let request = GetParameterHistoryRequest {
            name: name.to_owned(),
            next_token: token.map(str::to_owned),
            max_results,
            with_decryption: None,
        };
        let error = services.get_parameter_history(&actor(), request).await.unwrap_err();
        assert_eq!(error.code, code, "{name}: {error}");
    }
}
