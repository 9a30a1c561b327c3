"""Requests that want to break something: each is answered with an error, and changes nothing."""

import json
import socket
import struct
import threading

import pytest

from answers import refused
from signed import TYPE, Request, exchange, read

BAD = "SerializationException ValidationException"


@pytest.fixture(autouse=True)
def still_healthy(server, ssm):
    before = ssm.describe_parameters()["Parameters"]
    yield
    server.assert_healthy()
    assert ssm.describe_parameters()["Parameters"] == before


def ask(server, body, operation="PutParameter", **more):
    return Request(server, operation, body, **more).send()


def assert_error(reply, codes=BAD, status=(400,)):
    assert reply.status in status, reply
    assert reply.code in codes.split(), reply
    assert reply.headers["content-type"] == TYPE
    assert reply.headers["x-amzn-requestid"]


PUT = '"Name": "hostile", "Value": "v", "Type": "String"'


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "}",
        "nonsense",
        "[]",
        '"text"',
        "null",
        "1",
        "{" + PUT + ",}",
        "{" + PUT + "} {}",
        "{" + PUT + "}\x00",
        "{'Name': 'x'}",
        "{" + PUT + ', "Overwrite": tru}',
        "{" + PUT + ', "Name": "other"}',
        "{" + PUT + ', "Tags": [{"Key": "a", "Key": "b", "Value": "v"}]}',
        "{" + PUT + ', "Unknown": 1}',
        "{" + PUT + ', "name": "lower"}',
        '{"Name": 1, "Value": "v", "Type": "String"}',
        '{"Name": ["hostile"], "Value": "v", "Type": "String"}',
        '{"Name": {"a": "b"}, "Value": "v", "Type": "String"}',
        '{"Name": null, "Value": "v", "Type": "String"}',
        "{" + PUT + ', "Overwrite": "true"}',
        "{" + PUT + ', "Tags": {"Key": "a"}}',
        "{" + PUT + ', "Tags": [null]}',
        '{"Name": "hostile", "Value": "\\ud800", "Type": "String"}',
        '{"Name": "hostile", "Value": "a\nb", "Type": "String"}',
        '{"Name": "hostile", "Value": NaN, "Type": "String"}',
        '{"Name": "hostile", "Value": 1e999, "Type": "String"}',
        "",
    ],
)
def test_bodies_that_are_no_requests(server, body):
    assert_error(ask(server, body.encode()))


@pytest.mark.parametrize("depth", [40, 1_000, 100_000])
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_deep_bodies(server, depth, opening):
    closing = "]" if opening == "[" else "}"
    for body in (opening * depth, opening * depth + "1" + closing * depth):
        assert_error(ask(server, body.encode()))
        assert_error(ask(server, f'{{{PUT}, "Tags": {body}}}'.encode()))


@pytest.mark.parametrize(
    "body", [b'{"Name": "\xff\xfe"}', b'{"Name": "\xc0\xaf"}', b"\xef\xbb\xbf{}", b'{"N\xed\xa0\x80": 1}']
)
def test_bodies_that_are_not_utf8(server, body):
    assert_error(ask(server, body))


def test_great_bodies(server):
    limit = 2 << 20
    for size in (limit + 1, 8 << 20):
        reply = ask(server, b'{"Name": "' + b"x" * size + b'"}')
        assert_error(reply, "RequestEntityTooLargeException", (413,))
    assert_error(ask(server, b'{"Name": "' + b"x" * (limit - 100) + b'"}'))


def test_great_bodies_are_refused_before_they_come(server):
    request = Request(server, "PutParameter", b"")
    head = request.bytes(request.sign(), length=False).replace(b"\r\n\r\n", b"\r\ncontent-length: 99999999999\r\n\r\n")
    assert exchange(server, head).status in (400, 413)


