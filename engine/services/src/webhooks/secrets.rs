//! The secrets of webhooks, remembered for a moment: each delivery needs them.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use host_api::request::ParameterKind;

use crate::error::ServiceError;
use crate::parameters::kind_text;
use crate::{Sensitive, Services};

/// How long a secret is remembered. One that was changed is looked up anew when no signature fits, so it holds at once.
const REMEMBERED_MAX: Duration = Duration::from_secs(10);
/// How often secrets are looked up anew because no signature fits.
const RENEWED_EACH: Duration = Duration::from_secs(1);

/// Secrets that were looked up lately, by the names of their parameters.
#[derive(Debug, Default)]
pub(crate) struct HookSecrets {
    by_name: Mutex<HashMap<String, (Instant, Sensitive)>>,
}

impl HookSecrets {
    fn known(&self, name: &str) -> Option<Sensitive> {
        let by_name = self.lock();
        let (since, secret) = by_name.get(name)?;
        (since.elapsed() < REMEMBERED_MAX).then(|| secret.clone())
    }

    fn remember(&self, name: &str, secret: &Sensitive) {
        let mut by_name = self.lock();
        by_name.retain(|_, (since, _)| since.elapsed() < REMEMBERED_MAX);
        by_name.insert(name.to_owned(), (Instant::now(), secret.clone()));
    }

    /// Forgets what is not quite new of these. Returns whether there was any.
    fn renew(&self, names: &[String]) -> bool {
        let mut by_name = self.lock();
        let mut is_any = false;
        for name in names {
            if by_name.get(name).is_some_and(|(since, _)| since.elapsed() >= RENEWED_EACH) {
                by_name.remove(name);
                is_any = true;
            }
        }
        is_any
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Instant, Sensitive)>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Services {
    /// Returns the secrets of these names, those that cannot be had left out; why is in the log.
    pub(super) async fn hook_secrets(&self, hook: &str, names: &[String]) -> Vec<Sensitive> {
        let mut secrets = Vec::with_capacity(names.len());
        for name in names {
            match self.hook_secret(name).await {
                Ok(secret) => secrets.push(secret),
                Err(error) => {
                    tracing::error!(hook, name, %error, "the secret of a webhook cannot be had");
                }
            }
        }
        secrets
    }

    /// Has secrets looked up anew, at most once a second. Returns whether they may be others now.
    pub(super) fn renew_hook_secrets(&self, names: &[String]) -> bool {
        self.triggers().secrets.renew(names)
    }

    async fn hook_secret(&self, name: &str) -> Result<Sensitive, ServiceError> {
        let known = &self.triggers().secrets;
        if let Some(secret) = known.known(name) {
            return Ok(secret);
        }
        let parameter = self.reveal_parameter(&self.installation(), name).await?;
        if parameter.r#type.as_deref() != Some(kind_text(ParameterKind::SecureString)) {
            return Err(ServiceError::validation(format!("{name} is no SecureString")));
        }
        let secret = parameter.value.unwrap_or_default();
        known.remember(name, &secret);
        Ok(secret)
    }
}
