"""Streams of server-sent events, read as a client of the server reads them."""

import http.client
import json
from dataclasses import dataclass

from signed import Reply

SECONDS = 30


@dataclass
class Sent:
    """A server-sent event: its id, its name, and the event of EventBridge that it carries."""

    cursor: str
    kind: str
    event: dict

    @property
    def id(self):
        return self.event["id"]

    @property
    def detail(self):
        return self.event["detail"]


class Stream:
    """A stream that is open, or the reply with which it was refused."""

    def __init__(self, server, path, token=None, last=None, headers=()):
        host, port = server.address
        self.connection = http.client.HTTPConnection(host, port, timeout=SECONDS)
        headers = dict(headers)
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        if last is not None:
            headers["last-event-id"] = last
        self.connection.request("GET", path, headers=headers)
        self.answer = self.connection.getresponse()
        self.received = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.answer.close()
        self.connection.close()

    def __iter__(self):
        while (sent := self.next()) is not None:
            yield sent

    def next(self):
        """Waits for the next event; returns nothing once the server has ended the stream in order."""
        fields = {}
        while (line := self.line()) is not None:
            if not line and fields:
                return Sent(fields["id"], fields["event"], json.loads(fields["data"]))
            name, colon, value = line.partition(":")
            # A line that begins with a colon says only that the stream lives.
            if name and colon:
                assert name not in fields, f"{name} comes twice in an event: {line}"
                fields[name] = value.removeprefix(" ")
        assert not fields, f"the stream ends within an event: {fields}"
        return None

    def line(self):
        """Returns a line without its end, or nothing after the last chunk, before which an end is an error."""
        while b"\n" not in self.received:
            # Unlike readline, this tells the last chunk from a connection that broke off.
            received = self.answer.read1()
            if not received:
                assert not self.received, self.received
                return None
            self.received += received
        line, _, self.received = self.received.partition(b"\n")
        return line.decode().removesuffix("\r")

    def take(self, count):
        found = []
        while len(found) < count:
            sent = self.next()
            assert sent is not None, f"the stream ended after {len(found)} of {count} events"
            found.append(sent)
        return found

    def until(self, holds):
        """Reads up to the first event that is looked for, which is the last of what is returned."""
        found = self.take(1)
        while not holds(found[-1]):
            found += self.take(1)
        return found

    def refusal(self):
        """Returns the reply that came instead of a stream."""
        headers = {name.lower(): value for name, value in self.answer.getheaders()}
        return Reply(self.answer.status, headers, self.answer.read())


def token(server, user="administrator", *roles):
    """Returns a token of a user, who is given the roles, if any."""
    given = [argument for role in roles for argument in ("--role", role)]
    return server.command("auth", "token", "create", "--user", user, *given)["token"]


def of_runs(found, wanted):
    """Returns the events of runs or all others: each has its own order, whenever they are read."""
    return [sent.event for sent in found if ("ExecutionId" in sent.detail) == wanted]
