//! Lists of parameters: by path, by filters, in pages.

use services::ServiceError;
use services::parameters::{
    DescribeParametersRequest, GetParametersByPathRequest, ParameterStringFilter, ParametersFilter,
};
use ssm_model::types::tags::Tag;

use crate::fixture::{Fixture, actor};
use crate::parameters::{overwrite, put};

fn filter(key: &str, option: Option<&str>, values: &[&str]) -> ParameterStringFilter {
    ParameterStringFilter {
        key: key.to_owned(),
        option: option.map(str::to_owned),
        values: (!values.is_empty()).then(|| values.iter().map(|one| (*one).to_owned()).collect()),
    }
}

async fn described(
    fixture: &Fixture,
    filters: &[ParameterStringFilter],
) -> Result<String, ServiceError> {
    let (mut names, mut next_token) = (Vec::new(), None);
    loop {
        let request = DescribeParametersRequest {
            parameter_filters: Some(filters.to_vec()),
            max_results: Some(3),
            next_token,
            ..DescribeParametersRequest::default()
        };
        let page = fixture.services.describe_parameters(request).await?;
        names.extend(page.parameters.unwrap().into_iter().filter_map(|found| found.name));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(names.join(" "));
        }
    }
}

async fn by_path(
    fixture: &Fixture,
    path: &str,
    recursive: bool,
    filters: &[ParameterStringFilter],
) -> Result<String, ServiceError> {
    let (mut names, mut next_token) = (Vec::new(), None);
    loop {
        let request = GetParametersByPathRequest {
            path: path.to_owned(),
            recursive: Some(recursive),
            parameter_filters: Some(filters.to_vec()),
            max_results: Some(2),
            next_token,
            ..GetParametersByPathRequest::default()
        };
        let page = fixture.services.get_parameters_by_path(&actor(), request).await?;
        let shown = page.parameters.unwrap().into_iter();
        names.extend(shown.map(|one| format!("{}={}", one.name.unwrap(), one.version.unwrap())));
        next_token = page.next_token;
        if next_token.is_none() {
            return Ok(names.join(" "));
        }
    }
}

/// Parameters of every type, key, tier and tag.
async fn scene() -> Fixture {
    let fixture = Fixture::new();
    fixture.services.create_key(&actor(), "alias/custom").await.unwrap();
    for name in ["/app/a", "/app/b/c", "param", "/param-2", "/tangent-3", "tangram-4"] {
        fixture.put(put(name, "v", "String")).await;
    }
    fixture.put(put("/app/list", "a,b", "StringList")).await;
    fixture.put(put("/app/secret", "s", "SecureString")).await;
    let mut custom = put("/app/z-custom", "s", "SecureString");
    custom.key_id = Some("alias/custom".to_owned());
    custom.tier = Some("Advanced".to_owned());
    fixture.put(custom).await;
    let mut tagged = put("tagged", "7", "String");
    tagged.data_type = Some("integer".to_owned());
    tagged.tags = Some(vec![
        Tag { key: "team".to_owned(), value: "web".to_owned() },
        Tag { key: "env".to_owned(), value: "test".to_owned() },
    ]);
    fixture.put(tagged).await;
    fixture
}

#[tokio::test]
async fn parameters_are_described_under_every_filter() {
    let fixture = scene().await;
    let all = "/app/a /app/b/c /app/list /app/secret /app/z-custom /param-2 /tangent-3 param tagged tangram-4";
    let cases: [(&[ParameterStringFilter], &str); 24] = [
        (&[], all),
        (&[filter("Name", None, &["param"])], "param"),
        (&[filter("Name", None, &["/param"])], "param"),
        (&[filter("Name", Some("Equals"), &["param-2", "/app/a"])], "/app/a /param-2"),
        (&[filter("Name", Some("BeginsWith"), &["param"])], "/param-2 param"),
        (&[filter("Name", Some("BeginsWith"), &["/"])], all),
        (
            &[filter("Name", Some("BeginsWith"), &["/app/b", "/app"])],
            "/app/a /app/b/c /app/list /app/secret /app/z-custom",
        ),
        (&[filter("Name", Some("Contains"), &["/tan"])], "/tangent-3 tangram-4"),
        (&[filter("Name", Some("Contains"), &["ram"])], "/param-2 param tangram-4"),
        (
            &[filter("Type", None, &["StringList", "SecureString"])],
            "/app/list /app/secret /app/z-custom",
        ),
        (&[filter("Type", Some("BeginsWith"), &["Sec"])], "/app/secret /app/z-custom"),
        (&[filter("KeyId", None, &["alias/aws/ssm"])], "/app/secret"),
        (&[filter("KeyId", Some("BeginsWith"), &["alias"])], "/app/secret /app/z-custom"),
        (&[filter("Tier", None, &["Advanced"])], "/app/z-custom"),
        (&[filter("DataType", None, &["integer"])], "tagged"),
        (&[filter("tag:team", None, &["web"])], "tagged"),
        (&[filter("tag:team", None, &[])], "tagged"),
        (&[filter("tag:team", Some("BeginsWith"), &["w"]), filter("tag:env", None, &["prod"])], ""),
        (&[filter("Path", None, &["/"])], "/param-2 /tangent-3 param tagged tangram-4"),
        (
            &[filter("Path", Some("OneLevel"), &["/app/"])],
            "/app/a /app/list /app/secret /app/z-custom",
        ),
        (
            &[filter("Path", Some("Recursive"), &["/app/b", "/app"])],
            "/app/a /app/b/c /app/list /app/secret /app/z-custom",
        ),
        (&[filter("Path", Some("Recursive"), &["/ap"])], ""),
        (
            &[
                filter("Path", Some("Recursive"), &["/"]),
                filter("Name", Some("BeginsWith"), &["t"]),
            ],
            "/tangent-3 tagged tangram-4",
        ),
        (&[filter("Path", None, &["/app"]), filter("Type", None, &["String"])], "/app/a"),
    ];
    for (filters, expected) in cases {
        assert_eq!(described(&fixture, filters).await.unwrap(), expected, "{filters:?}");
    }
}

