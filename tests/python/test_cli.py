"""The AWS CLI, as an operator uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import samples
from waiting import until

AWS = Path(sys.executable).with_name("aws")


@pytest.fixture(scope="module")
def aws(server):
    """Calls the AWS CLI in the environment that `runwright auth env` gives."""
    given = server.command("auth", "env")
    assert given["AWS_ENDPOINT_URL_SSM"] == given["AWS_ENDPOINT_URL_STS"] == server.url
    environment = (
        server.environment() | given | {"AWS_PAGER": "", "AWS_MAX_ATTEMPTS": "1", "AWS_EC2_METADATA_DISABLED": "true"}
    )
    environment["PATH"] = f"{AWS.parent}:{environment['PATH']}"

    def aws(*arguments, code=0, reads=True):
        done = subprocess.run(
            [sys.executable, AWS, *arguments],
            capture_output=True,
            text=True,
            env=environment,
            cwd=server.directory,
            timeout=60,
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        if code:
            return done.stderr
        assert not done.stderr, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() and reads else done.stdout

    return aws


def test_the_environment_is_for_a_shell(server):
    from server import BINARY

    done = subprocess.run(
        [BINARY, "auth", "env"], capture_output=True, text=True, env=server.environment(), check=True, timeout=60
    )
    assert done.stdout.startswith("export AWS_")
    identity, secret = server.credentials
    shown = subprocess.run(
        ["/bin/sh", "-c", f'{done.stdout}\nprintf "%s %s" "$AWS_ACCESS_KEY_ID" "$AWS_SECRET_ACCESS_KEY"'],
        capture_output=True,
        text=True,
        env={},
        check=True,
        timeout=60,
    )
    assert shown.stdout == f"{identity} {secret}"


def test_who_am_i(aws):
    assert aws("sts", "get-caller-identity")["Arn"].endswith(":user/administrator")


def test_parameters(aws):
    put = aws("ssm", "put-parameter", "--name", "/app/db/password", "--type", "SecureString", "--value", "s3cret")
    assert put == {"Version": 1, "Tier": "Standard"}
    aws("ssm", "put-parameter", "--name", "/app/db/host", "--type", "String", "--value", "db.example")
    aws(
        "ssm",
        "put-parameter",
        "--name",
        "/app/mode",
        "--type",
        "String",
        "--value",
        "fast",
        "--tags",
        "Key=team,Value=x",
    )
    by_path = ("ssm", "get-parameters-by-path", "--path", "/app", "--recursive")
    shown = aws(*by_path, "--with-decryption")["Parameters"]
    assert {parameter["Name"]: parameter["Value"] for parameter in shown} == {
        "/app/db/password": "s3cret",
        "/app/db/host": "db.example",
        "/app/mode": "fast",
    }
    assert "s3cret" not in json.dumps(aws(*by_path))
    assert len(aws(*by_path, "--page-size", "1")["Parameters"]) == 3
    some = aws(*by_path, "--max-items", "2")
    rest = aws(*by_path, "--starting-token", some["NextToken"])
    assert len(some["Parameters"]) + len(rest["Parameters"]) == 3
    query = ("--query", "Parameter.Value", "--output", "text")
    assert aws("ssm", "get-parameter", "--name", "/app/mode", *query, reads=False) == "fast\n"
    assert "(ParameterAlreadyExists)" in aws(
        "ssm", "put-parameter", "--name", "/app/mode", "--type", "String", "--value", "slow", code=255
    )
    aws("ssm", "delete-parameters", "--names", "/app/mode", "/app/db/host")
    assert "(ParameterNotFound)" in aws("ssm", "get-parameter", "--name", "/app/mode", code=255)


def test_an_automation(aws, server):
    (server.directory / "disk.yaml").write_text(samples.PERCENT)
    made = aws(
        "ssm", "create-document", "--name", "Disk", "--document-type", "Automation",
        "--document-format", "YAML", "--content", "file://disk.yaml",
    )["DocumentDescription"]  # fmt: skip
    assert (made["Name"], made["DocumentVersion"]) == ("Disk", "1")
    begun = aws("ssm", "start-automation-execution", "--document-name", "Disk", "--parameters", "Percent=90")
    execution = begun["AutomationExecutionId"]
    found = until(
        lambda: aws("ssm", "get-automation-execution", "--automation-execution-id", execution)["AutomationExecution"],
        lambda found: found["AutomationExecutionStatus"] not in ("Pending", "InProgress"),
        "the end of the run",
    )
    assert found["AutomationExecutionStatus"] == "Success"
    assert found["Parameters"]["Percent"] == ["90"]
    listed = aws("ssm", "describe-automation-executions", "--filters", f"Key=ExecutionId,Values={execution}")
    assert len(listed["AutomationExecutionMetadataList"]) == 1
    steps = aws("ssm", "describe-automation-step-executions", "--automation-execution-id", execution)
    assert [step["StepStatus"] for step in steps["StepExecutions"] if step["StepName"] == "high"] == ["Success"]
    asked = ("get-document", "--name", "Disk", "--document-format", "YAML", "--query", "Content", "--output", "text")
    text = aws("ssm", *asked, reads=False)
    assert text.strip() == samples.PERCENT.strip()
    lists = aws("ssm", "list-documents", "--filters", "Key=Owner,Values=Self")["DocumentIdentifiers"]
    assert [document["Name"] for document in lists] == ["Disk"]
    aws("ssm", "delete-document", "--name", "Disk")


def test_errors_are_told(aws):
    assert "(NotImplementedException)" in aws("ssm", "describe-instance-information", code=255)
    told = aws("ssm", "get-automation-execution", "--automation-execution-id", "0" * 36, code=255)
    assert "(AutomationExecutionNotFoundException)" in told
