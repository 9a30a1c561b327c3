"""Whom streams of events are refused, and what cannot be resumed."""

import pytest

import following
import samples
from signed import TYPE, Request


def test_a_signature_opens_a_stream_too(server, ssm, follow, name):
    run = samples.begin(ssm, name, samples.INSTANT)
    for path in ("/events", f"/runs/{run}/events"):
        request = Request(server, None, b"", method="GET", path=path, kind=None)
        assert follow(path, token=None, headers=request.sign()).answer.status == 200
        wrong = Request(server, None, b"", method="GET", path=path, kind=None, key=(server.credentials[0], "x"))
        assert follow(path, token=None, headers=wrong.sign()).refusal().status == 401
        elsewhere = Request(server, None, b"", method="GET", path="/", kind=None)
        assert follow(path, token=None, headers=elsewhere.sign()).refusal().status == 401


def assert_refused(stream, statuses, codes):
    reply = stream.refusal()
    assert reply.status in statuses, reply
    assert reply.headers["content-type"] == TYPE
    assert reply.headers["x-amzn-requestid"]
    assert reply.code in codes.split(), reply
    assert reply.json.get("message", reply.json.get("Message")), reply
    return reply


@pytest.mark.parametrize("path", ["/events", "/runs/00000000-0000-4000-8000-000000000000/events"])
def test_strangers_follow_nothing(follow, path):
    assert_refused(follow(path, token=None), (401, 403), "MissingAuthenticationTokenException")
    for wrong in ("nonsense", "x" * 5000):
        assert_refused(follow(path, token=wrong), (401, 403), "UnrecognizedClientException")
    basic = {"authorization": "Basic YTpi"}
    assert_refused(follow(path, token=None, headers=basic), (401, 403), "IncompleteSignatureException")


def test_a_token_in_the_address_is_none(server, follow, token):
    for query in (f"access_token={token}", f"token={token}"):
        assert_refused(follow(f"/events?{query}", token=None), (401,), "MissingAuthenticationTokenException")


def test_who_may_not_see_is_refused_and_who_may_is_not(server, ssm, follow, name):
    run = samples.begin(ssm, name, samples.INSTANT)
    nobody = following.token(server, f"{name}-nobody")
    reader = following.token(server, f"{name}-reader", "reader")
    for path in ("/events", f"/runs/{run}/events", "/runs/none/events"):
        assert_refused(follow(path, token=nobody), (403,), "AccessDeniedException")
        assert_refused(follow(path, token=nobody, last="nonsense"), (403,), "AccessDeniedException")
    for path in ("/events", f"/runs/{run}/events"):
        assert follow(path, token=reader).answer.status == 200


def test_a_run_that_is_not_there(follow):
    for run in ("00000000-0000-4000-8000-000000000000", "none", "%00", "a%2Fb", "x" * 1000):
        assert_refused(follow(f"/runs/{run}/events"), (404,), "AutomationExecutionNotFoundException")


CURSORS = ["", "x", "e", "e0", "e0-0", "e0-0-0-0", "e+1-0-0", "e-1-0-0", "eg-0-0", "r0", "r0-0-0", "0-0-0"]
CURSORS += ["e0-0-ffffffffffffffff", "e0-0-8000000000000000", "é", "e0-0-0é", "x" * 5000, "E0-0-0"]


@pytest.mark.parametrize("cursor", CURSORS)
def test_cursors_that_are_none(ssm, follow, name, cursor):
    run = samples.begin(ssm, name, samples.INSTANT)
    for path in ("/events", f"/runs/{run}/events"):
        assert_refused(follow(path, last=cursor), (400,), "InvalidNextToken")


def test_cursors_of_a_run_and_of_all_are_not_each_others(ssm, follow, name):
    stream = follow()
    run = samples.begin(ssm, name, samples.INSTANT)
    of_all = stream.next().cursor
    of_run = follow(f"/runs/{run}/events").next().cursor
    assert_refused(follow(f"/runs/{run}/events", last=of_all), (400,), "InvalidNextToken")
    assert_refused(follow("/events", last=of_run), (400,), "InvalidNextToken")


@pytest.mark.parametrize("last", ["e0-0-ffffff", "e0-ffffff-0", "eff-0-0"])
def test_what_has_not_happened_is_no_cursor(follow, last):
    assert_refused(follow("/events", last=last), (400,), "InvalidNextToken")
