"""STS: who am I."""

import pytest
from botocore.exceptions import ClientError

from server import ACCOUNT
from signed import Request

FORM = "application/x-www-form-urlencoded; charset=utf-8"
ASK = b"Action=GetCallerIdentity&Version=2011-06-15"


@pytest.fixture(scope="module")
def sts(server):
    return server.client("sts")


def ask(server, body=ASK, **more):
    more.setdefault("service", "sts")
    return Request(server, None, body, kind=FORM, **more).send()


def test_the_administrator(sts):
    found = sts.get_caller_identity()
    assert found["Account"] == ACCOUNT
    assert found["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/administrator"
    assert found["UserId"]
    assert found["ResponseMetadata"]["RequestId"]


def test_a_stranger(server):
    for key in (("AKIAIOSFODNN7EXAMPLE", "x" * 40), (server.credentials[0], "x" * 40)):
        with pytest.raises(ClientError) as caught:
            server.client("sts", key=key).get_caller_identity()
        assert caught.value.response["Error"]["Code"] in (
            "InvalidClientTokenId",
            "SignatureDoesNotMatch",
            "UnrecognizedClientException",
        )
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 403)


def test_other_actions_are_not_there(sts, server):
    with pytest.raises(ClientError) as caught:
        sts.get_session_token()
    assert caught.value.response["Error"]["Code"] in ("InvalidAction", "NotImplementedException")
    assert ask(server, b"Action=Whatever&Version=2011-06-15").status in (400, 501)


def test_a_signature_is_for_its_service(server):
    assert ask(server).status == 200
    for service in ("ssm", "iam"):
        reply = ask(server, service=service)
        assert reply.status in (400, 403)
        assert b"<Code>" in reply.body
    assert Request(server, "GetParameter", {"Name": "x"}, service="sts").send().status in (400, 403)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"Action=GetCallerIdentity",
        b"Action=GetCallerIdentity&Action=GetCallerIdentity&Version=2011-06-15",
        b"Action=GetCallerIdentity&Version=2011-06-15&Unknown=%3Cscript%3E",
        b"Action=%ff&Version=2011-06-15",
    ],
)
def test_forms_that_cannot_be(server, body):
    reply = ask(server, body)
    assert reply.status in ((200, 400) if body == b"Action=GetCallerIdentity" else (400,))
    assert b"<script>" not in reply.body
    server.assert_healthy()


def test_answers_are_xml(server):
    reply = ask(server)
    assert reply.headers["content-type"].startswith("text/xml")
    import xml.etree.ElementTree as tree

    root = tree.fromstring(reply.body)
    assert root.tag.endswith("GetCallerIdentityResponse")
