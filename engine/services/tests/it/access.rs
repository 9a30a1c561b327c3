use std::collections::BTreeSet;

use host_api::identifier::Principal;
use host_api::port::{Caller, Capabilities};
use host_api::request::{
    AutomationRequest, Body, ClockRequest, CommandsRequest, Content, HostRequest, HttpRequest,
    HttpSend, InventoryRequest, ParameterKind, ParametersRequest, PutParameter, StateRequest,
    TagsRequest, Text,
};
use serde_json::{Value, json};
use services::access::{Circumstances, Trial};
use services::{Actor, ErrorKind, Resource, ServiceError, Services, Settings, WireRequest};

use crate::fixture::{Fixture, actor, node};

fn user(name: &str) -> Principal {
    Principal::new(format!("arn:aws:iam::000000000000:user/{name}"))
}

async fn with_roles(services: &Services, name: &str, roles: &[&str]) -> Actor {
    let roles: BTreeSet<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    services.put_user(&actor(), name, &roles).await.unwrap();
    Actor::of_request(user(name), WireRequest::default())
}

async fn call(actor: &Actor, fixture: &Fixture, name: &str, input: Value) -> Result<Value, String> {
    let answer = fixture.services.call(actor.clone(), name, input).await;
    answer.map_err(|error: ServiceError| error.code.into_owned())
}

fn with_policies(text: &str) -> Fixture {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("site.cedar"), text).unwrap();
    let policy_directory = Some(directory.path().to_owned());
    Fixture::with(Settings { policy_directory, ..Settings::default() }, 2)
}

fn last_audit(fixture: &Fixture) -> (String, String, Value) {
    let entries = fixture.store.read_blocking(|tx| store::audit::list(tx, 0, 1_000)).unwrap();
    let event = entries.into_iter().next_back().unwrap().event;
    let record: Value = serde_json::from_str(&event.details).unwrap();
    let details = record["additionalEventData"]["details"].clone();
    (format!("{} {}", event.decision, event.action), event.resource, details)
}

async fn try_of(services: &Services, name: &str, operation: &str, resource: Resource) -> bool {
    let trial = Trial {
        principal: user(name),
        operation: operation.to_owned(),
        resource,
        circumstances: Circumstances::default(),
    };
    services.try_policies(&trial).await.unwrap().is_allowed
}

#[tokio::test]
async fn a_denial_is_told_and_written_down() {
    let fixture = Fixture::new();
    let ann = with_roles(&fixture.services, "ann", &[]).await;
    let input = json!({ "Name": "/app/x", "Value": "1", "Type": "String" });
    let error = fixture.services.call(ann, "PutParameter", input).await.unwrap_err();
    assert_eq!((&*error.code, error.kind), ("AccessDeniedException", ErrorKind::Denied));
    assert_eq!(
        error.message,
        "User: arn:aws:iam::000000000000:user/ann is not authorized to perform: ssm:PutParameter on resource: \
         arn:aws:ssm:us-east-1:000000000000:parameter/app/x because no identity-based policy allows the \
         ssm:PutParameter action"
    );
    let (decision, resource, _) = last_audit(&fixture);
    assert_eq!(decision, "deny PutParameter");
    assert_eq!(resource, "arn:aws:ssm:us-east-1:000000000000:parameter/app/x");
}

#[tokio::test]
async fn only_who_is_known_here_is_allowed_anything() {
    let fixture = Fixture::new();
    let input = || json!({ "Name": "/x", "Value": "1", "Type": "String", "Overwrite": true });
    for stranger in [
        "arn:aws:iam::000000000000:user/administrator",
        "arn:aws:iam::111111111111:user/root",
        "arn:aws:iam::111111111111:role/admin",
        "arn:aws:iam::000000000000:group/admin",
        "administrator",
        "",
    ] {
        let stranger = Actor::new(Principal::new(stranger));
        let answer = call(&stranger, &fixture, "PutParameter", input()).await;
        assert_eq!(answer.unwrap_err(), "AccessDeniedException", "{stranger:?}");
    }
    fixture.services.ensure_administrator().await.unwrap();
    let role = Actor::new(Principal::new("arn:aws:iam::000000000000:role/admin"));
    let administrator = Actor::new(user("administrator"));
    for known in [role, administrator, actor()] {
        call(&known, &fixture, "PutParameter", input()).await.unwrap();
    }
    let ann = with_roles(&fixture.services, "ann", &["admin"]).await;
    call(&ann, &fixture, "PutParameter", input()).await.unwrap();
    with_roles(&fixture.services, "ann", &["reader"]).await;
    let less = call(&ann, &fixture, "PutParameter", input()).await;
    assert_eq!(less.unwrap_err(), "AccessDeniedException");
    fixture.services.delete_user(&actor(), "ann").await.unwrap();
    let gone = call(&ann, &fixture, "GetParameter", json!({ "Name": "/x" })).await;
    assert_eq!(gone.unwrap_err(), "AccessDeniedException");
}

