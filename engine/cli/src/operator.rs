//! What the operator of a data directory has decided: the ceiling of all steps, whose plugins are admitted, where secrets are, and
//! which account and region this is.

mod secret_backend;

use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use host_api::grant::GrantSet;
use sandbox::SignaturePolicy;
use sandbox::signature::PublicKey;
use serde::Deserialize;
use services::keyring::Transit;
use services::parameters::secret_backend::SecretBackend;

use crate::command::plugin::key::PUBLIC;
use crate::exit::Refusal;
use secret_backend::{WrittenSecretsManager, WrittenTransit, WrittenVault};

/// The file in the data directory; absent, nothing is bounded and unsigned plugins are admitted.
const FILE: &str = "operator.json";
/// Digits of an account's id.
const ACCOUNT_DIGITS: usize = 12;
const REGION_BYTES_MAX: usize = 32;

/// The operator's decisions.
#[derive(Debug, Clone)]
pub(crate) struct OperatorPolicy {
    /// What no step may exceed, whatever its runbook says.
    pub(crate) ceiling: GrantSet,
    pub(crate) signatures: SignaturePolicy,
    /// Where the secrets are that `/aws/reference/secretsmanager/<secret>` refers to.
    pub(crate) secret_backend: Option<Arc<dyn SecretBackend>>,
    /// What wraps the keys of the installation, if they are wrapped.
    pub(crate) transit: Option<Transit>,
    pub(crate) account_id: String,
    pub(crate) region: String,
    /// Runs that have not ended, at the same time.
    pub(crate) active_runs_max: Option<NonZeroU32>,
    /// Days that events are kept.
    pub(crate) event_days_max: Option<NonZeroU32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    ceiling: Option<Vec<String>>,
    #[serde(default)]
    trusted_keys: Vec<String>,
    #[serde(default)]
    require_signature: bool,
    secrets_manager: Option<WrittenSecretsManager>,
    vault: Option<WrittenVault>,
    vault_transit: Option<WrittenTransit>,
    account_id: Option<String>,
    region: Option<String>,
    active_runs_max: Option<NonZeroU32>,
    event_days_max: Option<NonZeroU32>,
}

impl OperatorPolicy {
    /// Reads the operator's file. A file that is there and cannot be understood is refused: it must not be without effect.
    pub(crate) fn read(data_directory: &Path) -> Result<Self, Refusal> {
        let file = data_directory.join(FILE);
        let refuse = |what: &dyn std::fmt::Display| {
            Refusal::bad_input(format!("the operator's file {}: {what}", file.display()))
        };
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => "{}".to_owned(),
            Err(error) => return Err(refuse(&error)),
        };
        let written: Written = serde_json::from_str(&text).map_err(|error| refuse(&error))?;
        let ceiling = match written.ceiling {
            None => GrantSet::everything(),
            Some(grants) => GrantSet::parse(grants).map_err(|error| refuse(&error))?,
        };
        // As a `.pub` file has it, or the digits alone.
        let digits = |key: &str| key.trim().trim_start_matches(PUBLIC).trim().to_owned();
        let keys = written.trusted_keys.iter().map(|key| PublicKey::from_str(&digits(key)));
        let trusted = keys.collect::<Result<Vec<_>, _>>().map_err(|error| refuse(&error))?;
        if written.require_signature && trusted.is_empty() {
            return Err(refuse(&"requireSignature needs trustedKeys"));
        }
        let signatures = SignaturePolicy { required: written.require_signature, trusted };
        let Written {
            secrets_manager,
            vault,
            vault_transit,
            account_id,
            region,
            active_runs_max,
            event_days_max,
            ..
        } = written;
        let secret_backend = secret_backend::backend(secrets_manager, vault, data_directory)
            .map_err(|reason| refuse(&reason))?;
        let transit = vault_transit
            .map(|written| secret_backend::transit(written, data_directory))
            .transpose()
            .map_err(|reason| refuse(&reason))?;
        let account_id = account_id.unwrap_or_else(|| services::ACCOUNT_ID.to_owned());
        let region = region.unwrap_or_else(|| services::REGION.to_owned());
        check_place(&account_id, &region).map_err(|reason| refuse(&reason))?;
        Ok(Self {
            ceiling,
            signatures,
            secret_backend,
            transit,
            account_id,
            region,
            active_runs_max,
            event_days_max,
        })
    }
}

/// Refuses what no ARN could carry.
fn check_place(account_id: &str, region: &str) -> Result<(), String> {
    let is_account =
        account_id.len() == ACCOUNT_DIGITS && account_id.bytes().all(|byte| byte.is_ascii_digit());
    if !is_account {
        return Err(format!("accountId: {account_id:?} is not {ACCOUNT_DIGITS} digits"));
    }
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if region.is_empty() || region.len() > REGION_BYTES_MAX || !region.bytes().all(allowed) {
        return Err(format!(
            "region: {region:?} is not up to {REGION_BYTES_MAX} lower-case letters, digits and -, such as us-east-1"
        ));
    }
    Ok(())
}
