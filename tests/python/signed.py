"""Requests by hand: signed as AWS's specification says, or wrongly on purpose, and sent over a plain socket."""

import hashlib
import hmac
import http.client
import json
import time
from dataclasses import dataclass, field

from server import REGION

TYPE = "application/x-amz-json-1.1"


@dataclass
class Reply:
    status: int
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        return self.json["__type"]


@dataclass
class Request:
    """A request. What a test sets here is sent as it is; the signature covers what `signed` names, or all there is."""

    server: object
    operation: str
    body: bytes = b"{}"
    method: str = "POST"
    path: str = "/"
    query: str = ""
    service: str = "ssm"
    region: str = REGION
    kind: str | None = TYPE
    key: tuple | None = None
    ahead_seconds: float = 0
    date: str | None = None
    scope_date: str | None = None
    target: str | None = None
    payload_hash: str | None = None
    headers: dict = field(default_factory=dict)
    unsigned: tuple = ()
    host: str | None = None

    def __post_init__(self):
        if not isinstance(self.body, bytes):
            self.body = json.dumps(self.body).encode()

    def all_headers(self):
        date = self.date or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() + self.ahead_seconds))
        found = {"host": self.host or self.server.host, "x-amz-date": date}
        if self.kind is not None:
            found["content-type"] = self.kind
        if self.operation is not None:
            found["x-amz-target"] = self.target or f"AmazonSSM.{self.operation}"
        return found | self.headers

    def sign(self):
        """Returns the headers with the signature among them."""
        identity, secret = self.key or self.server.credentials
        headers = self.all_headers()
        names = sorted(name.lower() for name in headers if name.lower() not in self.unsigned)
        lower = {name.lower(): " ".join(str(value).split()) for name, value in headers.items()}
        digest = self.payload_hash or hashlib.sha256(self.body).hexdigest()
        canonical = "\n".join(
            [self.method, self.path, self.query]
            + [f"{name}:{lower[name]}" for name in names]
            + ["", ";".join(names), digest]
        )
        date = headers["x-amz-date"]
        scope = f"{self.scope_date or date[:8]}/{self.region}/{self.service}/aws4_request"
        text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        key = f"AWS4{secret}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        signature = hmac.digest(key, text.encode(), "sha256").hex()
        headers["authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={identity}/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"
        )
        return headers

    def bytes(self, headers=None, length=True):
        """Returns the whole request as it goes over the wire."""
        headers = dict(headers or self.sign())
        if length:
            headers["content-length"] = len(self.body)
        target = self.path + (f"?{self.query}" if self.query else "")
        lines = [f"{self.method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + self.body

    def send(self):
        return exchange(self.server, self.bytes())


def exchange(server, data, seconds=40):
    """Sends bytes on a connection of their own and reads one answer."""
    with server.connect(seconds) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return read(connection)


def read(connection, method="POST"):
    answer = http.client.HTTPResponse(connection, method=method)
    answer.begin()
    body = answer.read()
    return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, body)
