"""Automation: runs are started, followed, stopped and listed."""

import datetime
import json
import threading
import time
import uuid

import pytest
from botocore.exceptions import ClientError

import samples
from answers import follow, pages, refused
from waiting import ended, reach, run, step, until

NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def documents(ssm):
    """Runbooks that the tests start."""
    texts = {
        "Instant": samples.INSTANT,
        "Percent": samples.PERCENT,
        "Paused": samples.PAUSED,
        "Long": samples.LONG,
        "Failing": samples.FAILING,
    }
    for name, text in texts.items():
        samples.runbook(ssm, name, text)


@pytest.fixture
def start(ssm, documents):
    begun = []

    def start(document, **more):
        begun.append(ssm.start_automation_execution(DocumentName=document, **more)["AutomationExecutionId"])
        return begun[-1]

    yield start
    for execution in begun:
        try:
            ssm.stop_automation_execution(AutomationExecutionId=execution)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidAutomationStatusUpdateException"


def test_a_run_ends_in_success(ssm, start):
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)
    execution = start("Instant")
    assert str(uuid.UUID(execution)) == execution
    found = ended(ssm, execution)
    assert found["AutomationExecutionStatus"] == "Success", found
    assert found["AutomationExecutionId"] == execution
    assert (found["DocumentName"], found["DocumentVersion"]) == ("Instant", "1")
    assert found["Mode"] == "Auto"
    assert found["ExecutedBy"].endswith(":user/administrator")
    assert before <= found["ExecutionStartTime"] <= found["ExecutionEndTime"]
    assert found["StepExecutionsTruncated"] is False
    (only,) = found["StepExecutions"]
    assert (only["StepName"], only["Action"], only["StepStatus"]) == ("rest", "aws:sleep", "Success")
    assert json.loads(only["Inputs"]["Duration"]) == "PT0S"
    assert only["ExecutionStartTime"] <= only["ExecutionEndTime"]
    assert only["StepExecutionId"]
    assert (only["IsEnd"], only["IsCritical"], only["OnFailure"]) == (False, True, "Abort")


def test_parameters_choose_the_way(ssm, start):
    for value, reached, skipped in (("90", "high", "low"), ("50", "low", "high")):
        found = ended(ssm, start("Percent", Parameters={"Percent": [value]}))
        assert found["AutomationExecutionStatus"] == "Success", found
        assert found["Parameters"]["Percent"] == [value]
        assert found["Parameters"]["Names"] == ["a", "b"]
        assert step(found, reached)["StepStatus"] == "Success"
        assert step(found, skipped)["StepStatus"] == "Pending"
        assert "ExecutionStartTime" not in step(found, skipped)


@pytest.mark.parametrize(
    "parameters",
    [
        {"Percent": ["91"]},
        {"Percent": ["much"]},
        {"Percent": ["80", "90"]},
        {"percent": ["80"]},
        {"Unknown": ["x"]},
    ],
)
def test_parameters_that_cannot_be(ssm, start, parameters):
    with refused("InvalidAutomationExecutionParametersException"):
        start("Percent", Parameters=parameters)


def test_what_is_not_there(ssm, start):
    with refused("AutomationDefinitionNotFoundException"):
        start("No-Such-Document")
    with refused("AutomationDefinitionVersionNotFoundException"):
        start("Instant", DocumentVersion="7")
    with refused("AutomationDefinitionNotFoundException"):
        start("AWS-RunShellScript")
    for call in (
        ssm.get_automation_execution,
        ssm.describe_automation_step_executions,
        ssm.stop_automation_execution,
        lambda **request: ssm.send_automation_signal(SignalType="Approve", **request),
    ):
        with refused("AutomationExecutionNotFoundException"):
            call(AutomationExecutionId=NOBODY)


def test_a_version_is_started(ssm, name):
    samples.runbook(ssm, name, samples.INSTANT)
    text = samples.INSTANT.replace("rest", "second")
    ssm.update_document(Name=name, Content=text, DocumentVersion="$LATEST", DocumentFormat="YAML")
    for request, version, expected in [({}, "1", "rest"), ({"DocumentVersion": "$LATEST"}, "2", "second")]:
        execution = ssm.start_automation_execution(DocumentName=name, **request)["AutomationExecutionId"]
        found = ended(ssm, execution)
        assert (found["DocumentVersion"], found["StepExecutions"][0]["StepName"]) == (version, expected)


