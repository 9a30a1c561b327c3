//! Users and their roles.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::json;
use store::{Tx, principals};

use super::no_such;
use crate::Services;
use crate::access::{Access, Resource};
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;

/// Characters of the name of a user or a role.
const NAME_CHARACTERS_MAX: usize = 64;
/// Roles of one user.
const ROLES_MAX: usize = 50;

/// A user as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserInformation {
    pub name: String,
    pub roles: BTreeSet<String>,
    /// Milliseconds since the Unix epoch.
    pub created_ms: u64,
}

impl Services {
    /// Adds a user, or gives one that is there exactly these roles, from the next request on.
    pub async fn put_user(
        &self,
        actor: &Actor,
        name: &str,
        roles: &BTreeSet<String>,
    ) -> Result<(), ServiceError> {
        let user = Resource::User(name.to_owned());
        self.may(actor, "PutUser", Access::Write, user.clone()).await?;
        checked_name("user", name)?;
        checked_roles(roles)?;
        let deed = Deed::new("PutUser", user.arn(self.place())).details(json!({ "roles": roles }));
        let (name, roles, now) = (name.to_owned(), roles.clone(), now_ms());
        self.change_credentials(actor, deed, move |tx| {
            let user =
                principals::User { name: name.clone(), roles: roles.clone(), created_ms: now };
            Ok(principals::put(tx, &user)?)
        })
        .await
    }

    /// Returns all users by name.
    pub async fn list_users(&self, actor: &Actor) -> Result<Vec<UserInformation>, ServiceError> {
        self.may(actor, "ListUsers", Access::Read, Resource::Account).await?;
        let users = self.store().read(principals::list).await?;
        let shown = |principals::User { name, roles, created_ms }| UserInformation {
            name,
            roles,
            created_ms,
        };
        Ok(users.into_iter().map(shown).collect())
    }

    /// Removes a user with all credentials.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn delete_user(&self, actor: &Actor, name: &str) -> Result<(), ServiceError> {
        let user = Resource::User(name.to_owned());
        self.may(actor, "DeleteUser", Access::Write, user.clone()).await?;
        let deed = Deed::new("DeleteUser", user.arn(self.place()));
        let name = name.to_owned();
        self.change_credentials(actor, deed, move |tx| {
            if !principals::remove(tx, &name)? {
                return Err(no_such("user", &name));
            }
            Ok(())
        })
        .await
    }
}

/// Adds the user if there is none of this name, and sets the roles if any are given.
pub(super) fn ensure(
    tx: &mut Tx<'_>,
    name: &str,
    roles: &BTreeSet<String>,
    now_ms: u64,
) -> Result<(), ServiceError> {
    if roles.is_empty() && principals::find(tx, name)?.is_some() {
        return Ok(());
    }
    let user = principals::User { name: name.to_owned(), roles: roles.clone(), created_ms: now_ms };
    Ok(principals::put(tx, &user)?)
}

pub(super) fn checked_roles(roles: &BTreeSet<String>) -> Result<(), ServiceError> {
    if roles.len() > ROLES_MAX {
        return Err(ServiceError::validation(format!("a user has at most {ROLES_MAX} roles")));
    }
    roles.iter().try_for_each(|role| checked_name("role", role))
}

/// Refuses what IAM would not take as the name of a user or a role.
pub(super) fn checked_name(what: &str, name: &str) -> Result<(), ServiceError> {
    let is_allowed = |one: char| one.is_ascii_alphanumeric() || "+=,.@_-".contains(one);
    if !name.is_empty() && name.len() <= NAME_CHARACTERS_MAX && name.chars().all(is_allowed) {
        return Ok(());
    }
    Err(ServiceError::validation(format!(
        "{name:?} is no name of a {what}: 1 to {NAME_CHARACTERS_MAX} letters, digits and +=,.@_- are"
    )))
}
