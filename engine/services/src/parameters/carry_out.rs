//! Carrying out policies when their time has come.

use host_api::identifier::Principal;
use serde_json::json;
use store::parameters::policies::{self, DuePolicy};
use store::{Tx, events, parameters};

use super::delete;
use super::notice::Origin;
use super::policy::PolicyKind;
use super::{ParameterName, wire_version};
use crate::Services;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::{ErrorKind, ServiceError};
use crate::events::{PolicyStatus, policy_action};

/// Who carries policies out, in the audit log.
const PRINCIPAL: &str = "service:parameter-policies";
/// Policies looked up at once.
const BATCH: u32 = 200;

impl Services {
    /// Returns when [`Services::carry_out_parameter_policies`] has something to do next, in milliseconds since the Unix epoch.
    pub async fn next_parameter_policy_due(&self) -> Result<Option<u64>, ServiceError> {
        Ok(self.store().read(policies::next_due).await?)
    }

    /// Carries out every policy that is due at `now_ms`, and returns how many there were.
    ///
    /// Each is carried out in one transaction with its audit row: killed in between, it is carried out by the next call, and never
    /// twice.
    pub async fn carry_out_parameter_policies(&self, now_ms: u64) -> Result<u64, ServiceError> {
        let mut count = 0;
        loop {
            let due = self.store().read(move |tx| policies::due(tx, now_ms, BATCH)).await?;
            if due.is_empty() {
                return Ok(count);
            }
            for policy in due {
                count += u64::from(self.carry_out(policy).await?);
            }
        }
    }

    /// Returns whether the policy was still to be carried out.
    async fn carry_out(&self, due: DuePolicy) -> Result<bool, ServiceError> {
        let name = ParameterName::for_reading(&due.name)?;
        let kind = PolicyKind::parse(&due.kind).ok_or_else(|| {
            ServiceError::internal(format!("{name} has a policy of the type {:?}", due.kind))
        })?;
        let deed = Deed::new("ParameterPolicy", name.arn(self.place())).details(
            json!({ "policyType": kind.as_str(), "version": wire_version(due.version), "due": due.due_ms }),
        );
        let actor = Actor::new(Principal::new(PRINCIPAL));
        let origin = self.origin(&actor);
        let body = move |tx: &mut Tx<'_>| -> Result<(), ServiceError> {
            if !policies::claim(tx, &due)? {
                let message = "the policy was carried out or replaced meanwhile";
                return Err(ServiceError::new(ErrorKind::Transient, "Conflict", message));
            }
            tell(tx, &origin, &due, kind)?;
            match kind {
                PolicyKind::Expiration => delete::remove(tx, &origin, &due.name).map(drop),
                PolicyKind::ExpirationNotification | PolicyKind::NoChangeNotification => Ok(()),
            }
        };
        match self.change(&actor, deed, body).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind == ErrorKind::Transient => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Tells that a policy acts.
fn tell(
    tx: &mut Tx<'_>,
    origin: &Origin,
    due: &DuePolicy,
    kind: PolicyKind,
) -> Result<(), ServiceError> {
    let Some(found) = parameters::get(tx, &due.name, None)? else { return Ok(()) };
    let texts = policies::of_version(tx, &due.name, due.version)?;
    let text = texts.iter().find(|policy| policy.kind == due.kind);
    let policy = [kind.as_str(), text.map_or("", |policy| policy.text.as_str())];
    let what = [found.parameter.name.as_str(), found.parameter.kind.as_str()];
    let reason = match kind {
        PolicyKind::Expiration => "The parameter has expired and is deleted.",
        PolicyKind::ExpirationNotification => "The parameter is about to expire.",
        PolicyKind::NoChangeNotification => "The parameter has not changed for the given time.",
    };
    let status = PolicyStatus::Success;
    let event = policy_action(&origin.place, what, policy, status, reason, origin.time_ms);
    Ok(events::append(tx, &event)?)
}
