"""What an operator's tools look at without a credential: health, counters, and the description of the routes."""

import json
import re
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

import following
import samples
from answers import refused
from following import Stream
from signed import Request, exchange
from waiting import ended, until

SOURCES = Path(__file__).parents[2] / "engine" / "server" / "src"
ROUTE = re.compile(r'\.route\(\s*"([^"]+)"')
METHODS = ["get", "put", "post", "delete", "patch", "options", "trace"]
SECRET = "hunter2-and-more"


def ask(server, method, path, headers=b""):
    head = f"{method.upper()} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n".encode()
    return exchange(server, head + headers + b"\r\n")


def counters(server):
    """Returns each sample of the counters by its name and labels."""
    reply = ask(server, "get", "/metrics")
    assert reply.status == 200
    assert reply.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    families = list(text_string_to_metric_families(reply.body.decode()))
    for family in families:
        assert family.name.startswith("runwright_")
        assert family.documentation
    found = [sample for family in families for sample in family.samples]
    kept = {(sample.name, frozenset(sample.labels.items())): sample.value for sample in found}
    assert len(kept) == len(found), "a sample stands twice"
    return kept


def count(found, name, **labels):
    return found.get((f"runwright_{name}", frozenset(labels.items())), 0)


@pytest.fixture(scope="module")
def described(server):
    return json.loads(ask(server, "get", "/openapi.json").body)


def test_health_and_readiness(server):
    for path, text in (("/healthz", b"ok\n"), ("/readyz", b"ready\n")):
        reply = ask(server, "get", path)
        assert (reply.status, reply.body) == (200, text)
        assert reply.headers["content-type"].startswith("text/plain")


def test_connections_are_counted(fresh):
    assert count(counters(fresh), "connections") == 1
    with fresh.connect(), fresh.connect():
        until(lambda: count(counters(fresh), "connections"), lambda open: open == 3, "two more connections")


def test_what_fails_before_its_operation_is_counted(serve):
    server = serve("--rate-limit", "1")
    assert Request(server, "PutParameter", b"{").send().code == "SerializationException"
    while Request(server, "DescribeParameters").send().status == 200:
        pass
    found = counters(server)
    assert count(found, "api_calls_total", operation="PutParameter", error="SerializationException") == 1
    assert count(found, "api_calls_total", operation="DescribeParameters", error="ThrottlingException") == 1


def test_streams_tell_how_they_are_refused(described):
    for path, more in (("/events", set()), ("/runs/{id}/events", {"404"})):
        assert set(described["paths"][path]["get"]["responses"]) == {"200", "400", "401", "403", "429"} | more


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/openapi.json"])
def test_pages_need_no_credential_and_take_any(server, path):
    for headers in (b"", b"authorization: Bearer nonsense\r\n", b"authorization: AWS4-HMAC-SHA256\r\n"):
        assert ask(server, "get", path, headers).status == 200
    assert ask(server, "post", path).status == 405
    assert ask(server, "get", path, b"host: evil.example\r\n").status in (400, 421)


def test_calls_are_counted_by_operation_and_outcome(server, ssm, name):
    before = counters(server)
    for number in range(3):
        ssm.put_parameter(Name=f"{name}-{number}", Value="v", Type="String")
    with refused("ParameterAlreadyExists"):
        ssm.put_parameter(Name=f"{name}-0", Value="v", Type="String")
    for _ in range(2):
        with refused("ParameterNotFound"):
            ssm.get_parameter(Name=f"{name}-none")
    after = counters(server)

    def more(counter, **labels):
        return count(after, counter, **labels) - count(before, counter, **labels)

    assert more("api_calls_total", operation="PutParameter", error="") == 3
    assert more("api_calls_total", operation="PutParameter", error="ParameterAlreadyExists") == 1
    assert more("api_calls_total", operation="GetParameter", error="ParameterNotFound") == 2
    assert more("api_calls_total", operation="GetParameter", error="") == 0
    assert more("api_call_duration_seconds_count", operation="PutParameter") == 4
    assert more("api_call_duration_seconds_sum", operation="PutParameter") > 0
    assert more("api_call_duration_seconds_bucket", operation="PutParameter", le="+Inf") == 4


def test_who_may_not_is_counted_as_such(server, name):
    made = server.command("auth", "key", "create", "--user", name)
    client = server.client(key=(made["accessKeyId"], made["secretAccessKey"]))
    before = counters(server)
    with refused("AccessDeniedException"):
        client.describe_parameters()
    labels = {"operation": "DescribeParameters", "error": "AccessDeniedException"}
    after = counters(server)
    assert count(after, "api_calls_total", **labels) - count(before, "api_calls_total", **labels) == 1


