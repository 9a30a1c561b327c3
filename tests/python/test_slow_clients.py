"""Clients that do not go on, or do not read, keep no other from being served."""

CLIENTS = 50
SECONDS = 60


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