def test_a_failure_is_told(ssm, start):
    found = ended(ssm, start("Failing"))
    assert found["AutomationExecutionStatus"] == "Failed"
    assert found["FailureMessage"]
    failed = step(found, "break")
    assert failed["StepStatus"] == "Failed"
    assert failed["FailureMessage"]
    assert failed["FailureDetails"]["FailureStage"] in (
        "InputValidation",
        "PreVerification",
        "Invocation",
        "PostVerification",
    )
    assert failed["ResponseCode"] == "3"
    assert step(found, "never")["StepStatus"] == "Pending"


def test_a_run_waits_and_is_resumed(ssm, start):
    execution = start("Paused", Parameters={"Who": ["me"]})
    found = reach(ssm, execution, "Waiting")
    assert (found["CurrentStepName"], found["CurrentAction"]) == ("hold", "aws:pause")
    assert step(found, "hold")["StepStatus"] == "Waiting"
    assert "ExecutionEndTime" not in found
    ssm.send_automation_signal(AutomationExecutionId=execution, SignalType="Resume", Payload={"StepName": ["hold"]})
    assert ended(ssm, execution)["AutomationExecutionStatus"] == "Success"


def test_signals_that_do_not_fit(ssm, start):
    execution = start("Paused")
    reach(ssm, execution, "Waiting")
    with refused("AutomationStepNotFoundException"):
        ssm.send_automation_signal(AutomationExecutionId=execution, SignalType="Resume", Payload={"StepName": ["none"]})
    for kind, payload in [
        ("Approve", {"Comment": ["fine"]}),
        ("StartStep", {"StepName": ["hold"]}),
        ("Revoke", {"Reason": ["none"]}),
    ]:
        with refused("InvalidAutomationSignalException"):
            ssm.send_automation_signal(AutomationExecutionId=execution, SignalType=kind, Payload=payload)
    assert run(ssm, execution)["AutomationExecutionStatus"] == "Waiting"
    instant = start("Instant")
    ended(ssm, instant)
    with refused("InvalidAutomationSignalException"):
        ssm.send_automation_signal(AutomationExecutionId=instant, SignalType="Resume", Payload={"StepName": ["rest"]})


def test_a_run_is_cancelled_and_tidied(ssm, start):
    execution = start("Long")
    until(
        lambda: run(ssm, execution),
        lambda found: found.get("CurrentStepName") == "long",
        "the run to be in its first step",
    )
    ssm.stop_automation_execution(AutomationExecutionId=execution, Type="Cancel")
    found = ended(ssm, execution)
    assert found["AutomationExecutionStatus"] == "Cancelled", found
    assert step(found, "long")["StepStatus"] == "Cancelled"
    assert step(found, "tidy")["StepStatus"] == "Success"
    assert step(found, "never")["StepStatus"] == "Pending"
    assert found["Variables"] == {"tidied": ["yes"]}
    with refused("InvalidAutomationStatusUpdateException"):
        ssm.stop_automation_execution(AutomationExecutionId=execution)


def test_a_run_is_completed(ssm, start):
    execution = start("Paused")
    reach(ssm, execution, "Waiting")
    ssm.stop_automation_execution(AutomationExecutionId=execution, Type="Complete")
    assert ended(ssm, execution)["AutomationExecutionStatus"] in ("Success", "Cancelled")


def test_an_interactive_run_waits_before_each_step(ssm, start):
    execution = start("Instant", Mode="Interactive")
    found = reach(ssm, execution, "Waiting", "Pending", "InProgress")
    assert found["Mode"] == "Interactive"
    until(
        lambda: run(ssm, execution),
        lambda found: found["AutomationExecutionStatus"] == "Waiting",
        "the run to wait for its first step",
    )
    ssm.send_automation_signal(AutomationExecutionId=execution, SignalType="StartStep", Payload={"StepName": ["rest"]})
    assert ended(ssm, execution)["AutomationExecutionStatus"] == "Success"


def test_children_are_told(ssm, name, documents):
    text = samples.INSTANT.replace(
        '{ name: rest, action: "aws:sleep", inputs: { Duration: PT0S } }',
        '{ name: child, action: "aws:executeAutomation", inputs: { DocumentName: Instant } }',
    )
    samples.runbook(ssm, name, text)
    parent = ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]
    found = ended(ssm, parent)
    assert found["AutomationExecutionStatus"] == "Success", found
    (child,) = step(found, "child")["Outputs"]["ExecutionId"]
    told = run(ssm, child)
    assert told["ParentAutomationExecutionId"] == parent
    assert told["DocumentName"] == "Instant"
    assert listed(ssm, ParentExecutionId=[parent]) == [child]


