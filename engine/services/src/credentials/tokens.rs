//! Tokens that are sent as they are.

use std::collections::BTreeSet;

use host_api::identifier::{Digest, Principal};
use serde::Serialize;
use serde_json::json;
use ssm_model::Sensitive;
use store::credentials;

use super::users::{checked_name, checked_roles, ensure};
use super::{no_such, text};
use crate::Services;
use crate::access::{Access, Resource};
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;

/// Digits of a token's hash that are its id.
const ID_DIGITS: usize = 20;
const DESCRIPTION_CHARACTERS_MAX: usize = 256;

/// Who sends a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The public name of the token.
    pub token_id: String,
    /// The user's name.
    pub user: String,
    pub principal: Principal,
}

/// What a token is to be.
#[derive(Debug, Clone, Default)]
pub struct TokenRequest {
    pub user: String,
    /// As for [`Services::create_access_key`].
    pub roles: BTreeSet<String>,
    /// For people who list tokens.
    pub description: String,
    /// Milliseconds since the Unix epoch.
    pub expires_ms: Option<u64>,
}

/// A token when it is made; it is not shown again.
#[derive(Debug, Clone)]
pub struct NewToken {
    pub id: String,
    pub token: Sensitive,
    pub user: String,
    pub principal: Principal,
}

/// A token as it is shown. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TokenInformation {
    pub id: String,
    pub user: String,
    pub description: String,
    pub created_ms: u64,
    pub expires_ms: Option<u64>,
    /// To the minute.
    pub last_used_ms: Option<u64>,
}

impl Services {
    /// Returns whose token it is, if it is one and has not expired; and notes its use. This reads memory only, unless users or
    /// credentials have just changed.
    ///
    /// To be called within a tokio runtime.
    pub async fn bearer(&self, token: &str) -> Result<Option<Bearer>, ServiceError> {
        if !text::is_token(token) {
            return Ok(None);
        }
        let now = now_ms();
        let Some((bearer, last_use)) = self.directory().await?.bearer(token, now) else {
            return Ok(None);
        };
        if last_use.note(now) {
            let id = bearer.token_id.clone();
            self.write_use(move |tx| credentials::token_used(tx, &id, now));
        }
        Ok(Some(bearer))
    }

    /// Gives a user a token. A user that is not there is added; one that is gets exactly these roles, unless none are given.
    pub async fn create_token(
        &self,
        actor: &Actor,
        request: TokenRequest,
    ) -> Result<NewToken, ServiceError> {
        let TokenRequest { user, roles, description, expires_ms } = request;
        self.may(actor, "CreateToken", Access::Write, Resource::User(user.clone())).await?;
        checked_name("user", &user)?;
        checked_roles(&roles)?;
        let now = now_ms();
        check(&description, expires_ms, now)?;
        let token = text::token()?;
        let hash = Digest::of(token.expose().as_bytes());
        let row = credentials::Token {
            id: id_of_hash(&hash).to_owned(),
            hash: hash.to_string(),
            user,
            description,
            created_ms: now,
            expires_ms,
            last_used_ms: None,
        };
        let principal = self.user_principal(&row.user);
        let new = NewToken { id: row.id.clone(), token, user: row.user.clone(), principal };
        let deed = Deed::new("CreateToken", new.principal.as_str())
            .details(json!({ "tokenId": new.id, "roles": roles, "expiresMs": expires_ms }));
        let added = self.change_credentials(actor, deed, move |tx| {
            ensure(tx, &row.user, &roles, row.created_ms)?;
            credentials::add_token(tx, &row)?;
            Ok(row.id.clone())
        });
        let id = added.await?;
        if id != new.id {
            return Err(ServiceError::request(
                "EntityAlreadyExists",
                format!("this request has made the token {id} before; it is not shown again"),
            ));
        }
        Ok(new)
    }

    /// Returns the tokens of a user, or of all, oldest first.
    pub async fn list_tokens(
        &self,
        actor: &Actor,
        user: Option<&str>,
    ) -> Result<Vec<TokenInformation>, ServiceError> {
        let of = user.map_or(Resource::Account, |user| Resource::User(user.to_owned()));
        self.may(actor, "ListTokens", Access::Read, of).await?;
        let user = user.map(str::to_owned);
        let tokens = self.store().read(move |tx| credentials::tokens(tx, user.as_deref())).await?;
        Ok(tokens.into_iter().map(information).collect())
    }

    /// Takes a token away for good. From the answer on, it is not accepted.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn revoke_token(&self, actor: &Actor, id: &str) -> Result<(), ServiceError> {
        let looked_up = id.to_owned();
        let token = self.store().read(move |tx| credentials::token(tx, &looked_up)).await?;
        let owner = token.map_or(Resource::Account, |token| Resource::User(token.user));
        self.may(actor, "DeleteToken", Access::Write, owner.clone()).await?;
        let deed =
            Deed::new("DeleteToken", owner.arn(self.place())).details(json!({ "tokenId": id }));
        let id = id.to_owned();
        self.change_credentials(actor, deed, move |tx| {
            if !credentials::remove_token(tx, &id)? {
                return Err(no_such("token", &id));
            }
            Ok(())
        })
        .await
    }
}

/// Returns the public name of a token: the beginning of its hash, from which the token cannot be found.
pub(super) fn id_of_hash(hash: &Digest) -> &str {
    &hash.as_str()[..ID_DIGITS]
}

fn check(description: &str, expires_ms: Option<u64>, now_ms: u64) -> Result<(), ServiceError> {
    if description.chars().count() > DESCRIPTION_CHARACTERS_MAX {
        return Err(ServiceError::validation(format!(
            "the description of a token has at most {DESCRIPTION_CHARACTERS_MAX} characters"
        )));
    }
    if expires_ms.is_some_and(|expires_ms| expires_ms <= now_ms) {
        return Err(ServiceError::validation("the token would expire in the past"));
    }
    Ok(())
}

fn information(token: credentials::Token) -> TokenInformation {
    let credentials::Token { id, hash: _, user, description, created_ms, expires_ms, last_used_ms } =
        token;
    TokenInformation { id, user, description, created_ms, expires_ms, last_used_ms }
}
