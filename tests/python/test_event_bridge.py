"""Rules, targets and events as boto3's client of EventBridge knows them."""

import json

import pytest
from botocore.exceptions import ClientError

from answers import refused
from server import ACCOUNT, REGION
from signed import Request

PATTERN = json.dumps({"source": ["core.update-account-command"], "detail": {"command": ["update-account"]}})
DEPLOY = f"arn:aws:ssm:{REGION}:{ACCOUNT}:automation-definition/Deploy:1"


@pytest.fixture(scope="module")
def events(server):
    return server.client("events")


@pytest.fixture(scope="module")
def unchecked_events(server):
    return server.client("events", checks_parameters=False)


@pytest.fixture
def rule(events, name):
    """A rule of its own without targets; its name fits a rule's."""
    name = name[-64:].strip("-")
    events.put_rule(Name=name, EventPattern=PATTERN)
    return name


def arn(name):
    return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"


def error(call, **arguments):
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"], caught.value.response["Error"]["Message"]


def test_put_list_with_prefix_describe_delete(events, name):
    name = name[-64:].strip("-")
    assert events.put_rule(Name=name, EventPattern=PATTERN)["RuleArn"] == arn(name)
    shown = {"Name": name, "Arn": arn(name), "EventPattern": PATTERN, "State": "ENABLED", "EventBusName": "default"}
    assert events.list_rules(NamePrefix=name)["Rules"] == [shown]
    described = events.describe_rule(Name=name)
    described.pop("ResponseMetadata")
    assert described == shown | {"CreatedBy": ACCOUNT}
    events.delete_rule(Name=name)
    assert events.list_rules(NamePrefix=name)["Rules"] == []


