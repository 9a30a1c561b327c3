"""The shipped examples of triggers, each with the real shape of what its sender posts. A new folder is a new case."""

import json
import shutil
from pathlib import Path

import pytest

import posting
import readme
import samples
from posting import post
from server import Server
from signers import SENDERS
from waiting import ended, reach, until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "triggers"
CASES = ROOT / "tests" / "data" / "triggers"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


def replaced(text, changes):
    """Returns the text with each of the changes, which all have to be changes."""
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


class Example:
    """An example on a server of its own."""

    def __init__(self, name, directory):
        self.folder = EXAMPLES / name
        self.case = json.loads((CASES / f"{name}.json").read_text())
        # Nobody waits half an hour.
        rules = replaced((self.folder / "rules.yaml").read_text(), self.case.get("replaced", {}))
        posting.write(directory / "rules", "rules", rules)
        self.server = Server(directory, "--rules", str(directory / "rules"))
        self.ssm = self.server.client()
        for runbook in sorted(self.folder.glob("[A-Z]*.yaml")):
            samples.runbook(self.ssm, runbook.stem, runbook.read_text())
        if "hook" in self.case:
            posting.secret(self.ssm, f"/hooks/{self.case['hook']}", self.sender.secret)

    @property
    def sender(self):
        return SENDERS[self.case["sender"]]

    def deliver(self, payload, identifier, changes=None):
        body = replaced((self.folder / payload).read_text(), changes or {}).encode()
        delivery = self.sender.deliver(body, identifier)
        status, headers, text = post(self.server, f"/hooks/{self.case['hook']}", delivery.body, delivery.headers)
        assert status == 202, text
        return headers, json.loads(text)

    def deliver_variants(self, kind):
        """Delivers what differs from the payloads as the case says, and returns each variant with what was answered."""
        for number, variant in enumerate(self.case.get(kind, [])):
            payload = variant.get("payload", self.case["payloads"][-1])
            yield variant, self.deliver(payload, f"{kind}-{number}", variant["replaced"])[1]

    def matches(self, rule):
        return self.server.command("rules", "matches", "--rule", rule)

    def event(self, identifier):
        events = self.server.command("events", "tail", "--lines", "1000")
        return next(event for event in events if event["id"] == identifier)

    def start(self, runbook, **parameters):
        given = {"Parameters": parameters} if parameters else {}
        begun = self.ssm.start_automation_execution(DocumentName=runbook, **given)
        return begun["AutomationExecutionId"]

    def check(self, execution, parameters=None):
        """The run has ended well, and was given what the event says."""
        run = ended(self.ssm, execution)
        assert run["AutomationExecutionStatus"] == "Success", run
        assert run["DocumentName"] == self.case["runbook"]
        wanted = self.case.get("parameters", {}) | (parameters or {})
        assert {name: run["Parameters"][name] for name in wanted} == wanted

    def done(self, rule, number=1):
        """Waits until a rule has done as many things, and returns them, newest first."""

        def all_done(found):
            return len(found) >= number and all(one["status"] == "Done" for one in found)

        return until(lambda: self.matches(rule), all_done, f"{number} of what {rule} leads to")

    def check_items(self):
        for rule, number in self.case.get("items", {}).items():
            found = self.done(rule, number)
            assert len(found) == number, found
            assert all(one["result"].startswith("oi-") for one in found)


@pytest.fixture(params=NAMES)
def example(request, tmp_path):
    example = Example(request.param, tmp_path)
    yield example
    assert example.server.end() == 0, example.server.log()


def test_the_example_does_what_it_says(example):
    if "hook" in example.case:
        posted(example)
    else:
        happened(example)
    example.check_items()


def posted(example):
    for variant, answer in example.deliver_variants("ignored"):
        assert answer["executionIds"] == [], variant
    payloads = example.case["payloads"]
    *before, (headers, accepted) = [example.deliver(payload, f"delivery-{Path(payload).stem}") for payload in payloads]
    assert all(earlier["executionIds"] == [] for _, earlier in before)
    [execution] = accepted["executionIds"]
    assert headers["Location"] == f"/runs/{execution}/events"
    assert accepted["duplicate"] is False
    example.check(execution)
    # The sender did not hear the answer, and sends it again.
    _, again = example.deliver(payloads[-1], f"delivery-{Path(payloads[-1]).stem}")
    assert again == {**accepted, "duplicate": True}
    for variant, answer in example.deliver_variants("ignoredAfterwards"):
        assert (answer["executionIds"], answer["duplicate"]) == ([], False), variant
    for variant, answer in example.deliver_variants("alsoTaken"):
        [other] = answer["executionIds"]
        assert other != execution
        example.check(other, variant["parameters"])


def happened(example):
    case = example.case
    for ignored in case.get("ignored", []):
        execution = example.start(ignored["runbook"], **ignored.get("parameters", {}))
        if ignored.get("isApproved"):
            reach(example.ssm, execution, "Waiting")
            example.ssm.send_automation_signal(AutomationExecutionId=execution, SignalType="Approve")
        assert ended(example.ssm, execution)["AutomationExecutionStatus"] == ignored["status"]
    for name in case.get("puts", []):
        example.ssm.put_parameter(Name=name, Value="new", Type="String")
    started = [example.start(name) for name in case.get("starts", [])]
    found = example.done(case["rule"])
    if "runbook" in case:
        example.check(found[-1]["result"])
    if started:
        # What was ignored did not lead to anything, before or since.
        about = [example.event(one["eventId"])["detail"]["ExecutionId"] for one in example.matches(case["rule"])]
        assert about == started
    check_event(example, example.event(found[-1]["eventId"]))


def check_event(example, found):
    """An example of events of our own shows one of them, which its rule matches."""
    file = example.folder / "event.json"
    event = json.loads(file.read_text())
    assert set(event) == set(found)
    assert set(event["detail"]) == set(found["detail"])
    same = ("source", "detail-type")
    assert [event[name] for name in same] == [found[name] for name in same]
    kind, rule = example.case["rule"].split("/")
    verdicts = example.server.command("rules", "test", str(file))
    assert kind == "schedule" or any(one["rule"] == rule and one["isMatch"] for one in verdicts), verdicts


@pytest.mark.parametrize("name", NAMES)
def test_the_readme_says_what_happens(name, tmp_path):
    """Each command of a README is run as it is written there, and shows what is written there."""
    case = json.loads((CASES / f"{name}.json").read_text())
    folder = shutil.copytree(EXAMPLES / name, tmp_path / "example")
    # The command line takes its time too, so that windows are longer than where the API is called.
    rules = replaced((folder / "rules.yaml").read_text(), case.get("replacedForReadme", {}))
    (folder / "rules.yaml").write_text(rules)
    with readme.Shell(folder) as shell:
        for command, shown in readme.commands((folder / "README.md").read_text()):
            shell.check(command, shown)


def test_the_examples_are_valid(server):
    files = [str(path) for name in NAMES for path in sorted((EXAMPLES / name).glob("*.yaml"))]
    found = server.command("validate", *files)
    assert found == {"valid": True, "diagnostics": []}
