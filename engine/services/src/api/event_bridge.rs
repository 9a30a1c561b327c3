//! Operations of `EventBridge`.

use super::{Operation, account};
use crate::access::{Access, Resource};
use crate::event_bridge::{
    BUS, DeleteRuleRequest, DescribeEventBusRequest, ListEventBusesRequest,
    ListRuleNamesByTargetRequest, ListRulesRequest, ListTagsRequest, ListTargetsByRuleRequest,
    NamedRuleRequest, PutEventsRequest, PutRuleRequest, PutTargetsRequest, RemoveTargetsRequest,
    TagResourceRequest, TestEventPatternRequest, UntagResourceRequest, tagged,
};

pub(super) fn operations() -> Vec<Operation> {
    rules().into_iter().chain(targets()).chain(tags()).chain(events()).collect()
}

fn rule(name: &str) -> Vec<Resource> {
    vec![Resource::EventRule(name.to_owned())]
}

fn rules() -> Vec<Operation> {
    vec![
        Operation::new(
            "events:PutRule",
            Access::Write,
            |_, request: &PutRuleRequest| Ok(rule(&request.name)),
            |services, actor, request| async move { services.put_rule(&actor, request).await },
        ),
        Operation::new(
            "events:DescribeRule",
            Access::Read,
            |_, request: &NamedRuleRequest| Ok(rule(&request.name)),
            |services, _, request| async move { services.describe_rule(request).await },
        ),
        Operation::new(
            "events:ListRules",
            Access::Read,
            account::<ListRulesRequest>,
            |services, _, request| async move { services.list_rules(request).await },
        ),
        Operation::new(
            "events:DeleteRule",
            Access::Write,
            |_, request: &DeleteRuleRequest| Ok(rule(&request.name)),
            |services, actor, request| async move { services.delete_rule(&actor, request).await },
        ),
        Operation::new(
            "events:EnableRule",
            Access::Write,
            |_, request: &NamedRuleRequest| Ok(rule(&request.name)),
            |services, actor, request| async move { services.enable_rule(&actor, request).await },
        ),
        Operation::new(
            "events:DisableRule",
            Access::Write,
            |_, request: &NamedRuleRequest| Ok(rule(&request.name)),
            |services, actor, request| async move { services.disable_rule(&actor, request).await },
        ),
    ]
}

fn targets() -> Vec<Operation> {
    vec![
        Operation::new(
            "events:PutTargets",
            Access::Write,
            |_, request: &PutTargetsRequest| Ok(rule(&request.rule)),
            |services, actor, request| async move { services.put_targets(&actor, request).await },
        ),
        Operation::new(
            "events:RemoveTargets",
            Access::Write,
            |_, request: &RemoveTargetsRequest| Ok(rule(&request.rule)),
            |services, actor, request| async move { services.remove_targets(&actor, request).await },
        ),
        Operation::new(
            "events:ListTargetsByRule",
            Access::Read,
            |_, request: &ListTargetsByRuleRequest| Ok(rule(&request.rule)),
            |services, _, request| async move { services.list_targets_by_rule(request).await },
        ),
        Operation::new(
            "events:ListRuleNamesByTarget",
            Access::Read,
            account::<ListRuleNamesByTargetRequest>,
            |services, _, request| async move { services.list_rule_names_by_target(request).await },
        ),
    ]
}

fn tags() -> Vec<Operation> {
    vec![
        Operation::new(
            "events:TagResource",
            Access::Write,
            |services, request: &TagResourceRequest| {
                Ok(vec![tagged(&request.resource_arn, services.place())?])
            },
            |services, actor, request| async move { services.tag_event_resource(&actor, request).await },
        ),
        Operation::new(
            "events:UntagResource",
            Access::Write,
            |services, request: &UntagResourceRequest| {
                Ok(vec![tagged(&request.resource_arn, services.place())?])
            },
            |services, actor, request| async move {
                services.untag_event_resource(&actor, request).await
            },
        ),
        Operation::new(
            "events:ListTagsForResource",
            Access::Read,
            |services, request: &ListTagsRequest| {
                Ok(vec![tagged(&request.resource_arn, services.place())?])
            },
            |services, _, request| async move { services.list_event_tags(request).await },
        ),
    ]
}

fn events() -> Vec<Operation> {
    vec![
        Operation::new(
            "events:PutEvents",
            Access::Write,
            |_, _: &PutEventsRequest| Ok(vec![Resource::EventBus(BUS.to_owned())]),
            |services, actor, request| async move { services.put_events(&actor, request).await },
        ),
        Operation::new(
            "events:TestEventPattern",
            Access::Read,
            account::<TestEventPatternRequest>,
            |services, _, request| async move { services.test_event_pattern(request) },
        ),
        Operation::new(
            "events:ListEventBuses",
            Access::Read,
            account::<ListEventBusesRequest>,
            |services, _, request| async move { services.list_event_buses(request) },
        ),
        Operation::new(
            "events:DescribeEventBus",
            Access::Read,
            |_, request: &DescribeEventBusRequest| {
                let name = request.name.as_deref().unwrap_or(BUS);
                let name = name.split_once(":event-bus/").map_or(name, |(_, name)| name);
                Ok(vec![Resource::EventBus(name.to_owned())])
            },
            |services, _, request| async move { services.describe_event_bus(request) },
        ),
    ]
}
