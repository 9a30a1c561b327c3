//! Rules.

use runbook::schedule::{Dialect, Schedule};
use serde_json::json;
use store::event_rules::{self, RuleRow};
use store::{ReadTx, Tx};

use super::page::Asked;
use super::{
    BUS, DeleteRuleRequest, ListRulesRequest, ListRulesResponse, NamedRuleRequest, Nothing,
    PutRuleRequest, PutRuleResponse, RULES_MAX, Rule, given, limit_exceeded, managed, pattern,
    rule_not_found, tags,
};
use crate::Services;
use crate::access::Resource;
use crate::actor::{Actor, now_ms};
use crate::change::Deed;
use crate::error::ServiceError;
use crate::parameters::Place;
use crate::tags::EVENT_RULE;

pub(super) const ENABLED: &str = "ENABLED";
pub(super) const DISABLED: &str = "DISABLED";
/// Enabled, and also for what `CloudTrail` tells of reading; nothing here does, so it means the same.
const ENABLED_WITH_ALL: &str = "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS";

impl Services {
    /// Makes a rule, or makes one that is there anew; its targets and its tags stay then.
    ///
    /// Its targets act as its role, or as that of the installation: the actor must be allowed to pass it.
    ///
    /// # Errors
    /// `InvalidEventPatternException`, `LimitExceededException` beyond [`RULES_MAX`], `ManagedRuleException` for a name that a
    /// rule file has, `ResourceNotFoundException` for another bus, `ValidationException`.
    pub async fn put_rule(
        &self,
        actor: &Actor,
        request: PutRuleRequest,
    ) -> Result<PutRuleResponse, ServiceError> {
        self.check_bus(request.event_bus_name.as_deref())?;
        self.check_unmanaged(&request.name)?;
        let tags = tags::checked(request.tags.as_deref().unwrap_or_default())?;
        let new = RuleRow {
            pattern: given(request.event_pattern),
            schedule: given(request.schedule_expression),
            description: given(request.description),
            state: request.state.unwrap_or_else(|| ENABLED.to_owned()),
            role_arn: request.role_arn,
            created_ms: now_ms(),
            created_by: actor.principal.to_string(),
            name: request.name,
        };
        check(&new)?;
        self.pass_event_role(actor, [new.role_arn.as_deref(), None]).await?;
        let arn = Resource::EventRule(new.name.clone()).arn(self.place());
        let deed = Deed::new("events:PutRule", arn.as_str()).details(json!({
            "eventPattern": new.pattern,
            "scheduleExpression": new.schedule,
            "state": new.state,
            "roleArn": new.role_arn,
        }));
        let answer = self.change(actor, deed, move |tx| {
            let is_new = event_rules::find(tx, &new.name)?.is_none();
            if is_new && event_rules::count(tx)? >= RULES_MAX {
                return Err(limit_exceeded());
            }
            event_rules::put(tx, &new)?;
            for (key, value) in tags.iter().filter(|_| is_new) {
                store::tags::set(tx, EVENT_RULE, &new.name, key, value)?;
            }
            Ok(PutRuleResponse { rule_arn: arn.clone() })
        });
        let answer = answer.await?;
        self.follow_event_rules().await;
        Ok(answer)
    }

    /// Returns a rule.
    ///
    /// # Errors
    /// `ResourceNotFoundException`.
    pub async fn describe_rule(&self, request: NamedRuleRequest) -> Result<Rule, ServiceError> {
        self.check_bus(request.event_bus_name.as_deref())?;
        let name = request.name;
        let read = move |tx: &ReadTx<'_>| found(tx, &name);
        let row = self.store().read(read).await?;
        let created_by = Some(self.place().account_id.clone());
        Ok(Rule { created_by, ..shown(row, self.place()) })
    }

    /// Returns rules in the order of their names, a page of at most 100.
    ///
    /// # Errors
    /// `ResourceNotFoundException` for another bus; `ValidationException` for a token that no page returned.
    pub async fn list_rules(
        &self,
        request: ListRulesRequest,
    ) -> Result<ListRulesResponse, ServiceError> {
        self.check_bus(request.event_bus_name.as_deref())?;
        let prefix = request.name_prefix.unwrap_or_default();
        let list = ("ListRules", &prefix);
        let asked = Asked::new(&list, request.next_token.as_deref(), request.limit)?;
        let (after, limit) = (asked.after.clone(), asked.read_max());
        let read = move |tx: &ReadTx<'_>| event_rules::list(tx, &prefix, &after, limit);
        let mut rows = self.store().read(read).await?;
        let next_token = asked.cut(&mut rows, |row| &row.name);
        let rules = rows.into_iter().map(|row| shown(row, self.place())).collect();
        Ok(ListRulesResponse { rules, next_token })
    }

