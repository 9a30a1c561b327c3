use std::collections::BTreeSet;

use host_api::identifier::Digest;
use host_api::manifest::Manifest;
use serde_json::json;
use services::parameters::{DeleteParameterRequest, PutParameterRequest};
use services::plugin_state::{KEY_BYTES_MAX, VALUE_BYTES_MAX};
use services::tags::{AddTagsToResourceRequest, Tag};
use services::{ServiceError, Services};
use ssm_model::types::tags::{ListTagsForResourceRequest, RemoveTagsFromResourceRequest};

use crate::fixture::{Fixture, actor, node};

fn add(resource_type: &str, resource_id: &str, tags: &[(&str, &str)]) -> AddTagsToResourceRequest {
    let tag =
        |(key, value): &(&str, &str)| Tag { key: (*key).to_owned(), value: (*value).to_owned() };
    AddTagsToResourceRequest {
        resource_type: resource_type.to_owned(),
        resource_id: resource_id.to_owned(),
        tags: tags.iter().map(tag).collect(),
    }
}

async fn keys(
    services: &Services,
    resource_type: &str,
    resource_id: &str,
) -> Result<Vec<String>, ServiceError> {
    let (resource_type, resource_id) = (resource_type.to_owned(), resource_id.to_owned());
    let request = ListTagsForResourceRequest { resource_type, resource_id };
    let listed = services.list_tags_for_resource(request).await?;
    Ok(listed.tag_list.unwrap().into_iter().map(|tag| tag.key).collect())
}

#[tokio::test]
async fn tags_belong_to_what_exists_and_go_with_it() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let put = PutParameterRequest {
        name: "/x".to_owned(),
        value: "v".into(),
        r#type: Some("String".to_owned()),
        tags: Some(vec![ssm_model::types::tags::Tag {
            key: "Env".to_owned(),
            value: "test".to_owned(),
        }]),
        ..PutParameterRequest::default()
    };
    services.put_parameter(&actor(), put.clone()).await.unwrap();
    services
        .add_tags_to_resource(&actor(), add("Parameter", "/x", &[("Team", "a b@c")]))
        .await
        .unwrap();
    let list = async || keys(services, "Parameter", "/x").await;
    let keys: Vec<String> = list().await.unwrap();
    assert_eq!(keys, ["Env", "Team"]);
    for (request, code) in [
        (add("Parameter", "/none", &[("a", "b")]), "InvalidResourceId"),
        (add("ManagedInstance", "mi-none", &[("a", "b")]), "InvalidResourceId"),
        (add("MaintenanceWindow", "mw-1", &[("a", "b")]), "Unavailable"),
        (add("Thing", "x", &[("a", "b")]), "InvalidResourceType"),
        (add("Parameter", "/x", &[("", "b")]), "ValidationException"),
        (add("Parameter", "/x", &[("a", "!")]), "ValidationException"),
        (add("Parameter", "/x", &[("aws:x", "b")]), "ValidationException"),
        (add("Parameter", "/x", &[("a", "b"), ("a", "c")]), "ValidationException"),
    ] {
        let error = services.add_tags_to_resource(&actor(), request).await.unwrap_err();
        assert_eq!(error.code, code, "{error}");
    }
    let names: Vec<String> = (0..49).map(|number| format!("k{number}")).collect();
    let many: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "v")).collect();
    let error =
        services.add_tags_to_resource(&actor(), add("Parameter", "/x", &many)).await.unwrap_err();
    assert_eq!(error.code, "TooManyTagsError");
    assert_eq!(list().await.unwrap().len(), 2);

    services
        .delete_parameter(&actor(), DeleteParameterRequest { name: "/x".to_owned() })
        .await
        .unwrap();
    services.put_parameter(&actor(), PutParameterRequest { tags: None, ..put }).await.unwrap();
    assert_eq!(list().await.unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_node_is_tagged_by_its_alias_and_needs_no_row() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let add = async |id: &str, key: &str| {
        let request = add("ManagedInstance", id, &[(key, "v")]);
        services.add_tags_to_resource(&actor(), request).await
    };
    let (alias, id) = ("local", node(0).to_string());
    add(alias, "A").await.unwrap();
    add(&id, "B").await.unwrap();
    for name in [alias, &id] {
        let keys = keys(services, "ManagedInstance", name).await.unwrap();
        assert_eq!(keys, ["A", "B"], "{name}");
    }
    let error = add("elsewhere", "A").await.unwrap_err();
    assert_eq!(error.code, "InvalidResourceId");
}

