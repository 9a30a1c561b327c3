"""Where a server listens, and what it refuses to begin with."""

import os
import socket
import stat
import subprocess

import pytest

from certificates import Files
from server import BINARY
from signed import Request, read

SECONDS = 30


@pytest.fixture
def refuse(tmp_path):
    """Starts a server that must not begin, and returns what it says."""

    def start(*arguments, data=tmp_path / "data", listen="127.0.0.1:0"):
        done = subprocess.run(
            [BINARY, "server", "--data-dir", str(data), "--listen", listen, *arguments],
            capture_output=True,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
            cwd=tmp_path,
            timeout=60,
        )
        assert done.returncode == 2, done
        assert "listening" not in done.stdout, done
        assert "panicked" not in done.stderr, done
        return done.stderr

    return start


def over(path, data):
    """Sends bytes over a Unix socket and reads one answer."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SECONDS)
        connection.connect(str(path))
        connection.sendall(data)
        return read(connection)


def put(server, value="v"):
    return Request(server, "PutParameter", {"Name": "/a", "Value": value, "Type": "String", "Overwrite": True}).bytes()


def test_a_unix_socket_serves_its_owner(serve, tmp_path):
    path = tmp_path / "api.sock"
    server = serve("--unix-socket", str(path))
    found = path.stat()
    assert stat.S_ISSOCK(found.st_mode)
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert over(path, put(server)).json["Version"] == 1
    assert over(path, b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").status == 200
    # Whoever may open the socket is still nobody without a credential.
    request = Request(server, "DescribeParameters")
    assert over(path, request.bytes(request.all_headers())).code == "MissingAuthenticationTokenException"
    assert server.client().get_parameter(Name="/a")["Parameter"]["Version"] == 1
    assert server.end() == 0
    assert not path.exists()


def test_a_unix_socket_is_plain_beside_tls(serve, tmp_path):
    files, path = Files(tmp_path / "certificates"), tmp_path / "api.sock"
    server = serve("--unix-socket", str(path), *files.arguments, authority=str(files.authority))
    assert over(path, put(server)).json["Version"] == 1
    server.assert_healthy()


def test_a_socket_that_a_killed_server_left_is_replaced(serve, tmp_path):
    path = tmp_path / "api.sock"
    server = serve("--unix-socket", str(path))
    assert over(path, put(server)).json["Version"] == 1
    server.restart(kill=True)
    assert over(path, put(server, "w")).json["Version"] == 2


def test_a_socket_of_a_server_that_lives_is_not_taken(serve, refuse, tmp_path):
    path = tmp_path / "api.sock"
    server = serve("--unix-socket", str(path))
    said = refuse("--unix-socket", str(path), data=tmp_path / "other")
    assert str(path) in said
    assert over(path, put(server)).json["Version"] == 1


def test_a_file_that_is_no_socket_is_not_replaced(refuse, tmp_path):
    path = tmp_path / "precious"
    path.write_text("precious")
    link = tmp_path / "link"
    link.symlink_to(path)
    for taken in (path, link):
        assert str(taken) in refuse("--unix-socket", str(taken))
    assert path.read_text() == "precious"
    assert link.is_symlink()
    assert "nowhere" in refuse("--unix-socket", str(tmp_path / "nowhere" / "api.sock"))
    assert refuse("--unix-socket", str(tmp_path / ("x" * 200)))


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "192.0.2.1:8484"])
def test_nothing_is_served_in_clear_beyond_loopback(refuse, address):
    said = refuse(listen=address)
    assert address.rsplit(":", 1)[0] in said
    assert "encrypted" in said
    assert "--tls-cert" in said and "--behind-tls-proxy" in said


def test_beyond_loopback_with_tls_or_behind_a_proxy(serve, tmp_path):
    files = Files(tmp_path / "certificates")
    for arguments, scheme in ((files.arguments, "https"), (("--behind-tls-proxy",), "http")):
        server = serve(*arguments, listen="0.0.0.0:0")
        assert server.url.startswith(f"{scheme}://")
        assert server.end() == 0


def test_an_address_that_is_taken(refuse):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"127.0.0.1:{port}" in refuse(listen=f"127.0.0.1:{port}")


def test_certificates_that_cannot_be_used(refuse, tmp_path):
    files, others = Files(tmp_path / "certificates"), Files(tmp_path / "others")
    bad = {"empty.pem": b"", "nonsense.pem": b"nonsense", "directory.pem": None}
    bad["cut.pem"] = files.certificate.read_bytes()[:200]
    for name, content in bad.items():
        path = tmp_path / name
        path.mkdir() if content is None else path.write_bytes(content)
        assert name in refuse("--tls-cert", str(path), "--tls-key", str(files.key))
        assert name in refuse("--tls-cert", str(files.certificate), "--tls-key", str(path))
        assert name in refuse(*files.arguments, "--tls-client-ca", str(path))
    absent = str(tmp_path / "absent.pem")
    assert "absent.pem" in refuse("--tls-cert", absent, "--tls-key", str(files.key))
    assert "absent.pem" in refuse("--tls-cert", str(files.certificate), "--tls-key", absent)
    assert "absent.pem" in refuse(*files.arguments, "--tls-client-ca", absent)
    # Each good, but not of each other; and one in the other's place.
    assert str(others.key) in refuse("--tls-cert", str(files.certificate), "--tls-key", str(others.key))
    assert str(files.key) in refuse("--tls-cert", str(files.key), "--tls-key", str(files.key))
    assert str(files.certificate) in refuse("--tls-cert", str(files.certificate), "--tls-key", str(files.certificate))


@pytest.mark.parametrize("given", [("--tls-cert", "x"), ("--tls-key", "x"), ("--tls-client-ca", "x")])
def test_half_of_what_tls_needs(refuse, given):
    assert "--tls-" in refuse(*given).replace(given[0], "", 1)


def test_what_failed_to_begin_begins_later(serve, refuse):
    refuse("--tls-cert", "absent", "--tls-key", "absent")
    refuse(listen="0.0.0.0:0")
    server = serve()
    server.assert_healthy()
    # A start that was refused has not swallowed the key that is shown once; later ones say where it is.
    assert server.announced["accessKeyId"] == server.credentials[0]
    server.restart()
    assert server.last_announced["accessKeyId"] is None
    assert server.last_announced["credentialsFile"] == str(server.data / "administrator.credentials")


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701, 0o720, 0o777])
def test_a_data_directory_that_others_can_enter_is_refused(refuse, tmp_path, mode):
    data = tmp_path / "open"
    data.mkdir()
    data.chmod(mode)
    said = refuse(data=data)
    assert str(data) in said
    assert "700" in said, "the message does not say what to do"
    assert list(data.iterdir()) == []


def test_a_data_directory_that_is_none(refuse, tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    assert str(path) in refuse(data=path)


def test_a_directory_that_is_opened_to_others_later_is_refused(serve, refuse):
    server = serve()
    server.end()
    server.data.chmod(0o755)
    assert str(server.data) in refuse(data=server.data)
    server.data.chmod(0o700)
    server.start()
    server.assert_healthy()
