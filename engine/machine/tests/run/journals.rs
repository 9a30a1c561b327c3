//! Journals of released versions fold for ever: `journals/v1/NAME.jsonl`, its plan `NAME.plan.json`, what it ended with `NAME.end.json`.

use std::path::Path;
use std::sync::Arc;

use machine::State;
use machine::event::Entry;
use serde_json::{Value, json};

#[test]
#[expect(clippy::disallowed_methods, reason = "a test reads its data")]
fn journals_of_released_versions_fold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals/v1");
    let mut count = 0;
    for file in folder.read_dir().unwrap() {
        let journal = file.unwrap().path();
        if journal.extension().is_none_or(|extension| extension != "jsonl") {
            continue;
        }
        count += 1;
        let read =
            |extension: &str| std::fs::read_to_string(journal.with_extension(extension)).unwrap();
        let mut state = State::new(Arc::new(serde_json::from_str(&read("plan.json")).unwrap()));
        for line in read("jsonl").lines() {
            let entry: Entry = serde_json::from_str(line).unwrap();
            state.apply(&entry).unwrap_or_else(|error| panic!("{}: {error}", journal.display()));
        }
        let expected: Value = serde_json::from_str(&read("end.json")).unwrap();
        assert_eq!(end(&state), expected, "{}", journal.display());
    }
    assert!(count >= 4, "the journals are found");
}

/// What a run ended with, as its `end.json` holds it.
pub(crate) fn end(state: &State) -> Value {
    let steps: Vec<Value> = (state.steps())
        .map(|step| {
            json!({
                "path": step.path.to_string(),
                "status": step.status.as_str(),
                "attempt": step.attempt,
                "outputs": step.outputs,
                "failure": step.failure.map(|failure| &failure.code),
            })
        })
        .collect();
    json!({ "status": state.status().as_str(), "outputs": state.outputs(), "steps": steps })
}
