"""Clients that do not go on, do not read, or send very much keep no other from being served."""

import socket

from signed import Request, exchange, read
from waiting import until

CLIENTS = 50
SECONDS = 60
LARGE_BYTES = 2 << 20


def test_clients_that_do_not_go_on_are_given_up_and_keep_nobody_out(server, ssm):
    """Connections without a request, with half a head, and with nothing after a first request."""
    half, whole = b"GET /healthz HTTP/1.1\r\n", b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n"
    connections = [(server.connect(SECONDS), data) for data in (b"", half, whole) * CLIENTS]
    try:
        for connection, data in connections:
            connection.sendall(data)
        ssm.describe_parameters()
        server.assert_healthy()
        for connection, _ in connections:
            while connection.recv(65_536):
                pass
    finally:
        for connection, _ in connections:
            connection.close()


def test_a_client_that_does_not_read_keeps_nobody_out(server, ssm):
    asked = b"GET /openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n"
    connections = [server.connect() for _ in range(CLIENTS)]
    try:
        for connection in connections:
            connection.settimeout(0)
            try:
                while True:
                    connection.send(asked * 100)
            except BlockingIOError:
                # The server has stopped to read from who does not read from it.
                pass
        ssm.describe_parameters()
        server.assert_healthy()
    finally:
        for connection in connections:
            connection.close()


def test_large_bodies_together_are_bounded_and_small_ones_still_taken(server, ssm):
    """Together the bodies would hold far more than the server gives them."""
    head = b"POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % LARGE_BYTES
    connections = [server.connect() for _ in range(160)]
    try:
        for connection in connections:
            try:
                connection.sendall(head + b"x" * (LARGE_BYTES - 1))
            except (ConnectionResetError, BrokenPipeError):
                pass
        refusals = [reply for reply in map(refusal, connections) if reply is not None]
        assert refusals
        assert {(reply.status, reply.code) for reply in refusals} == {(503, "ServiceUnavailable")}
        ssm.describe_parameters()
        server.assert_healthy()
    finally:
        for connection in connections:
            connection.close()
    large = Request(server, "PutParameter", {"Name": "/a", "Value": "x" * 1_000_000, "Type": "String"}).bytes()
    until(lambda: exchange(server, large).status, lambda status: status == 400, "the room to come back")


def refusal(connection):
    """Returns the reply that came before the body had ended, if one did."""
    connection.settimeout(0.01)
    try:
        if not connection.recv(1, socket.MSG_PEEK):
            return None
    except (TimeoutError, ConnectionResetError):
        return None
    connection.settimeout(30)
    return read(connection)
