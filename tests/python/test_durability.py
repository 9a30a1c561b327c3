"""What was acknowledged is there after the process was killed at any moment, once."""

import random
import threading

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

import samples
from answers import follow
from waiting import ended, reach, until

KILLS = 10
SEED = 4711
WRITERS = 4


class Writer(threading.Thread):
    """Puts and starts until it is told to stop, and remembers what was acknowledged."""

    def __init__(self, server, number):
        super().__init__()
        self.client = server.client()
        self.name = f"/writer/{number}"
        self.document = "Durable"
        self.acknowledged = {}
        self.runs = []
        self.asked = 0
        self.failure = None
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            self.asked += 1
            try:
                self.work(self.asked)
            except (ConnectionError, HTTPClientError):
                self.stopping.wait(0.05)
            except ClientError as error:
                # While a server ends, it may say that it cannot answer; it must not say anything else.
                if error.response["Error"]["Code"] != "ThrottlingException":
                    self.failure = error
                    return
            except BaseException as error:  # noqa: BLE001
                self.failure = error
                return

    def work(self, turn):
        value = str(turn)
        answer = self.client.put_parameter(Name=self.name, Value=value, Type="String", Overwrite=True)
        self.acknowledged[answer["Version"]] = value
        if turn % 10 == 0:
            begun = self.client.start_automation_execution(
                DocumentName=self.document, Parameters={"Who": [f"{self.name}-{turn}"]}
            )
            self.runs.append((begun["AutomationExecutionId"], f"{self.name}-{turn}"))


def test_kills_at_random_moments_lose_nothing(fresh):
    chance = random.Random(SEED)
    ssm = fresh.client()
    text = samples.INSTANT.replace("mainSteps", "parameters: { Who: { type: String } }\nmainSteps")
    samples.runbook(ssm, "Durable", text)
    writers = [Writer(fresh, number) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    pause = threading.Event()
    try:
        for _ in range(KILLS):
            pause.wait(chance.uniform(0.05, 0.6))
            fresh.restart(kill=True)
    finally:
        for writer in writers:
            writer.stopping.set()
        for writer in writers:
            writer.join()
    assert not [writer.failure for writer in writers if writer.failure]
    fresh.assert_healthy()
    for writer in writers:
        assert writer.acknowledged, "nothing was written between the kills"
        check_parameter(ssm, writer)
    check_runs(ssm, writers)


def check_parameter(ssm, writer):
    kept = {
        entry["Version"]: entry["Value"] for entry in follow(ssm.get_parameter_history, "Parameters", Name=writer.name)
    }
    oldest, newest = min(kept), max(kept)
    assert newest >= max(writer.acknowledged)
    assert newest <= writer.asked, "a write was done twice"
    lost = {
        version: value
        for version, value in writer.acknowledged.items()
        if version >= oldest and kept.get(version) != value
    }
    assert not lost
    values = [int(kept[version]) for version in sorted(kept)]
    assert values == sorted(set(values)), "a write was done twice"


def check_runs(ssm, writers):
    wanted = {execution: who for writer in writers for execution, who in writer.runs}
    assert wanted
    filters = [{"Key": "DocumentNamePrefix", "Values": ["Durable"]}]
    found = follow(ssm.describe_automation_executions, "AutomationExecutionMetadataList", Filters=filters)
    there = [execution["AutomationExecutionId"] for execution in found]
    assert len(there) == len(set(there))
    assert set(wanted) <= set(there)
    starters = {}
    for execution in there:
        told = ended(ssm, execution)
        assert told["AutomationExecutionStatus"] == "Success", told
        (who,) = told["Parameters"]["Who"]
        assert starters.setdefault(who, execution) == execution, f"{who} was started twice"
    for execution, who in wanted.items():
        assert starters[who] == execution


def test_an_end_that_is_asked_for_answers_what_was_begun(fresh):
    writers = [Writer(fresh, number) for number in range(WRITERS)]
    samples.runbook(fresh.client(), "Durable", samples.PAUSED)
    for writer in writers:
        writer.start()
    until(lambda: min(writer.asked for writer in writers), lambda asked: asked > 15, "the writers to write")
    fresh.restart(kill=False)
    for writer in writers:
        writer.stopping.set()
        writer.join()
    assert not [writer.failure for writer in writers if writer.failure]
    for writer in writers:
        check_parameter(fresh.client(), writer)


def test_runs_go_on_where_they_were(fresh):
    ssm = fresh.client()
    samples.runbook(ssm, "Paused", samples.PAUSED)
    samples.runbook(ssm, "Long", samples.LONG)
    waiting = ssm.start_automation_execution(DocumentName="Paused")["AutomationExecutionId"]
    asleep = ssm.start_automation_execution(DocumentName="Long")["AutomationExecutionId"]
    reach(ssm, waiting, "Waiting")
    for kill in (True, False):
        fresh.restart(kill=kill)
        assert reach(ssm, waiting, "Waiting")["CurrentStepName"] == "hold"
    ssm.send_automation_signal(AutomationExecutionId=waiting, SignalType="Resume", Payload={"StepName": ["hold"]})
    assert ended(ssm, waiting)["AutomationExecutionStatus"] == "Success"
    ssm.stop_automation_execution(AutomationExecutionId=asleep)
    assert ended(ssm, asleep)["Variables"] == {"tidied": ["yes"]}


def test_a_second_server_on_the_same_data_is_refused(fresh):
    import subprocess

    from server import BINARY

    second = subprocess.run(
        [BINARY, "server", "--listen", "127.0.0.1:0", "--output", "json"],
        capture_output=True,
        env=fresh.environment(),
        timeout=60,
    )
    assert second.returncode != 0
    assert second.stderr
    fresh.assert_healthy()
