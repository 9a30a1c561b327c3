"""Every operation that boto3 knows is either served or said to be unavailable; the list of the latter only shrinks."""

from pathlib import Path

import botocore.session
import pytest

from server import REGION
from signed import Request

MODEL = botocore.session.get_session().get_service_model("ssm")
UNAVAILABLE = Path(__file__).with_name("unavailable.txt").read_text().split()
OPERATIONS = 154
# How many operations had no service when the list was made. Lower it with the list.
UNAVAILABLE_MAX = 114


def example(shape, depth=0):
    """Returns the least input that the model accepts, or nearly so."""
    kind = shape.type_name
    if kind == "structure":
        return {name: example(shape.members[name], depth + 1) for name in shape.required_members}
    if kind == "list":
        return [example(shape.member, depth + 1)] * max(1, shape.metadata.get("min", 1))
    if kind == "map":
        return {example(shape.key): example(shape.value, depth + 1)}
    if kind == "string":
        return shape.enum[0] if shape.enum else "x" * max(3, shape.metadata.get("min", 3))
    return {"boolean": True, "timestamp": 1_800_000_000}.get(kind, shape.metadata.get("min", 1))


def test_the_list_is_of_operations():
    assert UNAVAILABLE == sorted(set(UNAVAILABLE))
    assert set(UNAVAILABLE) <= set(MODEL.operation_names)
    assert len(MODEL.operation_names) == OPERATIONS
    assert len(UNAVAILABLE) <= UNAVAILABLE_MAX


@pytest.mark.parametrize("operation", MODEL.operation_names)
def test_an_operation_is_served_or_said_not_to_be(server, operation):
    shape = MODEL.operation_model(operation).input_shape
    reply = Request(server, operation, example(shape) if shape else {}).send()
    if operation in UNAVAILABLE:
        assert (reply.status, reply.code) == (501, "NotImplementedException"), reply
        assert operation in reply.json.get("message", reply.json.get("Message")), reply
    else:
        assert reply.status in (200, 400), reply
        assert reply.status == 200 or reply.code != "NotImplementedException", reply


@pytest.mark.parametrize("operation", sorted(set(MODEL.operation_names) - set(UNAVAILABLE)))
def test_an_operation_refuses_what_its_model_does(server, operation):
    shape = MODEL.operation_model(operation).input_shape
    for body in [{"NoSuchMember": 1}] + ([{}] if shape.required_members else []):
        reply = Request(server, operation, body).send()
        assert reply.status == 400, reply
        assert reply.code in ("ValidationException", "SerializationException"), reply


def test_boto3_reads_the_refusal(server):
    ssm = server.client()
    with pytest.raises(ssm.exceptions.ClientError) as caught:
        ssm.describe_instance_information()
    error = caught.value.response
    assert error["Error"]["Code"] == "NotImplementedException"
    assert "DescribeInstanceInformation" in error["Error"]["Message"]
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert ssm.meta.region_name == REGION