def test_great_bodies_in_chunks(server):
    request = Request(server, "PutParameter", b"")
    head = request.bytes(request.sign(), length=False).replace(b"\r\n\r\n", b"\r\ntransfer-encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    reply = exchange(server, head + chunk * 40 + b"0\r\n\r\n")
    assert_error(reply, "RequestEntityTooLargeException", (413,))


@pytest.mark.parametrize(
    "target",
    [
        "AmazonSSM.",
        "AmazonSSM.DoesNotExist",
        "AmazonSSM.putParameter",
        "AmazonSSM.PutParameter ",
        "amazonssm.PutParameter",
        "PutParameter",
        "AmazonEC2.PutParameter",
        "AmazonSSM.PutParameter.PutParameter",
        "AmazonSSM/PutParameter",
        "AmazonSSM.../../etc/passwd",
        "x" * 4000,
    ],
)
def test_targets_that_are_none(server, target):
    reply = Request(server, "PutParameter", f"{{{PUT}}}".encode(), target=target).send()
    if target == "AmazonSSM.PutParameter ":
        # White space around a header's value is none of it.
        assert reply.status == 200
        Request(server, "DeleteParameter", {"Name": "hostile"}).send()
        return
    assert_error(reply, "UnknownOperationException", (400, 404))


def test_no_target(server):
    assert_error(Request(server, None, f"{{{PUT}}}".encode()).send(), "UnknownOperationException", (400, 404))


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/xml", "multipart/form-data", "application/x-amz-json-1.1, text/plain", ""]
)
def test_content_types_that_are_none(server, kind):
    assert_error(ask(server, f"{{{PUT}}}".encode(), kind=kind), f"{BAD} UnknownOperationException", (400, 404, 415))


def test_a_charset_may_be_said(server):
    reply = ask(server, {"Name": "none"}, "GetParameter", kind=f"{TYPE}; charset=utf-8")
    assert reply.code == "ParameterNotFound"


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br", "aws-chunked"])
def test_compressed_bodies(server, encoding):
    reply = ask(server, f"{{{PUT}}}".encode(), headers={"content-encoding": encoding})
    assert_error(reply, BAD, (400, 415))


@pytest.mark.parametrize(
    "line",
    [
        "x-amz-target: AmazonSSM.PutParameter",
        "X-AMZ-TARGET: AmazonSSM.DeleteParameter",
        "host: 127.0.0.1",
        "x-amz-date: 20260101T000000Z",
        "content-type: text/plain",
        "authorization: Bearer x",
        "x-amz-security-token: x",
        "x-amz-content-sha256: UNSIGNED-PAYLOAD",
        "x-amz-invented: 1",
        "content-length: 0",
        "content-length: 5",
        "transfer-encoding: chunked",
        "transfer-encoding: identity",
        "bad header: x",
        "bad\x01: x",
        ": x",
        " folded: x",
    ],
)
def test_headers_more_than_were_signed(server, line):
    request = Request(server, "PutParameter", f"{{{PUT}}}".encode())
    head, body = request.bytes().split(b"\r\n\r\n", 1)
    for data in (
        head + b"\r\n" + line.encode() + b"\r\n\r\n" + body,
        head.replace(b"\r\n", b"\r\n" + line.encode() + b"\r\n", 1) + b"\r\n\r\n" + body,
    ):
        reply = exchange(server, data)
        assert 400 <= reply.status < 500, (line, reply)


def test_a_second_request_cannot_hide_in_a_body(server):
    """A length and chunks at once, as smuggling does: what follows must not be taken as a request of its own."""
    inner = Request(server, "PutParameter", f"{{{PUT}}}".encode()).bytes()
    outer = Request(server, "GetParameter", b"0\r\n\r\n" + inner)
    head, body = outer.bytes().split(b"\r\n\r\n", 1)
    data = head + b"\r\ntransfer-encoding: chunked\r\n\r\n" + body
    with server.connect() as connection:
        connection.sendall(data)
        assert 400 <= read(connection).status < 500
        connection.settimeout(5)
        try:
            rest = connection.recv(65_536)
        except (TimeoutError, ConnectionResetError):
            rest = b""
        assert b" 200 " not in rest


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil:80", "evil@127.0.0.1", "a b"]
)
def test_hosts_that_are_not_ours(server, host):
    reply = Request(server, "PutParameter", f"{{{PUT}}}".encode(), host=host).send()
    assert reply.status in ((421, 400) if host in ("a b", "evil@127.0.0.1") else (421,)), reply


