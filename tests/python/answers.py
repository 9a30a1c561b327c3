"""Checks of what the server answered, against the model that boto3 has of the service."""

import json
import re
from contextlib import contextmanager

import pytest
from botocore.exceptions import ClientError

# What may come from any operation, beside the errors that its model declares.
ANYWHERE = {
    "AccessDeniedException",
    "ThrottlingException",
    "ValidationException",
    "NotImplementedException",
    "SerializationException",
    "UnknownOperationException",
    "RequestEntityTooLargeException",
    "RequestTimeoutException",
    "IncompleteSignatureException",
    "InvalidSignatureException",
    "MissingAuthenticationTokenException",
    "UnrecognizedClientException",
}
# SSM answers with the type that a document declares, such as Integer, which the model does not list.
OPEN_ENUMS = {"DocumentParameterType"}
REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
EARLIEST, LATEST = 1_500_000_000, 5_000_000_000


def unique(pairs):
    """Builds an object of JSON in which no member may stand twice."""
    found = dict(pairs)
    assert len(found) == len(pairs), f"a member stands twice: {[name for name, _ in pairs]}"
    return found


def check(operation_model, response_dict, **_):
    """Fails for an answer that the model of the operation does not describe. botocore calls it before it reads one."""
    if operation_model.service_model.service_name not in ("ssm", "events"):
        return
    operation, headers = operation_model.name, response_dict["headers"]
    assert headers["content-type"] == "application/x-amz-json-1.1", (operation, headers)
    assert REQUEST_ID.fullmatch(headers["x-amzn-requestid"]), (operation, headers)
    body = json.loads(response_dict["body"], object_pairs_hook=unique)
    if response_dict["status_code"] == 200:
        check_output(operation_model, body)
    else:
        check_error(operation_model, response_dict["status_code"], body)


def check_output(operation_model, body):
    if operation_model.output_shape is None:
        assert body == {}, f"{operation_model.name}: {body}"
    else:
        check_value(operation_model.output_shape, body, operation_model.name)


def check_error(operation_model, status, body):
    operation, code = operation_model.name, body.get("__type")
    assert status < 500 or code in ("NotImplementedException", "ThrottlingException"), f"{operation}: {status} {body}"
    declared = {shape.name: shape for shape in operation_model.error_shapes}
    assert code in ANYWHERE | declared.keys(), f"{operation} does not declare {code}: {body}"
    members = {"__type": code}
    if code in declared:
        for name, shape in declared[code].members.items():
            if name in body:
                check_value(shape, body[name], f"{operation}: {code}")
                members[name] = body[name]
        if not any(name.lower() == "message" for name in declared[code].members):
            # The model of some errors has no message; AWS sends one all the same, and clients show it.
            members["message"] = body.get("message")
        texts = [text for name, text in members.items() if name.lower() == "message"]
        assert texts and texts[0], f"{operation}: {code} says nothing: {body}"
    else:
        message = body.get("message", body.get("Message"))
        assert message or code == "UnknownOperationException", f"{operation}: {code} says nothing: {body}"
        members.update(body)
    assert body == members, f"{operation}: {code} has members that the model does not: {body}"


def check_value(shape, value, path):
    kind = shape.type_name
    expected = {
        "structure": dict,
        "map": dict,
        "list": list,
        "string": str,
        "boolean": bool,
        "integer": int,
        "long": int,
        "double": (int, float),
        "float": (int, float),
        "timestamp": (int, float),
    }[kind]
    is_kind = isinstance(value, expected) and (kind == "boolean" or not isinstance(value, bool))
    assert is_kind, f"{path} is {value!r}, not a {kind}"
    if kind == "structure":
        check_structure(shape, value, path)
    elif kind == "map":
        for name, inner in value.items():
            check_value(shape.key, name, f"{path} key")
            check_value(shape.value, inner, f"{path}.{name}")
    elif kind == "list":
        for number, inner in enumerate(value):
            check_value(shape.member, inner, f"{path}[{number}]")
    elif kind == "string" and shape.enum and shape.name not in OPEN_ENUMS:
        assert value in shape.enum, f"{path} is {value!r}, not one of {shape.enum}"
    elif kind == "timestamp":
        assert EARLIEST < value < LATEST, f"{path} is {value}, which are not seconds since 1970"


def check_structure(shape, value, path):
    unknown = value.keys() - shape.members.keys()
    assert not unknown, f"{path} has members that the model does not: {unknown}"
    missing = set(shape.required_members) - value.keys()
    assert not missing, f"{path} lacks {missing}"
    for name, inner in value.items():
        check_value(shape.members[name], inner, f"{path}.{name}")


@contextmanager
def refused(code, *texts):
    """Expects the error of this code, whose message has these texts in it."""
    with pytest.raises(ClientError) as caught:
        yield caught
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    for text in texts:
        assert text in error["Message"], error


def pages(client, operation, member, size=1, **request):
    """Returns what all pages of `size` hold together, and checks that no page holds more."""
    found = []
    for page in client.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **request):
        assert len(page[member]) <= size, page
        found += page[member]
    return found


def follow(call, member, **request):
    """Returns what all pages hold together, by tokens: for operations that boto3 has no paginator of, too."""
    found = []
    while True:
        page = call(**request)
        found += page[member]
        if not page.get("NextToken"):
            return found
        request["NextToken"] = page["NextToken"]
