"""TLS, with certificates of the server and of its clients."""

import ssl

import pytest
import trustme
from botocore.exceptions import SSLError

import following
from answers import refused
from certificates import Files, context, handshake
from server import Server
from signed import Request


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return Files(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def server(files, tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"), *files.arguments, authority=str(files.authority))
    yield server
    code = server.end()
    assert code == 0, f"the server ended with {code}: {server.log()}"


@pytest.fixture(scope="module")
def guarded(files, tmp_path_factory):
    """A server whose clients need a certificate."""
    arguments = (*files.arguments, "--tls-client-ca", str(files.authority))
    server = Server(tmp_path_factory.mktemp("guarded"), *arguments, authority=str(files.authority))
    yield server
    code = server.end()
    assert code == 0, f"the server ended with {code}: {server.log()}"


def test_clients_that_know_the_authority_are_served(server, name):
    assert server.url.startswith("https://127.0.0.1:")
    ssm = server.client()
    assert ssm.put_parameter(Name=name, Value="v", Type="String")["Version"] == 1
    assert ssm.get_parameter(Name=name)["Parameter"]["Value"] == "v"
    assert server.client("sts").get_caller_identity()["Arn"].endswith("user/administrator")
    server.assert_healthy()


def test_clients_that_know_another_authority_do_not_talk(server, tmp_path):
    other = Files(tmp_path)
    server_known, server.authority = server.authority, str(other.authority)
    try:
        with pytest.raises(SSLError):
            server.client().describe_parameters()
    finally:
        server.authority = server_known
    server.assert_healthy()


def test_nothing_is_answered_in_clear(server, ssm, name):
    put = Request(server, "PutParameter", {"Name": name, "Value": "v", "Type": "String"})
    for data in (put.bytes(), b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"):
        with server.connect() as connection:
            connection.sendall(data)
            try:
                answer = connection.recv(65_536)
            except ConnectionResetError:
                answer = b""
        assert b"HTTP" not in answer
    with refused("ParameterNotFound"):
        ssm.get_parameter(Name=name)


def test_old_versions_of_tls_are_refused(server, files):
    for newest, accepted in ((ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
        made = context(files.authority)
        made.minimum_version = made.maximum_version = newest
        assert (handshake(server, made).status == 200) == accepted
    old = context(files.authority)
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        handshake(server, old)


def test_streams_go_over_tls_too(server, files, name):
    token = following.token(server)
    head = f"GET /events HTTP/1.1\r\nhost: {server.host}\r\nauthorization: Bearer {token}\r\n\r\n"
    with server.connect() as plain, context(files.authority).wrap_socket(plain, server_hostname="localhost") as secure:
        secure.sendall(head.encode())
        received = secure.recv(65_536)
        assert b"text/event-stream" in received
        server.client().put_parameter(Name=name, Value="v", Type="String")
        while name.encode() not in received:
            more = secure.recv(65_536)
            assert more, received
            received += more


def test_who_has_a_certificate_is_served(guarded, files, name):
    client = guarded.client(client_cert=files.client("alice"))
    assert client.put_parameter(Name=name, Value="v", Type="String")["Version"] == 1
    assert handshake(guarded, context(files.authority, files.client("bob"))).status == 200


def test_a_certificate_is_no_credential(guarded, files):
    client = guarded.client(key=("AKIAIOSFODNN7EXAMPLE", "x" * 40), client_cert=files.client("mallory"))
    with refused("UnrecognizedClientException"):
        client.describe_parameters()


def test_who_has_no_certificate_is_refused(guarded, files, tmp_path):
    strangers = Files(tmp_path / "strangers")
    made = trustme.CA().issue_cert("127.0.0.1")
    own = tmp_path / "own.pem"
    own.write_bytes(made.private_key_and_cert_chain_pem.bytes())
    for client in (None, strangers.client("eve"), str(own)):
        for path in (b"/", b"/healthz", b"/metrics", b"/events"):
            data = b"GET " + path + b" HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
            with pytest.raises((ssl.SSLError, ConnectionResetError, BrokenPipeError)):
                handshake(guarded, context(files.authority, client), data)
    with pytest.raises(Exception, match="(?i)ssl|certificate|connection"):
        guarded.client().describe_parameters()
    assert handshake(guarded, context(files.authority, files.client("carol"))).status == 200
