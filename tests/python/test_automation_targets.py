"""Runs of one runbook for many targets."""

import pytest
from botocore.exceptions import ClientError

import samples
from answers import pages
from waiting import ended, reach, run, until

VALUES = ["a", "b", "c", "d", "e"]
EACH = """\
schemaVersion: "0.3"
parameters:
  Who: { type: String }
  Same: { type: String, default: same }
mainSteps:
- name: look
  action: aws:branch
  inputs: { Choices: [{ NextStep: fail, Variable: "{{ Who }}", StringEquals: bad }], Default: fine }
- { name: fine, action: "aws:sleep", inputs: { Duration: PT0S }, isEnd: true }
- name: fail
  action: aws:runCommand
  inputs: { DocumentName: AWS-RunShellScript, InstanceIds: [local], Parameters: { commands: ["exit 1"] } }
  isEnd: true
"""


@pytest.fixture(scope="module")
def document(ssm):
    samples.runbook(ssm, "Paused-Each", samples.PAUSED)
    return samples.runbook(ssm, "Each", EACH)


def begin(ssm, document, values=VALUES, **more):
    more.setdefault("TargetParameterName", "Who")
    more.setdefault("Targets", [{"Key": "ParameterValues", "Values": list(values)}])
    return ssm.start_automation_execution(DocumentName=document, **more)["AutomationExecutionId"]


def children(ssm, parent):
    found = pages(
        ssm,
        "describe_automation_executions",
        "AutomationExecutionMetadataList",
        size=3,
        Filters=[{"Key": "ParentExecutionId", "Values": [parent]}],
    )
    return [run(ssm, child["AutomationExecutionId"]) for child in found]


def test_each_target_has_a_run(ssm, document):
    parent = begin(ssm, document, Parameters={"Same": ["kept"]}, MaxConcurrency="2", MaxErrors="0")
    found = ended(ssm, parent)
    assert found["AutomationExecutionStatus"] == "Success", found
    assert found["TargetParameterName"] == "Who"
    assert found["Targets"] == [{"Key": "ParameterValues", "Values": VALUES}]
    assert (found["MaxConcurrency"], found["MaxErrors"]) == ("2", "0")
    assert sorted(found["ResolvedTargets"]["ParameterValues"]) == VALUES
    assert found["ResolvedTargets"]["Truncated"] is False
    runs = children(ssm, parent)
    assert sorted(child["Parameters"]["Who"] for child in runs) == [[value] for value in VALUES]
    assert {tuple(child["Parameters"]["Same"]) for child in runs} == {("kept",)}
    assert {child["AutomationExecutionStatus"] for child in runs} == {"Success"}
    assert {child["ParentAutomationExecutionId"] for child in runs} == {parent}
    assert sorted(child["Target"] for child in runs) == VALUES


def test_at_most_so_many_at_a_time(ssm, document):
    parent = begin(ssm, "Paused-Each", MaxConcurrency="2")
    seen = set()

    def waiting():
        runs = [(child["AutomationExecutionId"], child["AutomationExecutionStatus"]) for child in children(ssm, parent)]
        assert len([status for _, status in runs if status not in ("Success", "Pending")]) <= 2
        return [execution for execution, status in runs if status == "Waiting"]

    for _ in VALUES:
        execution = until(waiting, bool, "a child that waits")[0]
        seen.add(execution)
        resume(ssm, execution)
        ended(ssm, execution)
    assert len(seen) == len(VALUES)
    assert ended(ssm, parent)["AutomationExecutionStatus"] == "Success"


def resume(ssm, execution):
    payload = {"StepName": ["hold"]}
    ssm.send_automation_signal(AutomationExecutionId=execution, SignalType="Resume", Payload=payload)


def test_errors_stop_what_has_not_begun(ssm, document):
    parent = begin(ssm, document, ["bad", "b", "c", "d", "e"], MaxConcurrency="1", MaxErrors="0")
    found = ended(ssm, parent)
    assert found["AutomationExecutionStatus"] == "Failed"
    runs = children(ssm, parent)
    assert [child["AutomationExecutionStatus"] for child in runs].count("Failed") == 1
    assert len([child for child in runs if child["AutomationExecutionStatus"] == "Success"]) == 0


