"""How much one principal may ask for at a time, and how large the head of a request may be."""

import pytest

import following
from answers import refused
from following import Stream
from signed import TYPE, Request, exchange, read
from waiting import until

ATTEMPTS = 200


def key(server, user):
    """Returns a key of a new user who may do everything."""
    made = server.command("auth", "key", "create", "--user", user, "--role", "admin")
    return made["accessKeyId"], made["secretAccessKey"]


def ask(server, key):
    return Request(server, "DescribeParameters", key=key).send()


def assert_throttled(reply, status=400):
    assert (reply.status, reply.code) == (status, "ThrottlingException"), reply
    assert reply.headers["content-type"] == TYPE
    assert reply.json == {"__type": "ThrottlingException", "Message": "Rate exceeded"}


def test_a_rate_is_each_principals_own(serve):
    server = serve("--rate-limit", "1")
    greedy, modest = key(server, "greedy"), key(server, "modest")
    throttled = next(reply for reply in (ask(server, greedy) for _ in range(ATTEMPTS)) if reply.status != 200)
    assert_throttled(throttled)
    assert ask(server, modest).status == 200
    # Other keys and tokens of the same user have no turns of their own.
    second = key(server, "greedy")
    assert any(ask(server, second).status == 400 for _ in range(ATTEMPTS))
    assert until(lambda: ask(server, greedy), lambda reply: reply.status == 200, "a turn to come back").json
    server.assert_healthy()


def test_who_one_is_is_not_asked_without_limit(serve):
    server = serve("--rate-limit", "1")
    body, kind = b"Action=GetCallerIdentity&Version=2011-06-15", "application/x-www-form-urlencoded"
    asked = (Request(server, None, body, service="sts", kind=kind).send() for _ in range(ATTEMPTS))
    assert any(b"<Code>ThrottlingException</Code>" in reply.body for reply in asked)


def test_clients_see_the_exception_that_they_retry(serve):
    server = serve("--rate-limit", "1")
    greedy = server.client(key=key(server, "greedy"))
    with refused("ThrottlingException", "Rate exceeded") as caught:
        for _ in range(ATTEMPTS):
            greedy.describe_parameters()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_strangers_use_nobodys_turns(serve):
    server = serve("--rate-limit", "1")
    identity, secret = key(server, "victim")
    for _ in range(20):
        assert ask(server, (identity, "x" * 40)).code in ("UnrecognizedClientException", "InvalidSignatureException")
    assert ask(server, (identity, secret)).status == 200


def test_what_is_under_way_is_each_principals_own(serve):
    server = serve("--concurrency-limit", "1")
    busy, other = key(server, "busy"), key(server, "other")
    token = following.token(server, "busy")
    with Stream(server, "/events", token) as stream:
        assert stream.answer.status == 200
        assert_throttled(ask(server, busy))
        with Stream(server, "/events", token) as second:
            assert_throttled(second.refusal(), status=429)
        assert ask(server, other).status == 200
    until(lambda: ask(server, busy), lambda reply: reply.status == 200, "the turn of a stream that was closed")


def test_a_body_that_is_on_its_way_holds_no_turn(serve):
    server = serve("--concurrency-limit", "1")
    data = Request(server, "DescribeParameters").bytes()
    with server.connect() as slow:
        slow.sendall(data[:-1])
        assert ask(server, None).status == 200
        slow.sendall(data[-1:])
        assert read(slow).status == 200


def test_health_has_no_limit(serve):
    server = serve("--rate-limit", "1", "--concurrency-limit", "1")
    for _ in range(20):
        server.assert_healthy()
        assert server.get("/metrics")[0] == 200


@pytest.mark.parametrize("flag", ["--rate-limit", "--concurrency-limit"])
@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many", "99999999999999", ""])
def test_limits_that_are_none(server, flag, value):
    server.command("server", f"{flag}={value}", code=2)


HEADS = [
    b"POST / HTTP/1.1\r\na: " + b"x" * 300_000 + b"\r\n",
    b"POST / HTTP/1.1\r\n" + b"a: b\r\n" * 500,
    b"POST / HTTP/1.1\r\n" + b"".join(b"a%d: " % number + b"x" * 8_000 + b"\r\n" for number in range(40)),
    b"GET /" + b"x" * 300_000 + b" HTTP/1.1\r\n",
]


@pytest.mark.parametrize("head", HEADS)
def test_heads_that_are_too_large(server, head):
    assert exchange(server, head + b"host: localhost\r\n\r\n").status in (414, 431)
    server.assert_healthy()


def test_the_greatest_head_that_clients_send_is_taken(server):
    large = {f"x-large-{number}": "x" * 1_000 for number in range(40)}
    request = Request(server, "DescribeParameters", headers=large, unsigned=tuple(large))
    assert request.send().status == 200
