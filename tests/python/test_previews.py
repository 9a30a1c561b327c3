"""What a run would do, before it does it."""

import pytest

import samples
from answers import refused
from waiting import until


@pytest.fixture(scope="module")
def documents(ssm):
    samples.runbook(ssm, "Instant", samples.INSTANT)
    samples.runbook(ssm, "Percent", samples.PERCENT)


def preview(ssm, document, **more):
    inputs = {"ExecutionInputs": {"Automation": more}} if more else {}
    begun = ssm.start_execution_preview(DocumentName=document, **inputs)["ExecutionPreviewId"]
    found = until(
        lambda: ssm.get_execution_preview(ExecutionPreviewId=begun),
        lambda found: found["Status"] in ("Success", "Failed"),
        "the end of the preview",
    )
    assert found["ExecutionPreviewId"] == begun
    return found


def test_steps_are_counted_by_their_impact(ssm, documents):
    found = preview(ssm, "Instant")
    assert found["Status"] == "Success", found
    automation = found["ExecutionPreview"]["Automation"]
    counts = automation["StepPreviews"]
    assert sum(counts.values()) == 1
    assert counts.get("Mutating", 0) == 0
    assert found["EndedAt"]


def test_nothing_is_run(ssm, documents):
    def runs():
        filters = [{"Key": "DocumentNamePrefix", "Values": ["Percent"]}]
        return ssm.describe_automation_executions(Filters=filters)["AutomationExecutionMetadataList"]

    before = runs()
    assert preview(ssm, "Percent", Parameters={"Percent": ["90"]})["Status"] == "Success"
    assert runs() == before


def test_previews_that_cannot_be(ssm, documents):
    for call in (
        lambda: ssm.start_execution_preview(DocumentName="No-Such-Document"),
        lambda: preview(ssm, "Instant", Parameters={"Unknown": ["x"]}),
        lambda: ssm.start_execution_preview(DocumentName="AWS-RunShellScript"),
    ):
        try:
            found = call()
        except ssm.exceptions.ClientError as error:
            assert error.response["Error"]["Code"] == "ValidationException"
        else:
            assert found["Status"] == "Failed"
            assert found["StatusMessage"]


def test_what_is_not_there(ssm):
    with refused("ResourceNotFoundException"):
        ssm.get_execution_preview(ExecutionPreviewId="00000000-0000-4000-8000-000000000000")
