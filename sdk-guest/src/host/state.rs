//! A small store of values that outlive the run, one for each plugin vendor.
//!
//! A key is at most 256 bytes, a value 64 KiB of JSON.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answer;
use crate::bindings::runwright::host::state as host;
use crate::failure::Failure;

/// Returns the value of a key, if it has one. Needs `state:read`.
pub fn get<T: DeserializeOwned>(key: &str) -> Result<Option<T>, Failure> {
    host::get(key)?.map(|json| answer(&json)).transpose()
}

/// Sets the value of a key. Needs `state:write`.
pub fn put<T: Serialize>(key: &str, value: &T) -> Result<(), Failure> {
    let json = serde_json::to_string(value).map_err(|error| {
        Failure::new("InvalidRequest", format!("{key} cannot be written as JSON: {error}"))
    })?;
    Ok(host::put(key, &json)?)
}

/// Removes a key. Needs `state:write`.
pub fn delete(key: &str) -> Result<(), Failure> {
    Ok(host::delete(key)?)
}

/// Returns the keys that begin with `prefix`, in byte order, at most 1,000. Needs `state:read` on the prefix.
pub fn list_keys(prefix: &str) -> Result<Vec<String>, Failure> {
    Ok(host::list_keys(prefix)?)
}