#[tokio::test]
async fn roles_that_come_with_the_program_do_what_they_say() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    for role in ["admin", "author", "operator", "reader", "node"] {
        with_roles(services, role, &[role]).await;
    }
    let mi = node(0).to_string();
    with_roles(services, &mi, &["node"]).await;
    let document = || Resource::Document("Deploy".to_owned());
    let parameter = || Resource::Parameter("/app/x".to_owned());
    let definition = || Resource::AutomationDefinition("Deploy".to_owned(), "1".to_owned());
    let role = || Resource::Role("admin".to_owned());
    for (operation, resource, allowed) in [
        ("GetParameter", parameter(), "admin author operator reader"),
        ("PutParameter", parameter(), "admin author"),
        ("CreateDocument", document(), "admin author"),
        ("AddTagsToResource", parameter(), "admin author"),
        ("AddTagsToResource", Resource::ManagedInstance(mi.clone()), "admin"),
        ("StartAutomationExecution", definition(), "admin operator"),
        ("SendCommand", document(), "admin operator"),
        ("HttpRequest", Resource::Account, "admin operator"),
        ("ListEvents", Resource::Account, "admin author operator reader"),
        ("PassRole", role(), "admin"),
        ("CreateAccessKey", Resource::User("ann".to_owned()), "admin"),
        ("ListAccessKeys", Resource::Account, "admin"),
        ("PutInventory", Resource::ManagedInstance(mi.clone()), "admin"),
    ] {
        for name in ["admin", "author", "operator", "reader", "node"] {
            let expected = allowed.split(' ').any(|one| one == name);
            let is_allowed = try_of(services, name, operation, resource.clone()).await;
            assert_eq!(is_allowed, expected, "{name} {operation} {resource:?}");
        }
    }
    let own = Resource::ManagedInstance(mi.clone());
    assert!(try_of(services, &mi, "PutInventory", own.clone()).await);
    assert!(!try_of(services, &mi, "SendCommand", own).await);
    let other = Resource::ManagedInstance(node(1).to_string());
    assert!(!try_of(services, &mi, "PutInventory", other).await);
}

#[tokio::test]
async fn a_reader_sees_no_secret_in_plain_text() {
    let fixture = Fixture::new();
    let input = json!({ "Name": "/s", "Value": "hidden", "Type": "SecureString" });
    call(&actor(), &fixture, "PutParameter", input).await.unwrap();
    let reader = with_roles(&fixture.services, "ann", &["reader"]).await;
    let shown = call(&reader, &fixture, "GetParameter", json!({ "Name": "/s" })).await.unwrap();
    assert_ne!(shown["Parameter"]["Value"], "hidden");
    let input = json!({ "Name": "/s", "WithDecryption": true });
    let denied = call(&reader, &fixture, "GetParameter", input).await;
    assert_eq!(denied.unwrap_err(), "AccessDeniedException");
}

#[tokio::test]
async fn every_resource_of_a_request_is_asked_about() {
    let fixture = with_policies(
        r#"permit (principal == User::"ann", action in Action::"ssm:read", resource in Parameter::"/app");
           @id("no-keys") forbid (principal, action, resource in Parameter::"/app/keys");"#,
    );
    let ann = with_roles(&fixture.services, "ann", &[]).await;
    let get = |names: &[&str]| {
        let input = json!({ "Names": names });
        call(&ann, &fixture, "GetParameters", input)
    };
    get(&["/app/x", "/app/y/z:3"]).await.unwrap();
    assert_eq!(get(&["/app/x", "/application"]).await.unwrap_err(), "AccessDeniedException");
    assert_eq!(get(&["/app/x", "/app/keys/a"]).await.unwrap_err(), "AccessDeniedException");
    let (_, resource, details) = last_audit(&fixture);
    assert!(resource.ends_with("parameter/app/keys/a"), "{resource}");
    assert_eq!(details["policies"], json!(["site:no-keys"]));
    assert!(details["reason"].as_str().unwrap().contains("explicit deny"), "{details}");
}

