//! What the operator of a data directory has decided: the ceiling of all steps, and whose plugins are admitted.

use std::io::ErrorKind;
use std::path::Path;
use std::str::FromStr;

use host_api::grant::GrantSet;
use sandbox::SignaturePolicy;
use sandbox::signature::PublicKey;
use serde::Deserialize;

use crate::command::plugin::key::PUBLIC;
use crate::exit::Refusal;

/// The file in the data directory; absent, nothing is bounded and unsigned plugins are admitted.
const FILE: &str = "operator.json";

/// The operator's decisions.
#[derive(Debug, Clone)]
pub(crate) struct OperatorPolicy {
    /// What no step may exceed, whatever its runbook says.
    pub(crate) ceiling: GrantSet,
    pub(crate) signatures: SignaturePolicy,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    ceiling: Option<Vec<String>>,
    #[serde(default)]
    trusted_keys: Vec<String>,
    #[serde(default)]
    require_signature: bool,
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
        Ok(Self { ceiling, signatures })
    }
}
