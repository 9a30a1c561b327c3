//! A rule file as text.

use rules::event::Event;
use rules::file::{Action, Call, Deed, Input, OpsItem, Part, Retry, RuleFile, SendCommand, Shape};
use rules::{JsonPath, Pattern};
use serde_json::{Map, Value, json};

pub(crate) fn dump(file: &RuleFile) -> String {
    let webhooks = file.webhooks.iter().map(|hook| {
        json!({
            "name": hook.name, "enabled": hook.is_enabled, "verify": hook.verify, "event": shape(&hook.event),
        })
    });
    let rules = file.rules.iter().map(|rule| {
        json!({
            "name": rule.name, "description": rule.description, "enabled": rule.is_enabled,
            "patterns": rule.patterns.iter().map(pattern).collect::<Vec<_>>(),
            "preventing": rule.preventing.as_ref().map(pattern),
            "window": rule.window.as_ref().map(|window| format!("{window:?}")),
            "by": paths(&rule.by), "deed": deed(&rule.deed),
        })
    });
    let schedules = file.schedules.iter().map(|schedule| {
        json!({
            "name": schedule.name, "description": schedule.description, "enabled": schedule.is_enabled,
            "times": schedule.when.times.source(), "zone": schedule.when.zone, "offsetDays": schedule.when.offset_days,
            "startsMs": schedule.when.starts_ms, "endsMs": schedule.when.ends_ms, "deed": deed(&schedule.deed),
        })
    });
    let all = json!({
        "webhooks": webhooks.collect::<Vec<_>>(),
        "rules": rules.collect::<Vec<_>>(),
        "schedules": schedules.collect::<Vec<_>>(),
    });
    runbook::document::to_yaml(&all)
}

fn shape(shape: &Shape) -> Value {
    json!({
        "source": shape.source, "detailType": shape.detail_type.as_ref().map(input),
        "each": shape.each.as_ref().map(JsonPath::source), "id": paths(&shape.id),
        "resources": shape.resources.as_ref().map(JsonPath::source),
    })
}

fn paths(paths: &[JsonPath]) -> Vec<&str> {
    paths.iter().map(JsonPath::source).collect()
}

/// The field that an empty event lacks first.
fn pattern(pattern: &Pattern) -> Value {
    let nothing = json!({});
    let event = Event::new(&nothing).expect("it is a map");
    pattern.explain(&event).map_or(Value::Null, |mismatch| {
        Value::from(format!("{} is {} ...", mismatch.path, mismatch.wanted))
    })
}

/// Constants as they are; what an event fills in is a map with its only key `$`.
fn input(value: &Input) -> Value {
    match value {
        Input::Constant(value) => value.clone(),
        Input::Path(path) => json!({ "$": path.source() }),
        Input::Text(parts) => {
            let parts = parts.iter().map(|part| match part {
                Part::Literal(text) => Value::from(text.as_str()),
                Part::Path(path) => json!({ "$": path.source() }),
            });
            json!({ "$": parts.collect::<Vec<_>>() })
        }
        Input::List(list) => list.iter().map(input).collect(),
        Input::Map(map) => inputs(map),
    }
}

fn inputs(map: &[(String, Input)]) -> Value {
    let members = map.iter().map(|(name, value)| (name.clone(), input(value)));
    Value::Object(members.collect::<Map<_, _>>())
}

fn deed(deed: &Deed) -> Value {
    let Deed { action, role, retry: Retry { attempts_max, age_ms_max } } = deed;
    let action = match action {
        Action::Start { runbook, version, parameters } => json!({
            "start": runbook, "version": version, "parameters": inputs(parameters),
        }),
        Action::Send(SendCommand {
            document,
            version,
            nodes,
            targets,
            parameters,
            max_concurrency,
            max_errors,
        }) => json!({
            "send": document, "version": version, "nodes": nodes.as_ref().map(input),
            "targets": inputs(targets), "parameters": inputs(parameters),
            "maxConcurrency": max_concurrency, "maxErrors": max_errors,
        }),
        Action::OpsItem(OpsItem {
            title,
            source,
            description,
            severity,
            category,
            priority,
            deduplicate,
            operational_data,
        }) => json!({
            "opsItem": input(title), "source": source.as_ref().map(input),
            "description": description.as_ref().map(input), "severity": severity.as_ref().map(input),
            "category": category.as_ref().map(input), "priority": priority.as_ref().map(input),
            "deduplicate": deduplicate.as_ref().map(input), "operationalData": inputs(operational_data),
        }),
        Action::Call(Call { url, secret, body }) => {
            json!({ "call": url, "secret": secret, "body": body.as_ref().map(input) })
        }
    };
    json!({
        "action": action, "role": role,
        "retry": format!("{attempts_max} times, {}", runbook::duration::display(*age_ms_max)),
    })
}
