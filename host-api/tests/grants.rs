//! The grammar of grants by example.

use std::collections::BTreeMap;

use host_api::effect::EffectClass;
use host_api::grant::{
    Access, Expansion, Grant, GrantError, GrantSet, Grants, Origin, UrlPattern, expand, operation,
    takes_host_from_value,
};
use host_api::request::{
    ApiCall, ApiRequest, Body, CommandsRequest, Content, HostRequest, HttpRequest, HttpSend,
    ParametersRequest, PutParameter, StateRequest, Text,
};
use serde_json::json;

fn grant(text: &str) -> Grant {
    Grant::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn set(texts: &[&str]) -> GrantSet {
    GrantSet::parse(texts).unwrap_or_else(|error| panic!("{texts:?}: {error}"))
}

fn get(url: &str) -> HostRequest {
    send("GET", url)
}

fn send(method: &str, url: &str) -> HostRequest {
    HostRequest::Http(HttpRequest::Send(HttpSend {
        method: method.to_owned(),
        url: url.to_owned(),
        headers: Vec::new(),
        body: None,
        timeout_ms: 1_000,
        repeatable: false,
    }))
}

fn allowed(text: &str, request: &HostRequest) -> bool {
    let access = request.access();
    assert!(!access.is_empty());
    access.iter().all(|access| grant(text).allows(access))
}

#[test]
fn texts_are_canonical_after_one_reading() {
    for (text, canonical) in [
        ("*", "*"),
        ("parameters:read:/app/*", "parameters:read:/app/*"),
        ("parameters:write", "parameters:write:*"),
        ("parameters:*", "parameters:*"),
        ("parameters:read:/a/**/\\*", "parameters:read:/a/*/\\*"),
        (
            "commands:send:AWS-RunShellScript@tag:Role=web",
            "commands:send:AWS-RunShellScript@tag:Role=web",
        ),
        ("commands:send:AWS-RunShellScript@*", "commands:send:AWS-RunShellScript"),
        ("commands:send:a\\@b@tag:Mail=x@y", "commands:send:a\\@b@tag:Mail=x@y"),
        (
            "http:GET:HTTPS://API.Example.org:443/%7Ea/%c3",
            "http:GET:https://api.example.org/~a/%C3",
        ),
        ("http:*:https://*.example.org:8443/v1/*", "http:*:https://*.example.org:8443/v1/*"),
        ("http:GET:http://[::0001]:*/", "http:GET:http://[::1]:*/"),
        ("http:GET:http://127.1/a\\*b?x=*", "http:GET:http://127.0.0.1/a%2Ab?x=*"),
        ("network:connect:10.1.2.3/8", "network:connect:10.0.0.0/8"),
        ("ops:create", "ops:create"),
        ("tags:write:Parameter//app/x", "tags:write:Parameter//app/x"),
        ("api:ssm:get_parameter", "api:ssm:get_parameter"),
        ("api:ssm", "api:ssm:*"),
        ("api:*", "api:*"),
    ] {
        assert_eq!(grant(text).to_string(), canonical);
        assert_eq!(grant(canonical), grant(text));
    }
}

#[test]
fn mistakes_are_named() {
    for (text, part) in [
        ("", "empty"),
        ("files:read:x", "there are parameters, commands, http"),
        ("parameters", "has no verb; area `parameters` has read, reveal, write, delete, *"),
        ("parameters:peek:/a", "unknown verb `peek`"),
        ("parameters:read:", "empty resource"),
        ("http:get:https://a/", "unknown verb `get`"),
        ("api:ec2:RunInstances", "unknown verb `ec2`"),
        ("ops:create:x", "area `ops` has none"),
        ("commands:send:@mi-1", "empty document"),
        ("commands:send:Doc@", "empty target"),
        ("parameters:read:a\\b", "must be followed by"),
        ("http:GET:ftp://a/", "scheme"),
        ("http:GET:https://u:p@a/", "user name"),
        ("http:GET:https://a/#x", "fragment"),
        ("http:GET:https://a/b/../c", "segments"),
        ("http:GET:https://a/%2e%2E/c", "segments"),
        ("http:GET:https://a/x%2fy", "escaped"),
        ("http:GET:https:///x", "host"),
        ("http:GET:https://a:b/", "port"),
        ("http:GET:https://ex*mple.org\\@evil/", "user name"),
        ("network:connect:example.org", "neither an address"),
    ] {
        let error = Grant::parse(text).expect_err(text).to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
    assert_eq!(Grant::parse(&"a".repeat(5_000)), Err(GrantError::TooLong));
}

#[test]
fn urls_are_compared_part_by_part() {
    let api = "http:GET:https://api.example.org/v1/*";
    assert!(allowed(api, &get("https://API.example.org:443/v1/x?y=z")));
    assert!(!allowed(api, &send("POST", "https://api.example.org/v1/x")));
    assert!(!allowed(api, &get("https://api.example.org/v1/../admin")));
    assert!(!allowed(api, &get("https://api.example.org/v1/%2e%2e/admin")));
    assert!(!allowed(api, &get("https://api.example.org/v1/..;/admin")));
    assert!(!allowed(api, &get("https://api.example.org/v1/..%3bx/admin")));
    assert!(allowed(api, &get("https://api.example.org/v1/a;b=..")));
    assert!(!allowed(api, &get("https://api.example.org/v1/..%2fadmin")));
    assert!(!allowed(api, &get("https://api.example.org/v1/..%252fadmin")));
    assert!(!allowed(api, &get("https://api.example.org/v1/..\\admin")));
    assert!(!allowed(api, &get("https://api.example.org@evil.example/v1/x")));
    assert!(!allowed(api, &get("https://user:password@api.example.org/v1/x")));
    assert!(!allowed(api, &get("http://api.example.org/v1/x")));
    assert!(!allowed(api, &get("https://api.example.org:8443/v1/x")));
    assert!(!allowed(api, &get("not a url")));
    assert!(allowed("http:GET:https://api.example.org/*", &get("https://api.example.org/a%2Fb")));

    let wild = "http:*:https://*.example.org/*";
    assert!(allowed(wild, &send("delete", "https://a.b.example.org/")));
    assert!(!allowed(wild, &get("https://evil.net/.example.org/")));
    assert!(!allowed(wild, &get("https://evil.net?.example.org/")));
    assert!(!allowed(wild, &get("https://example.org/")));
    assert!(allowed("http:GET:https://h/a?b=*", &get("https://h/a?b=1")));
    assert!(!allowed("http:GET:https://h/a?b=*", &get("https://h/a")));
    assert!(!allowed("http:GET:https://h", &get("https://h/a")));
    assert!(allowed("http:GET:*", &get("http://h:81/a")));
    assert!(UrlPattern::of_request("file:///x").is_none());
}

#[test]
fn a_path_of_parameters_needs_a_grant_of_the_path() {
    let request = HostRequest::Parameters(ParametersRequest::GetByPath {
        path: "/app/".to_owned(),
        recursive: true,
    });
    assert!(allowed("parameters:read:/app/*", &request));
    assert!(allowed("parameters:read:/*", &request));
    assert!(!allowed("parameters:read:/app/db", &request));
    assert!(!allowed("parameters:read:/app/\\*", &request));
    assert!(!allowed("parameters:reveal:/app/*", &request));
}

#[test]
fn a_name_is_granted_whatever_its_version() {
    let read =
        |name: &str| HostRequest::Parameters(ParametersRequest::Get { name: name.to_owned() });
    assert!(allowed("parameters:read:/app/db", &read("/app/db:3")));
    let arn = "arn:aws:ssm:us-east-1:000000000000:parameter/app/db:3";
    assert!(allowed("parameters:read:/app/db", &read(arn)));
    let flat = "arn:aws:ssm:us-east-1:000000000000:parameter/db";
    assert!(!allowed("parameters:read:/db", &read(flat)));
    assert!(allowed("parameters:read:*db", &read(flat)));
}

#[test]
fn every_target_of_a_command_must_be_granted() {
    let command = |request| HostRequest::Commands(CommandsRequest::Send(request));
    let web = command(json!({
        "DocumentName": "AWS-RunShellScript", "Targets": [{ "Key": "tag:Role", "Values": ["web"] }]
    }));
    assert!(allowed("commands:send:AWS-*@tag:Role=web", &web));
    assert!(allowed("commands:send:AWS-RunShellScript", &web));
    assert!(!allowed("commands:send:AWS-RunShellScript@local", &web));
    assert!(!allowed("commands:send:Other@tag:Role=web", &web));
    let two = command(json!({ "DocumentName": "D", "InstanceIds": ["local", "mi-1"] }));
    assert!(!allowed("commands:send:D@local", &two));
    assert!(set(&["commands:send:D@local", "commands:send:D@mi-*"]).allows(&two.access()[0]));
    let all = command(
        json!({ "DocumentName": "D", "Targets": [{ "Key": "InstanceIds", "Values": ["*"] }] }),
    );
    assert!(!allowed("commands:send:D@mi-*", &all));
    assert!(allowed("commands:send:D@*", &all));
    for broken in [
        json!({ "DocumentName": "D" }),
        json!({ "DocumentName": "D", "InstanceIds": ["mi-1", 3] }),
        json!({ "DocumentName": "D", "InstanceIds": ["mi-1"], "Targets": [{ "Key": "tag:A" }] }),
        json!({ "DocumentName": "D", "InstanceIds": ["mi-1"], "Targets": "tag:A" }),
        json!({ "InstanceIds": ["mi-1"] }),
        json!("D"),
    ] {
        assert!(!allowed("commands:send:D@mi-1", &command(broken.clone())), "{broken}");
    }
}

#[test]
fn references_to_parameters_are_reads() {
    let request = HostRequest::Commands(CommandsRequest::Send(json!({
        "DocumentName": "D", "InstanceIds": ["local"], "Parameters": { "commands": ["echo {{ ssm:/app/x }}"] }
    })));
    let texts: Vec<_> = request.access().iter().map(Access::to_string).collect();
    assert_eq!(texts, ["commands:send:D@local", "parameters:read:/app/x"]);
    let secret =
        || Text(vec![Content::Plain("Bearer ".to_owned()), Content::Secret("/t:2".to_owned())]);
    let HostRequest::Http(HttpRequest::Send(mut http)) = get("https://h/") else { unreachable!() };
    http.headers = vec![("Authorization".to_owned(), secret())];
    http.body = Some(Body::Text(secret()));
    let texts: Vec<_> =
        HostRequest::Http(HttpRequest::Send(http)).access().iter().map(Access::to_string).collect();
    assert_eq!(texts, ["http:GET:https://h/", "parameters:read:/t"]);
    let put = HostRequest::Parameters(ParametersRequest::Put(PutParameter {
        name: "/b".to_owned(),
        kind: None,
        content: Content::Secret("/a".to_owned()),
        overwrite: true,
        description: None,
    }));
    let texts: Vec<_> = put.access().iter().map(Access::to_string).collect();
    assert_eq!(texts, ["parameters:read:/a", "parameters:write:/b"]);
}

#[test]
fn keys_of_state_are_patterns_too() {
    let list = HostRequest::State(StateRequest::ListKeys {
        scope: "v".to_owned(),
        prefix: "a".to_owned(),
    });
    assert!(allowed("state:read:a*", &list));
    assert!(!allowed("state:read:ab*", &list));
}

#[test]
fn the_ceiling_that_refuses_is_named() {
    let grants = Grants::new(Origin::Operator, GrantSet::everything())
        .under(Origin::Document, set(&["parameters:read:/app/*", "http:GET:https://h/*"]))
        .under(Origin::Manifest, set(&["parameters:read:/app/db/*", "network:connect:10.0.0.0/8"]));
    let read = HostRequest::Parameters(ParametersRequest::Get { name: "/app/x".to_owned() });
    assert_eq!(grants.allows(&read.access()[0]).unwrap_err().origin, Origin::Manifest);
    assert_eq!(grants.interfaces().into_iter().collect::<Vec<_>>(), ["parameters"]);
    assert_eq!(grants.effective(), ["parameters:read:/app/db/*"]);
    let text = serde_json::to_string(&grants).unwrap();
    assert_eq!(serde_json::from_str::<Grants>(&text).unwrap(), grants);
    assert!(serde_json::from_str::<Grants>("{\"ceilings\":[]}").is_err());
    let crossing = Grants::new(Origin::Step, set(&["parameters:read:/a*"]))
        .under(Origin::Document, set(&["parameters:read:*b"]));
    assert_eq!(crossing.effective(), ["parameters:read:/a* and parameters:read:*b"]);
}

#[test]
fn private_addresses_need_a_word_of_their_own() {
    let access = |url| get(url).access().remove(0);
    let reach = |texts: &[&str], url, address: &str| {
        set(texts).allows_address(&access(url), address.parse().unwrap(), &GrantSet::default())
    };
    assert!(!reach(&["http:*"], "http://h/", "10.0.0.1"));
    assert!(reach(&["http:*", "network:connect:10.0.0.0/8"], "http://h/", "::ffff:10.0.0.1"));
    assert!(reach(&["http:GET:http://127.0.0.1:*/*"], "http://127.0.0.1:81/", "127.0.0.1"));
    assert!(reach(&["http:GET:http://localhost/*"], "http://localhost/", "::1"));
    assert!(!reach(&["http:GET:http://localhost/*"], "http://h/", "127.0.0.1"));
    assert!(!reach(&["http:GET:http://*/*"], "http://127.0.0.1/", "127.0.0.1"));
    assert!(reach(&["*"], "http://h/", "127.0.0.1"));
    // A host that came from a value is not named in so many words.
    let named = set(&["http:GET:http://127.0.0.1/*"]);
    let address = "127.0.0.1".parse().unwrap();
    assert!(!named.allows_address(&access("http://127.0.0.1/"), address, &named));
    for (template, from_value) in [
        ("http:GET:http://{{ Host }}:81/*", true),
        ("http:GET:{{ Server }}/*", true),
        ("http:GET:http://127.0.0.1:{{ Port }}/*", false),
        ("http:GET:http://127.0.0.1/{{ Path }}/*", false),
        ("parameters:read:/{{ Name }}", false),
    ] {
        assert_eq!(takes_host_from_value(template), from_value, "{template}");
    }
}

fn expanded(template: &str, values: &[&str]) -> Result<Vec<String>, GrantError> {
    let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
    match expand(template, &|_| Some(values.clone()))? {
        Expansion::Known(grants) => Ok(grants.iter().map(Grant::to_string).collect()),
        Expansion::Unknown { names, .. } => panic!("unknown {names:?}"),
    }
}

#[test]
fn values_in_templates_never_act_as_syntax() {
    let one = |template, value| expanded(template, &[value]).map(|texts| texts.join(" "));
    assert_eq!(one("parameters:read:/t/{{ Tier }}/*", "a*").unwrap(), "parameters:read:/t/a\\*/*");
    assert_eq!(one("commands:send:{D}@local", "x@*").unwrap(), "commands:send:x\\@\\*@local");
    assert_eq!(expanded("commands:send:D@{Ids}", &["a", "b"]).unwrap().len(), 2);
    assert!(expanded("commands:send:D@{Ids}", &[]).unwrap().is_empty());
    assert_eq!(one("http:{Method}:https://h/", "post").unwrap(), "http:POST:https://h/");
    assert_eq!(one("http:GET:{Url}", "https://h/a*?b").unwrap(), "http:GET:https://h/a%2A?b");
    assert_eq!(one("http:GET:{Url}/drain", "https://h").unwrap(), "http:GET:https://h/drain");
    assert_eq!(one("http:GET:https://h/{Path}", "a/b").unwrap(), "http:GET:https://h/a/b");
    assert!(one("http:{Method}:https://h/", "GET:https://evil/").is_err());
    assert!(one("http:{Method}:https://h/", "*").is_err());
    assert!(one("http:GET:https://{Host}.example.org/", "evil.net/").is_err());
    assert!(one("http:GET:{Scheme}://h/", "https://evil.net/").is_err());
    assert!(one("http:GET:https://h/a/{Path}", "../b").is_err());
    assert!(one("http:GET:https://h/a/{Path}", "b?c").is_err());
    assert!(one("parameters:read:{Name", "x").is_err());
    assert!(one("parameters:read:{}", "x").is_err());
}

#[test]
fn what_is_not_known_is_as_wide_as_can_be() {
    let widest = |template| match expand(template, &|_| None).unwrap() {
        Expansion::Unknown { names, widest } => (names.len(), widest[0].to_string()),
        Expansion::Known(grants) => panic!("known {grants:?}"),
    };
    assert_eq!(widest("http:{Method}:{Url}"), (2, "http:*".to_owned()));
    assert_eq!(widest("http:GET:{Url}/drain"), (1, "http:GET:*".to_owned()));
    assert_eq!(widest("http:GET:https://{Host}/v1"), (1, "http:GET:https://*/v1".to_owned()));
    assert_eq!(widest("commands:send:{D}@{Id}"), (2, "commands:send:*".to_owned()));
    let many = expand("parameters:read:{A}{B}{C}", &|_| Some(vec!["x".to_owned(); 100]));
    assert!(matches!(many, Err(GrantError::TooManyExpansions { .. })));
}

fn api(operation: &str, input: serde_json::Value) -> HostRequest {
    let (service, operation) = ("SSM".to_owned(), operation.to_owned());
    HostRequest::Api(ApiRequest::Call(ApiCall {
        service,
        operation,
        input,
        secrets: BTreeMap::new(),
    }))
}

#[test]
fn operations_are_granted_by_name_in_any_spelling() {
    let calendar = json!({ "CalendarNames": ["Open"] });
    for (text, operation, expected) in [
        ("api:ssm:GetCalendarState", "GetCalendarState", true),
        ("api:ssm:GetCalendarState", "get_calendar_state", true),
        ("api:ssm:get_*", "GetCalendarState", true),
        ("api:ssm:*", "GetCalendarState", true),
        ("api:*", "GetCalendarState", true),
        ("api:ssm:Describe*", "GetCalendarState", false),
        ("api:ssm:GetCalendar", "GetCalendarState", false),
        ("parameters:*", "GetCalendarState", false),
    ] {
        assert_eq!(
            allowed(text, &api(operation, calendar.clone())),
            expected,
            "{text}: {operation}"
        );
    }
    let mut of_another_service = api("GetCalendarState", calendar);
    if let HostRequest::Api(ApiRequest::Call(call)) = &mut of_another_service {
        "ec2".clone_into(&mut call.service);
    }
    assert!(!allowed("api:*", &of_another_service), "there is no such service to grant");
}

#[test]
fn an_operation_opens_no_way_around_the_grants_of_other_areas() {
    for (operation, input, needed) in [
        ("get_parameter", json!({ "Name": "/a:3" }), "parameters:read:/a"),
        ("GetParameters", json!({ "Names": ["/a", "/b"] }), "parameters:read:/*"),
        ("GetParametersByPath", json!({ "Path": "/a/" }), "parameters:read:/a/*"),
        ("PutParameter", json!({ "Name": "/a", "Value": "x" }), "parameters:write:/a"),
        ("DeleteParameters", json!({ "Names": ["/a"] }), "parameters:delete:/a"),
        ("StartAutomationExecution", json!({ "DocumentName": "D" }), "automation:start:D"),
        (
            "SendCommand",
            json!({ "DocumentName": "D", "InstanceIds": ["mi-1"] }),
            "commands:send:D@mi-1",
        ),
        (
            "AddTagsToResource",
            json!({ "ResourceType": "Parameter", "ResourceId": "/a" }),
            "tags:write:Parameter//a",
        ),
        ("CreateOpsItem", json!({}), "ops:create"),
        ("GetParameter", json!({}), "parameters:read:*"),
        ("GetParameters", json!({ "Names": [{}] }), "parameters:read:*"),
    ] {
        let request = api(operation, input);
        let allowed = |grants: &[&str]| {
            let grants = set(grants);
            request.access().iter().all(|access| grants.allows(access))
        };
        let own = format!("api:ssm:{operation}");
        assert!(allowed(&[&own, needed]), "{request:?}");
        assert!(!allowed(&[&own]), "{request:?}");
        assert!(!allowed(&[needed]), "{request:?}");
        assert!(!allowed(&[&own, "parameters:read:/z"]), "{request:?}");
    }
}

#[test]
fn what_an_operation_is_said_to_need_is_what_its_call_touches() {
    let members = json!({
        "Name": "/a", "Names": ["/a"], "Path": "/a", "DocumentName": "D", "InstanceIds": ["mi-1"],
        "ResourceType": "Parameter", "ResourceId": "/a",
    });
    let lookup = |name: &str| {
        let value = members.get(name);
        Some(match value {
            Some(serde_json::Value::Array(list)) => {
                list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
            }
            Some(value) => vec![value.as_str().unwrap_or_default().to_owned()],
            None => Vec::new(),
        })
    };
    for touching in operation::all() {
        let request = api(touching.operation, members.clone());
        let mut grants = set(&[&format!("api:ssm:{}", touching.operation)]);
        for need in touching.needs {
            let Ok(Expansion::Known(needed)) = expand(need, &lookup) else { panic!("{need}") };
            for grant in needed {
                grants.insert(grant);
            }
        }
        assert!(
            request.access().iter().all(|access| grants.allows(access)),
            "{request:?}: {grants}"
        );
    }
}

#[test]
fn a_secret_that_an_operation_is_given_must_be_readable() {
    let mut request = api("PutParameter", json!({ "Name": "/b", "Value": null }));
    let HostRequest::Api(ApiRequest::Call(call)) = &mut request else { panic!("{request:?}") };
    call.secrets.insert("/Value".to_owned(), "/a:2".to_owned());
    let allowed = |grants: &[&str]| {
        let grants = set(grants);
        request.access().iter().all(|access| grants.allows(access))
    };
    assert!(!allowed(&["api:ssm:PutParameter", "parameters:write:/b"]));
    assert!(allowed(&["api:ssm:PutParameter", "parameters:write:/b", "parameters:read:/a"]));
}

#[test]
fn reads_and_changes_are_told_apart_by_name() {
    let effect = |operation| api(operation, json!({})).effect();
    assert_eq!(effect("describe_parameters"), EffectClass::Read);
    assert_eq!(effect("GetCalendarState"), EffectClass::Read);
    assert_eq!(effect("PutParameter"), EffectClass::Store);
    assert_eq!(effect("StartAutomationExecution"), EffectClass::Store);
}