def test_errors_within_the_allowance_do_not(ssm, document):
    parent = begin(ssm, document, ["bad", "b", "c"], MaxConcurrency="1", MaxErrors="1")
    ended(ssm, parent)
    states = sorted(child["AutomationExecutionStatus"] for child in children(ssm, parent))
    assert states == ["Failed", "Success", "Success"]


def states(ssm, parent):
    return [child["AutomationExecutionStatus"] for child in children(ssm, parent)]


def test_cancelling_a_parent_cancels_its_children(ssm, document):
    parent = begin(ssm, "Paused-Each", MaxConcurrency="5")
    # The first target alone is tried, and the others begin when it has ended well.
    until(lambda: states(ssm, parent), lambda found: found == ["Waiting"], "the first child to wait")
    ssm.stop_automation_execution(AutomationExecutionId=parent)
    assert ended(ssm, parent)["AutomationExecutionStatus"] == "Cancelled"
    assert states(ssm, parent) == ["Cancelled"]


def test_target_maps(ssm, document):
    maps = [{"Who": ["a"], "Same": ["one"]}, {"Who": ["b"], "Same": ["two"]}]
    parent = ssm.start_automation_execution(
        DocumentName=document, TargetParameterName="Who", TargetMaps=maps, MaxConcurrency="1"
    )["AutomationExecutionId"]
    found = ended(ssm, parent)
    assert found["AutomationExecutionStatus"] == "Success", found
    assert found["TargetMaps"] == maps
    told = sorted((*child["Parameters"]["Who"], *child["Parameters"]["Same"]) for child in children(ssm, parent))
    assert told == [("a", "one"), ("b", "two")]


@pytest.mark.parametrize(
    ("more", "codes"),
    [
        ({"TargetParameterName": "who"}, "InvalidAutomationExecutionParametersException"),
        ({"TargetParameterName": "None"}, "InvalidAutomationExecutionParametersException"),
        (
            {"TargetMaps": [{"Who": ["a"]}]},
            "InvalidTarget InvalidAutomationExecutionParametersException ValidationException",
        ),
        ({"Targets": [{"Key": "Moon", "Values": ["x"]}]}, "InvalidTarget"),
        ({"MaxConcurrency": "0"}, "ValidationException"),
        ({"MaxConcurrency": "101%"}, "ValidationException"),
        ({"MaxErrors": "-1"}, "ValidationException"),
        (
            {"Targets": [{"Key": "ParameterValues", "Values": ["a"]}, {"Key": "ParameterValues", "Values": ["b"]}]},
            "InvalidTarget ValidationException",
        ),
    ],
)
def test_targets_that_cannot_be(unchecked, document, more, codes):
    with pytest.raises(ClientError) as caught:
        begin(unchecked, document, **more)
    assert caught.value.response["Error"]["Code"] in codes.split(), caught.value


def test_a_target_parameter_is_needed(ssm, document):
    with pytest.raises(ClientError) as caught:
        ssm.start_automation_execution(
            DocumentName=document, Targets=[{"Key": "ParameterValues", "Values": ["a"]}], Parameters={"Who": ["a"]}
        )
    assert caught.value.response["Error"]["Code"] in (
        "InvalidAutomationExecutionParametersException",
        "InvalidTarget",
        "ValidationException",
    )


def test_a_restart_resumes_the_fan_out(fresh):
    ssm = fresh.client()
    samples.runbook(ssm, "Paused-Each", samples.PAUSED)
    parent = begin(ssm, "Paused-Each", MaxConcurrency="3")
    reach(ssm, parent, "InProgress", "Waiting")
    fresh.restart(kill=True)
    done = set()

    def resumed():
        for child in children(ssm, parent):
            execution = child["AutomationExecutionId"]
            if child["AutomationExecutionStatus"] == "Waiting" and execution not in done:
                resume(ssm, execution)
                done.add(execution)
        return done

    until(resumed, lambda done: len(done) == len(VALUES), "all children to have waited")
    assert ended(ssm, parent)["AutomationExecutionStatus"] == "Success"
    assert sorted(child["Target"] for child in children(ssm, parent)) == VALUES