def test_deleting_what_is_not_there_is_no_error(events):
    assert events.delete_rule(Name="unknown")["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_a_rule_is_disabled_and_enabled(events, rule):
    events.disable_rule(Name=rule)
    assert events.describe_rule(Name=rule)["State"] == "DISABLED"
    events.enable_rule(Name=rule)
    assert events.describe_rule(Name=rule)["State"] == "ENABLED"


@pytest.mark.parametrize(
    "expression",
    [
        "rate(10 seconds)",
        "rate(1 minutes)",
        "rate(10 day)",
        "rate()",
        "rate(0 minutes)",
        "rate(-10 minutes)",
        "rate(10 MINUTES)",
        "rate( 10 minutes )",
        " rate(10 minutes)",
        "cron(0 12 * * *)",
        "at(2030-01-01T00:00:00)",
    ],
)
def test_schedules_that_cannot_be(events, expression):
    assert error(events.put_rule, Name="never", ScheduleExpression=expression) == (
        "ValidationException",
        "Parameter ScheduleExpression is not valid.",
    )


def test_patterns_that_cannot_be(events):
    code, message = error(events.put_rule, Name="never", EventPattern='{"source": "x"}')
    assert code == "InvalidEventPatternException"
    assert message.startswith('Event pattern is not valid. Reason: "source" must be an object or an array')


@pytest.mark.parametrize(
    ("name", "constraint"),
    [
        ("a b", r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+"),
        ("x" * 65, "Member must have length less than or equal to 64"),
    ],
)
def test_names_that_cannot_be(unchecked_events, name, constraint):
    message = f"1 validation error detected: Value '{name}' at 'name' failed to satisfy constraint: {constraint}"
    assert error(unchecked_events.put_rule, Name=name, EventPattern=PATTERN) == ("ValidationException", message)


def test_what_is_not_there(events):
    expected = ("ResourceNotFoundException", "Rule none does not exist on EventBus default.")
    assert error(events.describe_rule, Name="none") == expected
    assert error(events.enable_rule, Name="none") == expected
    assert error(events.list_targets_by_rule, Rule="none") == expected
    assert error(events.remove_targets, Rule="none", Ids=["x"]) == expected
    assert error(events.list_tags_for_resource, ResourceARN=arn("none")) == expected
    with pytest.raises(events.exceptions.ResourceNotFoundException, match="Event bus other does not exist."):
        events.put_rule(Name="x", EventPattern=PATTERN, EventBusName="other")


def test_rules_come_in_pages(events, name):
    prefix = name[-50:].strip("-")
    names = [f"{prefix}-{number}" for number in range(5)]
    for each in names:
        events.put_rule(Name=each, ScheduleExpression="rate(1 day)", State="DISABLED")
    pages = events.get_paginator("list_rules").paginate(NamePrefix=prefix, PaginationConfig={"PageSize": 2})
    found = [[each["Name"] for each in page["Rules"]] for page in pages]
    assert found == [names[:2], names[2:4], names[4:]]
    assert error(events.list_rules, NextToken="x")[0] == "ValidationException"


def test_targets_are_put_listed_and_removed(events, rule):
    target = {"Id": "one", "Arn": DEPLOY, "InputTransformer": {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"N": [<n>]}'}}
    answer = events.put_targets(Rule=rule, Targets=[target])
    assert (answer["FailedEntryCount"], answer["FailedEntries"]) == (0, [])
    assert events.list_targets_by_rule(Rule=rule)["Targets"] == [target]
    assert rule in events.list_rule_names_by_target(TargetArn=DEPLOY)["RuleNames"]
    expected = ("ValidationException", "Rule can't be deleted since it has targets.")
    assert error(events.delete_rule, Name=rule) == expected
    answer = events.remove_targets(Rule=rule, Ids=["one", "two"])
    assert answer["FailedEntryCount"] == 1
    assert answer["FailedEntries"][0]["TargetId"] == "two"
    events.delete_rule(Name=rule)


def test_a_rule_has_five_targets(events, rule):
    targets = [{"Id": str(number), "Arn": DEPLOY} for number in range(6)]
    with refused("LimitExceededException"):
        events.put_targets(Rule=rule, Targets=targets)
    assert events.put_targets(Rule=rule, Targets=targets[:5])["FailedEntryCount"] == 0
    page = events.list_targets_by_rule(Rule=rule, Limit=3)
    assert [each["Id"] for each in page["Targets"]] == ["0", "1", "2"]
    page = events.list_targets_by_rule(Rule=rule, Limit=3, NextToken=page["NextToken"])
    assert [each["Id"] for each in page["Targets"]] == ["3", "4"]
    assert "NextToken" not in page


def test_a_target_that_is_not_supported_fails_alone(events, rule):
    function = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
    answer = events.put_targets(Rule=rule, Targets=[{"Id": "bad", "Arn": function}, {"Id": "good", "Arn": DEPLOY}])
    assert answer["FailedEntryCount"] == 1
    assert answer["FailedEntries"][0]["TargetId"] == "bad"
    assert "automation-definition" in answer["FailedEntries"][0]["ErrorMessage"]
    assert [each["Id"] for each in events.list_targets_by_rule(Rule=rule)["Targets"]] == ["good"]


def test_placeholders_need_a_path(events, rule):
    target = {"Id": "t", "Arn": DEPLOY, "InputTransformer": {"InputTemplate": '{"a": [<b>]}'}}
    expected = ("ValidationException", "InputTemplate for target t contains invalid placeholder b.")
    assert error(events.put_targets, Rule=rule, Targets=[target]) == expected


def test_tags(events, rule):
    events.tag_resource(ResourceARN=arn(rule), Tags=[{"Key": "key1", "Value": "value1"}, {"Key": "key2", "Value": "value2"}])
    events.untag_resource(ResourceARN=arn(rule), TagKeys=["key2"])
    assert events.list_tags_for_resource(ResourceARN=arn(rule))["Tags"] == [{"Key": "key1", "Value": "value1"}]


def entry(**more):
    return {"Source": "app", "DetailType": "t", "Detail": "{}"} | more


@pytest.mark.parametrize(
    ("bad", "code", "message"),
    [
        ({}, "InvalidArgument", "Parameter Source is not valid. Reason: Source is a required argument."),
        ({"Source": "s"}, "InvalidArgument", "Parameter DetailType is not valid. Reason: DetailType is a required argument."),
        ({"Source": "s", "DetailType": "t"}, "InvalidArgument", "Parameter Detail is not valid. Reason: Detail is a required argument."),
        (entry(Detail="detail"), "MalformedDetail", "Detail is malformed."),
        (entry(Detail='["a"]'), "MalformedDetail", "Detail is malformed."),
        (entry(Source="aws.ssm"), "NotAuthorizedForSourceException", "Not authorized for the source."),
    ],
)
def test_entries_that_are_refused(events, bad, code, message):
    answer = events.put_events(Entries=[bad, entry()])
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0] == {"ErrorCode": code, "ErrorMessage": message}
    assert set(answer["Entries"][1]) == {"EventId"}


def test_requests_that_are_too_large(unchecked_events):
    code, message = error(unchecked_events.put_events, Entries=[entry()] * 11)
    assert code == "ValidationException"
    assert message.endswith("at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10")
    large = entry(Detail=json.dumps({"a": "x" * 256 * 1024}))
    expected = ("ValidationException", "Total size of the entries in the request is over the limit.")
    assert error(unchecked_events.put_events, Entries=[large]) == expected


def test_what_is_put_is_followed(events, follow):
    stream = follow()
    identity = events.put_events(Entries=[entry(Source="followed")])["Entries"][0]["EventId"]
    found = stream.until(lambda sent: sent.event["source"] == "followed")[-1]
    assert (found.id, found.event["detail-type"], found.detail) == (identity, "t", {})


def test_patterns_are_tried(events):
    event = {"source": "core.update-account-command", "detail": {"command": "update-account"}}
    assert events.test_event_pattern(EventPattern=PATTERN, Event=json.dumps(event))["Result"] is True
    assert events.test_event_pattern(EventPattern=PATTERN, Event=json.dumps(event | {"source": "x"}))["Result"] is False
    with refused("InvalidEventPatternException"):
        events.test_event_pattern(EventPattern="{}", Event="{}")


def test_the_one_bus(events):
    bus = {"Name": "default", "Arn": f"arn:aws:events:{REGION}:{ACCOUNT}:event-bus/default"}
    assert events.list_event_buses()["EventBuses"] == [bus]
    assert events.describe_event_bus()["Arn"] == bus["Arn"]
    with refused("NotImplementedException"):
        events.create_event_bus(Name="other")


def test_a_signature_is_for_one_service(server):
    """The same key works for both, but a request that is signed for one is none of the other's."""
    for target, right, wrong in (("AWSEvents.ListRules", "events", "ssm"), ("AmazonSSM.DescribeParameters", "ssm", "events")):
        operation = target.split(".")[1]
        assert Request(server, operation, {}, target=target, service=right).send().status == 200
        reply = Request(server, operation, {}, target=target, service=wrong).send()
        assert (reply.status, reply.code) == (400, "InvalidSignatureException"), reply
