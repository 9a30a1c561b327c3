"""Policies of parameters: expiration and notifications."""

import datetime
import json

import pytest
from botocore.exceptions import ClientError

from answers import refused
from waiting import until


def stamp(**ahead):
    return (datetime.datetime.now(datetime.UTC) + datetime.timedelta(**ahead)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def expiration(when):
    return {"Type": "Expiration", "Version": "1.0", "Attributes": {"Timestamp": when}}


def notice(kind="ExpirationNotification", word="Before", number="2", unit="Days"):
    return {"Type": kind, "Version": "1.0", "Attributes": {word: number, "Unit": unit}}


@pytest.fixture
def put(ssm, name):
    def put(*policies, tier="Advanced", **more):
        text = policies[0] if isinstance(policies[0], str) else json.dumps(policies)
        return ssm.put_parameter(Name=name, Value="v", Type="String", Tier=tier, Policies=text, Overwrite=True, **more)

    return put


def told(ssm, name):
    filters = [{"Key": "Name", "Values": [name]}]
    (found,) = ssm.describe_parameters(ParameterFilters=filters)["Parameters"]
    return found.get("Policies", [])


def test_policies_are_told(ssm, name, put):
    policies = [expiration(stamp(days=30)), notice(), notice("NoChangeNotification", "After", "20", "Hours")]
    put(*policies)
    for found in (told(ssm, name), ssm.get_parameter_history(Name=name)["Parameters"][0]["Policies"]):
        assert [policy["PolicyType"] for policy in found] == [policy["Type"] for policy in policies]
        assert [json.loads(policy["PolicyText"]) for policy in found] == policies
        assert {policy["PolicyStatus"] for policy in found} == {"Pending"}


def test_policies_stay_until_others_come(ssm, name, put):
    put(expiration(stamp(days=30)))
    ssm.put_parameter(Name=name, Value="w", Overwrite=True)
    assert len(told(ssm, name)) == 1
    put(notice("NoChangeNotification", "After"))
    assert [policy["PolicyType"] for policy in told(ssm, name)] == ["NoChangeNotification"]
    put("[{}]")
    assert told(ssm, name) == []


def test_what_is_due_is_deleted(ssm, name, put):
    put(expiration(stamp(seconds=1)))

    def is_gone():
        try:
            ssm.get_parameter(Name=name)
        except ClientError as error:
            return error.response["Error"]["Code"] == "ParameterNotFound"
        return False

    until(is_gone, lambda gone: gone, "the parameter to expire", seconds=20)
    assert ssm.put_parameter(Name=name, Value="v", Type="String")["Version"] == 1


def test_an_offset_is_a_time_too(ssm, name, put):
    put(expiration("2099-06-01T12:00:00.000+05:30"))
    assert told(ssm, name)[0]["PolicyType"] == "Expiration"


def test_standard_parameters_have_none(put):
    with refused("ValidationException"):
        put(expiration(stamp(days=30)), tier="Standard")


def test_intelligent_tiering_makes_them_advanced(put):
    assert put(expiration(stamp(days=30)), tier="Intelligent-Tiering")["Tier"] == "Advanced"


@pytest.mark.parametrize(
    ("policies", "code"),
    [
        (["not json"], "InvalidPolicyTypeException InvalidPolicyAttributeException ValidationException"),
        ([{"Type": "Forever", "Version": "1.0", "Attributes": {}}], "InvalidPolicyTypeException"),
        ([{"Type": "Expiration", "Version": "1.0", "Attributes": {}}], "InvalidPolicyAttributeException"),
        ([expiration("tomorrow")], "InvalidPolicyAttributeException"),
        ([notice(number="-1"), expiration("2099-01-01T00:00:00Z")], "InvalidPolicyAttributeException"),
        ([notice(unit="Weeks"), expiration("2099-01-01T00:00:00Z")], "InvalidPolicyAttributeException"),
        ([expiration("2099-01-01T00:00:00Z"), expiration("2098-01-01T00:00:00Z")], "IncompatiblePolicyException"),
        (
            [notice("NoChangeNotification", "After", str(number)) for number in range(1, 12)],
            "PoliciesLimitExceededException",
        ),
    ],
)
def test_policies_that_cannot_be(ssm, name, put, policies, code):
    with pytest.raises(ClientError) as caught:
        put(*policies)
    assert caught.value.response["Error"]["Code"] in code.split(), caught.value
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=name)


def test_policies_have_a_size(unchecked, name):
    with refused("ValidationException"):
        unchecked.put_parameter(Name=name, Value="v", Type="String", Tier="Advanced", Policies="[" + " " * 4096 + "]")
