//! Handles: what a guest sees in place of a secret.
//!
//! A handle is derived from the run's seed, so it is the same on replay, says nothing about the secret, and cannot be guessed
//! by a guest that was not given it.

use std::collections::BTreeMap;

use hmac::{Hmac, KeyInit, Mac};
use host_api::effect::Activation;
use host_api::identifier::hex;
use runbook::value;
use serde_json::Value;
use sha2::Sha256;

/// The key of an object that is a handle in a guest's eyes: `{ "secret": HANDLE }`.
const HANDLE_KEY: &str = "secret";

/// What every handle begins with.
pub(crate) const PREFIX: &str = "secret:";

/// The handles given to one activation.
#[derive(Debug)]
pub(crate) struct Handles {
    seed: [u8; 32],
    references: BTreeMap<String, String>,
}

impl Handles {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, references: BTreeMap::new() }
    }

    /// Returns the handle for a secret and remembers it as given.
    pub(crate) fn give(&mut self, reference: &str) -> String {
        let handle = format!("{PREFIX}{}", hex(&self.derive("handle", reference.as_bytes())[..16]));
        self.references.insert(handle.clone(), reference.to_owned());
        handle
    }

    pub(crate) fn reference(&self, handle: &str) -> Option<String> {
        self.references.get(handle).cloned()
    }

    /// Replaces each reference to a secret by `{ "secret": HANDLE }`.
    pub(crate) fn give_all(&mut self, inputs: Value) -> Value {
        if let Some(name) = value::secret_name(&inputs) {
            let handle = self.give(name);
            return serde_json::json!({ HANDLE_KEY: handle });
        }
        match inputs {
            Value::Object(map) => Value::Object(
                map.into_iter().map(|(key, value)| (key, self.give_all(value))).collect(),
            ),
            Value::Array(values) => {
                Value::Array(values.into_iter().map(|value| self.give_all(value)).collect())
            }
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
        }
    }

    /// Replaces each `{ "secret": HANDLE }` that was given by the reference it stands for, so that a handle never leaves the activation.
    pub(crate) fn take_back(&self, outputs: Value) -> Value {
        let reference = handle_of(&outputs).and_then(|handle| self.references.get(handle));
        if let Some(reference) = reference {
            return value::secret(reference.as_str());
        }
        match outputs {
            Value::Object(map) => Value::Object(
                map.into_iter().map(|(key, value)| (key, self.take_back(value))).collect(),
            ),
            Value::Array(values) => {
                Value::Array(values.into_iter().map(|value| self.take_back(value)).collect())
            }
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => plain,
        }
    }

    /// Returns the bytes of an activation's `call`th request for random bytes.
    pub(crate) fn random(&self, activation: &Activation, call: u32, length: u32) -> Vec<u8> {
        let effect = activation.effect_id(call);
        let length = length as usize;
        let mut bytes = Vec::with_capacity(length + 32);
        let mut block = 0u32;
        while bytes.len() < length {
            bytes
                .extend_from_slice(&self.derive("random", format!("{effect}\0{block}").as_bytes()));
            block += 1;
        }
        bytes.truncate(length);
        bytes
    }

    /// Returns 32 bytes derived from the run's seed for `purpose` and `context`.
    fn derive(&self, purpose: &str, context: &[u8]) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.seed).expect("a key of any length");
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(context);
        mac.finalize().into_bytes().into()
    }
}

fn handle_of(value: &Value) -> Option<&str> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.get(HANDLE_KEY)?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_handle_goes_out_and_comes_back() {
        let mut handles = Handles::new([7; 32]);
        let inputs = json!({ "Bearer": value::secret("/lb/token"), "Url": "https://example.org" });
        let given = handles.give_all(inputs.clone());
        assert_ne!(given, inputs);
        assert!(given["Bearer"]["secret"].as_str().unwrap().starts_with("secret:"));
        assert_eq!(handles.take_back(given), inputs);
    }

    #[test]
    fn data_that_looks_like_a_written_reference_is_data() {
        let mut handles = Handles::new([7; 32]);
        let inputs = json!({ "Body": { "secret": "/app/token" } });
        assert_eq!(handles.give_all(inputs.clone()), inputs);
    }

    #[test]
    fn a_forged_handle_stands_for_nothing() {
        let handles = Handles::new([7; 32]);
        assert_eq!(handles.reference("secret:00000000000000000000000000000000"), None);
        let forged = json!({ "secret": "secret:00" });
        assert_eq!(handles.take_back(forged.clone()), forged);
    }
}
