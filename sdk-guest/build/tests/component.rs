//! What is and is not made a component.

#![expect(clippy::unwrap_used, reason = "what a test builds is right or the test fails")]

use guest_build::{ComponentError, componentize};

/// A core module without code that holds one custom section for each text.
fn module(manifests: &[&str]) -> Vec<u8> {
    const NAME: &[u8] = b"runwright:manifest";
    let mut bytes = b"\0asm\x01\0\0\0".to_vec();
    for manifest in manifests {
        let mut contents = vec![u8::try_from(NAME.len()).unwrap()];
        contents.extend_from_slice(NAME);
        contents.extend_from_slice(manifest.as_bytes());
        let length = u16::try_from(contents.len()).unwrap();
        let low = u8::try_from(length & 0x7f).unwrap() | 0x80;
        bytes.extend([0, low, u8::try_from(length >> 7).unwrap()]);
        bytes.extend(contents);
    }
    bytes
}

fn manifest(name: &str, version: &str, wit: &str, needs: &str, action: &str) -> String {
    format!(
        r#"{{"name":"{name}","version":"{version}","wit":"{wit}","interfaces":["http"],"actions":[
        {{"name":"{action}","summary":"","effect":"pure","needs":[{needs}],"inputs":{{}},"outputs":{{}}}}]}}"#
    )
}

fn refusal(manifests: &[&str]) -> ComponentError {
    componentize(&module(manifests)).unwrap_err()
}

#[test]
fn a_module_has_one_manifest() {
    assert!(matches!(componentize(b"junk"), Err(ComponentError::Parse(_))));
    assert!(matches!(refusal(&[]), ComponentError::ManifestCount { count: 0 }));
    assert!(matches!(refusal(&["{}", "{}"]), ComponentError::ManifestCount { count: 2 }));
    assert!(matches!(refusal(&["{}"]), ComponentError::Manifest(_)));
}

#[test]
fn a_manifest_that_contradicts_itself_is_refused() {
    let wit = host_api::WIT_VERSION;
    for (name, version, wit, needs, action, expected) in [
        ("a:b", "1.0.0", "9.9.9", "", "a:x", "runwright:host@9.9.9"),
        ("ab", "1.0.0", wit, "", "a:x", "expected `vendor:package`"),
        ("a:b", "1", wit, "", "a:x", "expected `1.2.3`"),
        ("a:b", "1.0.0", wit, "", "c:x", "where `a:…` is possible"),
        ("a:b", "1.0.0", wit, r#""ops:create""#, "a:x", "without interface `ops`"),
    ] {
        let error = refusal(&[&manifest(name, version, wit, needs, action)]).to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_module_without_our_world_is_no_component() {
    let fitting = manifest("a:b", "1.0.0", host_api::WIT_VERSION, r#""http:GET:*""#, "a:x");
    let error = refusal(&[&fitting]);
    assert!(
        matches!(error, ComponentError::Unused { .. } | ComponentError::Encode { .. }),
        "{error}"
    );
}
