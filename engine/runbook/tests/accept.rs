//! Runbooks without mistakes, ours and such as are found in the wild; both passes over their text agree.

#[path = "support/diagnose.rs"]
mod diagnose;
#[path = "support/fixture.rs"]
mod fixture;

use std::path::Path;

use runbook::codes;
use runbook::diagnostic::Severity;
use runbook::document;
use runbook::document::command::check_command;
use runbook::source::Source;
use serde_json::Value;

#[expect(clippy::unnecessary_wraps, reason = "the harness asks for it")]
fn accept(path: &Path, text: String) -> datatest_stable::Result<()> {
    let source = Source::new(path.to_string_lossy(), text);
    let mut diagnostics = diagnose::diagnose(&source);
    // Documents from the wild say where output is to be copied to; they run all the same.
    diagnostics.retain(|found| {
        found.severity == Severity::Error || found.code != codes::INPUT_WITHOUT_COUNTERPART
    });
    assert!(diagnostics.is_empty(), "{}", fixture::rendered(&source, &diagnostics));
    Ok(())
}

/// A stored plan is the plan.
fn plan_survives_storage(path: &Path, text: String) -> datatest_stable::Result<()> {
    let source = Source::new(path.to_string_lossy(), text);
    if check_command(&source).0.is_some() {
        return Ok(());
    }
    let plan = fixture::load(&source).0.ok_or("no plan")?;
    let stored: runbook::plan::Plan = serde_json::from_str(&serde_json::to_string(&plan)?)?;
    assert_eq!(stored, plan);
    assert_eq!(stored.digest(), plan.digest());
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "the harness asks for it")]
fn passes_agree(path: &Path, text: String) -> datatest_stable::Result<()> {
    let source = Source::new(path.to_string_lossy(), text);
    let (Some(document), _) = document::parse(&source) else { return Ok(()) };
    let mut values = Vec::new();
    paths(&document.value, String::new(), &mut values);
    values.sort();
    let mut places = document.paths();
    places.sort();
    assert_eq!(places, values);
    Ok(())
}

fn paths(value: &Value, path: String, found: &mut Vec<String>) {
    match value {
        Value::Array(list) => {
            for (number, child) in list.iter().enumerate() {
                paths(child, format!("{path}/{number}"), found);
            }
        }
        Value::Object(map) => {
            for (key, child) in map {
                let key = key.replace('~', "~0").replace('/', "~1");
                paths(child, format!("{path}/{key}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
    found.push(path);
}

const DOCUMENTS: &str = r"\.(yaml|json)$";

datatest_stable::harness! {
    { test = accept, root = "tests/data/ok", pattern = DOCUMENTS },
    { test = accept, root = "../../runbooks/documents", pattern = DOCUMENTS },
    { test = plan_survives_storage, root = "tests/data/ok", pattern = DOCUMENTS },
    { test = plan_survives_storage, root = "../../runbooks/documents", pattern = DOCUMENTS },
    { test = passes_agree, root = "tests/data/ok", pattern = DOCUMENTS },
    { test = passes_agree, root = "tests/data/err", pattern = DOCUMENTS },
    { test = passes_agree, root = "tests/data/passes", pattern = DOCUMENTS },
}
