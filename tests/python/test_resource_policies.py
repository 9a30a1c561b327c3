"""Resource policies."""

import json

import pytest
from botocore.exceptions import ClientError

import samples
from answers import pages, refused
from server import ACCOUNT, REGION


def policy(resource, account="111111111111", action="ssm:GetParameter"):
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Share",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
                    "Action": [action, "ssm:GetParameters"],
                    "Resource": resource,
                }
            ],
        }
    )


@pytest.fixture
def resource(ssm, name):
    ssm.put_parameter(Name=name, Value="v", Type="String", Tier="Advanced")
    return f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}"


def test_a_policy_is_put_changed_and_deleted(ssm, resource):
    assert ssm.get_resource_policies(ResourceArn=resource)["Policies"] == []
    put = ssm.put_resource_policy(ResourceArn=resource, Policy=policy(resource))
    (told,) = ssm.get_resource_policies(ResourceArn=resource)["Policies"]
    assert (told["PolicyId"], told["PolicyHash"]) == (put["PolicyId"], put["PolicyHash"])
    assert json.loads(told["Policy"]) == json.loads(policy(resource))
    other = policy(resource, "222222222222")
    changed = ssm.put_resource_policy(ResourceArn=resource, Policy=other, **put_of(put))
    assert changed["PolicyId"] == put["PolicyId"]
    assert changed["PolicyHash"] != put["PolicyHash"]
    for call in (
        lambda: ssm.put_resource_policy(ResourceArn=resource, Policy=policy(resource), **put_of(put)),
        lambda: ssm.delete_resource_policy(ResourceArn=resource, **put_of(put)),
    ):
        with refused("ResourcePolicyConflictException"):
            call()
    ssm.delete_resource_policy(ResourceArn=resource, **put_of(changed))
    assert ssm.get_resource_policies(ResourceArn=resource)["Policies"] == []
    with refused("ResourcePolicyNotFoundException"):
        ssm.delete_resource_policy(ResourceArn=resource, **put_of(changed))


def put_of(answer):
    return {"PolicyId": answer["PolicyId"], "PolicyHash": answer["PolicyHash"]}


def test_policies_have_pages(ssm, resource):
    ssm.put_resource_policy(ResourceArn=resource, Policy=policy(resource))
    assert len(pages(ssm, "get_resource_policies", "Policies", ResourceArn=resource)) == 1


@pytest.mark.parametrize("text", ["nonsense", "{}", "[]", '{"Version": "2012-10-17", "Statement": []}'])
def test_policies_that_cannot_be(ssm, resource, text):
    with pytest.raises(ClientError) as caught:
        ssm.put_resource_policy(ResourceArn=resource, Policy=text)
    assert caught.value.response["Error"]["Code"] in (
        "MalformedResourcePolicyDocumentException",
        "ResourcePolicyInvalidParameterException",
    )
    assert ssm.get_resource_policies(ResourceArn=resource)["Policies"] == []


def test_standard_parameters_have_none(ssm, name):
    ssm.put_parameter(Name=name, Value="v", Type="String")
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}"
    with pytest.raises(ClientError) as caught:
        ssm.put_resource_policy(ResourceArn=arn, Policy=policy(arn))
    assert caught.value.response["Error"]["Code"] in (
        "ResourcePolicyInvalidParameterException",
        "ValidationException",
    )


def test_what_is_not_there(ssm, name):
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/{name}-none"
    given = {"PolicyId": "none", "PolicyHash": "0" * 64}
    for call in (
        lambda: ssm.get_resource_policies(ResourceArn=arn),
        lambda: ssm.put_resource_policy(ResourceArn=arn, Policy=policy(arn)),
        lambda: ssm.delete_resource_policy(ResourceArn=arn, **given),
    ):
        with refused("ResourceNotFoundException"):
            call()


@pytest.mark.parametrize("arn", ["arn:aws:s3:::bucket-of-somebody", "arn:aws:ssm:us-east-1:000000000000:nothing/else"])
def test_resources_that_have_none(ssm, arn):
    with pytest.raises(ClientError) as caught:
        ssm.get_resource_policies(ResourceArn=arn)
    assert caught.value.response["Error"]["Code"] in (
        "ResourcePolicyInvalidParameterException",
        "ResourceNotFoundException",
    )


def test_documents_have_policies(ssm, name):
    ssm.create_document(Name=name, Content=samples.command(), DocumentType="Command")
    arn = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/{name}"
    ssm.put_resource_policy(ResourceArn=arn, Policy=policy(arn, action="ssm:GetDocument"))
    assert len(ssm.get_resource_policies(ResourceArn=arn)["Policies"]) == 1
    ssm.delete_document(Name=name)
    with refused("ResourceNotFoundException"):
        ssm.get_resource_policies(ResourceArn=arn)
