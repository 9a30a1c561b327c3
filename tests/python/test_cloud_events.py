"""CloudEvents over HTTP, in their three forms, by those who may."""

import json

import pytest

import posting
import samples
from posting import post
from server import Server
from waiting import ended

RULES = """\
rules:
  - name: order
    match: { source: [/shop/orders], detail-type: [com.example.order], detail: { total: [{ numeric: [">", 10] }] } }
    start: { runbook: Order, parameters: { Who: $.detail.cloudevent.tenant } }
"""
STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@pytest.fixture(scope="module")
def bus(tmp_path_factory):
    directory = tmp_path_factory.mktemp("bus")
    posting.write(directory / "rules", "orders", RULES)
    server = Server(directory, "--rules", str(directory / "rules"))
    text = samples.INSTANT.replace("mainSteps", "parameters: { Who: { type: String } }\nmainSteps")
    samples.runbook(server.client(), "Order", text)
    for role in ("admin", "reader"):
        created = server.command("auth", "token", "create", "--user", f"a-{role}", "--role", role)
        setattr(server, role, {"Authorization": f"Bearer {created['token']}"})
    yield server
    assert server.end() == 0, server.log()


def event(identity, total=11, **more):
    return {
        "specversion": "1.0",
        "id": identity,
        "source": "/shop/orders",
        "type": "com.example.order",
        "time": "2026-01-02T03:04:05Z",
        "subject": "order/7",
        "tenant": "blue",
        "data": {"total": total},
        **more,
    }


def told(bus, body, kind=STRUCTURED, headers=None):
    status, _, text = post(bus, "/events", body, {"Content-Type": kind, **bus.admin, **(headers or {})})
    assert status == 202, text
    return json.loads(text)


def test_each_form_starts_the_run(bus):
    ssm = bus.client()
    headers = {
        "ce-specversion": "1.0",
        "ce-id": "binary",
        "ce-source": "/shop/orders",
        "ce-type": "com.example.order",
        "ce-tenant": "bl%C3%BCe",
    }
    answers = [
        told(bus, event("structured")),
        told(bus, {"total": 12}, "application/json", headers),
        told(bus, [event("batch-1"), event("batch-2", total=9)], BATCH),
    ]
    assert [len(answer["eventIds"]) for answer in answers] == [1, 1, 2]
    runs = [run for answer in answers for run in answer["executionIds"]]
    assert len(runs) == 3
    assert [ended(ssm, run)["Parameters"]["Who"] for run in runs] == [["blue"], ["blüe"], ["blue"]]


def test_an_event_is_taken_once(bus):
    first = told(bus, event("once"))
    assert told(bus, event("once")) == {**first, "duplicate": True}


def test_an_event_is_seen_as_rules_see_it(bus):
    [identity] = told(bus, event("seen"))["eventIds"]
    [seen] = [found for found in bus.command("events", "tail", "--since", "2026-01-01T00:00:00Z") if found["id"] == identity]
    assert (seen["source"], seen["detail-type"]) == ("/shop/orders", "com.example.order")
    assert (seen["time"], seen["resources"]) == ("2026-01-02T03:04:05Z", ["order/7"])
    assert seen["detail"]["total"] == 11
    assert seen["detail"]["cloudevent"]["id"] == "seen"


@pytest.mark.parametrize(
    "body, kind, status",
    [
        ({"specversion": "1.0"}, STRUCTURED, 400),
        (event("x", specversion="0.3"), STRUCTURED, 400),
        ([event("x"), {}], BATCH, 400),
        (event("x"), BATCH, 400),
        (b"{", STRUCTURED, 400),
        (event("x"), "application/json", 415),
        (event("x"), "application/cloudevents+xml", 415),
        (event("x", source="aws.ssm"), STRUCTURED, 403),
        ([event("x")] * 1001, BATCH, 413),
    ],
)
def test_what_is_no_event(bus, body, kind, status):
    answered, _, text = post(bus, "/events", body, {"Content-Type": kind, **bus.admin})
    assert answered == status, text
    assert set(json.loads(text)) == {"code", "message"}


def test_who_may_not_tell_is_refused(bus):
    kind = {"Content-Type": STRUCTURED}
    assert post(bus, "/events", event("a"), kind)[0] == 401
    assert post(bus, "/events", event("a"), {**kind, "Authorization": "Bearer wrong"})[0] == 401
    status, _, text = post(bus, "/events", event("a"), {**kind, **bus.reader})
    assert (status, json.loads(text)["code"]) == (403, "AccessDeniedException")