#[tokio::test]
async fn a_parameter_is_found_with_and_without_its_slash_and_loses_tags_by_key() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let put = async |name: &str| {
        let request = PutParameterRequest {
            name: name.to_owned(),
            value: "v".into(),
            r#type: Some("String".to_owned()),
            ..PutParameterRequest::default()
        };
        services.put_parameter(&actor(), request).await.unwrap();
    };
    put("/y").await;
    services
        .add_tags_to_resource(&actor(), add("Parameter", "y", &[("A", ""), ("B", "\u{2003}")]))
        .await
        .unwrap();
    assert_eq!(keys(services, "Parameter", "/y").await.unwrap(), ["A", "B"]);
    let remove = async |resource_type: &str, id: &str| {
        let request = RemoveTagsFromResourceRequest {
            resource_type: resource_type.to_owned(),
            resource_id: id.to_owned(),
            tag_keys: vec!["A".to_owned(), "none".to_owned()],
        };
        services.remove_tags_from_resource(&actor(), request).await
    };
    remove("Parameter", "y").await.unwrap();
    assert_eq!(keys(services, "Parameter", "y").await.unwrap(), ["B"]);
    put("y").await;
    assert_eq!(keys(services, "Parameter", "y").await.unwrap(), Vec::<String>::new());
    assert_eq!(keys(services, "Parameter", "/y").await.unwrap(), ["B"]);
    for (resource_type, id, code) in [
        ("Parameter", "/none", "InvalidResourceId"),
        ("Document", "None", "InvalidResourceId"),
        ("Automation", "none", "InvalidResourceId"),
        ("Thing", "y", "InvalidResourceType"),
        ("OpsItem", "oi-0123456789ab", "Unavailable"),
    ] {
        assert_eq!(remove(resource_type, id).await.unwrap_err().code, code, "{resource_type}");
        assert_eq!(keys(services, resource_type, id).await.unwrap_err().code, code);
    }
}

#[tokio::test]
async fn documents_and_runs_have_tags_and_those_of_a_run_go_with_it() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    services.put_document(&actor(), "Check", "Automation", crate::fixture::SMALLEST).await.unwrap();
    let run = fixture.run().await;
    for (resource_type, id) in [("Document", "Check"), ("Automation", run.as_str())] {
        services
            .add_tags_to_resource(&actor(), add(resource_type, id, &[("Team", "a")]))
            .await
            .unwrap();
        assert_eq!(keys(services, resource_type, id).await.unwrap(), ["Team"]);
    }
    let ended = run.clone();
    let end = move |tx: &mut store::Tx<'_>| {
        let view = store::runs::View { ended_ms: Some(1), ..store::runs::View::default() };
        store::runs::set_view(tx, &ended, &view)
    };
    fixture.store.write(end).await.unwrap();
    services.prune_runs(&actor(), 2).await.unwrap();
    let left = fixture
        .store
        .read_blocking(|tx| store::tags::list(tx, "Automation", run.as_str()))
        .unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn tags_are_reached_by_the_names_of_their_operations() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let call = async |operation: &str, input| services.call(actor(), operation, input).await;
    let parameter = json!({ "Name": "/x", "Value": "v", "Type": "String" });
    call("PutParameter", parameter).await.unwrap();
    let resource = json!({ "ResourceType": "Parameter", "ResourceId": "/x" });
    let with = |member: &str, value| {
        let mut input = resource.clone();
        input[member] = value;
        input
    };
    let tags = json!([{ "Key": "Env", "Value": "test" }]);
    let added = call("AddTagsToResource", with("Tags", tags.clone())).await.unwrap();
    assert_eq!(added, json!({}));
    let listed = call("ListTagsForResource", resource.clone()).await.unwrap();
    assert_eq!(listed, json!({ "TagList": tags }));
    call("RemoveTagsFromResource", with("TagKeys", json!(["Env"]))).await.unwrap();
    let listed = call("ListTagsForResource", resource.clone()).await.unwrap();
    assert_eq!(listed, json!({ "TagList": [] }));
}

