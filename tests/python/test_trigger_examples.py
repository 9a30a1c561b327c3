"""The shipped examples of triggers, each with the real shape of what its sender posts. A new folder is a new case."""

import json
from pathlib import Path

import pytest

import posting
import samples
from posting import post
from server import Server
from signers import SENDERS
from waiting import ended, until

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "triggers"
CASES = ROOT / "tests" / "data" / "triggers"
NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())


class Example:
    """An example on a server of its own."""

    def __init__(self, name, directory):
        self.folder = EXAMPLES / name
        self.case = json.loads((CASES / f"{name}.json").read_text())
        rules = (self.folder / "rules.yaml").read_text()
        # Nobody waits half an hour.
        for long, short in self.case.get("replaced", {}).items():
            assert long in rules
            rules = rules.replace(long, short)
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

    def deliver(self, payload, identifier):
        body = (self.folder / payload).read_bytes()
        delivery = self.sender.deliver(body, identifier)
        status, headers, text = post(self.server, f"/hooks/{self.case['hook']}", delivery.body, delivery.headers)
        assert status == 202, text
        return headers, json.loads(text)

    def matches(self, rule):
        return self.server.command("rules", "matches", "--rule", rule)

    def check(self, execution):
        """The run has ended well, and was given what the event says."""
        run = ended(self.ssm, execution)
        assert run["AutomationExecutionStatus"] == "Success", run
        assert run["DocumentName"] == self.case["runbook"]
        wanted = self.case.get("parameters", {})
        assert {name: run["Parameters"][name] for name in wanted} == wanted

    def check_items(self):
        for rule in self.case.get("items", []):
            [found] = until(
                lambda rule=rule: self.matches(rule), lambda found: found and found[0]["status"] == "Done", f"an item of {rule}"
            )
            assert found["result"].startswith("oi-")


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


def happened(example):
    case, ssm = example.case, example.ssm
    for name in case.get("puts", []):
        ssm.put_parameter(Name=name, Value="new", Type="String")
    for name in case.get("starts", []):
        ssm.start_automation_execution(DocumentName=name)
    if "fails" in case:
        samples.runbook(ssm, case["fails"], samples.FAILING)
        ssm.start_automation_execution(DocumentName=case["fails"])
    if "rule" in case:
        [*_, found] = until(
            lambda: [one for one in example.matches(case["rule"]) if one["status"] == "Done"],
            lambda found: found,
            f"what {case['rule']} leads to",
        )
        example.check(found["result"])


@pytest.mark.parametrize("name", NAMES)
def test_the_example_is_explained(name):
    text = (EXAMPLES / name / "README.md").read_text()
    assert text.startswith("# ")
    assert "runwright" in text
    assert (CASES / f"{name}.json").exists()


def test_the_examples_are_valid(server):
    files = [str(path) for name in NAMES for path in sorted((EXAMPLES / name).glob("*.yaml"))]
    found = server.command("validate", *files)
    assert found == {"valid": True, "diagnostics": []}
