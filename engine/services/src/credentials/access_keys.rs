//! Keys by which requests are signed.

use std::collections::BTreeSet;
use std::time::Duration;

use host_api::identifier::Principal;
use serde::Serialize;
use serde_json::json;
use ssm_model::Sensitive;
use store::{Sealed, Tx, credentials, principals};

use super::users::{checked_name, checked_roles, ensure};
use super::{LastUse, no_such, text};
use crate::Services;
use crate::access::{ADMINISTRATOR, ADMINISTRATOR_ROLE, Access, Resource};
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::envelope::{self, Binding};
use crate::error::{ErrorKind, ServiceError};
use crate::keyring::{KeyId, Keyring};

/// Access keys of one user that are active at once.
const ACTIVE_MAX: usize = 2;
/// How long at most a key stays active after it was rotated.
pub const GRACE_MAX: Duration = Duration::from_hours(30 * 24);
const TAKEN: &str = "EntityAlreadyExists";

/// An access key that is active, for the verification of a signature.
#[derive(Debug, Clone)]
pub struct AccessKey {
    pub id: String,
    /// The user's name.
    pub user: String,
    pub principal: Principal,
    pub secret: Sensitive,
    pub(super) last_use: LastUse,
}

/// An access key when it is made; its secret is not shown again.
#[derive(Debug, Clone)]
pub struct NewAccessKey {
    pub id: String,
    pub secret: Sensitive,
    pub user: String,
    pub principal: Principal,
}

/// An access key as it is shown. Times are milliseconds since the Unix epoch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AccessKeyInformation {
    pub id: String,
    pub user: String,
    /// Whether requests may be signed with it now.
    pub is_active: bool,
    pub created_ms: u64,
    /// When it ceases to be active by itself, because it was rotated.
    pub expires_ms: Option<u64>,
    /// To the minute.
    pub last_used_ms: Option<u64>,
}

impl Services {
    /// Returns the access key of this id, if it is active. This reads memory only, unless users or credentials have just changed.
    ///
    /// For an id that is not known, verify against [`Services::decoy_access_key`], so that it takes as long as a wrong signature; and
    /// answer both alike. Tell [`Services::access_key_used`] when the signature is right.
    pub async fn access_key(&self, id: &str) -> Result<Option<AccessKey>, ServiceError> {
        self.directory().await?.access_key(self.keyring(), id, now_ms())
    }

    /// Returns a key that nobody has, for whoever must not learn that an id is unknown.
    pub fn decoy_access_key(&self) -> AccessKey {
        AccessKey {
            id: String::new(),
            user: String::new(),
            principal: Principal::new(String::new()),
            secret: self.credentials().decoy().clone(),
            last_use: LastUse::default(),
        }
    }

    /// Notes that a request was signed with the key. It is written down at most once a minute, and nobody waits for that.
    ///
    /// To be called within a tokio runtime.
    pub fn access_key_used(&self, key: &AccessKey) {
        let now = now_ms();
        if key.last_use.note(now) {
            let id = key.id.clone();
            self.write_use(move |tx| credentials::access_key_used(tx, &id, now));
        }
    }

    /// Gives a user an access key. A user that is not there is added; one that is gets exactly these roles, unless none are given.
    ///
    /// # Errors
    /// `LimitExceeded` if the user has two active keys.
    pub async fn create_access_key(
        &self,
        actor: &Actor,
        user: &str,
        roles: &BTreeSet<String>,
    ) -> Result<NewAccessKey, ServiceError> {
        self.may(actor, "CreateAccessKey", Access::Write, Resource::User(user.to_owned())).await?;
        checked_name("user", user)?;
        checked_roles(roles)?;
        let (new, row) = self.new_access_key(user)?;
        let deed = Deed::new("CreateAccessKey", new.principal.as_str())
            .details(json!({ "accessKeyId": new.id, "roles": roles }));
        let roles = roles.clone();
        let id = self
            .change_credentials(actor, deed, move |tx| {
                ensure(tx, &row.user, &roles, row.created_ms)?;
                add(tx, &row)
            })
            .await?;
        shown_once(new, &id)
    }

    /// Returns the access keys of a user, or of all, oldest first.
    pub async fn list_access_keys(
        &self,
        actor: &Actor,
        user: Option<&str>,
    ) -> Result<Vec<AccessKeyInformation>, ServiceError> {
        let of = user.map_or(Resource::Account, |user| Resource::User(user.to_owned()));
        self.may(actor, "ListAccessKeys", Access::Read, of).await?;
        let (user, now) = (user.map(str::to_owned), now_ms());
        let keys =
            self.store().read(move |tx| credentials::access_keys(tx, user.as_deref())).await?;
        Ok(keys.into_iter().map(|key| information(key, now)).collect())
    }

