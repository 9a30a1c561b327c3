"""The end of a server that is asked to end: what was begun is answered, and nothing new is taken."""

import http.client
import signal

import pytest

import following
import samples
from certificates import Files
from following import Stream
from signed import Request, read
from waiting import until

HEALTH = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
SECONDS = 60
HALVES = 10


class Begun:
    """A request that the server waits for the rest of, which it says by asking for the body."""

    def __init__(self, server, name):
        request = Request(server, "PutParameter", {"Name": name, "Value": "v", "Type": "String"})
        data = request.bytes(request.sign() | {"expect": "100-continue"})
        head, self.body = data.split(b"\r\n\r\n", 1)
        self.connection = server.connect(SECONDS)
        self.connection.sendall(head + b"\r\n\r\n")
        assert self.connection.recv(1_000).startswith(b"HTTP/1.1 100 ")
        self.connection.sendall(self.body[:5])

    def finish(self):
        self.connection.sendall(self.body[5:])
        return read(self.connection)

    def close(self):
        self.connection.close()


@pytest.fixture
def begin():
    begun = []

    def start(server, name):
        begun.append(Begun(server, name))
        return begun[-1]

    yield start
    for request in begun:
        request.close()


def end(server, how=signal.SIGTERM):
    """Asks a server to end, and waits until it takes no connections any more."""
    server.process.send_signal(how)
    until(lambda: takes_connections(server), lambda takes: not takes, "the server to take no connections")


def takes_connections(server):
    try:
        server.connect(5).close()
    except OSError:
        return False
    return True


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_what_was_begun_is_answered(fresh, begin, how):
    requests = [begin(fresh, f"/begun/{number}") for number in range(5)]
    end(fresh, how)
    for request in requests:
        reply = request.finish()
        assert (reply.status, reply.json["Version"]) == (200, 1)
        assert reply.headers["connection"] == "close"
        assert request.connection.recv(1) == b""
    assert fresh.process.wait(timeout=SECONDS) == 0
    fresh.end()
    fresh.start()
    found = fresh.client().get_parameters_by_path(Path="/begun")["Parameters"]
    assert len(found) == len(requests)


def test_an_end_that_is_asked_for_twice_is_one(fresh, begin):
    request = begin(fresh, "/begun")
    end(fresh)
    fresh.process.send_signal(signal.SIGTERM)
    assert request.finish().status == 200
    assert fresh.process.wait(timeout=SECONDS) == 0


def test_connections_without_a_request_are_closed(fresh, begin):
    request = begin(fresh, "/begun")
    with fresh.connect() as unused, fresh.connect() as kept:
        kept.sendall(HEALTH)
        assert read(kept).status == 200
        end(fresh)
        for connection in (unused, kept):
            assert connection.recv(1) == b""
    # That the server has closed them is not because it is gone.
    assert request.finish().status == 200


def test_who_has_not_greeted_is_not_waited_for(serve, tmp_path):
    files = Files(tmp_path / "certificates")
    server = serve(*files.arguments, authority=str(files.authority))
    with server.connect() as silent:
        assert server.get("/healthz")[0] == 200
        server.process.send_signal(signal.SIGTERM)
        # Long before a handshake's time is over.
        server.process.wait(timeout=15)
        assert silent.recv(1) == b""


def test_a_server_that_ends_lives_and_is_not_ready(fresh, begin):
    request = begin(fresh, "/begun")
    halves = [(path, fresh.connect()) for path in ("healthz", "readyz") * HALVES]
    try:
        for path, connection in halves:
            connection.sendall(f"GET /{path} HTTP/1.1\r\n".encode())
        fresh.assert_healthy()
        end(fresh)
        answered = {(path, status) for path, connection in halves if (status := rest(connection))}
    finally:
        for _, connection in halves:
            connection.close()
    assert answered == {("healthz", 200), ("readyz", 503)}
    assert request.finish().status == 200


def rest(connection):
    """Sends the rest of a request and returns the status; nothing if the server had not seen the beginning."""
    try:
        connection.sendall(b"host: localhost\r\n\r\n")
        return read(connection, "GET").status
    except (ConnectionError, http.client.RemoteDisconnected):
        return None


def test_streams_end_in_order(fresh):
    token = following.token(fresh)
    run = samples.begin(fresh.client(), "Paused", samples.PAUSED)
    with Stream(fresh, "/events", token) as everything, Stream(fresh, f"/runs/{run}/events", token) as one:
        one.until(lambda sent: sent.detail["Status"] == "Waiting")
        end(fresh)
        assert one.next() is None
        while everything.next() is not None:
            pass
    assert fresh.process.wait(timeout=SECONDS) == 0


def test_what_never_ends_is_cut_off(fresh, begin):
    request = begin(fresh, "/never")
    with fresh.connect() as half:
        half.sendall(b"GET /healthz HTTP/1.1\r\n")
        end(fresh)
        assert fresh.process.wait(timeout=SECONDS) == 0
    request.close()
    fresh.end()
    fresh.start()
    assert fresh.client().get_parameters_by_path(Path="/")["Parameters"] == []


def test_nothing_is_left_of_where_it_listened(serve, tmp_path):
    path = tmp_path / "api.sock"
    server = serve("--unix-socket", str(path))
    noted = server.data / "server.json"
    assert path.exists() and server.url in noted.read_text()
    assert server.end() == 0
    assert not path.exists() and not noted.exists()