#[tokio::test]
async fn a_filter_that_cannot_be_is_refused_in_ssm_s_words() {
    let fixture = Fixture::new();
    let name = |option| filter("Name", option, &["x"]);
    let cases = vec![
        (
            vec![filter("Label", None, &[])],
            "InvalidFilterKey",
            "The following filter key is not valid: Label. Valid filter keys include: [Path, Name, Type, KeyId, Tier]",
        ),
        (vec![filter("tag:", None, &["x"])], "InvalidFilterKey", "tag:"),
        (
            vec![filter("Name", None, &[])],
            "InvalidFilterValue",
            "The following filter values are missing : null for filter key Name",
        ),
        (
            vec![name(None), name(None)],
            "InvalidFilterKey",
            "The following filter is duplicated in the request: Name. A request can contain only one occurrence of a specific filter.",
        ),
        (
            vec![name(Some("option"))],
            "InvalidFilterOption",
            "The following filter option is not valid: option. Valid options include: [BeginsWith, Equals].",
        ),
        (vec![filter("Type", Some("Contains"), &["String"])], "InvalidFilterOption", "Contains"),
        (
            vec![filter("Path", Some("Equals"), &["test"])],
            "InvalidFilterOption",
            "The following filter option is not valid: Equals. Valid options include: [Recursive, OneLevel]",
        ),
    ];
    refuses(&fixture, cases).await;
    let both = DescribeParametersRequest {
        parameter_filters: Some(vec![name(None)]),
        filters: Some(vec![ParametersFilter {
            key: "Name".to_owned(),
            values: vec!["x".to_owned()],
        }]),
        ..DescribeParametersRequest::default()
    };
    let error = fixture.services.describe_parameters(both).await.unwrap_err();
    assert_eq!(
        error.message,
        "You can use either Filters or ParameterFilters in a single request."
    );
}

#[tokio::test]
async fn a_value_that_no_parameter_has_is_refused_in_ssm_s_words() {
    let fixture = Fixture::new();
    let cases = vec![
        (
            vec![filter("Tier", None, &["test"])],
            "InvalidFilterValue",
            "The following filter value is not valid: test. Valid values include: [Standard, Advanced, Intelligent-Tiering]",
        ),
        (
            vec![filter("Type", None, &["test"])],
            "InvalidFilterValue",
            "The following filter value is not valid: test. Valid values include: [String, StringList, SecureString]",
        ),
        (
            vec![filter("Path", None, &["/aws", "/ssm"])],
            "ValidationException",
            "Filters for common parameters can't be prefixed with \"aws\" or \"ssm\" (case-insensitive).",
        ),
        (
            vec![filter("Path", None, &["/###"])],
            "ValidationException",
            "The parameter doesn't meet the parameter name requirements.",
        ),
        (
            vec![filter("Path", None, &["//"])],
            "ValidationException",
            "Valid example: /get/parameters2-/by1./path0_.",
        ),
        (
            vec![filter("Path", None, &["test"])],
            "ValidationException",
            "must begin with a forward slash \"/\".",
        ),
    ];
    refuses(&fixture, cases).await;
}

async fn refuses(fixture: &Fixture, cases: Vec<(Vec<ParameterStringFilter>, &str, &str)>) {
    for (filters, code, message) in cases {
        let error = described(fixture, &filters).await.unwrap_err();
        assert_eq!(error.code, code, "{filters:?}: {error}");
        assert!(error.message.contains(message), "{error}");
    }
}