#[tokio::test]
async fn tags_decide_where_policies_look_at_them() {
    let fixture = with_policies(
        r#"permit (principal == User::"ann", action, resource)
           when { resource.hasTag("team") && resource.getTag("team") == "blue" };
           permit (principal == User::"ann", action == Action::"ssm:SendCommand", resource is ManagedInstance)
           when { resource.hasTag("Role") && resource.getTag("Role") == "web" };"#,
    );
    let services = &fixture.services;
    with_roles(services, "ann", &[]).await;
    let input = json!({ "Name": "/x", "Value": "1", "Type": "String" });
    call(&actor(), &fixture, "PutParameter", input).await.unwrap();
    let parameter = || Resource::Parameter("/x".to_owned());
    assert!(!try_of(services, "ann", "GetParameter", parameter()).await);
    for (value, expected) in [("blue", true), ("red", false)] {
        fixture
            .store
            .write(move |tx| store::tags::set(tx, "Parameter", "/x", "team", value))
            .await
            .unwrap();
        let is_allowed = try_of(services, "ann", "GetParameter", parameter()).await;
        assert_eq!(is_allowed, expected, "{value}");
    }
    // What a node says of itself counts until somebody says otherwise.
    let instance = || Resource::ManagedInstance(node(0).to_string());
    assert!(try_of(services, "ann", "SendCommand", instance()).await);
    let id = node(0);
    let set = move |tx: &mut store::Tx<'_>| {
        store::tags::set(tx, "ManagedInstance", id.as_str(), "Role", "db")
    };
    fixture.store.write(set).await.unwrap();
    assert!(!try_of(services, "ann", "SendCommand", instance()).await);
}

#[tokio::test]
async fn the_address_and_the_second_factor_decide_too() {
    let fixture = with_policies(
        r#"permit (principal == User::"ann", action, resource)
           when { context.mfa && context has sourceAddress && context.sourceAddress.isInRange(ip("10.0.0.0/8")) };"#,
    );
    with_roles(&fixture.services, "ann", &[]).await;
    for (address, is_mfa, expected) in [
        (Some("10.1.2.3"), true, true),
        (Some("::ffff:10.1.2.3"), true, true),
        (Some("10.1.2.3"), false, false),
        (Some("11.1.2.3"), true, false),
        (Some("fe80::1"), true, false),
        (None, true, false),
    ] {
        let source_address = address.map(|address| address.parse().unwrap());
        let request = WireRequest { source_address, is_mfa, ..WireRequest::default() };
        let ann = Actor::of_request(user("ann"), request);
        let answer = call(&ann, &fixture, "GetParameter", json!({ "Name": "/x" })).await;
        let expected = if expected { "ParameterNotFound" } else { "AccessDeniedException" };
        assert_eq!(answer.unwrap_err(), expected, "{address:?} {is_mfa}");
    }
}

fn send(host: &str, secret: Option<&str>) -> HostRequest {
    let text = |secret: &str| Text(vec![Content::Secret(secret.to_owned())]);
    HostRequest::Http(HttpRequest::Send(HttpSend {
        method: "GET".to_owned(),
        url: format!("http://{host}/"),
        headers: secret.map(|secret| ("x-a".to_owned(), text(secret))).into_iter().collect(),
        body: secret.map(|secret| Body::Text(text(secret))),
        timeout_ms: 1_000,
        repeatable: false,
    }))
}

fn put(name: &str, content: Content) -> HostRequest {
    HostRequest::Parameters(ParametersRequest::Put(PutParameter {
        name: name.to_owned(),
        kind: Some(ParameterKind::SecureString),
        content,
        overwrite: true,
        description: None,
    }))
}

fn parameters(request: ParametersRequest) -> HostRequest {
    HostRequest::Parameters(request)
}

fn path(path: &str) -> HostRequest {
    parameters(ParametersRequest::GetByPath { path: path.to_owned(), recursive: true })
}

fn command(instance_ids: &[&str], targets: &Value) -> HostRequest {
    HostRequest::Commands(CommandsRequest::Send(json!({
        "DocumentName": "AWS-RunShellScript",
        "InstanceIds": instance_ids,
        "Targets": targets,
        "Parameters": { "commands": ["true"] },
    })))
}

