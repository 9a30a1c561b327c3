"""What rules of EventBridge's clients start, and what their targets get."""

import json

import samples
from server import ACCOUNT, REGION
from waiting import ended, until

TAKING = samples.INSTANT.replace("mainSteps", "parameters: { Who: { type: String } }\nmainSteps")


def definition(name):
    return f"arn:aws:ssm:{REGION}:{ACCOUNT}:automation-definition/{name}:$DEFAULT"


def matches(server, rule):
    return server.command("rules", "matches", "--rule", f"event-rule/{rule}")


def done(server, rule):
    found = until(lambda: matches(server, rule), lambda found: found and found[0]["status"] != "Pending", "the match")
    assert found[0]["status"] == "Done", found
    return found[0]["result"]


def put(events, detail):
    entry = {"Source": "shop", "DetailType": "Order", "Detail": json.dumps(detail), "Resources": ["order/1"]}
    answer = events.put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer
    return answer["Entries"][0]["EventId"]


def test_a_rule_starts_its_runs_from_the_next_event_on(server, ssm):
    events = server.client("events")
    samples.runbook(ssm, "Taking", TAKING)
    pattern = json.dumps({"source": ["shop"], "detail": {"total": [{"numeric": [">", 10]}]}})
    arn = events.put_rule(Name="orders", EventPattern=pattern)["RuleArn"]
    transformer = {
        "InputPathsMap": {"who": "$.detail.who"},
        "InputTemplate": '{"Who": ["<who> by <aws.events.rule-name>"]}',
    }
    added = events.put_targets(
        Rule="orders",
        Targets=[
            {"Id": "constant", "Arn": definition("Taking"), "Input": '{"Who": ["ann"]}'},
            {"Id": "made", "Arn": definition("Taking"), "InputTransformer": transformer},
        ],
    )
    assert added["FailedEntryCount"] == 0, added
    put(events, {"total": 9, "who": "nobody"})
    identity = put(events, {"total": 11, "who": "bob"})
    found = until(
        lambda: matches(server, "orders"),
        lambda found: len(found) == 2 and {one["status"] for one in found} == {"Done"},
        "both runs",
    )
    assert {one["eventId"] for one in found} == {identity}
    runs = {one["target"]: ended(ssm, one["result"]) for one in found}
    assert runs["constant"]["Parameters"]["Who"] == ["ann"]
    assert runs["made"]["Parameters"]["Who"] == ["bob by orders"]
    assert all(run["ExecutedBy"].endswith(":role/operator") for run in runs.values())
    assert arn.endswith(":rule/orders")
    # What is disabled or has no target any more starts nothing.
    events.disable_rule(Name="orders")
    put(events, {"total": 12, "who": "eve"})
    events.enable_rule(Name="orders")
    events.remove_targets(Rule="orders", Ids=["constant", "made"])
    put(events, {"total": 13, "who": "eve"})
    events.delete_rule(Name="orders")
    marked = events.put_rule(Name="after", EventPattern='{"detail": {"last": [true]}}')
    assert marked["RuleArn"]
    events.put_targets(Rule="after", Targets=[{"Id": "t", "Arn": definition("Taking"), "Input": '{"Who": ["last"]}'}])
    put(events, {"last": True})
    done(server, "after")
    assert len(matches(server, "orders")) == 2


def test_rules_hold_after_a_restart(server, ssm):
    events = server.client("events")
    samples.runbook(ssm, "Instant", samples.INSTANT)
    events.put_rule(Name="kept", EventPattern='{"source": ["shop"], "detail": {"kept": [true]}}')
    events.put_targets(Rule="kept", Targets=[{"Id": "t", "Arn": definition("Instant")}])
    server.restart(kill=True)
    put(server.client("events"), {"kept": True})
    execution = done(server, "kept")
    assert ended(server.client(), execution)["AutomationExecutionStatus"] == "Success"


def test_a_target_that_cannot_be_reached_is_a_dead_letter(server, ssm):
    events = server.client("events")
    events.put_rule(Name="lost", EventPattern='{"detail": {"lost": [true]}}')
    events.put_targets(Rule="lost", Targets=[{"Id": "t", "Arn": definition("ThereIsNone")}])
    put(events, {"lost": True})
    [found] = until(lambda: matches(server, "lost"), lambda found: found and found[0]["status"] == "Dead", "the letter")
    assert found["target"] == "t"
    assert found["reason"].startswith("AutomationDefinitionNotFoundException")