#[tokio::test]
async fn the_older_filters_work_as_well() {
    let fixture = scene().await;
    for (key, value, expected) in [
        ("Name", "param", Some(2)),
        ("Type", "SecureString", Some(2)),
        ("KeyId", "alias/custom", Some(1)),
        ("Type", "x", None),
        ("Tier", "Standard", None),
    ] {
        let values = vec![value.to_owned()];
        let request = DescribeParametersRequest {
            filters: Some(vec![ParametersFilter { key: key.to_owned(), values }]),
            ..DescribeParametersRequest::default()
        };
        let result = fixture.services.describe_parameters(request).await;
        assert_eq!(result.ok().map(|page| page.parameters.unwrap().len()), expected, "{key}");
    }
}

#[tokio::test]
async fn nothing_is_shared_and_ten_are_described_unless_more_are_asked_for() {
    let fixture = Fixture::new();
    for number in 0..12 {
        fixture.put(put(&format!("p{number}"), "v", "String")).await;
    }
    let describe = |max_results, shared| {
        let request = DescribeParametersRequest {
            max_results,
            shared,
            ..DescribeParametersRequest::default()
        };
        fixture.services.describe_parameters(request)
    };
    assert_eq!(describe(None, None).await.unwrap().parameters.unwrap().len(), 10);
    assert_eq!(describe(Some(50), None).await.unwrap().parameters.unwrap().len(), 12);
    assert_eq!(describe(None, Some(true)).await.unwrap().parameters.unwrap().len(), 0);
    for max_results in [0, -1, 51] {
        let error = describe(Some(max_results), None).await.unwrap_err();
        assert!(error.message.contains("at 'maxResults' failed to satisfy constraint"), "{error}");
    }
}

#[tokio::test]
async fn parameters_below_a_path_are_found() {
    let fixture = scene().await;
    fixture.put(overwrite("/app/a", "v2")).await;
    fixture.label("/app/a", Some(1), &["live"]).await.unwrap();
    fixture.label("/app/list", Some(1), &["live"]).await.unwrap();
    let one = |key: &str, values: &[&str]| vec![filter(key, None, values)];
    let cases = [
        ("/app", false, vec![], "/app/a=2 /app/list=1 /app/secret=1 /app/z-custom=1"),
        ("/app/", true, vec![], "/app/a=2 /app/b/c=1 /app/list=1 /app/secret=1 /app/z-custom=1"),
        ("/", false, vec![], "/param-2=1 /tangent-3=1 param=1 tagged=1 tangram-4=1"),
        ("/app/a", true, vec![], ""),
        ("/app", true, one("Type", &["String"]), "/app/a=2 /app/b/c=1"),
        ("/app", true, one("KeyId", &["alias/custom"]), "/app/z-custom=1"),
        ("/app", true, one("Label", &["live"]), "/app/a=1 /app/list=1"),
        ("/app", true, one("Label", &["none"]), ""),
    ];
    for (path, recursive, filters, expected) in cases {
        let found = by_path(&fixture, path, recursive, &filters).await.unwrap();
        assert_eq!(found, expected, "{path} {filters:?}");
    }
    for (path, filters, code, message) in [
        ("app", vec![], "ValidationException", "forward slash"),
        ("/app//x", vec![], "ValidationException", "sub-paths"),
        (
            "/app",
            one("Name", &["x"]),
            "InvalidFilterKey",
            "The following filter key is not valid: Name. Valid filter keys include: [Type, KeyId].",
        ),
        ("/app", one("tag:x", &["x"]), "InvalidFilterKey", "tag:x"),
        (
            "/app",
            vec![filter("Label", Some("BeginsWith"), &["x"])],
            "InvalidFilterOption",
            "BeginsWith",
        ),
    ] {
        let error = by_path(&fixture, path, true, &filters).await.unwrap_err();
        assert_eq!(error.code, code, "{path} {filters:?}");
        assert!(error.message.contains(message), "{error}");
    }
}

#[tokio::test]
async fn a_token_is_good_for_its_own_list_only() {
    let fixture = scene().await;
    let mut request = GetParametersByPathRequest {
        path: "/app".to_owned(),
        recursive: Some(true),
        max_results: Some(1),
        ..GetParametersByPathRequest::default()
    };
    let page = fixture.services.get_parameters_by_path(&actor(), request.clone()).await.unwrap();
    request.next_token = page.next_token;
    fixture.put(put("/app/a1", "v", "String")).await;
    let next = fixture.services.get_parameters_by_path(&actor(), request.clone()).await.unwrap();
    assert_eq!(
        next.parameters.unwrap()[0].name.as_deref(),
        Some("/app/a1"),
        "it is not passed over"
    );
    let describe = DescribeParametersRequest {
        next_token: request.next_token.clone(),
        ..DescribeParametersRequest::default()
    };
    let error = fixture.services.describe_parameters(describe).await.unwrap_err();
    assert_eq!(error.code, "InvalidNextToken");
    for token in ["", "made up", "4"] {
        request.next_token = Some(token.to_owned());
        let asked = fixture.services.get_parameters_by_path(&actor(), request.clone()).await;
        assert_eq!(asked.unwrap_err().code, "InvalidNextToken", "{token:?}");
    }
}
