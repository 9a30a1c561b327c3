"""Runs that somebody must approve."""

import json

import pytest

import samples
from answers import refused
from waiting import ended, reach, step

ASK = """\
schemaVersion: "0.3"
mainSteps:
- name: ask
  action: aws:approve
  timeoutSeconds: %s
  onFailure: %s
  inputs:
    Message: Go on?
    MinRequiredApprovals: 1
    Approvers: ["arn:aws:iam::000000000000:user/administrator", somebody]
- { name: yes, action: "aws:sleep", inputs: { Duration: PT0S }, isEnd: true }
- { name: refused, action: "aws:sleep", inputs: { Duration: PT0S }, isEnd: true }
outputs: [ask.ApprovalStatus, ask.ApproverDecisions]
"""


@pytest.fixture
def asked(ssm, name):
    def asked(timeout=600, failure="Abort"):
        samples.runbook(ssm, name, ASK % (timeout, failure))
        return ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]

    return asked


def signal(ssm, execution, kind, **payload):
    payload = {"Payload": {name: [value] for name, value in payload.items()}} if payload else {}
    ssm.send_automation_signal(AutomationExecutionId=execution, SignalType=kind, **payload)


def test_an_approval_lets_it_go_on(ssm, asked):
    execution = asked()
    found = reach(ssm, execution, "Waiting")
    assert (found["CurrentStepName"], found["CurrentAction"]) == ("ask", "aws:approve")
    signal(ssm, execution, "Approve", Comment="looks fine")
    found = ended(ssm, execution)
    assert found["AutomationExecutionStatus"] == "Success", found
    outputs = step(found, "ask")["Outputs"]
    assert outputs["ApprovalStatus"] == ["Approved"]
    decision = json.loads(outputs["ApproverDecisions"][0])
    assert "administrator" in json.dumps(decision)
    assert "looks fine" in json.dumps(decision)
    assert step(found, "yes")["StepStatus"] == "Success"


def test_a_rejection_ends_it(ssm, asked):
    execution = asked()
    reach(ssm, execution, "Waiting")
    signal(ssm, execution, "Reject", Comment="not today")
    found = ended(ssm, execution)
    assert found["AutomationExecutionStatus"] in ("Failed", "Rejected")
    assert step(found, "ask")["StepStatus"] in ("Failed", "Rejected")
    assert step(found, "yes")["StepStatus"] == "Pending"


def test_a_rejection_takes_another_way(ssm, asked):
    execution = asked(failure="step:refused")
    reach(ssm, execution, "Waiting")
    signal(ssm, execution, "Reject")
    found = ended(ssm, execution)
    assert step(found, "refused")["StepStatus"] == "Success"
    assert step(found, "yes")["StepStatus"] == "Pending"


def test_nobody_answers(ssm, asked):
    found = ended(ssm, asked(timeout=1))
    assert found["AutomationExecutionStatus"] == "TimedOut"
    assert step(found, "ask")["StepStatus"] == "TimedOut"


def test_an_answer_comes_once(ssm, asked):
    execution = asked()
    reach(ssm, execution, "Waiting")
    signal(ssm, execution, "Approve")
    ended(ssm, execution)
    for kind in ("Approve", "Reject"):
        with refused("InvalidAutomationSignalException"):
            signal(ssm, execution, kind)


def test_it_is_still_asked_after_a_kill(fresh):
    ssm = fresh.client()
    samples.runbook(ssm, "Ask", ASK % (600, "Abort"))
    execution = ssm.start_automation_execution(DocumentName="Ask")["AutomationExecutionId"]
    reach(ssm, execution, "Waiting")
    fresh.restart(kill=True)
    reach(ssm, execution, "Waiting")
    signal(ssm, execution, "Approve")
    assert ended(ssm, execution)["AutomationExecutionStatus"] == "Success"


def test_only_approvers_answer(ssm, name):
    samples.runbook(ssm, name, (ASK % (600, "Abort")).replace('"arn:aws:iam::000000000000:user/administrator", ', ""))
    execution = ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]
    reach(ssm, execution, "Waiting")
    with pytest.raises(Exception) as caught:
        signal(ssm, execution, "Approve")
    assert caught.value.response["Error"]["Code"] in ("AccessDeniedException", "InvalidAutomationSignalException")
    assert reach(ssm, execution, "Waiting")
    ssm.stop_automation_execution(AutomationExecutionId=execution)
