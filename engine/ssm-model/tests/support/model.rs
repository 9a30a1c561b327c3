//! The model file, read apart from the table under test.

use std::sync::LazyLock;

use serde_json::Value;

static MODEL: LazyLock<Value> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../../model/ssm-model.json")).expect("the model is JSON")
});

pub(crate) fn operations() -> impl Iterator<Item = (&'static str, &'static Value)> {
    members(&MODEL["operations"])
}

pub(crate) fn shape(name: &str) -> &'static Value {
    let shape = &MODEL["shapes"][name];
    assert!(shape.is_object(), "the model has the shape {name}");
    shape
}

pub(crate) fn shapes() -> impl Iterator<Item = (&'static str, &'static Value)> {
    members(&MODEL["shapes"])
}

pub(crate) fn members(
    object: &'static Value,
) -> impl Iterator<Item = (&'static str, &'static Value)> {
    object.as_object().into_iter().flatten().map(|(name, value)| (name.as_str(), value))
}

/// Returns the name of the shape that a member, key, value or output refers to.
pub(crate) fn target(reference: &'static Value) -> &'static str {
    reference["shape"].as_str().expect("a reference names a shape")
}

pub(crate) fn texts(list: &'static Value) -> Vec<&'static str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

pub(crate) fn lower_first(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_ascii_lowercase())
}