#[tokio::test]
async fn values_have_bounds() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let put = async |key: &str, value: String| {
        services.put_state(&actor(), "acme".to_owned(), key.to_owned(), &json!(value)).await
    };
    put(&"k".repeat(KEY_BYTES_MAX), "v".repeat(VALUE_BYTES_MAX - 2)).await.unwrap();
    for (key, value) in [
        (String::new(), String::new()),
        ("k".repeat(KEY_BYTES_MAX + 1), String::new()),
        ("k".to_owned(), "v".repeat(VALUE_BYTES_MAX - 1)),
    ] {
        assert_eq!(put(&key, value).await.unwrap_err().code, "ValidationException");
    }
    let full = |tx: &mut store::Tx<'_>| {
        (1..1_000).try_for_each(|number| store::state::put(tx, "acme", &format!("n{number}"), "1"))
    };
    fixture.store.write(full).await.unwrap();
    assert_eq!(put("one-more", String::new()).await.unwrap_err().code, "LimitExceeded");
    put("n7", "again".to_owned()).await.unwrap();
}

fn manifest(name: &str) -> Manifest {
    Manifest {
        name: name.to_owned(),
        version: "1.0.0".to_owned(),
        wit: "0.1.0".to_owned(),
        interfaces: BTreeSet::new(),
        actions: Vec::new(),
    }
}

async fn add_plugin(
    fixture: &Fixture,
    name: &str,
    bytes: &[u8],
    signer: Option<&str>,
) -> Result<Digest, ServiceError> {
    let signer = signer.map(str::to_owned);
    fixture.services.add_plugin(&actor(), manifest(name), bytes.to_vec(), signer).await
}

#[tokio::test]
async fn a_plugin_s_version_is_taken_for_ever() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let add = async |name: &str, bytes: &[u8]| add_plugin(&fixture, name, bytes, None).await;
    let digest = add("acme:disk", b"one").await.unwrap();
    assert_eq!(add("acme:disk", b"one").await.unwrap(), digest);
    assert_eq!(add("acme:disk", b"two").await.unwrap_err().code, "PluginAlreadyExists");
    assert_eq!(add("aws:disk", b"one").await.unwrap_err().code, "ValidationException");
    assert_eq!(services.component(&digest).await.unwrap(), b"one");
    assert_eq!(services.list_plugins().await.unwrap().len(), 1);
    let remover = actor();
    let remove = || services.remove_plugin(&remover, "acme:disk".to_owned(), "1.0.0".to_owned());
    remove().await.unwrap();
    assert_eq!(remove().await.unwrap_err().code, "PluginNotFound");
    assert_eq!(add("acme:disk", b"two").await.unwrap_err().code, "PluginAlreadyExists");
    assert_eq!(services.list_plugins().await.unwrap(), []);
    assert_eq!(add("acme:disk", b"one").await.unwrap(), digest);
}

#[tokio::test]
async fn the_signer_of_known_bytes_is_recorded_and_stays() {
    let fixture = Fixture::new();
    let signer = async || {
        let plugins = fixture.services.list_plugins().await.unwrap();
        plugins.into_iter().map(|plugin| plugin.signer_key_id).collect::<Vec<_>>()
    };
    for (given, expected) in [
        (None, None),
        (Some("key-1"), Some("key-1")),
        (None, Some("key-1")),
        (Some("key-2"), Some("key-2")),
    ] {
        add_plugin(&fixture, "acme:disk", b"one", given).await.unwrap();
        assert_eq!(signer().await, [expected.map(str::to_owned)], "{given:?}");
    }
}
