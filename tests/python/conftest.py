"""What all tests share. A file of tests has one server, started when it is first needed."""

import itertools
import logging
import re

import pytest

import following
from following import Stream
from server import Server

numbers = itertools.count()


class Warnings(logging.Handler):
    def __init__(self):
        super().__init__(logging.WARNING)
        self.records = []

    def emit(self, record):
        self.records.append(record.getMessage())


@pytest.fixture(autouse=True)
def no_warnings():
    """Fails a test in which boto3 warned."""
    handler = Warnings()
    loggers = [logging.getLogger(name) for name in ("botocore", "boto3", "urllib3")]
    for logger in loggers:
        logger.addHandler(handler)
    yield
    for logger in loggers:
        logger.removeHandler(handler)
    assert not handler.records


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("server"))
    yield server
    code = server.end()
    assert code == 0, f"the server ended with {code}: {server.log()}"


@pytest.fixture
def fresh(tmp_path):
    """A server of its own for a test that ends it, or that counts what there is."""
    server = Server(tmp_path)
    yield server
    code = server.end()
    assert code == 0, f"the server ended with {code}: {server.log()}"


@pytest.fixture
def serve(tmp_path):
    """Starts servers with arguments, one after the other on the same data, which are ended after the test."""
    started = []

    def start(*arguments, **more):
        started.append(Server(tmp_path, *arguments, **more))
        return started[-1]

    yield start
    for server in started:
        code = server.end()
        assert code == 0, f"the server ended with {code}: {server.log()}"


@pytest.fixture(scope="module")
def ssm(server):
    return server.client()


@pytest.fixture(scope="module")
def unchecked(server):
    """A client that sends what it is given, so that the server has to look at it."""
    return server.client(checks_parameters=False)


@pytest.fixture(scope="module")
def token(server):
    """A token of the administrator."""
    return following.token(server)


@pytest.fixture
def follow(server, token):
    """Opens streams of events, which are closed after the test."""
    opened = []

    def open_stream(path="/events", **more):
        opened.append(Stream(server, path, **({"token": token} | more)))
        return opened[-1]

    yield open_stream
    for stream in opened:
        stream.close()


@pytest.fixture
def name(request):
    """A name that no other test has, as part of a path or as the name of a document."""
    test = re.sub(r"[^a-zA-Z0-9]+", "-", request.node.name).strip("-")[:60]
    return f"{test}-{next(numbers)}"
