//! What is not let in.

use std::sync::Arc;

use host_api::limits::COMPONENT_BYTES_MAX;
use sandbox::{Allocation, Interfaces, Origin, Sandbox};
use serde_json::{Value, json};

use crate::abuse::{sandbox, shown};
use crate::fixture::{Case, manifest, wasi, with_manifest, with_section};
use crate::host::{RecordingHost, call};

/// Registers and returns the error with all its causes.
async fn refusal(sandbox: &Sandbox, bytes: Arc<[u8]>) -> String {
    let error = sandbox.register(bytes, Origin::Foreign { signature: None }).await.unwrap_err();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn component(text: &str) -> Arc<[u8]> {
    with_manifest(&wat::parse_str(text).unwrap(), &manifest())
}

#[tokio::test]
async fn bytes_that_are_no_component() {
    let sandbox = sandbox(Allocation::OnDemand);
    let good = Case::named("echo").component();
    let core: Arc<[u8]> = wat::parse_str("(module)").unwrap().into();
    let native = wasmtime::Engine::default().precompile_module(&core).unwrap();
    let cases: [(&str, Arc<[u8]>, &str); 7] = [
        ("empty", Arc::from([]), "not WebAssembly"),
        ("random", (0..=255).cycle().take(5_000).collect(), "not WebAssembly"),
        ("truncated", good[..good.len() / 2].into(), "not WebAssembly"),
        ("core module", core, "a core module"),
        ("native code", native.into(), "native code"),
        ("too large", vec![0; COMPONENT_BYTES_MAX + 1].into(), "the limit is 33554432"),
        ("unnamed", Case::named("echo").bare().into(), "no `runwright:manifest` section"),
    ];
    for (name, bytes, part) in cases {
        let text = refusal(&sandbox, bytes).await;
        assert!(text.contains(part), "{name}: {text}");
    }
}

#[tokio::test]
async fn components_of_another_world() {
    let sandbox = sandbox(Allocation::OnDemand);
    let cases = [
        ("(component)", "does not fit the world"),
        (
            r#"(component (import "wasi:filesystem/types@0.2.0" (instance)))"#,
            "wasi:filesystem/types",
        ),
        (r#"(component (import "wasi:cli/environment@0.2.0" (instance)))"#, "wasi:cli/environment"),
        (r#"(component (import "wasi:sockets/tcp@0.2.0" (instance)))"#, "wasi:sockets/tcp"),
        (r#"(component (import "wasi:io/poll@0.3.0" (instance)))"#, "wasi:io/poll@0.3.0"),
        (r#"(component (import "runwright:host/root@0.1.0" (instance)))"#, "runwright:host/root"),
        (
            r#"(component (import "runwright:host/log@0.2.0" (instance)))"#,
            "runwright:host/log@0.2.0",
        ),
        (r#"(component (import "runwright:host/log" (instance)))"#, "runwright:host/log"),
        (r#"(component (import "other:host/log@0.1.0" (instance)))"#, "other:host/log"),
        (r#"(component (import "plain" (func)))"#, "imports `plain`"),
        (
            r#"(component (import "runwright:host/clock@0.1.0"
                 (instance (export "now" (func (result string))))))"#,
            "does not fit the world",
        ),
        (
            r#"(component (import "runwright:host/clock@0.1.0"
                 (instance (export "set" (func (param "time" u64))))))"#,
            "does not fit the world",
        ),
    ];
    for (text, part) in cases {
        let refusal = refusal(&sandbox, component(text)).await;
        assert!(refusal.contains(part), "{text}: {refusal}");
    }
}

#[tokio::test]
async fn components_too_large_to_compile() {
    let sandbox = sandbox(Allocation::OnDemand);
    let modules = "(core module)".repeat(201);
    let functions = format!("(core module (type (func)){})", "(func (type 0))".repeat(100_001));
    let instances = format!("(core module $m){}", "(core instance (instantiate $m))".repeat(201));
    let nested = format!("{}{}", "(component ".repeat(9), ")".repeat(9));
    let levels: Vec<String> = (1..=13)
        .map(|level| {
            let below = level - 1;
            let twice = format!("(instance (instantiate $c{below}))").repeat(2);
            format!(
                "(component $c{level} (alias outer $top $c{below} (component $c{below})) {twice})"
            )
        })
        .collect();
    let doubling = format!("(component $c0) {}", levels.concat());
    let memories =
        format!("(core module $m {}) (core instance (instantiate $m))", "(memory 0)".repeat(9));
    let cases = [
        ("modules", modules, "more than 200 modules"),
        ("functions", functions, "more than 100000 functions"),
        ("instances", instances, "more than 200 core instances"),
        ("nested", nested, "more than 8 levels"),
        ("doubling", doubling, "more than 24 component instances"),
        ("memories", memories, "needs 9 memories"),
    ];
    for (name, body, part) in cases {
        let text = refusal(&sandbox, component(&format!("(component $top {body})"))).await;
        assert!(text.contains(part), "{name}: {text}");
    }
}

#[tokio::test]
async fn manifests_that_do_not_hold() {
    let sandbox = sandbox(Allocation::OnDemand);
    let bare = Case::named("echo").bare();
    let action = manifest()["actions"][0].clone();
    let cases: [(&str, Value, &str); 11] = [
        ("/interfaces", json!(["http"]), "which its manifest does not declare"),
        ("/interfaces", json!(["files"]), "no host interface `files`"),
        ("/interfaces", json!(["clock"]), "no host interface `clock`"),
        ("/wit", json!("0.2.0"), "version 0.2.0 of the WIT package"),
        ("/version", json!("one"), "not a semantic version"),
        ("/name", json!("aws:mine"), "reserved"),
        ("/name", json!("fixture"), "vendor:name"),
        ("/name", json!("other:fixture"), "does not belong to the vendor"),
        ("/actions", json!([]), "declares no action"),
        ("/actions", json!([action, action]), "twice"),
        ("/actions/0/effect", json!("harmless"), "unknown variant"),
    ];
    for (place, value, part) in cases {
        let mut manifest = manifest();
        *manifest.pointer_mut(place).unwrap() = value.clone();
        let text = refusal(&sandbox, with_manifest(&bare, &manifest)).await;
        assert!(text.contains(part), "{place} {value}: {text}");
    }
    let text = refusal(&sandbox, with_section(&bare, b"{")).await;
    assert!(text.contains("EOF"), "{text}");
    let text =
        refusal(&sandbox, with_manifest(&with_manifest(&bare, &manifest()), &manifest())).await;
    assert!(text.contains("more than one"), "{text}");
    let text = refusal(&sandbox, with_section(&bare, &vec![b' '; 300 << 10])).await;
    assert!(text.contains("the limit is 262144"), "{text}");
}

#[tokio::test]
async fn a_harmless_part_of_wasi_is_served_and_repeats_itself() {
    let sandbox = sandbox(Allocation::OnDemand);
    let registered = sandbox
        .register(with_manifest(&wasi(), &manifest()), Origin::Foreign { signature: None })
        .await
        .unwrap();
    let mut answers = Vec::new();
    for _ in 0..2 {
        let host = RecordingHost::default();
        let limits = host_api::limits::Limits::default();
        let call = call(json!({}));
        let invoked =
            sandbox.invoke(&registered.digest, Interfaces::NONE, call, &limits, host).await;
        assert_eq!(invoked.host.requests.len(), 1, "the time is asked for, once");
        answers.push(shown(&invoked));
    }
    assert_eq!(answers[0], answers[1]);
    assert_ne!(answers[0], "0");
}
