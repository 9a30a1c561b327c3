use services::Keyring;
use services::envelope::{Binding, EnvelopeError, key_id, open, rewrap, seal};
use services::keyring::{KeyId, Sources};

const BINDING: Binding<'static> =
    Binding { purpose: "PARAMETER_ARN", resource: "arn:aws:ssm:r:a:parameter/x", version: 3 };

fn keyring() -> (tempfile::TempDir, Keyring) {
    let directory = tempfile::tempdir().unwrap();
    let keyring = Keyring::open(directory.path(), &Sources::default(), &[]).unwrap();
    (directory, keyring)
}

#[test]
fn what_is_sealed_opens_again() {
    let (_directory, keyring) = keyring();
    for text in ["", "x", "a longer secret \u{1f511}", &"y".repeat(9_000)] {
        let envelope = seal(&keyring, BINDING, text.as_bytes()).unwrap();
        assert_eq!(open(&keyring, BINDING, &envelope).unwrap().as_slice(), text.as_bytes());
        assert!(
            text.len() < 2 || !envelope.windows(text.len()).any(|part| part == text.as_bytes())
        );
    }
}

#[test]
fn the_same_text_never_seals_alike() {
    let (_directory, keyring) = keyring();
    let first = seal(&keyring, BINDING, b"text").unwrap();
    assert_ne!(first, seal(&keyring, BINDING, b"text").unwrap());
}

#[test]
fn an_altered_byte_anywhere_is_noticed() {
    let (_directory, keyring) = keyring();
    let envelope = seal(&keyring, BINDING, b"a secret").unwrap();
    for index in 0..envelope.len() {
        let mut altered = envelope.clone();
        altered[index] ^= 1;
        let error = open(&keyring, BINDING, &altered).unwrap_err();
        match index {
            0 => assert_eq!(error, EnvelopeError::Format(0)),
            1..5 => assert!(matches!(error, EnvelopeError::KeyMissing { .. }), "{index}: {error}"),
            _ => assert_eq!(error, EnvelopeError::Altered { key: KeyId(1) }, "{index}"),
        }
    }
    for length in 0..envelope.len() {
        assert!(open(&keyring, BINDING, &envelope[..length]).is_err(), "{length}");
    }
}

#[test]
fn an_envelope_belongs_to_its_name_version_and_purpose() {
    let (_directory, keyring) = keyring();
    let envelope = seal(&keyring, BINDING, b"a secret").unwrap();
    for moved in [
        Binding { resource: "arn:aws:ssm:r:a:parameter/y", ..BINDING },
        Binding { version: 2, ..BINDING },
        Binding { purpose: "RUN_SEED", ..BINDING },
    ] {
        let error = open(&keyring, moved, &envelope).unwrap_err();
        assert_eq!(error, EnvelopeError::Altered { key: KeyId(1) }, "{moved:?}");
    }
}

#[test]
fn rotation_rewraps_and_a_missing_key_is_named() {
    let (directory, first) = keyring();
    let old = seal(&first, BINDING, b"a secret").unwrap();
    let both = first.rotated(directory.path()).unwrap();
    assert_eq!(both.primary(), KeyId(2));
    assert_eq!(open(&both, BINDING, &old).unwrap().as_slice(), b"a secret");

    let new = rewrap(&both, BINDING, &old).unwrap();
    assert_eq!(key_id(&new).unwrap(), KeyId(2));
    assert_eq!(open(&both, BINDING, &new).unwrap().as_slice(), b"a secret");

    let error = open(&first, BINDING, &new).unwrap_err();
    assert!(error.to_string().contains("the key k2 is needed"), "{error}");
    let reopened = Keyring::open(directory.path(), &Sources::default(), &[]).unwrap();
    assert_eq!(open(&reopened, BINDING, &new).unwrap().as_slice(), b"a secret");
}
