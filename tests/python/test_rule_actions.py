"""What rules do beside starting runs: commands to nodes, and webhooks of somebody else."""

import http.server
import json
import threading

import pytest
import standardwebhooks

import posting
from server import Server
from signers import WHSEC
from waiting import until

RULES = """\
rules:
  - name: called
    match: {{ source: [shop], detail-type: [Call] }}
    call: {{ url: "http://127.0.0.1:{port}/told", secret: /out/secret, body: {{ what: $.detail.what, id: $.id }} }}
  - name: whole
    match: {{ source: [shop], detail-type: [Whole] }}
    call: {{ url: "http://127.0.0.1:{port}/whole", secret: /out/secret }}
  - name: refused
    match: {{ source: [shop], detail-type: [Refused] }}
    call: {{ url: "http://127.0.0.1:{port}/gone", secret: /out/secret }}
  - name: later
    match: {{ source: [shop], detail-type: [Later] }}
    call: {{ url: "http://127.0.0.1:{port}/later", secret: /out/secret }}
  - name: unreachable
    match: {{ source: [shop], detail-type: [Unreachable] }}
    call: {{ url: "http://127.0.0.1:1/", secret: /out/secret }}
    retry: {{ maxAttempts: 2 }}
  - name: sent
    match: {{ source: [shop], detail-type: [Send] }}
    send:
      document: AWS-RunShellScript
      nodes: $.detail.node
      parameters: {{ commands: ["echo told"] }}
"""


class Receiver(http.server.ThreadingHTTPServer):
    """Takes webhooks, and answers each path as it must."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.received = []
        self.statuses = {"/gone": [410], "/later": [503, 202]}

    def of(self, path):
        return [request for request in self.received if request[0] == path]


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.server.received.append((self.path, headers, body))
        statuses = self.server.statuses.get(self.path, [204])
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Says nothing."""


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    thread = threading.Thread(target=receiver.serve_forever)
    thread.start()
    yield receiver
    receiver.shutdown()
    thread.join()
    receiver.server_close()


@pytest.fixture(scope="module")
def acting(tmp_path_factory, receiver):
    directory = tmp_path_factory.mktemp("acting")
    posting.write(directory / "rules", "rules", RULES.format(port=receiver.server_port))
    server = Server(directory, "--rules", str(directory / "rules"))
    posting.secret(server.client(), "/out/secret", WHSEC)
    yield server
    assert server.end() == 0, server.log()


def send(server, kind, **detail):
    sent = server.command("events", "send", "--source", "shop", "--detail-type", kind, "--detail", json.dumps(detail))
    return sent["eventIds"][0]


def match(server, rule):
    found = server.command("rules", "matches", "--rule", rule)
    return found[0] if found else None


def settled(server, rule):
    return until(lambda: match(server, rule), lambda found: found and found["status"] in ("Done", "Dead"), rule)


def test_a_webhook_is_called_as_the_standard_says(acting, receiver):
    identity = send(acting, "Call", what="disk")
    assert settled(acting, "called")["status"] == "Done"
    [(_, headers, body)] = receiver.of("/told")
    # The library of the standard accepts it.
    told = standardwebhooks.Webhook(WHSEC).verify(body.decode(), headers)
    assert told == {"what": "disk", "id": identity}
    assert headers["content-type"] == "application/json"


def test_without_a_body_the_whole_event_is_told(acting, receiver):
    identity = send(acting, "Whole")
    assert settled(acting, "whole")["result"].startswith("204 match_")
    [(_, headers, body)] = receiver.of("/whole")
    told = standardwebhooks.Webhook(WHSEC).verify(body.decode(), headers)
    assert (told["id"], told["source"], told["detail-type"]) == (identity, "shop", "Whole")


def test_what_is_refused_for_good_is_dead(acting, receiver):
    send(acting, "Refused")
    found = settled(acting, "refused")
    assert (found["status"], found["attempts"]) == ("Dead", 1)
    assert found["reason"] == "WebhookRefused: the other side answered 410"


def test_what_may_pass_is_tried_again_with_the_same_id(acting, receiver):
    send(acting, "Later")
    found = settled(acting, "later")
    assert (found["status"], found["attempts"]) == ("Done", 2)
    first, second = receiver.of("/later")
    assert first[1]["webhook-id"] == second[1]["webhook-id"]


def test_what_cannot_be_reached_is_dead_after_its_attempts(acting):
    send(acting, "Unreachable")
    found = settled(acting, "unreachable")
    assert (found["status"], found["attempts"]) == ("Dead", 2)
    assert found["reason"].startswith("WebhookUnreachable: ")


def test_a_command_is_sent(acting):
    node = (acting.data / "agent" / "node-id").read_text().strip()
    send(acting, "Send", node=node)
    found = settled(acting, "sent")
    assert found["status"] == "Done", found
    assert len(found["result"]) == 36
    # A node that is not there is the sender's mistake.
    send(acting, "Send", node="mi-00000000000000000")
    until(lambda: match(acting, "sent"), lambda found: found["status"] == "Dead", "the refusal")
