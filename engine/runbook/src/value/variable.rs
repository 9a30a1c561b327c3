//! What a variable can hold.

use serde_json::Value;

use super::secret_name;
use crate::plan::ValueType;

/// SSM: a value is not converted to the variable's type, and has these limits.
pub fn check_variable(value_type: &ValueType, value: &Value) -> Result<(), &'static str> {
    let text_fits = |value: &Value| {
        value.as_str().is_some_and(|text| (1..=512).contains(&text.chars().count()))
    };
    let keys_fit = |value: &Value| {
        let members = value.as_object();
        members.is_some_and(|members| {
            members.keys().all(|key| (1..=50).contains(&key.chars().count()))
        })
    };
    let list_fits = |limit: usize, fits: &dyn Fn(&Value) -> bool| {
        value.as_array().is_some_and(|list| list.len() <= limit && list.iter().all(fits))
    };
    match value_type {
        ValueType::String | ValueType::Resource(_) if text_fits(value) => Ok(()),
        ValueType::StringList | ValueType::ResourceList(_) if list_fits(50, &text_fits) => Ok(()),
        ValueType::Integer if value.is_i64() || value.is_u64() => Ok(()),
        ValueType::Boolean if value.is_boolean() => Ok(()),
        ValueType::StringMap if keys_fit(value) => Ok(()),
        ValueType::MapList if list_fits(200, &keys_fit) => Ok(()),
        ValueType::Secret if secret_name(value).is_some() => Ok(()),
        ValueType::String | ValueType::Resource(_) => Err("text of 1 to 512 characters is needed"),
        ValueType::StringList | ValueType::ResourceList(_) => {
            Err("a list of at most 50 texts of 1 to 512 characters is needed")
        }
        ValueType::Integer => Err("a whole number is needed"),
        ValueType::Boolean => Err("true or false is needed"),
        ValueType::StringMap => Err("a map with keys of 1 to 50 characters is needed"),
        ValueType::MapList => Err("a list of at most 200 maps is needed"),
        ValueType::Secret => Err("a secret is needed"),
    }
}
