"""What an operator's collectors see: the log as JSON, and traces by OTLP."""

import http.server
import json
import queue
import threading

import pytest

import samples
import waiting
from server import Server

SECRET = "hunter2-and-more"


class Collector(http.server.ThreadingHTTPServer):
    """Takes traces as a collector of OpenTelemetry does."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Taking)
        self.taken = queue.SimpleQueue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"

    def texts(self):
        """Returns what came: paths, and all bodies together."""
        paths, bodies = set(), b""
        while not self.taken.empty():
            path, body = self.taken.get()
            paths.add(path)
            bodies += body
        return paths, bodies


class Taking(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.taken.put((self.path, body))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def collector():
    collector = Collector()
    yield collector
    collector.shutdown()
    collector.server_close()


def test_requests_and_steps_are_traced_and_logged_as_json(collector, tmp_path):
    server = Server(tmp_path, "--otlp-endpoint", collector.url, "--log-format", "json")
    try:
        ssm = server.client()
        ssm.put_parameter(Name="/app/secret", Type="SecureString", Value=SECRET)
        ssm.get_parameter(Name="/app/secret", WithDecryption=True)
        ssm.create_document(Name="Read", DocumentType="Automation", DocumentFormat="YAML", Content=samples.READING)
        run = ssm.start_automation_execution(DocumentName="Read")["AutomationExecutionId"]
        assert waiting.ended(ssm, run)["AutomationExecutionStatus"] == "Success"
        with pytest.raises(Exception, match="UnrecognizedClientException"):
            server.client(key=("AKIAUNKNOWN000000000", "nothing")).get_parameter(Name="/app/secret")
    finally:
        code = server.end()
    assert code == 0
    paths, bodies = collector.texts()
    assert paths == {"/v1/traces"}
    for name in (b"runwright", b"PutParameter", b"StartAutomationExecution", b"getParameter", run.encode()):
        assert name in bodies, name
    assert SECRET.encode() not in bodies
    lines = [json.loads(line) for line in (server.directory / "server.log").read_text().splitlines()]
    refused = [line["fields"] for line in lines if line["fields"].get("code") == "UnrecognizedClientException"]
    assert [fields["message"] for fields in refused] == ["a request of nobody"]
    assert "127.0.0.1" in refused[0]["from"]
    assert not any(SECRET in json.dumps(line) or "AKIAUNKNOWN" in json.dumps(line) for line in lines)


def test_a_server_without_its_collector_works(tmp_path):
    server = Server(tmp_path, "--otlp-endpoint", "http://127.0.0.1:1")
    try:
        server.client().put_parameter(Name="/app/a", Type="String", Value="a")
        server.assert_healthy()
    finally:
        code = server.end()
    assert code == 0


def test_what_is_no_collector_is_refused(server):
    refused = server.command("server", "--otlp-endpoint", "collector:4318", code=2)
    assert "http://" in refused["error"]["message"]
