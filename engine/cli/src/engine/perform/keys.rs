//! Keys that parameters are sealed with.

use anyhow::Result;
use serde_json::{Value, json};
use services::Actor;

use super::{Engine, refused};
use crate::operation::KeyOperation;

impl Engine {
    pub(super) async fn key(&self, actor: &Actor, operation: KeyOperation) -> Result<Value> {
        let services = self.services();
        match operation {
            KeyOperation::Create { alias } => {
                let key = services.create_key(actor, &alias).await.map_err(refused)?;
                Ok(serde_json::to_value(key)?)
            }
            KeyOperation::Rotate { name } => {
                let key = services.rotate_key(actor, &name).await.map_err(refused)?;
                let mut value = serde_json::to_value(key)?;
                value["Rewrapped"] = self.rewrap().await?;
                Ok(value)
            }
            KeyOperation::RotateInstallation => {
                let primary = services.rotate_installation_key(actor).await.map_err(refused)?;
                Ok(json!({ "primary": primary.to_string() }))
            }
            KeyOperation::Rewrap => Ok(json!({ "Rewrapped": self.rewrap().await? })),
            KeyOperation::List => {
                let keys = services.list_keys().await.map_err(refused)?;
                let keyring = &self.inner.keyring;
                let ids: Vec<String> = keyring.ids().map(|id| id.to_string()).collect();
                let primary = keyring.primary().to_string();
                Ok(json!({ "keys": keys, "installation": { "primary": primary, "ids": ids } }))
            }
        }
    }

    async fn rewrap(&self) -> Result<Value> {
        let services = self.services();
        let parameters = services.rewrap_parameters().await.map_err(refused)?;
        let access_keys = services.rewrap_access_keys().await.map_err(refused)?;
        Ok(json!({ "parameters": parameters, "accessKeys": access_keys }))
    }
}
