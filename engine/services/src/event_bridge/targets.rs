//! Targets of rules.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use store::event_rules::{self, TargetRow};
use store::{ReadTx, Tx};

use super::page::Asked;
use super::rule::found;
use super::target::{Read, Refused};
use super::{
    FailedTarget, ListRuleNamesByTargetRequest, ListRuleNamesByTargetResponse,
    ListTargetsByRuleRequest, ListTargetsByRuleResponse, NOT_FOUND, PutTargetsRequest,
    RemoveTargetsRequest, TARGETS_MAX, TargetsResponse, limit_exceeded, managed,
};
use crate::Services;
use crate::access::Resource;
use crate::actor::Actor;
use crate::change::Deed;
use crate::error::ServiceError;

/// Enough to see that a rule has too many.
const READ_MAX: u32 = 100;

/// What the targets of a request come to.
struct Sorted {
    taken: Vec<TargetRow>,
    roles: BTreeSet<Option<String>>,
    failed: Vec<FailedTarget>,
}

impl Services {
    /// Adds targets to a rule; one with the id of a target that is there takes its place. Each that is refused is told apart.
    ///
    /// A target acts as its role, or that of its rule, or that of the installation: the actor must be allowed to pass it.
    ///
    /// # Errors
    /// `LimitExceededException` beyond [`TARGETS_MAX`], `ManagedRuleException`, `ResourceNotFoundException`,
    /// `ConcurrentModificationException` if the rule gets another role meanwhile, `ValidationException`.
    pub async fn put_targets(
        &self,
        actor: &Actor,
        request: PutTargetsRequest,
    ) -> Result<TargetsResponse, ServiceError> {
        let PutTargetsRequest { rule, event_bus_name, targets } = request;
        self.check_bus(event_bus_name.as_deref())?;
        self.check_unmanaged(&rule)?;
        let name = rule.clone();
        let read = move |tx: &ReadTx<'_>| found(tx, &name);
        let role_arn = self.store().read(read).await?.role_arn;
        let Sorted { taken, roles, failed } = self.sort_targets(&rule, &targets)?;
        for role in roles {
            self.pass_event_role(actor, [role.as_deref(), role_arn.as_deref()]).await?;
        }
        let given: BTreeSet<String> = ids(&targets);
        let arn = Resource::EventRule(rule.clone()).arn(self.place());
        let deed = Deed::new("events:PutTargets", arn).details(json!({ "targets": given }));
        let put = move |tx: &mut Tx<'_>| {
            if found(tx, &rule)?.role_arn != role_arn {
                return Err(ServiceError::request(
                    "ConcurrentModificationException",
                    format!("Rule {rule} was modified meanwhile."),
                ));
            }
            let before = event_rules::targets(tx, &rule, "", READ_MAX)?;
            let mut all = given.clone();
            all.extend(before.into_iter().map(|target| target.id));
            if all.len() > TARGETS_MAX {
                return Err(limit_exceeded());
            }
            for target in &taken {
                event_rules::put_target(tx, target)?;
            }
            Ok(answer(failed.clone()))
        };
        let answer = self.change(actor, deed, put).await?;
        self.follow_event_rules().await;
        Ok(answer)
    }

    fn sort_targets(&self, rule: &str, targets: &[Value]) -> Result<Sorted, ServiceError> {
        if ids(targets).len() < targets.len() {
            return Err(ServiceError::validation("Duplicate target ids are not allowed."));
        }
        let mut sorted = Sorted { taken: Vec::new(), roles: BTreeSet::new(), failed: Vec::new() };
        for given in targets {
            match self.read_target(given) {
                Ok(Read { target, arn, role_arn }) => {
                    sorted.roles.insert(role_arn);
                    sorted.taken.push(TargetRow {
                        rule: rule.to_owned(),
                        id: target.id,
                        arn,
                        target: given.to_string(),
                    });
                }
                Err(Refused::Target(failed)) => sorted.failed.push(failed),
                Err(Refused::Request(error)) => return Err(error),
            }
        }
        Ok(sorted)
    }

    /// Removes targets from a rule. Each that it does not have is told apart.
    ///
    /// # Errors
    /// `ManagedRuleException`, `ResourceNotFoundException`.
    pub async fn remove_targets(
        &self,
        actor: &Actor,
        request: RemoveTargetsRequest,
    ) -> Result<TargetsResponse, ServiceError> {
        let RemoveTargetsRequest { rule, event_bus_name, ids, force: _ } = request;
        self.check_bus(event_bus_name.as_deref())?;
        let is_managed = self.is_file_rule(&rule);
        let arn = Resource::EventRule(rule.clone()).arn(self.place());
        let deed = Deed::new("events:RemoveTargets", arn).details(json!({ "targets": ids }));
        let remove = move |tx: &mut Tx<'_>| {
            if is_managed && event_rules::find(tx, &rule)?.is_none() {
                return Err(managed(&rule));
            }
            found(tx, &rule)?;
            let mut failed = Vec::new();
            for id in &ids {
                if !event_rules::remove_target(tx, &rule, id)? {
                    failed.push(FailedTarget {
                        target_id: id.clone(),
                        error_code: NOT_FOUND.to_owned(),
                        error_message: format!(
                            "Rule '{rule}' does not have a target with the Id '{id}'."
                        ),
                    });
                }
            }
            Ok(answer(failed))
        };
        let answer = self.change(actor, deed, remove).await?;
        self.follow_event_rules().await;
        Ok(answer)
    }

    /// Returns the targets of a rule in the order of their ids, a page of at most 100.
    ///
    /// # Errors
    /// `ResourceNotFoundException`; `ValidationException` for a token that no page returned.
    pub async fn list_targets_by_rule(
        &self,
        request: ListTargetsByRuleRequest,
    ) -> Result<ListTargetsByRuleResponse, ServiceError> {
        self.check_bus(request.event_bus_name.as_deref())?;
        let rule = request.rule;
        let list = ("ListTargetsByRule", &rule);
        let asked = Asked::new(&list, request.next_token.as_deref(), request.limit)?;
        let (after, limit) = (asked.after.clone(), asked.read_max());
        let read = move |tx: &ReadTx<'_>| -> Result<_, ServiceError> {
            found(tx, &rule)?;
            Ok(event_rules::targets(tx, &rule, &after, limit)?)
        };
        let mut rows = self.store().read(read).await?;
        let next_token = asked.cut(&mut rows, |row| &row.id);
        let targets = rows.iter().map(stored).collect::<Result<_, _>>()?;
        Ok(ListTargetsByRuleResponse { targets, next_token })
    }

    /// Returns the names of rules that have a target with this ARN, in order, a page of at most 100.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for another bus; `ValidationException` for a token that no page returned.
    pub async fn list_rule_names_by_target(
        &self,
        request: ListRuleNamesByTargetRequest,
    ) -> Result<ListRuleNamesByTargetResponse, ServiceError> {
        self.check_bus(request.event_bus_name.as_deref())?;
        let arn = request.target_arn;
        let list = ("ListRuleNamesByTarget", &arn);
        let asked = Asked::new(&list, request.next_token.as_deref(), request.limit)?;
        let (after, limit) = (asked.after.clone(), asked.read_max());
        let read = move |tx: &ReadTx<'_>| event_rules::rules_of_target(tx, &arn, &after, limit);
        let mut rule_names = self.store().read(read).await?;
        let next_token = asked.cut(&mut rule_names, String::as_str);
        Ok(ListRuleNamesByTargetResponse { rule_names, next_token })
    }
}

/// Returns a target as it was given.
pub(super) fn stored(row: &TargetRow) -> Result<Value, ServiceError> {
    serde_json::from_str(&row.target).map_err(|error| {
        ServiceError::internal(format!("target {} of rule {}: {error}", row.id, row.rule))
    })
}

fn ids(targets: &[Value]) -> BTreeSet<String> {
    let ids = targets.iter().filter_map(|target| target.get("Id")?.as_str());
    ids.map(str::to_owned).collect()
}

fn answer(failed: Vec<FailedTarget>) -> TargetsResponse {
    TargetsResponse { failed_entry_count: failed.len(), failed_entries: failed }
}
