//! A long `forEach`: what an ended item costs does not grow with the list.

use std::sync::Arc;

use host_api::invocation::Outcome;
use machine::State;
use machine::effect::{Effect, Invoke};
use machine::event::Event;
use machine::input::Input;
use serde_json::{Value, json};

use crate::scenarios::plan;
use crate::world::{EPOCH_MS, started};

const ITEMS: usize = 10_000;
const RUNBOOK: &str = r#"
schemaVersion: "0.4"
parameters: { Names: { type: StringList } }
mainSteps:
  - name: Each
    action: invokeWebhook
    forEach: "${{ parameters.Names }}"
    maxConcurrency: 100
    inputs: { IntegrationName: "${{ item.value }}" }
"#;

#[test]
fn ten_thousand_items() {
    let names: Vec<Value> = (0..ITEMS).map(|number| format!("name{number}").into()).collect();
    let mut state = State::new(Arc::new(plan(RUNBOOK)));
    let start = started([("Names".to_owned(), Value::Array(names))].into());
    let mut effects = state.receive(start, EPOCH_MS).unwrap().effects;
    let mut ended = 0;
    while let Some(effect) = effects.pop() {
        let Effect::Invoke(invoke) = effect else { continue };
        let Invoke { path, attempt, activation, inputs, .. } = *invoke;
        let name = format!("name{}", path.item.unwrap());
        assert_eq!(inputs, json!({ "IntegrationName": name }));
        let result = Ok(Outcome::Done(json!({ "Name": name })));
        let outcome = Input::Outcome { path, attempt, activation, result };
        let transition = state.receive(outcome, EPOCH_MS).unwrap();
        ended += 1;
        // The item's end and, while the window doubles, as many starts.
        let starts = transition.entries.iter();
        let starts =
            starts.filter(|entry| matches!(entry.event, Event::StepStarted { .. })).count();
        assert!(starts <= 100 && transition.effects.len() <= starts + 1);
        effects.extend(transition.effects);
    }
    assert_eq!(ended, ITEMS);
    assert_eq!(state.status().as_str(), "Success");
    let step = state.steps().next().unwrap();
    assert_eq!(step.outputs.unwrap()["Items"].as_array().unwrap().len(), ITEMS);
    assert_eq!(step.items.unwrap().settled as usize, ITEMS);
}
