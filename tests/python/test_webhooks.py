"""Webhooks: what is taken, what it starts, and what is refused."""

import json
import urllib.error

import pytest

import posting
import samples
from posting import bearer, delivered, post
from server import Server
from waiting import ended, until

RULES = """\
webhooks:
  - name: alertmanager
    verify: { scheme: bearer, secret: /hooks/alertmanager }
    event: { source: prometheus, detailType: Alert, each: $.alerts, id: [$.fingerprint, $.status] }
  - name: plain
    verify: { scheme: bearer, secret: [/hooks/plain, /hooks/alertmanager] }
  - name: off
    enabled: false
    verify: { scheme: bearer, secret: /hooks/alertmanager }
  - name: lost
    verify: { scheme: bearer, secret: /hooks/there-is-none }
rules:
  - name: disk-almost-full
    match: { source: [prometheus], detail: { labels: { alertname: [DiskFull] }, status: [firing] } }
    start: { runbook: CleanDisk, parameters: { Node: $.detail.labels.instance, Percent: "90" } }
  - name: any-plain
    match: { source: [webhook.plain] }
    start: { runbook: Instant }
  - name: broken
    match: { source: [webhook.plain], detail: { breaks: [true] } }
    start: { runbook: ThereIsNone }
"""



@pytest.fixture(scope="module")
def hooked(tmp_path_factory):
    directory = tmp_path_factory.mktemp("hooked")
    posting.write(directory / "rules", "hooks", RULES)
    server = Server(directory, "--rules", str(directory / "rules"))
    ssm = server.client()
    posting.secret(ssm, "/hooks/alertmanager")
    posting.secret(ssm, "/hooks/plain", "the-newer-secret")
    samples.runbook(ssm, "Instant", samples.INSTANT)
    text = samples.INSTANT.replace(
        "mainSteps", "parameters: { Node: { type: String }, Percent: { type: String } }\nmainSteps"
    )
    samples.runbook(ssm, "CleanDisk", text)
    yield server
    assert server.end() == 0, server.log()


def alert(fingerprint, status="firing", name="DiskFull", instance="db-1"):
    labels = {"alertname": name, "instance": instance}
    return {"status": status, "labels": labels, "fingerprint": fingerprint, "startsAt": "2026-01-01T00:00:00Z"}


def test_each_alert_is_an_event_and_starts_its_run(hooked):
    ssm = hooked.client()
    body = {"version": "4", "alerts": [alert("a"), alert("b", instance="db-2"), alert("c", "resolved")]}
    accepted = delivered(hooked, "alertmanager", body)
    assert accepted["duplicate"] is False
    assert (len(accepted["eventIds"]), len(accepted["executionIds"])) == (3, 2)
    runs = [ended(ssm, run) for run in accepted["executionIds"]]
    assert [run["AutomationExecutionStatus"] for run in runs] == ["Success", "Success"]
    assert [run["Parameters"]["Node"] for run in runs] == [["db-1"], ["db-2"]]
    assert [run["Parameters"]["Percent"] for run in runs] == [["90"], ["90"]]
    assert all(run["ExecutedBy"].endswith(":role/operator") for run in runs)


def test_a_delivery_that_comes_again_is_answered_as_it_was(hooked):
    body = {"alerts": [alert("again")]}
    first = delivered(hooked, "alertmanager", body)
    again = delivered(hooked, "alertmanager", body)
    assert again == {**first, "duplicate": True}
    # One alert of two is new.
    both = delivered(hooked, "alertmanager", {"alerts": [alert("again"), alert("new")]})
    assert both["duplicate"] is False
    assert both["eventIds"][0] == first["eventIds"][0]
    assert len(both["executionIds"]) == 2


def test_without_an_id_the_body_tells_deliveries_apart(hooked):
    first = delivered(hooked, "plain", {"number": 1}, bearer("the-newer-secret"))
    # The older secret is good too.
    again = delivered(hooked, "plain", {"number": 1}, bearer())
    other = delivered(hooked, "plain", {"number": 2})
    assert again == {**first, "duplicate": True}
    assert other["duplicate"] is False
    assert other["executionIds"] != first["executionIds"]