def listed(ssm, size=50, **filters):
    filters = [{"Key": key, "Values": values} for key, values in filters.items()]
    found = pages(
        ssm,
        "describe_automation_executions",
        "AutomationExecutionMetadataList",
        size=size,
        **({"Filters": filters} if filters else {}),
    )
    return [execution["AutomationExecutionId"] for execution in found]


def stamp(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def test_runs_are_listed_newest_first(ssm, name):
    samples.runbook(ssm, name, samples.INSTANT)
    begun = []
    for _ in range(7):
        begun.append(ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"])
        ended(ssm, begun[-1])
    for size in (1, 3):
        assert listed(ssm, size=size, DocumentNamePrefix=[name]) == begun[::-1]
    with refused("InvalidNextToken"):
        ssm.describe_automation_executions(NextToken="nonsense")


def test_runs_are_filtered(ssm, name, start):
    execution = start("Instant")
    found = ended(ssm, execution)
    waiting = start("Paused", Tags=[{"Key": "team", "Value": name}])
    reach(ssm, waiting, "Waiting")
    assert listed(ssm, ExecutionId=[execution]) == [execution]
    assert listed(ssm, ExecutionId=[execution], ExecutionStatus=["Waiting"]) == []
    assert execution in listed(ssm, DocumentNamePrefix=["Insta"], ExecutionStatus=["Success"])
    assert waiting in listed(ssm, CurrentAction=["aws:pause"])
    assert listed(ssm, TagKey=["team"]) == [waiting]
    assert execution in listed(ssm, AutomationType=["Local"])
    assert listed(ssm, AutomationType=["CrossAccount"]) == []
    later = stamp(found["ExecutionStartTime"] + datetime.timedelta(hours=1))
    earlier = stamp(found["ExecutionStartTime"] - datetime.timedelta(hours=1))
    assert listed(ssm, ExecutionId=[execution], StartTimeBefore=[later]) == [execution]
    assert listed(ssm, ExecutionId=[execution], StartTimeAfter=[later]) == []
    assert listed(ssm, ExecutionId=[execution], StartTimeAfter=[earlier]) == [execution]


def test_run_filters_that_cannot_be(unchecked):
    for filters, codes in [
        ([{"Key": "Colour", "Values": ["red"]}], "InvalidFilterKey ValidationException"),
        ([{"Key": "ExecutionStatus", "Values": ["Happy"]}], "InvalidFilterValue"),
        ([{"Key": "StartTimeBefore", "Values": ["tomorrow"]}], "InvalidFilterValue"),
        ([{"Key": "ExecutionStatus", "Values": []}], "InvalidFilterValue ValidationException"),
    ]:
        with pytest.raises(ClientError) as caught:
            unchecked.describe_automation_executions(Filters=filters)
        assert caught.value.response["Error"]["Code"] in codes.split(), caught.value


def test_steps_are_listed(ssm, name):
    steps = "".join(f'- {{ name: s{n}, action: "aws:sleep", inputs: {{ Duration: PT0S }} }}\n' for n in range(5))
    samples.runbook(ssm, name, f'schemaVersion: "0.3"\nmainSteps:\n{steps}')
    execution = ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]
    found = ended(ssm, execution)

    def ask(size=50, reverse=False, **filters):
        filters = [{"Key": key, "Values": values} for key, values in filters.items()]
        given = pages(
            ssm,
            "describe_automation_step_executions",
            "StepExecutions",
            size=size,
            AutomationExecutionId=execution,
            ReverseOrder=reverse,
            **({"Filters": filters} if filters else {}),
        )
        return [step["StepName"] for step in given]

    expected = [f"s{n}" for n in range(5)]
    assert ask() == ask(size=1) == ask(size=2) == expected
    assert ask(reverse=True, size=2) == expected[::-1]
    assert ask(StepName=["s3"]) == ["s3"]
    assert ask(StepExecutionStatus=["Success"]) == expected
    assert ask(StepExecutionStatus=["Failed"]) == []
    assert ask(Action=["aws:sleep"]) == expected
    assert ask(StepExecutionId=[step(found, "s2")["StepExecutionId"]]) == ["s2"]
    with refused("InvalidFilterValue"):
        ask(StepExecutionStatus=["Happy"])
    with refused("InvalidNextToken"):
        ssm.describe_automation_step_executions(AutomationExecutionId=execution, NextToken="nonsense")


def test_loops_show_their_iterations(ssm, name):
    text = """\
schemaVersion: "0.3"
mainSteps:
- name: each
  action: aws:loop
  inputs:
    Iterators: [red, blue]
    Steps:
    - { name: rest, action: "aws:sleep", inputs: { Duration: PT0S } }
"""
    samples.runbook(ssm, name, text)
    execution = ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]
    found = ended(ssm, execution)
    assert found["AutomationExecutionStatus"] == "Success", found
    inner = follow(
        ssm.describe_automation_step_executions,
        "StepExecutions",
        AutomationExecutionId=execution,
        Filters=[{"Key": "ParentStepExecutionId", "Values": [step(found, "each")["StepExecutionId"]]}],
    )
    told = [(entry["ParentStepDetails"]["Iteration"], entry["ParentStepDetails"]["IteratorValue"]) for entry in inner]
    assert [(number, value.strip('"')) for number, value in told] == [(1, "red"), (2, "blue")]


