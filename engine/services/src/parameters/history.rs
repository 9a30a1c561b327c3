//! The versions of a parameter.

use std::collections::BTreeMap;

use store::parameters::policies::{self, Policy};
use store::parameters::{self, ParameterVersion, StoredValue, labels};
use store::{ReadError, ReadTx};

use super::name::not_found;
use super::{
    GetParameterHistoryRequest, GetParameterHistoryResult, ParameterHistory, ParameterInlinePolicy,
    ParameterName, Selected, Selector, page, rules, wire_version,
};
use crate::Services;
use crate::actor::Actor;
use crate::error::ServiceError;

const HISTORY_MAX: u32 = 50;

/// A part of a history.
struct Versions {
    found: Vec<ParameterVersion>,
    labels: BTreeMap<u64, Vec<String>>,
    policies: BTreeMap<u64, Vec<ParameterInlinePolicy>>,
}

impl Services {
    /// Returns the versions of a parameter, oldest first, a page of at most 50. Decrypting them is written to the audit log.
    pub async fn get_parameter_history(
        &self,
        actor: &Actor,
        request: GetParameterHistoryRequest,
    ) -> Result<GetParameterHistoryResult, ServiceError> {
        let selected = Selected::parse(&request.name, self.place())?;
        if selected.selector != Selector::Latest {
            return Err(ServiceError::validation(
                "The history is of all versions: the name has no version or label.",
            ));
        }
        let name = self.stored_name(&selected.name)?;
        let limit = page::limit(request.max_results, HISTORY_MAX, HISTORY_MAX)?;
        let listing = format!("history {name}");
        let after = page::after(&listing, request.next_token.as_deref())?;
        let after = after.and_then(|version| version.parse().ok()).unwrap_or(0);
        let looked_up = name.as_str().to_owned();
        let read = move |tx: &ReadTx<'_>| versions(tx, &looked_up, after, limit + 1);
        let mut part = self.store().read(read).await?;
        if part.found.is_empty() && after == 0 {
            return Err(not_found(&selected.text));
        }
        let is_more = part.found.len() > limit as usize;
        part.found.truncate(limit as usize);
        let last = part.found.last().map(|last| last.version.to_string());
        let next_token = last.filter(|_| is_more).map(|last| page::token(&listing, &last));
        let decrypt = request.with_decryption == Some(true);
        let secrets: Vec<(String, i64)> = part
            .found
            .iter()
            .filter(|found| decrypt && matches!(found.parameter.value, StoredValue::Sealed(_)))
            .map(|found| (name.arn(self.place()), wire_version(found.version)))
            .collect();
        let shown = self.shown_history(&name, part, decrypt)?;
        self.record_decryption(actor, secrets).await?;
        Ok(GetParameterHistoryResult { parameters: Some(shown), next_token })
    }

    fn shown_history(
        &self,
        name: &ParameterName,
        found: Versions,
        decrypt: bool,
    ) -> Result<Vec<ParameterHistory>, ServiceError> {
        let Versions { found: versions, mut labels, mut policies } = found;
        let show = |found: ParameterVersion| {
            let value = self.shown_value(name, &found, decrypt)?;
            let key_id = shown_key(&found);
            let ParameterVersion { version, parameter, material: _ } = found;
            Ok(ParameterHistory {
                allowed_pattern: parameter.allowed_pattern,
                data_type: Some(parameter.data_type),
                description: parameter.description,
                key_id,
                labels: Some(labels.remove(&version).unwrap_or_default()),
                last_modified_date: Some(crate::clock::seconds(parameter.last_modified_ms)),
                last_modified_user: Some(parameter.last_modified_by),
                name: Some(parameter.name),
                policies: Some(policies.remove(&version).unwrap_or_default()),
                tier: Some(parameter.tier),
                r#type: Some(parameter.kind),
                value: Some(value),
                version: Some(wire_version(version)),
            })
        };
        versions.into_iter().map(show).collect()
    }
}

fn versions(tx: &ReadTx<'_>, name: &str, after: u64, limit: u32) -> Result<Versions, ReadError> {
    let mut by_version = BTreeMap::<u64, Vec<String>>::new();
    for (label, version) in labels::list(tx, name)? {
        by_version.entry(version).or_default().push(label);
    }
    let mut shown = BTreeMap::<u64, Vec<ParameterInlinePolicy>>::new();
    for policy in policies::list(tx, name)? {
        shown.entry(policy.version).or_default().push(shown_policy(policy));
    }
    let versions = parameters::history_after(tx, name, after, limit)?;
    Ok(Versions { found: versions, labels: by_version, policies: shown })
}

pub(super) fn shown_policy(policy: Policy) -> ParameterInlinePolicy {
    let Policy { version: _, kind, text, status } = policy;
    ParameterInlinePolicy {
        policy_status: Some(status),
        policy_text: Some(text),
        policy_type: Some(kind),
    }
}

/// Returns the key id of a version, if it is sealed.
pub(super) fn shown_key(found: &ParameterVersion) -> Option<String> {
    let is_sealed = matches!(found.parameter.value, StoredValue::Sealed(_));
    let name = found.parameter.key_name.clone();
    is_sealed.then(|| name.unwrap_or_else(|| rules::DEFAULT_KEY_ID.to_owned()))
}