def test_no_host_and_two(server):
    request = Request(server, "PutParameter", f"{{{PUT}}}".encode())
    data = request.bytes()
    start = data.index(b"host: ")
    end = data.index(b"\r\n", start) + 2
    assert exchange(server, data[:start] + data[end:]).status in (400, 421)
    assert exchange(server, data[:start] + data[start:end] * 2 + data[end:]).status in (400, 421)
    absolute = data.replace(b"POST / ", b"POST http://evil.example/ ", 1)
    assert exchange(server, absolute).status in (400, 421)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "CONNECT"])
def test_other_methods(server, method):
    reply = Request(server, "PutParameter", f"{{{PUT}}}".encode(), method=method).send()
    assert reply.status in (400, 404, 405, 421), reply
    assert "access-control-allow-origin" not in reply.headers


@pytest.mark.parametrize("path", ["//", "/x", "/../", "/%2e%2e/etc/passwd", "/administrator.credentials", "/?a=b"])
def test_other_paths(server, path):
    path, _, query = path.partition("?")
    reply = Request(server, "PutParameter", f"{{{PUT}}}".encode(), path=path, query=query).send()
    assert reply.status in (400, 404), reply


@pytest.mark.parametrize(
    "data",
    [
        b"\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1e3\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nhost: 127.0.0.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x00" * 1000,
        b"POST / HTTP/1.1\r\n" + b"a: b\r\n" * 500 + b"\r\n",
        b"POST / HTTP/1.1\r\na: " + b"x" * 100_000 + b"\r\n\r\n",
        b"POST /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_bytes_that_are_no_http(server, data):
    with server.connect(10) as connection:
        try:
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65_536)
        except (ConnectionResetError, BrokenPipeError):
            answer = b""
        assert not answer or answer.startswith(b"HTTP/1.") and answer.split()[1].startswith((b"4", b"5")), answer


def test_connections_that_break_off(server):
    data = Request(server, "PutParameter", f"{{{PUT}}}".encode()).bytes()
    for cut in range(1, len(data), 37):
        with server.connect() as connection:
            connection.sendall(data[:cut])
            # Reset instead of closed.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def test_slow_bodies_do_not_keep_others_out(server, ssm):
    """Hundreds of requests whose bodies do not come, while another client is answered."""
    request = Request(server, "PutParameter", f"{{{PUT}}}".encode())
    data = request.bytes()
    waiting = []
    try:
        for _ in range(300):
            connection = server.connect()
            connection.sendall(data[:-5])
            waiting.append(connection)
        with refused("ParameterNotFound"):
            ssm.get_parameter(Name="none")
        server.assert_healthy()
    finally:
        for connection in waiting:
            connection.close()


def test_a_body_that_never_comes_is_given_up(server):
    data = Request(server, "PutParameter", f"{{{PUT}}}".encode()).bytes()
    with server.connect(50) as connection:
        connection.sendall(data[:-5])
        assert read(connection).status == 408


@pytest.mark.parametrize(
    "text",
    [
        "'; DROP TABLE parameters; --",
        "<script>alert(1)</script>",
        "\x1b[31mred",
        "%00",
        "${jndi:ldap://x}",
        "{{ 7*7 }}",
        "../../x",
    ],
)
def test_texts_that_want_to_be_run(server, unchecked, text):
    for request in ({"Name": text}, {"Name": "/a", "WithDecryption": text}, {"Name": f"x:{text}"}):
        reply = ask(server, json.dumps(request).encode(), "GetParameter")
        assert_error(reply, f"{BAD} ParameterNotFound ParameterVersionNotFound")
    assert_error(ask(server, {"Key": text}, "DescribeParameters"))
    reply = ask(server, {"ParameterFilters": [{"Key": "Name", "Values": [text]}]}, "DescribeParameters")
    assert reply.status == 200 and reply.json["Parameters"] == [] or reply.code in BAD.split()


def test_many_bad_requests_at_once(server):
    errors = []

    def work(number):
        try:
            for _ in range(5):
                assert_error(ask(server, b"[" * (1000 + number)))
        except Exception as error:  # noqa: BLE001
            errors.append(error)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(32)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not errors, errors[:3]


def test_pages_for_operators_tell_no_secrets(server):
    identity, secret = server.credentials
    for path in ("/healthz", "/readyz", "/metrics"):
        status, text = server.get(path)
        assert status == 200
        assert secret not in text and identity not in text