def test_who_is_not_the_sender_learns_nothing(hooked):
    body = {"alerts": []}
    refused = [
        post(hooked, "/hooks/alertmanager", body, bearer("wrong")),
        post(hooked, "/hooks/alertmanager", body),
        post(hooked, "/hooks/alertmanager", b"no json", bearer("wrong")),
        post(hooked, "/hooks/alertmanager", body, {**bearer("wrong"), "Content-Type": "text/plain"}),
        post(hooked, "/hooks/nothing", body, bearer()),
        post(hooked, "/hooks/" + "x" * 3000, body, bearer()),
        post(hooked, "/hooks/%2e%2e%2f", body, bearer()),
        post(hooked, "/hooks/off", body, bearer()),
        post(hooked, "/hooks/lost", body, bearer()),
    ]
    assert {(status, text) for status, _, text in refused} == {
        (401, '{"code":"Unverified","message":"the webhook is not accepted"}')
    }
    names = [sorted(name.lower() for name in headers.keys()) for _, headers, _ in refused]
    assert all(one == names[0] for one in names)


@pytest.mark.parametrize(
    "body, headers, status, code",
    [
        (b"{", {}, 400, "MalformedBody"),
        (b"", {}, 400, "MalformedBody"),
        (b"[" * 10_000, {}, 400, "MalformedBody"),
        (b'{"alerts": []}', {"Content-Type": "text/plain"}, 415, "UnsupportedMediaType"),
        (b'{"alerts": []}', {"Content-Type": None}, 415, "UnsupportedMediaType"),
        (b"{}", {}, 422, "UnexpectedShape"),
        (b'{"alerts": ' + b"[" * 70 + b"]" * 70 + b"}", {}, 422, "UnexpectedShape"),
        (b'{"alerts": 1}', {}, 422, "UnexpectedShape"),
        (b'{"alerts": [{"status": "firing"}]}', {}, 422, "UnexpectedShape"),
        (b'{"alerts": [' + b"{}," * 1000 + b"{}]}", {}, 422, "UnexpectedShape"),
        (b'"' + b"x" * (1 << 20) + b'"', {}, 413, "RequestEntityTooLargeException"),
    ],
)
def test_a_body_that_is_not_as_it_must_be(hooked, body, headers, status, code):
    answered, _, text = post(hooked, "/hooks/alertmanager", body, {**bearer(), **headers})
    assert (answered, json.loads(text)["code"]) == (status, code), text


def test_a_form_is_taken_too(hooked):
    form = {"Content-Type": "application/x-www-form-urlencoded", **bearer()}
    accepted = delivered(hooked, "plain", b"command=%2Fdeploy&text=web", form)
    payload = delivered(hooked, "plain", b"payload=%7B%22a%22%3A1%7D", form)
    events = hooked.command("events", "tail", "-n", "100")
    details = {event["id"]: event["detail"] for event in events}
    assert details[accepted["eventIds"][0]] == {"command": "/deploy", "text": "web"}
    assert details[payload["eventIds"][0]] == {"a": 1}


def test_other_methods_are_none(hooked):
    with pytest.raises(urllib.error.HTTPError) as refused:
        hooked.get("/hooks/alertmanager")
    with refused.value as answer:
        assert answer.code == 405


def test_what_cannot_be_started_is_a_dead_letter_that_can_be_tried_again(hooked):
    accepted = delivered(hooked, "plain", {"breaks": True})
    # The other rule has started its run all the same.
    assert len(accepted["executionIds"]) == 1
    dead = hooked.command("rules", "matches", "--rule", "broken")
    [letter] = [letter for letter in dead if letter["eventId"] == accepted["eventIds"][0]]
    assert letter["status"] == "Dead"
    assert letter["reason"].startswith("AutomationDefinitionNotFoundException: ")
    assert letter["event"]["detail"] == {"breaks": True}
    samples.runbook(hooked.client(), "ThereIsNone", samples.INSTANT)
    assert hooked.command("rules", "retry", str(letter["id"])) == {"matches": 1}

    def of_letter():
        found = hooked.command("rules", "matches", "--rule", "broken")
        return next(found for found in found if found["id"] == letter["id"])

    done = until(of_letter, lambda found: found["status"] == "Done", "the letter to be acted upon")
    assert ended(hooked.client(), done["result"])["AutomationExecutionStatus"] == "Success"
    # There is nothing more to try again.
    hooked.command("rules", "retry", str(letter["id"]), code=2)


def test_a_secret_that_was_changed_holds_at_once(hooked):
    ssm = hooked.client()
    body = {"alerts": [alert("rotated")]}
    posting.secret(ssm, "/hooks/alertmanager", "another-secret-for-a-moment")
    try:
        until(
            lambda: post(hooked, "/hooks/alertmanager", body, bearer("another-secret-for-a-moment"))[0],
            lambda status: status == 202,
            "the new secret to be good",
        )
    finally:
        posting.secret(ssm, "/hooks/alertmanager")
    until(lambda: post(hooked, "/hooks/alertmanager", body)[0], lambda status: status == 401, "a refusal")
    until(lambda: post(hooked, "/hooks/alertmanager", body, bearer())[0], lambda status: status == 202, "the old one")
