"""Certificates that are replaced while the server runs."""

import ssl

import pytest

from certificates import Files, context, handshake, presented
from signed import read
from waiting import until


@pytest.fixture
def files(tmp_path):
    return Files(tmp_path / "certificates")


@pytest.fixture
def secure(serve, files):
    """Starts servers with the files' certificate."""
    return lambda *arguments: serve(*files.arguments, *arguments, authority=str(files.authority))


def refusals(server):
    """Counts the replacements that the server says it cannot use."""
    return (server.directory / "server.log").read_text().count("cannot be used")


def shows(server, certificate):
    until(lambda: presented(server), lambda shown: shown == certificate, "the server to show the new certificate")


def test_new_connections_get_the_new_certificate_and_open_ones_go_on(secure, files):
    server = secure()
    first = presented(server)
    ssm = server.client()
    with server.connect() as plain, context(files.authority).wrap_socket(plain, server_hostname="localhost") as kept:
        renewed = files.issue()
        assert renewed != first
        shows(server, renewed)
        assert kept.getpeercert(binary_form=True) == first
        kept.sendall(b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n")
        assert read(kept).status == 200
    assert ssm.describe_parameters()["Parameters"] == []
    server.assert_healthy()


def test_a_broken_replacement_keeps_the_old_certificate(secure, files):
    server = secure()
    kept, certificate = presented(server), files.certificate.read_bytes()
    # Cut in the middle, and of another key.
    for broken in (certificate[: len(certificate) // 2], files.authority.read_bytes()):
        before = refusals(server)
        files.replace(files.certificate, broken)
        until(lambda: refusals(server), lambda count: count > before, "the server to look")
        assert presented(server) == kept
        server.assert_healthy()
    shows(server, files.issue())


def test_files_that_are_gone_keep_the_old_certificate(secure, files):
    server = secure()
    kept = presented(server)
    files.key.unlink()
    files.certificate.unlink()
    until(lambda: refusals(server), lambda count: count > 0, "the server to look")
    assert presented(server) == kept
    shows(server, files.issue())


def test_the_authority_of_clients_is_replaced_too(secure, files, tmp_path):
    others = Files(tmp_path / "others")
    accepted = tmp_path / "clients.pem"
    files.replace(accepted, files.authority.read_bytes())
    server = secure("--tls-client-ca", str(accepted))
    ours, theirs = context(files.authority, files.client("alice")), context(files.authority, others.client("bob"))

    def serves(client):
        try:
            return handshake(server, client).status == 200
        except (ssl.SSLError, ConnectionResetError, BrokenPipeError):
            return False

    assert serves(ours) and not serves(theirs)
    files.replace(accepted, others.authority.read_bytes())
    until(lambda: serves(theirs), bool, "the new authority's clients to be served")
    assert not serves(ours)
