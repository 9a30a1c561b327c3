//! Comparing a JSON document with the part of it that a test is about.

use serde_json::Value;

/// Returns where `actual` lacks or contradicts what `expected` says. Objects may have more keys; all else is equal.
pub fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(expected, actual, "", &mut found);
    found
}

fn compare(expected: &Value, actual: &Value, place: &str, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (key, expected) in expected {
                let place = format!("{place}/{key}");
                match actual.get(key) {
                    Some(actual) => compare(expected, actual, &place, found),
                    None => found.push(format!("{place} is absent")),
                }
            }
        }
        _ if expected == actual => {}
        _ => found.push(format!("{place} is {actual}, not {expected}")),
    }
}
