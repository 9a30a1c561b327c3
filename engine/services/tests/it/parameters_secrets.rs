//! Secrets: sealed in the store, opened for whoever may see them, masked in what steps say.

use std::collections::BTreeSet;

use store::Sealed;
use store::parameters::StoredValue;

use crate::fixture::Fixture;
use crate::parameters::{overwrite, put};

#[tokio::test]
async fn a_secure_string_is_sealed_and_its_opening_audited() {
    let fixture = Fixture::new();
    let secret = "correct horse battery";
    fixture.put(put("/t", secret, "SecureString")).await;
    let sealed = fixture.value("/t", false).await.unwrap();
    assert!(!sealed.contains(secret) && sealed.len() > 100, "{sealed}");
    assert_eq!(fixture.value("/t", true).await.unwrap(), secret);
    let expected = [("PutParameter", "allow"), ("DecryptParameter", "allow")];
    assert_eq!(
        fixture.audit_actions(),
        expected.map(|(action, decision)| (action.to_owned(), decision.to_owned()))
    );
    assert!(!format!("{:?}", put("/t", secret, "SecureString")).contains(secret));

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

async fn scrubbed(fixture: &Fixture, references: &[&str], text: &str) -> Result<String, String> {
    let references: BTreeSet<String> = references.iter().map(|name| (*name).to_owned()).collect();
    let scrubber = fixture.services.scrubber(&references).await.map_err(|error| {
        assert!(references.iter().any(|name| error.message.contains(name.as_str())), "{error}");
        error.code.into_owned()
    })?;
    Ok(scrubber.text(text.to_owned()))
}

#[tokio::test]
async fn a_scrubber_knows_the_named_version_and_without_one_all_of_them() {
    let fixture = Fixture::new();
    let secret = put("/t", "old-secret", "SecureString");
    fixture.put(secret).await;
    fixture.put(overwrite("/t", "new-secret")).await;
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
    let secret = |value: &str| put("/t", value, "SecureString");
    fixture.put(secret("first-secret")).await;
    assert_eq!(fixture.value("/t", true).await.unwrap(), "first-secret");
    fixture.delete_parameter("/t").await;
    for reference in ["/t", "/t:1"] {
        assert_eq!(scrubbed(&fixture, &[reference], "first-secret").await.unwrap(), "***");
    }
    fixture.put(secret("second-secret")).await;
    let text = scrubbed(&fixture, &["/t:1"], "first-secret second-secret").await.unwrap();
    assert_eq!(text, "*** ***");
    fixture.delete_parameter("/t").await;
    let string = put("/t", "an open text", "String");
    fixture.put(string).await;
    let text = scrubbed(&fixture, &["/t"], "first-secret, an open text").await.unwrap();
    assert_eq!(text, "***, an open text");
}

#[tokio::test]
async fn a_secret_of_which_nothing_is_known_fails_closed() {
    let fixture = Fixture::new();
    let secret = put("/t", "first-secret", "SecureString");
    fixture.put(secret).await;
    for reference in ["/gone", "/t:2"] {
        let result = scrubbed(&fixture, &["/t", reference], "first-secret").await;
        assert_eq!(result, Err("SecretNotFound".to_owned()), "{reference}");
    }
    fixture.delete_parameter("/t").await;
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
        let secret = put(name, value, "SecureString");
        fixture.put(secret).await;
    }
    let sealed = stored(&fixture, "/x");
    swap_in(&fixture, "x", &sealed).await;
    assert_eq!(fixture.value("x", true).await.unwrap_err().code, "InternalServerError");
    assert_eq!(fixture.value("/x", true).await.unwrap(), "with-slash");
}

#[tokio::test]
async fn an_envelope_of_a_deleted_parameter_does_not_open_in_its_successor() {
    let fixture = Fixture::new();
    let secret = |value: &str| put("/x", value, "SecureString");
    fixture.put(secret("the old one")).await;
    let (old, created) = (stored(&fixture, "/x"), modified_ms(&fixture, "/x"));
    fixture.delete_parameter("/x").await;
    loop {
        fixture.put(secret("the new one")).await;
        if modified_ms(&fixture, "/x") != created {
            break;
        }
        fixture.delete_parameter("/x").await;
    }
    swap_in(&fixture, "/x", &old).await;
    assert_eq!(fixture.value("/x", true).await.unwrap_err().code, "InternalServerError");
}

fn modified_ms(fixture: &Fixture, name: &str) -> u64 {
    let name = name.to_owned();
    let read = move |tx: &store::ReadTx<'_>| store::parameters::get(tx, &name, None);
    let found = fixture.store.read_blocking::<_, store::ReadError>(read).unwrap().unwrap();
    found.parameter.last_modified_ms
}
