"""Streams of events that are cut off and resumed: nothing is lost and nothing comes twice."""

import http.client
import signal

import pytest

import following
import samples
from following import Stream
from waiting import ended, reach

CHANGES = 12
# More than the server reads at once.
MANY = 350
EXECUTION = "EC2 Automation Execution Status-change Notification"


def change(ssm, number, document):
    """Makes a change of a parameter, and at times of a run."""
    ssm.put_parameter(Name=f"/changed/{document}/{number}", Value="v", Type="String")
    if number % 4 == 0:
        ended(ssm, ssm.start_automation_execution(DocumentName=document)["AutomationExecutionId"])


def resumed(server, token, last, count, path="/events"):
    with Stream(server, path, token, last) as stream:
        return stream.take(count)


def test_each_cursor_leads_to_exactly_what_follows(server, ssm, token, name):
    samples.runbook(ssm, name, samples.INSTANT)
    with Stream(server, "/events", token) as stream:
        for number in range(CHANGES):
            change(ssm, number, name)
        ssm.put_parameter(Name="/last-of-all", Value="v", Type="String")
        found = stream.until(lambda sent: sent.detail.get("name") == "/last-of-all")
    assert len(found) == CHANGES + CHANGES // 4 * 4 + 1
    assert len({sent.id for sent in found}) == len({sent.cursor for sent in found}) == len(found)
    for number, sent in enumerate(found[:-1]):
        assert resumed(server, token, sent.cursor, len(found) - number - 1) == found[number + 1 :]


def test_what_happens_while_nobody_follows_is_told_on_return(server, ssm, token, name):
    samples.runbook(ssm, name, samples.INSTANT)
    last, told = None, []
    for number in range(CHANGES):
        with Stream(server, "/events", token, last) as stream:
            if last is None:
                change(ssm, 0, name)
            found = stream.take(1)
            told += found
            last = found[-1].cursor
        change(ssm, number + 1, name)
    names = {sent.detail["name"] for sent in told if "name" in sent.detail}
    rest = []
    with Stream(server, "/events", token, last) as stream:
        rest = stream.until(lambda sent: sent.detail.get("name") == f"/changed/{name}/{CHANGES}")
    names |= {sent.detail["name"] for sent in rest if "name" in sent.detail}
    assert names == {f"/changed/{name}/{number}" for number in range(CHANGES + 1)}
    everything = [sent.id for sent in told + rest]
    assert len(everything) == len(set(everything))


def test_who_is_far_behind_is_told_all(server, ssm, token, name):
    samples.runbook(ssm, name, samples.INSTANT)
    with Stream(server, "/events", token) as stream:
        for number in range(MANY):
            ssm.put_parameter(Name=f"{name}-{number}", Value="v", Type="String")
            if number % 10 == 0:
                run = ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]
        ended(ssm, run)
        found = stream.take(MANY + MANY // 10 * 4)
    again = resumed(server, token, found[0].cursor, len(found) - 1)
    for is_of_run in (True, False):
        assert following.of_runs(again, is_of_run) == following.of_runs(found[1:], is_of_run)
    names = [sent.detail["name"] for sent in found if "name" in sent.detail]
    assert names == [f"{name}-{number}" for number in range(MANY)]


@pytest.mark.parametrize("kill", [True, False])
def test_cursors_outlive_the_server(fresh, kill):
    ssm, token = fresh.client(), following.token(fresh)
    samples.runbook(ssm, "Instant", samples.INSTANT)
    stream = Stream(fresh, "/events", token)
    run = ssm.start_automation_execution(DocumentName="Instant")["AutomationExecutionId"]
    change(ssm, 1, "Instant")
    before = stream.take(5)
    fresh.end(signal.SIGKILL if kill else signal.SIGTERM)
    if kill:
        with pytest.raises((OSError, http.client.HTTPException)):
            stream.next()
    else:
        assert stream.next() is None
    stream.close()
    fresh.start()
    change(ssm, 4, "Instant")
    for number, sent in enumerate(before):
        found = resumed(fresh, token, sent.cursor, len(before) - number - 1 + 5)
        assert found[: len(before) - number - 1] == before[number + 1 :]
        assert len({sent.id for sent in found}) == len(found)
    with Stream(fresh, f"/runs/{run}/events", token) as stream:
        assert [sent.event for sent in stream] == [s.event for s in before if s.detail.get("ExecutionId") == run]


@pytest.mark.parametrize("kill", [True, False])
def test_the_stream_of_a_run_goes_on_after_the_server_was_gone(fresh, kill):
    ssm, token = fresh.client(), following.token(fresh)
    run = samples.begin(ssm, "Paused", samples.PAUSED)
    with Stream(fresh, f"/runs/{run}/events", token) as stream:
        before = stream.until(lambda sent: sent.detail["Status"] == "Waiting")
    fresh.restart(kill=kill)
    streams = [Stream(fresh, f"/runs/{run}/events", token, sent.cursor) for sent in before]
    reach(ssm, run, "Waiting")
    ssm.send_automation_signal(AutomationExecutionId=run, SignalType="Resume", Payload={"StepName": ["hold"]})
    rests = [list(stream) for stream in streams]
    for stream in streams:
        stream.close()
    told = before + rests[-1]
    assert [rest == told[number + 1 :] for number, rest in enumerate(rests)] == [True] * len(before)
    assert len({sent.id for sent in told}) == len(told)
    statuses = [sent.detail["Status"] for sent in told if sent.kind == EXECUTION]
    assert statuses == ["InProgress", "Success"]