/// Host calls, and the operation and resource of the question that the policies are asked when nothing is allowed.
fn questions() -> Vec<(HostRequest, &'static str, &'static str)> {
    let name = || "/app/x".to_owned();
    let plain = Content::Plain("1".to_owned());
    let id = || "0190b6c2-0000-7000-8000-000000000001".to_owned();
    let tag = |kind: &str, id: &str| {
        HostRequest::Tags(TagsRequest::Add {
            resource_type: kind.to_owned(),
            resource_id: id.to_owned(),
            tags: vec![("a".to_owned(), "b".to_owned())],
        })
    };
    let automation = HostRequest::Automation;
    let start = json!({ "DocumentName": "Deploy" });
    vec![
        (parameters(ParametersRequest::Get { name: name() }), "GetParameter", "parameter/app/x"),
        (
            parameters(ParametersRequest::Delete { name: name() }),
            "DeleteParameter",
            "parameter/app/x",
        ),
        (parameters(ParametersRequest::Reveal { name: name() }), "GetParameter", "parameter/app/x"),
        (path("/app/"), "GetParametersByPath", "parameter/app"),
        (put("/app/x", plain), "PutParameter", "parameter/app/x"),
        (command(&["local"], &json!([])), "SendCommand", "document/AWS-RunShellScript"),
        (
            HostRequest::Commands(CommandsRequest::Get { id: id() }),
            "GetCommandInvocation",
            "000000000000:*",
        ),
        (HostRequest::Commands(CommandsRequest::Cancel { id: id() }), "CancelCommand", ":*"),
        (
            automation(AutomationRequest::Start(start)),
            "StartAutomationExecution",
            "automation-definition/Deploy:$DEFAULT",
        ),
        (
            automation(AutomationRequest::Get { id: id() }),
            "GetAutomationExecution",
            "automation-execution/0190b6c2-0000-7000-8000-000000000001",
        ),
        (
            automation(AutomationRequest::Cancel { id: id() }),
            "StopAutomationExecution",
            "automation-execution/0190b6c2-0000-7000-8000-000000000001",
        ),
        (
            HostRequest::Inventory(InventoryRequest::Gather {
                node: "local".to_owned(),
                types: Vec::new(),
            }),
            "ListInventoryEntries",
            "managed-instance/mi-00000000000000000",
        ),
        (tag("Parameter", "/app/x"), "AddTagsToResource", "parameter/app/x"),
        (tag("ManagedInstance", "local"), "AddTagsToResource", "mi-00000000000000000"),
        (tag("Document", "Deploy"), "AddTagsToResource", "document/Deploy"),
        (send("127.0.0.1:9", None), "runwright:HttpRequest", "000000000000:*"),
    ]
}

fn as_ann(caller: Caller) -> Caller {
    Caller { principal: user("ann"), ..caller }
}

#[tokio::test]
async fn a_run_whose_starter_may_nothing_does_nothing() {
    let fixture = Fixture::new();
    with_roles(&fixture.services, "ann", &[]).await;
    let run = fixture.run().await;
    for (ordinal, (request, operation, resource)) in (0_u32..).zip(questions()) {
        let caller = as_ann(Fixture::caller(&run, ordinal, &["*"]));
        let failure = fixture.services.perform(&caller, &request).await.unwrap_err();
        assert_eq!(failure.code, "AccessDeniedException", "{request:?}");
        let operation = match operation.split_once(':') {
            Some(_) => operation.to_owned(),
            None => format!("ssm:{operation}"),
        };
        let message = format!("perform: {operation} on resource: ");
        assert!(failure.message.contains(&message), "{failure}");
        assert!(failure.message.contains(&format!("{resource} because")), "{failure} {resource}");
        let (decision, _, details) = last_audit(&fixture);
        assert_eq!(decision, "deny HostCall");
        assert_eq!(details["reason"], failure.message.as_str());
        // The owner of an embedded store is not asked.
        let caller = Fixture::caller(&run, 100 + ordinal, &["*"]);
        let answer = fixture.services.perform(&caller, &request).await;
        assert!(answer.is_ok() || answer.unwrap_err().code != "AccessDeniedException");
    }
    let clock = HostRequest::Clock(ClockRequest::Now);
    let state = HostRequest::State(StateRequest::ListKeys {
        scope: "acme".to_owned(),
        prefix: String::new(),
    });
    for (ordinal, request) in (200..).zip([clock, state]) {
        let caller = as_ann(Fixture::caller(&run, ordinal, &["*"]));
        fixture.services.perform(&caller, &request).await.unwrap();
    }
}

