"""A stream of events that is followed while the server is killed again and again."""

import http.client
import random
import threading

import following
import samples
from answers import follow as pages
from following import Stream
from test_durability import Writer
from waiting import ended, until

KILLS = 5
SEED = 815
WRITERS = 3
EXECUTION = "EC2 Automation Execution Status-change Notification"


class Names(Writer):
    """Puts parameters under a name each, so that each event can be told from all others."""

    def work(self, turn):
        name = f"{self.name}/{turn}"
        self.client.put_parameter(Name=name, Value="v", Type="String")
        self.acknowledged[name] = turn
        if turn % 10 == 0:
            begun = self.client.start_automation_execution(DocumentName=self.document)
            self.runs.append(begun["AutomationExecutionId"])


class Follower(threading.Thread):
    """Reads events until one is of the parameter that ends all, and resumes whenever it is cut off."""

    def __init__(self, server, token, last):
        super().__init__()
        self.server, self.token, self.last = server, token, last
        self.found = []
        self.resumed = 0
        self.failure = None
        self.done = threading.Event()
        self.stopping = threading.Event()

    def run(self):
        try:
            while not self.done.is_set() and not self.stopping.is_set():
                self.read()
        except BaseException as error:  # noqa: BLE001
            self.failure = error

    def read(self):
        try:
            with Stream(self.server, "/events", self.token, self.last) as stream:
                assert stream.answer.status == 200, stream.refusal()
                self.resumed += 1
                for sent in stream:
                    self.found.append(sent)
                    self.last = sent.cursor
                    if sent.detail.get("name") == "/last":
                        self.done.set()
                        return
        except (OSError, http.client.HTTPException):
            self.stopping.wait(0.02)


def test_a_follower_misses_nothing_over_kills(fresh):
    chance = random.Random(SEED)
    ssm, token = fresh.client(), following.token(fresh)
    samples.runbook(ssm, "Durable", samples.INSTANT)
    ssm.put_parameter(Name="/first", Value="v", Type="String")
    with Stream(fresh, "/events", token) as stream:
        ssm.put_parameter(Name="/second", Value="v", Type="String")
        last = stream.next().cursor
    writers = [Names(fresh, number) for number in range(WRITERS)]
    follower = Follower(fresh, token, last)
    threads = [*writers, follower]
    for thread in threads:
        thread.start()
    try:
        for kill in range(KILLS):
            until(lambda: follower.resumed, lambda times: times > kill or follower.failure, "the stream")
            wanted = len(follower.found) + 15
            until(lambda: len(follower.found), lambda count: count >= wanted or follower.failure, "events")
            threading.Event().wait(chance.uniform(0, 0.2))
            fresh.restart(kill=True)
        for writer in writers:
            writer.stopping.set()
            writer.join()
        for run in pages(ssm.describe_automation_executions, "AutomationExecutionMetadataList"):
            ended(ssm, run["AutomationExecutionId"])
        ssm.put_parameter(Name="/last", Value="v", Type="String")
        follower.done.wait(30)
    finally:
        for thread in threads:
            thread.stopping.set()
        for thread in threads:
            thread.join()
    assert not [thread.failure for thread in threads if thread.failure]
    assert follower.done.is_set(), "the last event did not come"
    assert follower.resumed > KILLS
    check_parameters(writers, follower.found)
    check_runs(ssm, fresh, token, follower.found)
    with Stream(fresh, "/events", token, last) as stream:
        again = stream.take(len(follower.found))
    for is_of_run in (True, False):
        assert following.of_runs(again, is_of_run) == following.of_runs(follower.found, is_of_run)


def check_parameters(writers, found):
    names = [sent.detail["name"] for sent in found if "name" in sent.detail]
    assert len(names) == len(set(names)), "a change was told twice"
    for writer in writers:
        assert len(writer.acknowledged) > 0
        assert set(writer.acknowledged) <= set(names), "a change was not told"
        tried = {f"{writer.name}/{turn}" for turn in range(1, writer.asked + 1)}
        assert {name for name in names if name.startswith(f"{writer.name}/")} <= tried


def check_runs(ssm, server, token, found):
    told = {}
    for sent in found:
        if run := sent.detail.get("ExecutionId"):
            told.setdefault(run, []).append(sent.event)
    there = pages(ssm.describe_automation_executions, "AutomationExecutionMetadataList")
    assert told and told.keys() == {run["AutomationExecutionId"] for run in there}
    for run, events in told.items():
        ids = [event["id"] for event in events]
        assert len(ids) == len(set(ids))
        statuses = [event["detail"]["Status"] for event in events if event["detail-type"] == EXECUTION]
        assert (statuses[0], statuses[-1]) == ("InProgress", "Success")
        with Stream(server, f"/runs/{run}/events", token) as stream:
            assert [sent.event for sent in stream] == events
