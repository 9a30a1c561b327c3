"""Posting to webhooks, and the rule files of tests."""

import http.client
import json
import urllib.parse

SECRET = "a-secret-that-is-long-enough"


def post(server, path, body, headers=None, timeout=30):
    """Posts and returns status, headers and text. A body that is no bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Content-Type": "application/json", **(headers or {})}
    parts = urllib.parse.urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    try:
        connection.request("POST", path, content, {name: value for name, value in given.items() if value is not None})
        with connection.getresponse() as answer:
            return answer.status, answer.headers, answer.read().decode()
    finally:
        connection.close()


def bearer(secret=SECRET):
    return {"Authorization": f"Bearer {secret}"}


def delivered(server, hook, body, headers=None):
    """Posts a delivery that must be taken, and returns what is answered."""
    status, answered, text = post(server, f"/hooks/{hook}", body, headers or bearer())
    assert status == 202, (status, text)
    assert answered["Content-Type"] == "application/json"
    accepted = json.loads(text)
    assert set(accepted) == {"executionIds", "eventIds", "duplicate"}, accepted
    runs = accepted["executionIds"]
    assert answered.get("Location") == (f"/runs/{runs[0]}/events" if runs else None)
    return accepted


def write(directory, name, text):
    """Writes a rule file as editors do: all of it at once."""
    directory.mkdir(exist_ok=True)
    written = directory / f".{name}.new"
    written.write_text(text)
    written.rename(directory / f"{name}.yaml")


def secret(ssm, name, text=SECRET):
    ssm.put_parameter(Name=name, Value=text, Type="SecureString", Overwrite=True)