#[tokio::test]
async fn a_secret_is_used_only_by_runs_whose_starter_may_read_it() {
    let fixture = with_policies(
        r#"permit (principal == User::"ann", action, resource);
           forbid (principal, action, resource in Parameter::"/s") when { context.withDecryption };"#,
    );
    with_roles(&fixture.services, "ann", &[]).await;
    let run = fixture.run().await;
    let secret = || Content::Secret("/s/t:1".to_owned());
    let plain = Content::Plain("hidden".to_owned());
    fixture
        .services
        .perform(&as_ann(Fixture::caller(&run, 0, &["*"])), &put("/s/t", plain))
        .await
        .unwrap();
    let reveal = |name: &str| parameters(ParametersRequest::Reveal { name: name.to_owned() });
    for (ordinal, request) in (1_u32..).zip([
        reveal("/s/t"),
        reveal("/s/t:1"),
        reveal("arn:aws:ssm:us-east-1:000000000000:parameter/s/t"),
        put("/copy", secret()),
        send("127.0.0.1:9", Some("/s/t")),
    ]) {
        let caller = as_ann(Fixture::caller(&run, ordinal, &["*"]));
        let failure = fixture.services.perform(&caller, &request).await.unwrap_err();
        assert_eq!(failure.code, "AccessDeniedException", "{request:?}");
        assert_eq!(failure.details["policies"], json!(["site:2"]));
    }
    let get = parameters(ParametersRequest::Get { name: "/s/t".to_owned() });
    let caller = as_ann(Fixture::caller(&run, 9, &["*"]));
    let shown = fixture.services.perform(&caller, &get).await.unwrap();
    assert_eq!(shown["content"], json!({ "Secret": "/s/t:1" }));
}

#[tokio::test]
async fn a_command_goes_to_nodes_that_its_sender_may_reach() {
    let first = node(0);
    let fixture = with_policies(&format!(
        r#"permit (principal == User::"ann", action == Action::"ssm:SendCommand", resource is Document);
           permit (principal == User::"ann", action, resource == ManagedInstance::"{first}");"#,
    ));
    with_roles(&fixture.services, "ann", &[]).await;
    let run = fixture.run().await;
    let second = node(1).to_string();
    let all = json!([{ "Key": "tag:Role", "Values": ["web"] }]);
    let denied = [
        command(&[&second], &json!([])),
        command(&["local", &second], &json!([])),
        command(&[], &all),
    ];
    for (ordinal, request) in (0_u32..).zip(denied) {
        let caller = as_ann(Fixture::caller(&run, ordinal, &["*"]));
        let failure = fixture.services.perform(&caller, &request).await.unwrap_err();
        assert!(failure.message.contains(&format!("managed-instance/{second}")), "{failure}");
    }
    let caller = as_ann(Fixture::caller(&run, 9, &["*"]));
    fixture.services.perform(&caller, &command(&["local"], &json!([]))).await.unwrap();
}

#[tokio::test]
async fn a_path_is_read_by_who_may_read_the_path() {
    let fixture = with_policies(
        r#"permit (principal == User::"ann", action == Action::"ssm:GetParametersByPath", resource == Parameter::"/app")
           when { context.recursive };
           forbid (principal, action, resource == Parameter::"/app/keys/a");"#,
    );
    with_roles(&fixture.services, "ann", &[]).await;
    let run = fixture.run().await;
    let text = Content::Plain("1".to_owned());
    let caller = Fixture::caller(&run, 0, &["*"]);
    fixture.services.perform(&caller, &put("/app/keys/a", text)).await.unwrap();
    let ann = |ordinal| as_ann(Fixture::caller(&run, ordinal, &["*"]));
    for (ordinal, whole) in [(1, "/app"), (2, "/app/")] {
        let found = fixture.services.perform(&ann(ordinal), &path(whole)).await.unwrap();
        assert_eq!(found[0]["name"], "/app/keys/a");
    }
    let failure = fixture.services.perform(&ann(3), &path("/")).await.unwrap_err();
    assert_eq!(failure.code, "AccessDeniedException");
}
