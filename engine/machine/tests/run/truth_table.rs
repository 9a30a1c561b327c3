//! The truth table of graphs, as it stands in the language's documentation, row by row.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use host_api::failure::{Failure, FailureKind};
use host_api::invocation::Outcome;
use serde::Deserialize;
use serde_json::json;

use crate::scenarios::plan;
use crate::world::World;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Row {
    dependencies: Vec<String>,
    on_success: String,
    on_failure: String,
    always: String,
}

/// The step of that name settles as its name says; `extra` is what it needs before it.
fn dependency(kind: &str, name: &str) -> String {
    let step = |more: &str| format!("  - {{ name: {name}, action: invokeWebhook, {more} }}\n");
    match kind {
        "Success" | "Cancelled" => step("dependsOn: []"),
        "Skipped" => step("dependsOn: [], when: \"${{ false }}\""),
        "FailedContinue" | "TimedOutContinue" => step("dependsOn: [], onFailure: Continue"),
        "FailedAbort" | "TimedOutAbort" => step("dependsOn: [], onFailure: Abort"),
        "NotReached" => step("dependsOn: [Fine], runs: onFailure"),
        "NotReachedAfterFailure" => step("dependsOn: [Broken]"),
        "SuccessAfterFailure" => step("dependsOn: [Bearable]"),
        other => panic!("unknown dependency {other}"),
    }
}

fn text(row: &Row) -> String {
    let mut text = "schemaVersion: \"0.4\"\nflow: graph\nmainSteps:\n".to_owned();
    let has = |kind: &str| row.dependencies.iter().any(|name| name == kind);
    for (kind, name, more) in [
        ("NotReached", "Fine", ""),
        ("NotReachedAfterFailure", "Broken", ""),
        ("SuccessAfterFailure", "Bearable", ", onFailure: Continue"),
    ] {
        if has(kind) {
            writeln!(text, "  - {{ name: {name}, action: invokeWebhook, dependsOn: []{more} }}")
                .unwrap();
        }
    }
    let names: Vec<String> = (0..row.dependencies.len()).map(|n| format!("D{n}")).collect();
    for (kind, name) in row.dependencies.iter().zip(&names) {
        text += &dependency(kind, name);
    }
    for runs in ["onSuccess", "onFailure", "always"] {
        let names = names.join(", ");
        writeln!(
            text,
            "  - {{ name: {runs}, action: invokeWebhook, dependsOn: [{names}], runs: {runs} }}"
        )
        .unwrap();
    }
    text
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its data")]
fn the_truth_table_holds() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/truth_table.yaml");
    let rows: Vec<Row> = serde_yaml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(rows.len() >= 7, "the table has all its rows");
    for row in rows {
        let mut world = World::new(&Arc::new(plan(&text(&row))));
        world.start(BTreeMap::new());
        while !world.finished {
            if let Some(position) = next(&world, &row) {
                let result = result(&world.invoked[position].path.step, &row);
                world.end(position, result);
            } else if !world.settling.is_empty() {
                world.settle(0);
            } else if world.state.cancelled_by().is_none() {
                world.cancel();
            } else {
                panic!("{row:?} hangs");
            }
        }
        let found: BTreeMap<&str, &str> = (world.state.steps())
            .map(|step| {
                let ran = step.status.as_str() == "Success";
                (step.name, if ran { "start" } else { step.status.as_str() })
            })
            .collect();
        let ends = [found["onSuccess"], found["onFailure"], found["always"]];
        assert_eq!(ends, [&row.on_success, &row.on_failure, &row.always], "{row:?}");
    }
}

/// All but what is to be cancelled ends.
fn next(world: &World, row: &Row) -> Option<usize> {
    world.invoked.iter().position(|invoke| kind(&invoke.path.step, row) != Some("Cancelled"))
}

fn kind<'r>(step: &str, row: &'r Row) -> Option<&'r str> {
    let number: usize = step.strip_prefix('D')?.parse().ok()?;
    row.dependencies.get(number).map(String::as_str)
}

fn result(step: &str, row: &Row) -> Result<Outcome, Failure> {
    match kind(step, row).unwrap_or(step) {
        "FailedContinue" | "FailedAbort" | "Broken" | "Bearable" => {
            Err(Failure::action("Boom", "it failed"))
        }
        "TimedOutContinue" | "TimedOutAbort" => Err(Failure::new(FailureKind::Timeout, "too late")),
        _ => Ok(Outcome::Done(json!({}))),
    }
}
