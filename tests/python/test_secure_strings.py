"""SecureString parameters: shown in plain text only to who asks for that, and nowhere at rest."""

import signal

import pytest

from answers import refused

SECRET = "correct horse battery staple 4711"


@pytest.fixture
def secret(ssm, name):
    ssm.put_parameter(Name=f"/{name}/s", Value=SECRET, Type="SecureString")
    return f"/{name}/s"


def test_plain_text_is_asked_for(ssm, secret):
    path = secret.rsplit("/", 1)[0]
    for shown in (True, False):
        decrypts = {"WithDecryption": shown}
        values = [
            ssm.get_parameter(Name=secret, **decrypts)["Parameter"],
            ssm.get_parameters(Names=[secret], **decrypts)["Parameters"][0],
            ssm.get_parameters_by_path(Path=path, **decrypts)["Parameters"][0],
            ssm.get_parameter_history(Name=secret, **decrypts)["Parameters"][0],
        ]
        for found in values:
            assert found["Type"] == "SecureString"
            assert (found["Value"] == SECRET) == shown
            assert shown or SECRET not in found["Value"]
            assert found["Value"]


def test_it_is_not_decrypted_unasked(ssm, secret):
    assert ssm.get_parameter(Name=secret)["Parameter"]["Value"] != SECRET


def test_its_key_is_told(ssm, secret):
    filters = [{"Key": "Name", "Values": [secret]}]
    (told,) = ssm.describe_parameters(ParameterFilters=filters)["Parameters"]
    assert told["KeyId"] == "alias/aws/ssm"
    assert ssm.get_parameter_history(Name=secret)["Parameters"][0]["KeyId"] == "alias/aws/ssm"


def test_it_is_overwritten(ssm, secret):
    ssm.put_parameter(Name=secret, Value="another", Overwrite=True)
    found = ssm.get_parameter_history(Name=secret, WithDecryption=True)["Parameters"]
    assert [entry["Value"] for entry in found] == [SECRET, "another"]
    assert ssm.get_parameter(Name=f"{secret}:1", WithDecryption=True)["Parameter"]["Value"] == SECRET


def test_other_keys(ssm, name):
    """A key of another name is either used and told, or refused as one that is not there."""
    try:
        ssm.put_parameter(Name=name, Value=SECRET, Type="SecureString", KeyId="alias/custom")
    except ssm.exceptions.InvalidKeyId as error:
        assert error.response["message"]
        with refused("ParameterNotFound"):
            ssm.get_parameter(Name=name)
        return
    filters = [{"Key": "KeyId", "Option": "BeginsWith", "Values": ["alias/custom"]}]
    (told,) = ssm.describe_parameters(ParameterFilters=filters)["Parameters"]
    assert (told["Name"], told["KeyId"]) == (name, "alias/custom")
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == SECRET


def test_a_pattern_holds_for_the_plain_text(ssm, name):
    with refused("ParameterPatternMismatchException") as caught:
        ssm.put_parameter(Name=name, Value=SECRET, Type="SecureString", AllowedPattern="^\\d$")
    assert SECRET not in str(caught.value)


def test_it_is_nowhere_at_rest(fresh):
    ssm = fresh.client()
    for number in range(5):
        ssm.put_parameter(Name="/rest/s", Value=f"{SECRET}-{number}", Type="SecureString", Overwrite=True)
    ssm.get_parameter(Name="/rest/s", WithDecryption=True)
    with refused("ParameterPatternMismatchException"):
        ssm.put_parameter(Name="/rest/t", Value=SECRET, Type="SecureString", AllowedPattern="x")
    fresh.end(signal.SIGKILL)
    for path in fresh.directory.rglob("*"):
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes(), path
    fresh.start()
    assert ssm.get_parameter(Name="/rest/s", WithDecryption=True)["Parameter"]["Value"] == f"{SECRET}-4"


def test_secrets_of_elsewhere_are_not_there(ssm):
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name="/aws/reference/secretsmanager/none", WithDecryption=True)
