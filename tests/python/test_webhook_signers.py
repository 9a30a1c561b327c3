"""Webhooks by the libraries of their senders: each delivery is accepted, and refused as soon as one bit of it is another."""

import http.client
import itertools
import json
import time

import pytest

import posting
from server import Server
from signed import Reply
from signers import SENDERS, STAMPED

numbers = itertools.count()
# Of a long header the bytes that are changed at its beginning and at its end.
FIRST_BYTES, LAST_BYTES = 16, 8
TOLERANCE_SECONDS = 300


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with one webhook of each sender, and with their secrets."""
    directory = tmp_path_factory.mktemp("server")
    rules = directory / "rules"
    webhooks = [
        {"name": name, "verify": sender.verify | {"secret": f"/hooks/{name}"}, "event": {"source": name}}
        for name, sender in SENDERS.items()
    ]
    # JSON is YAML too.
    posting.write(rules, "senders", json.dumps({"webhooks": webhooks}))
    server = Server(directory, "--rules", str(rules))
    client = server.client()
    for name, sender in SENDERS.items():
        posting.secret(client, f"/hooks/{name}", sender.secret)
    yield server
    code = server.end()
    assert code == 0, f"the server ended with {code}: {server.log()}"


@pytest.fixture
def post(server):
    """Posts to a webhook, over one connection."""
    connection = http.client.HTTPConnection(*server.address, timeout=30)

    def post(name, headers, body):
        headers = {"Content-Type": "application/json"} | headers
        connection.request("POST", f"/hooks/{name}", body=body, headers=headers)
        answer = connection.getresponse()
        found = {key.lower(): value for key, value in answer.getheaders()}
        return Reply(answer.status, found, answer.read())

    yield post
    connection.close()


@pytest.fixture
def refused(post):
    """What is answered to a delivery that is not its sender's, as for a webhook that does not exist."""
    answer = post("there-is-none", {}, b"{}")
    assert answer.status == 401
    return alike(answer)


def alike(answer):
    """What answers have to have in common that say nothing of their reason."""
    changing = ("date", "x-request-id")
    headers = {name: value for name, value in answer.headers.items() if name not in changing}
    return answer.status, headers, answer.body


def delivery(name, seconds=None):
    """A delivery that there was not before."""
    number = f"{name}-{next(numbers)}"
    body = json.dumps({"id": number, "event_id": number, "event": {"id": number}}).encode()
    return SENDERS[name].deliver(body, number, seconds)


def bits(data, first=0):
    """Yields the data with one bit changed, for each bit of it, or of both ends if it is long."""
    places = list(range(first, len(data)))
    if len(places) > FIRST_BYTES + LAST_BYTES:
        places = places[:FIRST_BYTES] + places[-LAST_BYTES:]
    for place, bit in itertools.product(places, range(8)):
        changed = bytearray(data)
        changed[place] ^= 1 << bit
        yield bytes(changed)


def can_stand_in_a_header(value):
    return all(byte == 9 or byte >= 32 and byte != 127 for byte in value)


@pytest.mark.parametrize("name", SENDERS)
def test_a_delivery_is_accepted_once(post, name):
    sent = delivery(name)
    first = post(name, sent.headers, sent.body)
    assert first.status == 202, first.body
    (identifier,) = first.json["eventIds"]
    assert identifier
    assert first.json == {"executionIds": [], "eventIds": [identifier], "duplicate": False}
    again = post(name, sent.headers, sent.body)
    assert again.status == 202
    assert again.json == first.json | {"duplicate": True}
    other = delivery(name)
    assert post(name, other.headers, other.body).json["eventIds"] != [identifier]


@pytest.mark.parametrize("name", SENDERS)
def test_no_bit_of_a_signed_header_may_change(post, refused, name):
    sent = delivery(name)
    for header, first in sent.signed.items():
        tried = 0
        for changed in bits(sent.headers[header].encode(), first):
            if not can_stand_in_a_header(changed):
                continue
            answer = post(name, sent.headers | {header: changed}, sent.body)
            assert alike(answer) == refused, (header, changed)
            tried += 1
        assert tried > LAST_BYTES, header
    assert post(name, sent.headers, sent.body).json["duplicate"] is False


@pytest.mark.parametrize("name", [name for name in SENDERS if delivery(name).covers_body])
def test_no_bit_of_the_body_may_change(post, refused, name):
    sent = delivery(name)
    for changed in bits(sent.body):
        assert alike(post(name, sent.headers, changed)) == refused, changed
    for changed in (b"", sent.body[:-1], sent.body + b"\n", sent.body + sent.body):
        assert alike(post(name, sent.headers, changed)) == refused, changed
    assert post(name, sent.headers, sent.body).json["duplicate"] is False


@pytest.mark.parametrize("name", SENDERS)
def test_no_signed_header_may_be_missing(post, refused, name):
    sent = delivery(name)
    for header in sent.signed:
        without = {key: value for key, value in sent.headers.items() if key != header}
        assert alike(post(name, without, sent.body)) == refused, header


@pytest.mark.parametrize("name", STAMPED)
def test_what_is_too_old_or_of_the_future_is_refused(post, refused, name):
    now = time.time()
    for seconds in (now - 2 * TOLERANCE_SECONDS, now + 2 * TOLERANCE_SECONDS):
        sent = delivery(name, seconds)
        assert alike(post(name, sent.headers, sent.body)) == refused


@pytest.mark.parametrize("name", SENDERS)
def test_a_delivery_is_for_one_webhook(post, refused, name):
    sent = delivery(name)
    for other, sender in SENDERS.items():
        if sender.secret != SENDERS[name].secret:
            assert alike(post(other, sent.headers, sent.body)) == refused, other
    assert alike(post("there-is-none", sent.headers, sent.body)) == refused


@pytest.mark.parametrize("name", SENDERS)
def test_a_secret_that_was_changed_holds_at_once(server, post, refused, name):
    """A secret is remembered for a moment, and looked up anew when no signature fits."""
    ssm, sender = server.client(), SENDERS[name]
    sent = delivery(name)
    changed = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"
    posting.secret(ssm, f"/hooks/{name}", changed)
    try:
        late = time.monotonic() + 20
        body = json.dumps({"id": f"{name}-changed", "event_id": f"{name}-changed"}).encode()
        anew = sender.sign(changed, body, f"{name}-changed", int(time.time()))
        while (answer := post(name, anew.headers, anew.body)).status != 202:
            assert alike(answer) == refused
            assert time.monotonic() < late, answer.body
        assert alike(post(name, sent.headers, sent.body)) == refused
    finally:
        posting.secret(ssm, f"/hooks/{name}", sender.secret)