    /// Deletes a rule that has no targets. One that is not there is no error.
    ///
    /// # Errors
    /// `ManagedRuleException`; `ResourceNotFoundException` for another bus; `ValidationException` while it has targets.
    pub async fn delete_rule(
        &self,
        actor: &Actor,
        request: DeleteRuleRequest,
    ) -> Result<Nothing, ServiceError> {
        self.check_bus(request.event_bus_name.as_deref())?;
        let name = request.name;
        let is_managed = self.is_file_rule(&name);
        let arn = Resource::EventRule(name.clone()).arn(self.place());
        let delete = move |tx: &mut Tx<'_>| {
            if event_rules::find(tx, &name)?.is_none() && is_managed {
                return Err(managed(&name));
            }
            if !event_rules::targets(tx, &name, "", 1)?.is_empty() {
                return Err(ServiceError::validation(
                    "Rule can't be deleted since it has targets.",
                ));
            }
            event_rules::delete(tx, &name)?;
            store::tags::remove_all(tx, EVENT_RULE, &name)?;
            Ok(Nothing {})
        };
        let answer = self.change(actor, Deed::new("events:DeleteRule", arn), delete).await?;
        self.follow_event_rules().await;
        Ok(answer)
    }

    /// Lets a rule start what its targets say.
    ///
    /// # Errors
    /// `ManagedRuleException`, `ResourceNotFoundException`.
    pub async fn enable_rule(
        &self,
        actor: &Actor,
        request: NamedRuleRequest,
    ) -> Result<Nothing, ServiceError> {
        self.set_rule_state(actor, "events:EnableRule", request, ENABLED).await
    }

    /// Lets a rule start nothing.
    ///
    /// # Errors
    /// `ManagedRuleException`, `ResourceNotFoundException`.
    pub async fn disable_rule(
        &self,
        actor: &Actor,
        request: NamedRuleRequest,
    ) -> Result<Nothing, ServiceError> {
        self.set_rule_state(actor, "events:DisableRule", request, DISABLED).await
    }

    async fn set_rule_state(
        &self,
        actor: &Actor,
        operation: &'static str,
        request: NamedRuleRequest,
        state: &'static str,
    ) -> Result<Nothing, ServiceError> {
        self.check_bus(request.event_bus_name.as_deref())?;
        self.check_unmanaged(&request.name)?;
        let name = request.name;
        let deed = Deed::new(operation, Resource::EventRule(name.clone()).arn(self.place()));
        let set = move |tx: &mut Tx<'_>| {
            if event_rules::set_state(tx, &name, state)? {
                return Ok(Nothing {});
            }
            Err(rule_not_found(&name))
        };
        let answer = self.change(actor, deed, set).await?;
        self.follow_event_rules().await;
        Ok(answer)
    }
}

/// Refuses a rule that could never be asked, or not be understood.
fn check(rule: &RuleRow) -> Result<(), ServiceError> {
    if rule.pattern.is_none() && rule.schedule.is_none() {
        return Err(ServiceError::validation(
            "Parameter(s) EventPattern or ScheduleExpression must be specified.",
        ));
    }
    if let Some(schedule) = &rule.schedule {
        Schedule::parse(schedule, Dialect::EventBridgeRule)
            .map_err(|error| ServiceError::validation(error.event_bridge_message()))?;
    }
    if let Some(pattern) = &rule.pattern {
        pattern::parse(pattern)?;
    }
    if [ENABLED, DISABLED, ENABLED_WITH_ALL].contains(&rule.state.as_str()) {
        return Ok(());
    }
    Err(ServiceError::validation(format!("there is no state {:?} of a rule", rule.state)))
}

/// Returns a rule that is there.
pub(super) fn found(tx: &ReadTx<'_>, name: &str) -> Result<RuleRow, ServiceError> {
    event_rules::find(tx, name)?.ok_or_else(|| rule_not_found(name))
}

fn shown(row: RuleRow, place: &Place) -> Rule {
    Rule {
        arn: Resource::EventRule(row.name.clone()).arn(place),
        name: row.name,
        event_pattern: row.pattern,
        schedule_expression: row.schedule,
        state: row.state,
        description: row.description,
        role_arn: row.role_arn,
        event_bus_name: BUS.to_owned(),
        created_by: None,
    }
}