def test_requests_of_nobody_are_counted_apart(server):
    before = counters(server)
    assert Request(server, "GetParameter", {"Name": "/a"}, key=("AKIAIOSFODNN7EXAMPLE", "x")).send().status == 400
    with Stream(server, "/events") as stream:
        assert stream.refusal().status == 401
    after = counters(server)
    assert count(after, "api_refused_total") - count(before, "api_refused_total") == 2
    calls = [{key: value for key, value in found.items() if "api_calls" in key[0]} for found in (before, after)]
    assert calls[0] == calls[1]


def test_open_connections_are_counted(server):
    with Stream(server, "/events", following.token(server)):
        before = count(counters(server), "connections")
        opened = [Stream(server, "/events", following.token(server)) for _ in range(3)]
        more = count(counters(server), "connections") - before
        for stream in opened:
            stream.close()
    assert more == 3


def test_counters_tell_no_names_and_no_secrets(server, ssm, name):
    identity, secret = server.credentials
    token = following.token(server, name, "admin")
    ssm.put_parameter(Name=name, Value=SECRET, Type="SecureString", Description="Described.")
    ssm.get_parameter(Name=name, WithDecryption=True)
    run = samples.begin(ssm, f"{name}-run", samples.INSTANT)
    ended(ssm, run)
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=f"{name}-none")
    unknown = Request(server, "Invented", {"Name": name}).send()
    assert unknown.code == "UnknownOperationException"
    Stream(server, f"/runs/{run}/events", token).close()
    text = ask(server, "get", "/metrics").body.decode()
    assert "GetParameter" in text
    for hidden in (name, SECRET, identity, secret, token, run, "administrator", "Described", "Invented", "127.0.0.1"):
        assert hidden not in text, hidden


def test_the_description_is_one_of_openapi(described):
    assert described["openapi"].startswith("3.1.")
    assert described["info"]["title"] == "Runwright"
    kept = json.dumps(described)
    for reference in re.findall(r'"\$ref": "([^"]+)"', kept):
        found = described
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
    schemes = described["components"]["securitySchemes"].keys()
    assert {scheme for asked in described["security"] for scheme in asked} <= schemes
    for path, operations in described["paths"].items():
        named = {parameter["name"] for parameter in parameters(described, operations) if parameter["in"] == "path"}
        assert named == set(re.findall(r"{(\w+)}", path)), path
        for operation in operations.values():
            assert operation["summary"] and operation["responses"]


def parameters(described, operations):
    kept = described["components"]["parameters"]
    for operation in operations.values():
        for parameter in operation.get("parameters", []):
            yield kept[parameter["$ref"].rsplit("/", 1)[1]] if "$ref" in parameter else parameter


def test_each_route_that_is_described_is_there_and_no_method_beside(server, described):
    for path, operations in described["paths"].items():
        there = re.sub(r"{\w+}", "00000000-0000-4000-8000-000000000000", path)
        for method in METHODS:
            status = ask(server, method, there).status
            assert (status == 405) == (method not in operations), (method, path, status)
            assert status != 404, (method, path)


# What is answered to nobody where that is another word.
UNKNOWN = {"/hooks/{name}": "Unverified"}


def code(reply):
    """The code of an error: as SSM has it, or as what SSM has no word for."""
    return json.loads(reply.body).get("code") or reply.code


def test_what_needs_a_credential_is_described_so(server, described):
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            is_open = operation.get("security", described["security"]) == []
            headers = b"content-type: application/x-amz-json-1.1\r\nx-amz-target: AmazonSSM.GetParameter\r\n"
            reply = ask(server, method, path.replace("{id}", "none"), headers)
            assert (reply.status == 200) == is_open, (method, path, reply)
            assert is_open or code(reply) == UNKNOWN.get(path, "MissingAuthenticationTokenException"), (path, reply)


def test_each_route_that_is_there_is_described(described):
    there = {route for path in SOURCES.rglob("*.rs") for route in ROUTE.findall(path.read_text())}
    assert there == described["paths"].keys()


PATHS = ["/runs", "/runs/", "/runs/x", "/runs/x/events/", "/events/", "/events/x", "/metrics/"]
PATHS += ["/healthz/", "/health", "/ready", "/openapi.yaml", "/docs", "/swagger", "/debug/pprof", "/admin", "/api"]
PATHS += ["/.env", "/favicon.ico", "/index.html", "/server.json", "/runwright.db", "/v1", "/console", "/HEALTHZ"]


@pytest.mark.parametrize("path", PATHS)
def test_there_is_nothing_else(server, path):
    for method in ("get", "post"):
        reply = ask(server, method, path)
        assert reply.status == 404, (method, path, reply)
        assert "access-control-allow-origin" not in reply.headers
