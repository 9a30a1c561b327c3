//! The small store of values that outlive a run, one for each vendor of plugins.

use serde_json::Value;
use store::state;

use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

/// A key in bytes.
pub const KEY_BYTES_MAX: usize = 256;
/// A value's JSON text in bytes.
pub const VALUE_BYTES_MAX: usize = 64 << 10;
/// Keys of one scope.
pub const KEYS_MAX: u32 = 1_000;

impl Services {
    /// Returns a value, null if there is none.
    pub async fn get_state(&self, scope: String, key: String) -> Result<Value, ServiceError> {
        let text = self.store().read(move |tx| state::get(tx, &scope, &key)).await?;
        match text {
            None => Ok(Value::Null),
            Some(text) => serde_json::from_str(&text).map_err(|error| {
                ServiceError::internal(format!("a kept value cannot be read: {error}"))
            }),
        }
    }

    /// Sets a value.
    pub async fn put_state(
        &self,
        actor: &Actor,
        scope: String,
        key: String,
        value: &Value,
    ) -> Result<(), ServiceError> {
        if key.is_empty() || key.len() > KEY_BYTES_MAX {
            return Err(ServiceError::validation(format!(
                "a key has 1 to {KEY_BYTES_MAX} bytes, not {}",
                key.len()
            )));
        }
        let text = value.to_string();
        if text.len() > VALUE_BYTES_MAX {
            return Err(ServiceError::validation(format!(
                "the value of {key:?} has {} bytes, at most {VALUE_BYTES_MAX} are kept",
                text.len()
            )));
        }
        let deed = Deed::new("PutState", format!("{scope}/{key}"));
        self.change(actor, deed, move |tx| {
            let known = state::get(tx, &scope, &key)?.is_some();
            let full = || state::list_keys(tx, &scope, "", None, KEYS_MAX).map(|keys| keys.len());
            if !known && full()? >= KEYS_MAX as usize {
                return Err(ServiceError::request(
                    "LimitExceeded",
                    format!("{scope} has {KEYS_MAX} keys already"),
                ));
            }
            state::put(tx, &scope, &key, &text)?;
            Ok(())
        })
        .await
    }

    /// Deletes a value; one that is not there is no error.
    pub async fn delete_state(
        &self,
        actor: &Actor,
        scope: String,
        key: String,
    ) -> Result<(), ServiceError> {
        let deed = Deed::new("DeleteState", format!("{scope}/{key}"));
        self.change(actor, deed, move |tx| {
            state::delete(tx, &scope, &key)?;
            Ok(())
        })
        .await
    }

    /// Returns the keys of a scope that begin with `prefix`, in byte order, at most 1,000.
    pub async fn list_state_keys(
        &self,
        scope: String,
        prefix: String,
    ) -> Result<Vec<String>, ServiceError> {
        let read =
            move |tx: &store::ReadTx<'_>| state::list_keys(tx, &scope, &prefix, None, KEYS_MAX);
        Ok(self.store().read(read).await?)
    }
}
