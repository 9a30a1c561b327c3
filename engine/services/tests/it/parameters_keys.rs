//! Named keys and the rotation of what wraps secrets.

use std::sync::Arc;

use services::keyring::Sources;
use services::{Keyring, Services, Settings, Shipped};
use store::Sealed;
use store::parameters::{ParameterVersion, StoredValue};

use crate::fixture::{FakeNodes, Fixture, actor};
use crate::parameters::{overwrite, put};

fn sealed_by(fixture: &Fixture, name: &str, version: u64) -> (String, Option<String>) {
    let name = name.to_owned();
    let read = move |tx: &store::ReadTx<'_>| store::parameters::get(tx, &name, Some(version));
    let found: ParameterVersion =
        fixture.store.read_blocking::<_, store::ReadError>(read).unwrap().unwrap();
    let StoredValue::Sealed(Sealed { key_id, .. }) = found.parameter.value else {
        panic!("it is not sealed")
    };
    (key_id, found.material.map(|material| material.key_id))
}

fn secret(name: &str, value: &str, key: &str) -> services::parameters::PutParameterRequest {
    let request = put(name, value, "SecureString");
    services::parameters::PutParameterRequest { key_id: Some(key.to_owned()), ..request }
}

#[tokio::test]
async fn a_secret_is_sealed_under_the_key_it_names() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    let key = services.create_key(&actor(), "alias/team/web").await.unwrap();
    assert_eq!((key.alias.as_str(), key.version), ("alias/team/web", 1));
    let arn = |rest: &str| format!("arn:aws:kms:us-east-1:000000000000:{rest}");
    let names = [
        "alias/team/web".to_owned(),
        key.key_id.clone(),
        arn("alias/team/web"),
        arn(&format!("key/{}", key.key_id)),
    ];
    for (number, name) in names.iter().enumerate() {
        let parameter = format!("/p{number}");
        fixture.put(secret(&parameter, "hidden", name)).await;
        assert_eq!(fixture.value(&parameter, true).await.unwrap(), "hidden");
        assert_eq!(sealed_by(&fixture, &parameter, 1).0, format!("{}/1", key.key_id));
        let history = fixture.history(&parameter).await;
        assert_eq!(history[0].key_id.as_deref(), Some(name.as_str()), "as it was called");
    }
    for name in ["alias/aws/ssm".to_owned(), arn("alias/aws/ssm")] {
        fixture.put(secret("/own", "hidden", &name)).await;
        assert_eq!(sealed_by(&fixture, "/own", 1), ("k1".to_owned(), None));
        fixture.delete_parameter("/own").await;
    }
    for name in ["alias/none", "none", "arn:aws:kms:us-east-1:111111111111:alias/team/web"] {
        assert_eq!(fixture.refused(secret("/x", "hidden", name)).await.code, "InvalidKeyId");
    }
    fixture.put(overwrite("/p0", "hidden too")).await;
    assert_eq!(sealed_by(&fixture, "/p0", 2).0, format!("{}/1", key.key_id), "the key stays");
    let mut own = overwrite("/p0", "hidden as well");
    own.key_id = Some("alias/aws/ssm".to_owned());
    fixture.put(own).await;
    assert_eq!(sealed_by(&fixture, "/p0", 3).0, "k1");
    for version in ["/p0:1", "/p0:2", "/p0:3"] {
        assert!(fixture.value(version, true).await.unwrap().starts_with("hidden"));
    }
}

#[tokio::test]
async fn a_named_key_is_made_once_and_rotated() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    services.create_key(&actor(), "alias/b").await.unwrap();
    services.create_key(&actor(), "alias/a").await.unwrap();
    for (alias, code) in [
        ("alias/a", "AlreadyExistsException"),
        ("a", "InvalidAliasNameException"),
        ("alias/", "InvalidAliasNameException"),
        ("alias/a b", "InvalidAliasNameException"),
        ("alias/aws/mine", "InvalidAliasNameException"),
    ] {
        let error = services.create_key(&actor(), alias).await.unwrap_err();
        assert_eq!(error.code, code, "{alias}");
    }
    assert_eq!(services.rotate_key(&actor(), "alias/c").await.unwrap_err().code, "InvalidKeyId");

    fixture.put(secret("/x", "first", "alias/a")).await;
    let key = services.rotate_key(&actor(), "alias/a").await.unwrap();
    assert_eq!(key.version, 2);
    fixture.put(overwrite("/x", "second")).await;
    let by = |version| sealed_by(&fixture, "/x", version).0;
    assert_eq!((by(1), by(2)), (format!("{}/1", key.key_id), format!("{}/2", key.key_id)));
    assert_eq!(services.rewrap_parameters().await.unwrap(), 1);
    assert_eq!(by(1), format!("{}/2", key.key_id));
    assert_eq!(fixture.value("/x:1", true).await.unwrap(), "first");
    assert_eq!(services.rewrap_parameters().await.unwrap(), 0);
    let keys = services.list_keys().await.unwrap();
    let keys: Vec<_> = keys.iter().map(|key| (key.alias.as_str(), key.version)).collect();
    assert_eq!(keys, [("alias/a", 2), ("alias/b", 1)]);
}

#[tokio::test]
async fn a_new_primary_key_wraps_materials_and_the_values_of_the_account_s_key() {
    let fixture = Fixture::new();
    fixture.services.create_key(&actor(), "alias/a").await.unwrap();
    fixture.put(secret("/named", "one", "alias/a")).await;
    fixture.put(put("/own", "two", "SecureString")).await;
    let data = fixture.directory.path().join("data");
    let old = Keyring::open(&data, &Sources::default(), &[]).unwrap();
    let rotated = old.rotated(&data).unwrap();
    let nodes: Arc<FakeNodes> = fixture.nodes.clone();
    let services = Services::new(
        Settings::default(),
        fixture.store.clone(),
        rotated,
        nodes,
        Shipped::default(),
    )
    .unwrap();
    assert_eq!(services.rewrap_parameters().await.unwrap(), 2);
    let fixture = Fixture { services, ..fixture };
    assert_eq!(sealed_by(&fixture, "/named", 1).1.as_deref(), Some("k2"));
    assert_eq!(sealed_by(&fixture, "/own", 1), ("k2".to_owned(), None));
    assert_eq!(fixture.value("/named", true).await.unwrap(), "one");
    assert_eq!(fixture.value("/own", true).await.unwrap(), "two");
    let needed = fixture.store.read_blocking(store::parameters::key_ids).unwrap();
    assert_eq!(needed, ["k2"], "a restore needs no named key beside it");
}

#[tokio::test]
async fn a_material_opens_under_its_own_id_only() {
    let fixture = Fixture::new();
    let services = &fixture.services;
    for alias in ["alias/a", "alias/b"] {
        services.create_key(&actor(), alias).await.unwrap();
    }
    fixture.put(secret("/x", "hidden", "alias/a")).await;
    let materials = fixture.store.read_blocking(store::named_keys::materials).unwrap();
    let [one, other] = materials.as_slice() else { panic!("{materials:?}") };
    let (one, swapped) = (one.clone(), other.wrapped.clone());
    let (other, back) = (other.clone(), one.wrapped.clone());
    fixture
        .store
        .write_blocking(move |tx| {
            store::named_keys::rewrap(tx, &one, &swapped)?;
            store::named_keys::rewrap(tx, &other, &back)
        })
        .unwrap();
    assert_eq!(fixture.value("/x", true).await.unwrap_err().code, "InternalServerError");
}
