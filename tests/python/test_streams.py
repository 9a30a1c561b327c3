"""Events as server-sent events: what is told, of whom, and to whom."""

import datetime
import re

import pytest

import samples
from server import ACCOUNT, REGION
from waiting import reach

MEMBERS = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SPELT = re.compile(r"(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M")
PARAMETER = "Parameter Store Change"
EXECUTION = "EC2 Automation Execution Status-change Notification"
STEP = "EC2 Automation Step Status-change Notification"
SECRET = "hunter2-and-more"


def check_shape(sent):
    event = sent.event
    assert event.keys() == MEMBERS
    assert (event["version"], event["source"], event["account"]) == ("0", "aws.ssm", ACCOUNT)
    assert event["region"] == REGION
    assert event["detail-type"] == sent.kind
    assert UUID.fullmatch(event["id"])
    assert event["time"].endswith("Z")
    datetime.datetime.fromisoformat(event["time"])
    assert event["resources"]
    assert all(arn.startswith(f"arn:aws:ssm:{REGION}:{ACCOUNT}:") for arn in event["resources"])
    assert sent.cursor


def test_a_stream_is_of_server_sent_events(follow):
    answer = follow().answer
    assert answer.status == 200
    assert answer.headers["content-type"].split(";")[0] == "text/event-stream"
    assert "no-cache" in answer.headers["cache-control"]


def test_a_quiet_stream_says_that_it_lives(follow):
    assert follow().line().startswith(":")


def test_each_change_of_a_parameter_is_told_once(ssm, follow, name):
    stream = follow()
    ssm.put_parameter(Name=name, Value="v", Type="String", Description="Of a test.")
    ssm.put_parameter(Name=name, Value="w", Type="String", Overwrite=True)
    ssm.label_parameter_version(Name=name, ParameterVersion=1, Labels=["old"])
    ssm.delete_parameter(Name=name)
    ssm.put_parameter(Name=f"{name}-last", Value="v", Type="StringList")
    found = stream.until(lambda sent: sent.detail["name"] == f"{name}-last")
    for sent in found:
        check_shape(sent)
        assert sent.kind == PARAMETER
    told = [sent.detail["operation"] for sent in found]
    assert told == ["Create", "Update", "LabelParameterVersion", "Delete", "Create"]
    assert all(sent.detail["type"] == "String" for sent in found[:-1])
    assert found[0].detail["description"] == "Of a test."
    assert found[0].event["resources"] == [f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}"]
    assert len({sent.id for sent in found}) == len({sent.cursor for sent in found}) == len(found)


def test_what_is_refused_or_only_read_is_not_told(ssm, unchecked, follow, name):
    ssm.put_parameter(Name=name, Value="v", Type="String")
    stream = follow()
    ssm.get_parameter(Name=name)
    for asked in ({"Name": name, "Value": "w"}, {"Name": f"{name} x", "Value": "w", "Type": "String"}):
        with pytest.raises(Exception, match="Exception|ParameterAlreadyExists"):
            unchecked.put_parameter(**asked)
    ssm.put_parameter(Name=f"{name}-last", Value="v", Type="String")
    assert stream.next().detail["name"] == f"{name}-last"


def test_values_are_not_told(ssm, follow, name):
    stream = follow()
    ssm.put_parameter(Name=name, Value=SECRET, Type="SecureString")
    ssm.put_parameter(Name=name, Value=f"{SECRET}-2", Type="SecureString", Overwrite=True)
    found = stream.take(2)
    assert [sent.detail["type"] for sent in found] == ["SecureString"] * 2
    assert SECRET not in str(found)


def test_each_change_of_a_run_is_told_once(ssm, follow, name):
    stream = follow()
    run = samples.begin(ssm, name, samples.INSTANT)
    found = stream.until(lambda sent: sent.kind == EXECUTION and sent.detail["Status"] == "Success")
    for sent in found:
        check_shape(sent)
        assert sent.event["resources"] == [
            f"arn:aws:ssm:{REGION}:{ACCOUNT}:automation-execution/{run}",
            f"arn:aws:ssm:{REGION}:{ACCOUNT}:automation-definition/{name}:1",
        ]
        assert sent.detail["ExecutionId"] == run
        assert (sent.detail["Definition"], sent.detail["DefinitionVersion"]) == (name, 1)
        assert SPELT.fullmatch(sent.detail["StartTime"])
        assert isinstance(sent.detail["Time"], int)
        assert ("EndTime" in sent.detail) == (sent.detail["Status"] == "Success")
    told = [(sent.kind, sent.detail["Status"]) for sent in found]
    assert told == [(EXECUTION, "InProgress"), (STEP, "InProgress"), (STEP, "Success"), (EXECUTION, "Success")]
    assert (found[1].detail["StepName"], found[1].detail["Action"]) == ("rest", "aws:sleep")
    assert found[0].detail["ExecutedBy"].endswith("user/administrator")
    assert SPELT.fullmatch(found[-1].detail["EndTime"])


def test_the_stream_of_a_run_is_its_own_and_ends_with_it(ssm, follow, name):
    other = samples.begin(ssm, f"{name}-other", samples.PAUSED)
    run = samples.begin(ssm, name, samples.PAUSED)
    stream = follow(f"/runs/{run}/events")
    found = stream.until(lambda sent: sent.detail["Status"] == "Waiting")
    ssm.put_parameter(Name=name, Value="v", Type="String")
    for paused in (other, run):
        reach(ssm, paused, "Waiting")
        ssm.send_automation_signal(AutomationExecutionId=paused, SignalType="Resume", Payload={"StepName": ["hold"]})
    found += list(stream)
    assert {sent.detail["ExecutionId"] for sent in found} == {run}
    told = [(sent.detail.get("StepName"), sent.detail["Status"]) for sent in found]
    assert told[:3] == [(None, "InProgress"), ("hold", "InProgress"), ("hold", "Waiting")]
    assert told[-4:] == [("hold", "Success"), ("rest", "InProgress"), ("rest", "Success"), (None, "Success")]
    again = list(follow(f"/runs/{run}/events"))
    assert again == found
    assert list(follow(f"/runs/{run}/events", last=found[-1].cursor)) == []
    assert list(follow(f"/runs/{run}/events", last=found[1].cursor)) == found[2:]
    reach(ssm, other, "Success")


def test_a_cancelled_and_a_failed_run_end_their_streams(ssm, follow, name):
    run = samples.begin(ssm, name, samples.LONG)
    stream = follow(f"/runs/{run}/events")
    stream.until(lambda sent: sent.detail.get("StepName") == "long")
    ssm.stop_automation_execution(AutomationExecutionId=run, Type="Cancel")
    statuses = [sent.detail["Status"] for sent in stream if sent.kind == EXECUTION]
    assert statuses == ["Cancelling", "Cancelled"]
    run = samples.begin(ssm, f"{name}-failing", samples.FAILING)
    *_, last = list(follow(f"/runs/{run}/events"))
    assert (last.kind, last.detail["Status"]) == (EXECUTION, "Failed")


def test_all_who_follow_are_told_the_same(ssm, follow, name):
    streams = [follow() for _ in range(5)]
    for number in range(10):
        ssm.put_parameter(Name=f"{name}-{number}", Value="v", Type="String")
    first, *rest = [stream.take(10) for stream in streams]
    assert [sent.detail["name"] for sent in first] == [f"{name}-{number}" for number in range(10)]
    assert all(found == first for found in rest)
