//! Users, and the credentials by which requests are known to be theirs.
//!
//! Secrets of access keys are stored sealed, tokens as hashes; both are shown once, when they are made. What requests are
//! checked against is in memory, and forgotten before a change of it is answered.

mod access_keys;
mod directory;
mod text;
mod tokens;
mod users;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use host_api::identifier::Principal;
use serde::Serialize;
use serde::de::DeserializeOwned;
use store::Tx;

use crate::Services;
use crate::access::{Access, Question, Resource};
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

pub use access_keys::{AccessKey, AccessKeyInformation, GRACE_MAX, NewAccessKey};
pub(crate) use directory::Credentials;
pub use tokens::{Bearer, NewToken, TokenInformation, TokenRequest};
pub use users::UserInformation;

/// How seldom a use of a credential is written down.
const USE_NOTED_EACH_MS: u64 = 60_000;

/// When a credential was last known to be used, in milliseconds since the Unix epoch; 0 for never. Clones are the same memory.
#[derive(Debug, Clone, Default)]
struct LastUse(Arc<AtomicU64>);

impl LastUse {
    fn since(last_used_ms: Option<u64>) -> Self {
        Self(Arc::new(AtomicU64::new(last_used_ms.unwrap_or(0))))
    }

    /// Notes a use, and returns whether it is to be written down.
    fn note(&self, now_ms: u64) -> bool {
        let last = self.0.load(Ordering::Relaxed);
        now_ms.saturating_sub(last) >= USE_NOTED_EACH_MS
            && self.0.compare_exchange(last, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

impl Services {
    /// Returns the principal that a user acts as.
    pub fn user_principal(&self, name: &str) -> Principal {
        Principal::new(Resource::User(name.to_owned()).arn(self.place()))
    }

    /// Asks the policies about users and credentials.
    async fn may(
        &self,
        actor: &Actor,
        operation: &'static str,
        access: Access,
        resource: Resource,
    ) -> Result<(), ServiceError> {
        let question = Question { operation, access, resources: &[resource], conditions: &[] };
        self.authorise(actor, question).await.map(drop)
    }

    /// Changes users or credentials; from the answer on, nobody is known by what was before.
    async fn change_credentials<T>(
        &self,
        actor: &Actor,
        deed: Deed,
        body: impl Fn(&mut Tx<'_>) -> Result<T, ServiceError> + Send + 'static,
    ) -> Result<T, ServiceError>
    where
        T: Serialize + DeserializeOwned + Send + 'static,
    {
        let (services, actor) = (self.clone(), actor.clone());
        // A caller that goes away while the store commits must not leave the memory as it was.
        let changed = tokio::spawn(async move {
            let changed = services.change(&actor, deed, body).await;
            services.credentials().forget();
            changed
        });
        changed.await.map_err(|error| {
            ServiceError::internal(format!("a change of credentials was cut off: {error}"))
        })?
    }

    /// Writes the use of a credential down, without waiting for it.
    fn write_use(
        &self,
        write: impl Fn(&mut Tx<'_>) -> Result<(), store::WriteError> + Send + 'static,
    ) {
        let store = self.store().clone();
        tokio::spawn(async move {
            if let Err(error) = store.write(write).await {
                tracing::warn!(%error, "the use of a credential could not be noted");
            }
        });
    }
}

fn no_such(what: &str, id: &str) -> ServiceError {
    ServiceError::request("NoSuchEntity", format!("there is no {what} {id}"))
}
