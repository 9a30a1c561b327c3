//! Users and their credentials. A secret is in the one answer that shows it, and nowhere else.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::{Value, json};
use services::credentials::{NewAccessKey, TokenRequest};
use services::{Actor, ServiceError};

use super::{Engine, refused};
use crate::exit::Refusal;
use crate::operation::AccessOperation;

impl Engine {
    pub(super) async fn access(&self, actor: &Actor, operation: AccessOperation) -> Result<Value> {
        let services = self.services();
        match operation {
            AccessOperation::ListUsers => shown(services.list_users(actor).await),
            AccessOperation::PutUser { name, roles } => {
                services.put_user(actor, &name, &roles).await.map_err(refused)?;
                let unknown_roles = self.unknown_roles(&roles);
                Ok(json!({ "name": name, "roles": roles, "unknownRoles": unknown_roles }))
            }
            AccessOperation::RemoveUser { name, dry_run } => {
                self.remove_user(actor, name, dry_run).await
            }
            AccessOperation::CreateKey { user, roles } => {
                let key = services.create_access_key(actor, &user, &roles).await;
                let mut value = shown_once(&key.map_err(refused)?);
                value["unknownRoles"] = json!(self.unknown_roles(&roles));
                Ok(value)
            }
            AccessOperation::ListKeys { user } => {
                shown(services.list_access_keys(actor, user.as_deref()).await)
            }
            AccessOperation::RevokeKey { id, dry_run } => {
                self.revoke_key(actor, &id, dry_run).await
            }
            AccessOperation::RotateKey { id, grace_ms } => {
                let grace = Duration::from_millis(grace_ms);
                let key = services.rotate_access_key(actor, &id, grace).await.map_err(refused)?;
                let mut value = shown_once(&key);
                value["replaces"] = json!(id);
                Ok(value)
            }
            AccessOperation::SetKeyStatus { id, is_active } => {
                services.set_access_key_status(actor, &id, is_active).await.map_err(refused)?;
                Ok(json!({ "id": id, "isActive": is_active }))
            }
            AccessOperation::CreateToken { user, roles, expires_ms, description } => {
                let unknown_roles = json!(self.unknown_roles(&roles));
                let request = TokenRequest { user, roles, description, expires_ms };
                let token = services.create_token(actor, request).await.map_err(refused)?;
                Ok(json!({
                    "id": token.id, "token": token.token.expose(), "user": token.user,
                    "principal": token.principal, "expiresMs": expires_ms, "unknownRoles": unknown_roles,
                }))
            }
            AccessOperation::ListTokens { user } => {
                shown(services.list_tokens(actor, user.as_deref()).await)
            }
            AccessOperation::RevokeToken { id, dry_run } => {
                self.revoke_token(actor, &id, dry_run).await
            }
        }
    }

    async fn remove_user(&self, actor: &Actor, name: String, dry_run: bool) -> Result<Value> {
        let services = self.services();
        let users = services.list_users(actor).await.map_err(refused)?;
        if dry_run && !users.iter().any(|user| user.name == name) {
            bail!(no_such("user", &name, "runwright auth user list"));
        }
        let keys = services.list_access_keys(actor, Some(&name)).await.map_err(refused)?;
        let tokens = services.list_tokens(actor, Some(&name)).await.map_err(refused)?;
        if !dry_run {
            services.delete_user(actor, &name).await.map_err(refused)?;
        }
        let keys: Vec<_> = keys.into_iter().map(|key| key.id).collect();
        let tokens: Vec<_> = tokens.into_iter().map(|token| token.id).collect();
        Ok(json!({ "name": name, "accessKeys": keys, "tokens": tokens, "dryRun": dry_run }))
    }

    async fn revoke_key(&self, actor: &Actor, id: &str, dry_run: bool) -> Result<Value> {
        let services = self.services();
        if !dry_run {
            services.revoke_access_key(actor, id).await.map_err(refused)?;
            return Ok(json!({ "id": id, "dryRun": false }));
        }
        let keys = services.list_access_keys(actor, None).await.map_err(refused)?;
        match keys.into_iter().find(|key| key.id == id) {
            Some(key) => Ok(json!({ "id": id, "user": key.user, "dryRun": true })),
            None => bail!(no_such("access key", id, "runwright auth key list")),
        }
    }

    async fn revoke_token(&self, actor: &Actor, id: &str, dry_run: bool) -> Result<Value> {
        let services = self.services();
        if !dry_run {
            services.revoke_token(actor, id).await.map_err(refused)?;
            return Ok(json!({ "id": id, "dryRun": false }));
        }
        let tokens = services.list_tokens(actor, None).await.map_err(refused)?;
        match tokens.into_iter().find(|token| token.id == id) {
            Some(token) => Ok(json!({ "id": id, "user": token.user, "dryRun": true })),
            None => bail!(no_such("token", id, "runwright auth token list")),
        }
    }

    /// Returns the roles of which no policy speaks: they grant nothing, which may be a slip of the pen.
    fn unknown_roles<'r>(&self, roles: &'r BTreeSet<String>) -> Vec<&'r String> {
        let policies = self.services().list_policies();
        let is_known = |role: &String| {
            let named = format!("Role::\"{role}\"");
            policies.iter().any(|policy| policy.text.contains(&named))
        };
        roles.iter().filter(|role| !is_known(role)).collect()
    }
}

fn shown(answer: Result<impl serde::Serialize, ServiceError>) -> Result<Value> {
    Ok(serde_json::to_value(answer.map_err(refused)?)?)
}

fn shown_once(key: &NewAccessKey) -> Value {
    json!({
        "accessKeyId": key.id, "secretAccessKey": key.secret.expose(), "user": key.user,
        "principal": key.principal,
    })
}

fn no_such(what: &str, id: &str, listed_by: &str) -> Refusal {
    Refusal::bad_input(format!("NoSuchEntity: there is no {what} {id}"))
        .with_help(format!("`{listed_by}` shows all"))
}