    /// Makes an access key active or inactive. An inactive one can be made active again.
    ///
    /// # Errors
    /// `NoSuchEntity`; `LimitExceeded` if the user has two other active keys.
    pub async fn set_access_key_status(
        &self,
        actor: &Actor,
        id: &str,
        is_active: bool,
    ) -> Result<(), ServiceError> {
        let owner = self.owner_of_key(id).await?;
        self.may(actor, "UpdateAccessKey", Access::Write, owner.clone()).await?;
        let deed = Deed::new("UpdateAccessKey", owner.arn(self.place()))
            .details(json!({ "accessKeyId": id, "active": is_active }));
        let (id, now) = (id.to_owned(), now_ms());
        self.change_credentials(actor, deed, move |tx| {
            let key = found(tx, &id)?;
            if is_active && !self::is_active(&key, now) {
                check_active(tx, &key.user, now)?;
            }
            credentials::set_access_key(tx, &id, is_active, None)?;
            Ok(())
        })
        .await
    }

    /// Gives the user of an active key another one, and lets the old one be active for `grace` longer.
    ///
    /// # Errors
    /// `NoSuchEntity`; `LimitExceeded` if the user has two active keys already.
    pub async fn rotate_access_key(
        &self,
        actor: &Actor,
        id: &str,
        grace: Duration,
    ) -> Result<NewAccessKey, ServiceError> {
        let owner = self.owner_of_key(id).await?;
        self.may(actor, "CreateAccessKey", Access::Write, owner.clone()).await?;
        self.may(actor, "UpdateAccessKey", Access::Write, owner.clone()).await?;
        if grace > GRACE_MAX {
            let days = GRACE_MAX.as_secs() / 86_400;
            let message = format!("a rotated key stays active for at most {days} days");
            return Err(ServiceError::validation(message));
        }
        let Resource::User(user) = &owner else { return Err(no_such("access key", id)) };
        let (new, row) = self.new_access_key(user)?;
        let expires_ms = row.created_ms + u64::try_from(grace.as_millis()).unwrap_or(u64::MAX / 2);
        let deed = Deed::new("RotateAccessKey", owner.arn(self.place())).details(
            json!({ "accessKeyId": new.id, "replaces": id, "replacedExpiresMs": expires_ms }),
        );
        let old = id.to_owned();
        let id = self
            .change_credentials(actor, deed, move |tx| {
                let key = found(tx, &old)?;
                if !is_active(&key, row.created_ms) {
                    let message = format!("the access key {old} is not active");
                    return Err(ServiceError::request("InvalidInput", message));
                }
                let id = add(tx, &row)?;
                let expires_ms = key.expires_ms.map_or(expires_ms, |kept| kept.min(expires_ms));
                credentials::set_access_key(tx, &old, true, Some(expires_ms))?;
                Ok(id)
            })
            .await?;
        shown_once(new, &id)
    }

    /// Takes an access key away for good. From the answer on, no signature by it is accepted.
    ///
    /// # Errors
    /// `NoSuchEntity`.
    pub async fn revoke_access_key(&self, actor: &Actor, id: &str) -> Result<(), ServiceError> {
        let owner = self.owner_of_key(id).await?;
        self.may(actor, "DeleteAccessKey", Access::Write, owner.clone()).await?;
        let deed = Deed::new("DeleteAccessKey", owner.arn(self.place()))
            .details(json!({ "accessKeyId": id }));
        let id = id.to_owned();
        self.change_credentials(actor, deed, move |tx| {
            if !credentials::remove_access_key(tx, &id)? {
                return Err(no_such("access key", &id));
            }
            Ok(())
        })
        .await
    }

