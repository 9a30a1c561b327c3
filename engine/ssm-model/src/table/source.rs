//! The model file as it is written.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::IgnoredAny;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Model<'a> {
    #[serde(borrow)]
    pub(super) operations: BTreeMap<&'a str, Operation<'a>>,
    #[serde(borrow)]
    pub(super) pagination: BTreeMap<&'a str, Pagination<'a>>,
    #[serde(rename = "protocol")]
    _protocol: IgnoredAny,
    #[serde(borrow)]
    pub(super) shapes: BTreeMap<&'a str, Shape<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Operation<'a> {
    #[serde(borrow)]
    pub(super) errors: Vec<Reference<'a>>,
    #[serde(borrow)]
    pub(super) input: Reference<'a>,
    #[serde(borrow)]
    pub(super) output: Reference<'a>,
    #[serde(rename = "name")]
    _name: IgnoredAny,
    #[serde(rename = "http")]
    _http: IgnoredAny,
    #[serde(rename = "readonly", default)]
    _readonly: IgnoredAny,
    #[serde(rename = "idempotent", default)]
    _idempotent: IgnoredAny,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pagination<'a> {
    pub(super) input_token: &'a str,
    pub(super) limit_key: &'a str,
    pub(super) output_token: &'a str,
    pub(super) result_key: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Reference<'a> {
    pub(super) shape: &'a str,
    #[serde(rename = "box", default)]
    _box: IgnoredAny,
    #[serde(rename = "idempotencyToken", default)]
    _idempotency_token: IgnoredAny,
}

/// Fields that the check has no use for are named, so that a new trait of the model cannot pass unseen.
#[expect(
    clippy::struct_excessive_bools,
    reason = "the model's flags are independent of each other"
)]
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape<'a> {
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    #[serde(borrow, default)]
    pub(super) members: BTreeMap<&'a str, Reference<'a>>,
    #[serde(borrow, default)]
    pub(super) required: Vec<&'a str>,
    #[serde(default)]
    pub(super) union: bool,
    #[serde(borrow)]
    pub(super) member: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(super) key: Option<Reference<'a>>,
    #[serde(borrow)]
    pub(super) value: Option<Reference<'a>>,
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
    #[serde(borrow)]
    pub(super) pattern: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "enum")]
    pub(super) values: Vec<&'a str>,
    #[serde(default)]
    pub(super) sensitive: bool,
    #[serde(default)]
    pub(super) exception: bool,
    #[serde(default)]
    pub(super) fault: bool,
    #[serde(rename = "box", default)]
    _box: IgnoredAny,
}
