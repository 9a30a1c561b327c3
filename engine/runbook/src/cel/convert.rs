//! JSON to CEL values and back. Whole numbers stay whole in both directions.

use std::collections::BTreeMap;

use ::cel::Value as Computed;
use ::cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
};
use ::cel::common::value::Val;
use serde_json::{Map, Number, Value};

use super::RESULT_BYTES_MAX;

/// Returns the CEL value; its strings borrow from `value`.
pub(super) fn to_cel<'v>(value: &'v Value) -> Box<dyn Val + 'v> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(boolean) => Box::new(CelBool::from(*boolean)),
        Value::Number(number) => number_to_cel(number),
        Value::String(text) => Box::new(CelString::from(text.as_str())),
        Value::Array(items) => {
            Box::new(CelList::from(items.iter().map(to_cel).collect::<Vec<_>>()))
        }
        Value::Object(members) => {
            Box::new(map(members.iter().map(|(name, member)| (name.as_str(), to_cel(member)))))
        }
    }
}

/// Returns the CEL value with strings of its own.
pub(super) fn owned(value: &Value) -> Box<dyn Val> {
    match value {
        Value::String(text) => Box::new(CelString::from(text.clone())),
        Value::Array(items) => Box::new(CelList::from(items.iter().map(owned).collect::<Vec<_>>())),
        Value::Object(members) => Box::new(keyed(
            members.iter().map(|(name, member)| (CelMapKey::from(name.clone()), owned(member))),
        )),
        Value::Number(number) => number_to_cel(number),
        Value::Bool(boolean) => Box::new(CelBool::from(*boolean)),
        Value::Null => Box::new(CelNull),
    }
}

/// Returns a CEL map with text keys.
pub(super) fn map<'v>(members: impl Iterator<Item = (&'v str, Box<dyn Val + 'v>)>) -> CelMap<'v> {
    keyed(members.map(|(name, member)| (CelMapKey::from(name), member)))
}

#[expect(
    clippy::disallowed_types,
    reason = "the crate's maps are hash maps; every visit of one is sorted"
)]
fn keyed<'v>(members: impl Iterator<Item = (CelMapKey<'v>, Box<dyn Val + 'v>)>) -> CelMap<'v> {
    CelMap::from(members.collect::<std::collections::HashMap<_, _>>())
}

fn number_to_cel(number: &Number) -> Box<dyn Val> {
    if let Some(int) = number.as_i64() {
        Box::new(CelInt::from(int))
    } else if let Some(unsigned) = number.as_u64() {
        Box::new(CelUInt::from(unsigned))
    } else {
        Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN)))
    }
}

/// Returns the JSON value of a result: timestamps as ISO 8601, durations as `1m30s`, types as their names, map keys as text and
/// sorted. Bytes, optionals and numbers that are not finite have no JSON.
pub(super) fn to_json(value: &Computed) -> Result<Value, String> {
    let mut bytes_left = RESULT_BYTES_MAX;
    read(value, &mut bytes_left)
}

/// As [`to_json`], for an argument of a function.
pub(super) fn argument_to_json(value: &dyn Val) -> Result<Value, String> {
    let computed = Computed::try_from(value).map_err(|error| error.to_string())?;
    to_json(&computed)
}

fn read(value: &Computed, bytes_left: &mut usize) -> Result<Value, String> {
    spend(16, bytes_left)?;
    Ok(match value {
        Computed::Null => Value::Null,
        Computed::Bool(boolean) => Value::Bool(*boolean),
        Computed::Int(int) => Value::from(*int),
        Computed::UInt(unsigned) => Value::from(*unsigned),
        Computed::Float(double) => Number::from_f64(*double)
            .map(Value::Number)
            .ok_or("the result is not a finite number")?,
        Computed::String(text) => {
            spend(text.len(), bytes_left)?;
            Value::String(text.as_str().to_owned())
        }
        Computed::List(items) => {
            Value::Array(items.iter().map(|item| read(item, bytes_left)).collect::<Result<_, _>>()?)
        }
        Computed::Map(map) => {
            let mut members = BTreeMap::new();
            let mut read_member = |(key, member): (&cel::objects::Key, &Computed)| {
                let name = key.to_string();
                spend(name.len(), bytes_left)?;
                members.insert(name, read(member, bytes_left)?);
                Ok::<(), String>(())
            };
            map.map.iter().try_for_each(&mut read_member)?;
            Value::Object(Map::from_iter(members))
        }
        Computed::Timestamp(timestamp) => Value::String(timestamp.to_rfc3339()),
        Computed::Duration(duration) => Value::String(duration_text(duration.num_milliseconds())),
        Computed::Bytes(_) => {
            return Err("the result is bytes: make text of them with string(…)".to_owned());
        }
        Computed::Opaque(_) => {
            return Err("the result is an optional: end with .orValue(…) or .value()".to_owned());
        }
        Computed::Function(..) | Computed::Struct(_) => {
            return Err(format!("the result is a {}, which no value can hold", value.type_of()));
        }
    })
}

fn duration_text(milliseconds: i64) -> String {
    let sign = if milliseconds < 0 { "-" } else { "" };
    format!("{sign}{}", crate::duration::display(milliseconds.unsigned_abs()))
}

fn spend(bytes: usize, bytes_left: &mut usize) -> Result<(), String> {
    *bytes_left = bytes_left.checked_sub(bytes).ok_or("the result is too large")?;
    Ok(())
}