    /// Gives an installation without users the user [`ADMINISTRATOR`] with a key; returns nothing if there are users.
    pub async fn ensure_administrator(&self) -> Result<Option<NewAccessKey>, ServiceError> {
        if !self.store().read(principals::list).await?.is_empty() {
            return Ok(None);
        }
        let account = &self.place().account_id;
        let root = Actor::owner(Principal::new(format!("arn:aws:iam::{account}:root")));
        let (new, row) = self.new_access_key(ADMINISTRATOR)?;
        let roles = BTreeSet::from([ADMINISTRATOR_ROLE.to_owned()]);
        let deed = Deed::new("CreateAccessKey", new.principal.as_str())
            .details(json!({ "accessKeyId": new.id, "roles": roles }));
        let added = self.change_credentials(&root, deed, move |tx| {
            if !principals::list(tx)?.is_empty() {
                return Err(ServiceError::request(TAKEN, "there are users already"));
            }
            ensure(tx, &row.user, &roles, row.created_ms)?;
            add(tx, &row)
        });
        match added.await {
            Ok(_) => Ok(Some(new)),
            Err(error) if error.code == TAKEN && error.kind == ErrorKind::Request => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Wraps every data key of access keys that an older key wraps anew, under the primary key; returns how many there were.
    pub async fn rewrap_access_keys(&self) -> Result<u64, ServiceError> {
        let primary = self.keyring().primary();
        let keys = self.store().read(|tx| credentials::access_keys(tx, None)).await?;
        let mut count = 0;
        for key in keys {
            if key.secret.key_id.parse::<KeyId>().is_ok_and(|id| id == primary) {
                continue;
            }
            let resource = bound_resource(&key.id, &key.user);
            let envelope =
                envelope::rewrap(self.keyring(), binding(&resource), &key.secret.envelope)
                    .map_err(|error| ServiceError::internal(format!("{}: {error}", key.id)))?;
            let new = Sealed { key_id: primary.to_string(), envelope };
            let reseal = move |tx: &mut Tx<'_>| {
                credentials::reseal_access_key(tx, &key.id, &key.secret, &new)
            };
            count += u64::from(self.store().write(reseal).await?);
        }
        self.credentials().forget();
        Ok(count)
    }

    fn new_access_key(
        &self,
        user: &str,
    ) -> Result<(NewAccessKey, credentials::AccessKey), ServiceError> {
        let (id, secret) = (text::access_key_id()?, text::secret()?);
        let resource = bound_resource(&id, user);
        let sealed = envelope::seal(self.keyring(), binding(&resource), secret.expose().as_bytes());
        let envelope = sealed.map_err(|error| ServiceError::internal(error.to_string()))?;
        let row = credentials::AccessKey {
            id: id.clone(),
            user: user.to_owned(),
            secret: Sealed { key_id: self.keyring().primary().to_string(), envelope },
            active: true,
            created_ms: now_ms(),
            expires_ms: None,
            last_used_ms: None,
        };
        let principal = self.user_principal(user);
        Ok((NewAccessKey { id, secret, user: user.to_owned(), principal }, row))
    }

    /// Returns whose key it is; that of an unknown one concerns the whole installation.
    async fn owner_of_key(&self, id: &str) -> Result<Resource, ServiceError> {
        let id = id.to_owned();
        let key = self.store().read(move |tx| credentials::access_key(tx, &id)).await?;
        Ok(key.map_or(Resource::Account, |key| Resource::User(key.user)))
    }
}

pub(super) fn is_active(key: &credentials::AccessKey, now_ms: u64) -> bool {
    key.active && key.expires_ms.is_none_or(|expires_ms| now_ms < expires_ms)
}

pub(super) fn open(
    keyring: &Keyring,
    key: &credentials::AccessKey,
) -> Result<Sensitive, ServiceError> {
    let resource = bound_resource(&key.id, &key.user);
    let failed = |reason: String| {
        ServiceError::internal(format!("the secret of the access key {}: {reason}", key.id))
    };
    let bytes = envelope::open(keyring, binding(&resource), &key.secret.envelope)
        .map_err(|error| failed(error.to_string()))?;
    let text = std::str::from_utf8(&bytes).map_err(|_| failed("it is not text".to_owned()))?;
    Ok(Sensitive::new(text))
}

/// A secret belongs to an id and a user: moved to another user's row, it does not open.
fn bound_resource(id: &str, user: &str) -> String {
    format!("{id}/{user}")
}

fn binding(resource: &str) -> Binding<'_> {
    Binding { purpose: "ACCESS_KEY", resource, version: 0 }
}

fn found(tx: &Tx<'_>, id: &str) -> Result<credentials::AccessKey, ServiceError> {
    credentials::access_key(tx, id)?.ok_or_else(|| no_such("access key", id))
}

fn add(tx: &mut Tx<'_>, row: &credentials::AccessKey) -> Result<String, ServiceError> {
    check_active(tx, &row.user, row.created_ms)?;
    credentials::add_access_key(tx, row)?;
    Ok(row.id.clone())
}

/// Refuses one more active key than there may be.
fn check_active(tx: &Tx<'_>, user: &str, now_ms: u64) -> Result<(), ServiceError> {
    let keys = credentials::access_keys(tx, Some(user))?;
    if keys.iter().filter(|key| is_active(key, now_ms)).count() < ACTIVE_MAX {
        return Ok(());
    }
    Err(ServiceError::request(
        "LimitExceeded",
        format!("the user {user} has {ACTIVE_MAX} active access keys: revoke one of them first"),
    ))
}

/// Refuses to show another secret in place of the one that was shown when the request was carried out.
fn shown_once(new: NewAccessKey, id: &str) -> Result<NewAccessKey, ServiceError> {
    if new.id == id {
        return Ok(new);
    }
    Err(ServiceError::request(
        TAKEN,
        format!("this request has made the access key {id} before; its secret is not shown again"),
    ))
}

fn information(key: credentials::AccessKey, now_ms: u64) -> AccessKeyInformation {
    AccessKeyInformation {
        is_active: is_active(&key, now_ms),
        id: key.id,
        user: key.user,
        created_ms: key.created_ms,
        expires_ms: key.expires_ms,
        last_used_ms: key.last_used_ms,
    }
}
