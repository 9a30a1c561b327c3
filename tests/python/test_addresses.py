"""Under which names a server is called, and where it says that requests came from."""

import pytest

from answers import refused
from certificates import Files, context, handshake
from signed import Request

NAME = "ssm.example.org"


def source(server, headers):
    """Returns where a request came from, as the audit log has it."""
    request = Request(server, "PutParameter", {"Name": "/a", "Value": "v", "Type": "String", "Overwrite": True})
    request.headers = headers
    reply = request.send()
    assert reply.status == 200, reply
    (kept,) = server.command("audit", "query", "--request-id", reply.headers["x-amzn-requestid"])
    return kept["record"]["sourceIPAddress"]


FORWARDED = [
    ("192.0.2.4", "192.0.2.4"),
    # What the client says stands before what the proxy says.
    ("6.6.6.6, 192.0.2.4", "192.0.2.4"),
    ("2001:db8::1", "2001:db8::1"),
    ("nonsense", "127.0.0.1"),
    ("192.0.2.4, ", "127.0.0.1"),
]


@pytest.mark.parametrize(("forwarded", "address"), FORWARDED)
def test_a_proxy_says_where_a_request_came_from(serve, forwarded, address):
    server = serve("--behind-tls-proxy")
    assert source(server, {}) == "127.0.0.1"
    assert source(server, {"x-forwarded-for": forwarded}) == address


def test_without_a_proxy_nobody_says_where_a_request_came_from(server):
    for header in ("x-forwarded-for", "forwarded", "x-real-ip"):
        assert source(server, {header: "192.0.2.4"}) == "127.0.0.1"


def test_policies_see_what_the_proxy_says(serve):
    server = serve("--behind-tls-proxy")
    policy = server.data / "policies" / "addresses.cedar"
    policy.write_text(
        '@id("elsewhere") forbid (principal, action, resource)\n'
        'when { context has sourceAddress && context.sourceAddress.isInRange(ip("192.0.2.0/24")) };\n'
    )
    server.restart(kill=False)
    asked = {"Name": "/a", "Value": "v", "Type": "String"}
    denied = Request(server, "PutParameter", asked, headers={"x-forwarded-for": "10.0.0.1, 192.0.2.4"}).send()
    assert denied.code == "AccessDeniedException", denied
    allowed = Request(server, "PutParameter", asked, headers={"x-forwarded-for": "192.0.2.4, 10.0.0.1"}).send()
    assert allowed.status == 200, allowed


def test_names_that_were_given_are_answered(serve):
    server = serve("--host-name", NAME, "--host-name", "Other.Example.org")
    for host in (NAME, f"{NAME}:443", NAME.upper(), f"{NAME}.", "other.example.org", "localhost", "127.0.0.1", "[::1]"):
        assert Request(server, "DescribeParameters", host=host).send().status == 200, host
    for host in ("example.org", f"x.{NAME}", f"{NAME}.evil.example", f"{NAME}:x"):
        assert Request(server, "DescribeParameters", host=host).send().status == 421, host


def test_the_first_name_is_where_it_says_that_it_is(serve, tmp_path):
    files = Files(tmp_path / "certificates")
    files.issue(NAME)
    server = serve("--host-name", NAME, *files.arguments, authority=str(files.authority))
    host, port = server.address
    assert server.url == f"https://{NAME}:{port}"
    assert host == NAME
    # The name leads nowhere here: the address is used, as a resolver would.
    server.url = f"https://127.0.0.1:{port}"
    asked = f"GET /healthz HTTP/1.1\r\nhost: {NAME}\r\n\r\n".encode()
    assert handshake(server, context(files.authority), asked).status == 200
    with refused("ParameterNotFound"):
        server.client().get_parameter(Name="/a")
