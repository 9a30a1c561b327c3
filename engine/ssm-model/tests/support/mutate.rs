//! Changes to a valid value, each of which breaks one thing.

use serde_json::{Value, json};

use crate::model;

/// One change, and where it is told of.
#[derive(Debug)]
pub(crate) struct Mutation {
    /// Where the changed value is, as a JSON pointer.
    pub(crate) pointer: String,
    /// What takes its place; nothing removes it.
    pub(crate) replacement: Option<Value>,
    /// The path that the refusal names.
    pub(crate) path: String,
    /// The change is of the type.
    pub(crate) malformed: bool,
}

impl Mutation {
    pub(crate) fn apply(&self, value: &mut Value) {
        let (parent, name) =
            self.pointer.rsplit_once('/').expect("a part is changed, not the whole");
        let name = name.replace("~1", "/").replace("~0", "~");
        match (value.pointer_mut(parent).expect("the parent is there"), &self.replacement) {
            (Value::Object(entries), Some(replacement)) => {
                entries.insert(name, replacement.clone());
            }
            (Value::Object(entries), None) => {
                entries.remove(&name).expect("what is removed was there");
            }
            (Value::Array(items), Some(replacement)) => {
                items[name.parse::<usize>().expect("an index")] = replacement.clone();
            }
            other => panic!("no such change: {other:?}"),
        }
    }
}

/// The place of a value while all mutations are collected.
#[derive(Clone)]
struct Place {
    pointer: String,
    path: String,
    /// Where a broken constraint of this value is told of.
    told: String,
    hidden: bool,
}

pub(crate) fn mutations(shape: &'static str, value: &Value) -> Vec<Mutation> {
    let mut found = Vec::new();
    let place =
        Place { pointer: String::new(), path: String::new(), told: String::new(), hidden: false };
    collect(shape, value, &place, &mut found);
    found
}

fn collect(name: &'static str, value: &Value, place: &Place, found: &mut Vec<Mutation>) {
    let shape = model::shape(name);
    let hidden = place.hidden || shape["sensitive"] == true;
    if !place.pointer.is_empty() {
        breaks(shape, value, place, found);
    }
    match (shape["type"].as_str(), value) {
        (Some("structure"), Value::Object(entries)) => {
            structure(shape, entries, place, hidden, found);
        }
        (Some("list"), Value::Array(items)) => {
            for (index, item) in items.iter().enumerate() {
                let path = format!("{}.{}.member", place.path, index + 1);
                let pointer = format!("{}/{index}", place.pointer);
                let inner = Place { pointer, path, told: place.path.clone(), hidden };
                collect(model::target(&shape["member"]), item, &inner, found);
            }
        }
        (Some("map"), Value::Object(entries)) => {
            for (key, entry) in entries {
                let path = format!("{}.{}.member", place.path, if hidden { "*" } else { key });
                let pointer =
                    format!("{}/{}", place.pointer, key.replace('~', "~0").replace('/', "~1"));
                let inner = Place { pointer, path, told: place.path.clone(), hidden };
                collect(model::target(&shape["value"]), entry, &inner, found);
            }
        }
        _ => {}
    }
}

fn structure(
    shape: &'static Value,
    entries: &serde_json::Map<String, Value>,
    place: &Place,
    hidden: bool,
    found: &mut Vec<Mutation>,
) {
    let below = |name: &str| {
        if place.path.is_empty() { name.to_owned() } else { format!("{}.{name}", place.path) }
    };
    for name in model::texts(&shape["required"]) {
        let path = below(&model::lower_first(name));
        found.push(Mutation {
            pointer: format!("{}/{name}", place.pointer),
            replacement: None,
            path,
            malformed: false,
        });
    }
    let path = below(if hidden { "*" } else { "NoSuchMember" });
    let pointer = format!("{}/NoSuchMember", place.pointer);
    found.push(Mutation { pointer, replacement: Some(json!(1)), path, malformed: false });
    for (name, reference) in model::members(&shape["members"]) {
        if let Some(entry) = entries.get(name) {
            let path = below(&model::lower_first(name));
            let inner = Place {
                pointer: format!("{}/{name}", place.pointer),
                told: path.clone(),
                path,
                hidden,
            };
            collect(model::target(reference), entry, &inner, found);
        }
    }
}

fn breaks(shape: &'static Value, value: &Value, place: &Place, found: &mut Vec<Mutation>) {
    let kind = shape["type"].as_str().expect("a shape has a type");
    let wrong_type = if kind == "string" || kind == "blob" { json!(true) } else { json!("text") };
    let mut replacements = Vec::new();
    let most = shape["max"].as_i64();
    let least = shape["min"].as_i64();
    match kind {
        "string" => {
            if shape["enum"].is_array() {
                replacements.push(json!("no-such-value"));
            }
            if shape["pattern"].is_string() {
                replacements.push(json!("\n"));
            }
            replacements.extend(most.map(|most| json!("é".repeat(length(most) + 1))));
            replacements.extend(
                least.filter(|least| *least > 0).map(|least| json!("é".repeat(length(least) - 1))),
            );
        }
        "integer" | "long" => {
            replacements.extend(most.map(|most| json!(most + 1)));
            replacements.extend(least.map(|least| json!(least - 1)));
        }
        "list" => {
            let item = value.get(0).filter(|_| most.is_some_and(|most| most <= 300));
            replacements.extend(
                item.map(|item| Value::Array(vec![item.clone(); length(most.unwrap_or(0)) + 1])),
            );
            replacements.extend(least.filter(|least| *least > 0).map(|_| json!([])));
        }
        "map" => replacements.extend(least.filter(|least| *least > 0).map(|_| json!({}))),
        _ => {}
    }
    let mutation = |replacement, path: &str, malformed| Mutation {
        pointer: place.pointer.clone(),
        replacement: Some(replacement),
        path: path.to_owned(),
        malformed,
    };
    found.extend(
        replacements.into_iter().map(|replacement| mutation(replacement, &place.told, false)),
    );
    found.push(mutation(wrong_type, &place.path, true));
}

fn length(bound: i64) -> usize {
    usize::try_from(bound).expect("a length is not negative")
}