def test_outputs(ssm, name):
    text = """\
schemaVersion: "0.3"
variables: { seen: { type: String, default: none } }
mainSteps:
- { name: keep, action: "aws:updateVariable", inputs: { Name: "variable:seen", Value: "{{ automation:EXECUTION_ID }}" } }
- name: look
  action: aws:runCommand
  inputs: { DocumentName: AWS-RunShellScript, InstanceIds: [local], Parameters: { commands: ["echo {{ variable:seen }}"] } }
outputs: [look.Output]
"""
    samples.runbook(ssm, name, text)
    execution = ssm.start_automation_execution(DocumentName=name)["AutomationExecutionId"]
    found = ended(ssm, execution)
    assert found["AutomationExecutionStatus"] == "Success", found
    (output,) = found["Outputs"]["look.Output"]
    assert output.strip() == execution
    assert found["Variables"] == {"seen": [execution]}


def test_a_client_token_starts_one_run(ssm, start):
    token = str(uuid.uuid4())
    one = start("Instant", ClientToken=token)
    assert start("Instant", ClientToken=token) == one
    assert start("Instant", ClientToken=token.upper()) == one
    with refused("IdempotentParameterMismatch"):
        start("Percent", ClientToken=token)


def test_a_client_token_is_a_uuid(unchecked, documents):
    with refused("ValidationException"):
        unchecked.start_automation_execution(DocumentName="Instant", ClientToken="one" * 12)


def test_racing_client_tokens_start_one_run(server, ssm, name):
    samples.runbook(ssm, name, samples.INSTANT)
    clients = [server.client() for _ in range(24)]
    for token in (str(uuid.uuid4()) for _ in range(3)):
        gate = threading.Barrier(len(clients))
        begun = []

        def work(client):
            gate.wait()
            begun.append(client.start_automation_execution(DocumentName=name, ClientToken=token))

        workers = [threading.Thread(target=work, args=(client,)) for client in clients]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert len(begun) == len(clients)
        assert len({answer["AutomationExecutionId"] for answer in begun}) == 1
    assert len(listed(ssm, DocumentNamePrefix=[name])) == 3


def test_equal_requests_of_one_second_are_two_runs(ssm, name):
    samples.runbook(ssm, name, samples.INSTANT)
    now = time.time()
    time.sleep(1 - now % 1)
    one = ssm.start_automation_execution(DocumentName=name)
    other = ssm.start_automation_execution(DocumentName=name)
    assert one["AutomationExecutionId"] != other["AutomationExecutionId"]
    assert len(listed(ssm, DocumentNamePrefix=[name])) == 2


def test_tags_of_a_run(ssm, start, unchecked):
    tags = [{"Key": f"k{number}", "Value": "v"} for number in range(5)]
    execution = start("Instant", Tags=tags)
    found = ssm.list_tags_for_resource(ResourceType="Automation", ResourceId=execution)["TagList"]
    assert sorted(found, key=lambda tag: tag["Key"]) == tags
    with pytest.raises(ClientError) as caught:
        unchecked.start_automation_execution(DocumentName="Instant", Tags=[*tags, {"Key": "k6", "Value": "v"}])
    assert caught.value.response["Error"]["Code"] in (
        "ValidationException",
        "InvalidAutomationExecutionParametersException",
    )
