"""Keys of the installation that an engine like Vault's transit wraps: none lies in clear on the disk."""

import base64
import http.server
import json
import threading

import pytest

from server import Server

TOKEN = "a-vault-token"
SECRET = "hunter2-and-more"


class Engine(http.server.ThreadingHTTPServer):
    """Wraps and unwraps as the transit engine does, with a key that it keeps to itself."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Wrapping)
        self.plain = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def settings(self, **more):
        url = f"http://127.0.0.1:{self.server_port}"
        return {"vaultTransit": {"address": url, "key": "runwright", "tokenFile": "vault.token", **more}}


class Wrapping(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        verb, key = self.path.removeprefix("/v1/transit/").split("/")
        if self.headers["x-vault-token"] != TOKEN:
            return self.answer(403, {"errors": ["permission denied"]})
        if key != "runwright":
            return self.answer(404, {"errors": []})
        if verb == "encrypt":
            self.server.plain.add(base64.b64decode(asked["plaintext"]))
            return self.answer(200, {"data": {"ciphertext": f"vault:v1:{turned(asked['plaintext'])}"}})
        assert verb == "decrypt"
        return self.answer(200, {"data": {"plaintext": turned(asked["ciphertext"].removeprefix("vault:v1:"))}})

    def answer(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def turned(text):
    return base64.b64encode(bytes(byte ^ 0x5A for byte in base64.b64decode(text))).decode()


@pytest.fixture
def engine():
    engine = Engine()
    yield engine
    engine.shutdown()
    engine.server_close()


def prepare(directory, settings, token=TOKEN):
    data = directory / "data"
    data.mkdir(mode=0o700)
    (data / "operator.json").write_text(json.dumps(settings))
    (data / "vault.token").write_text(f"{token}\n")
    (data / "vault.token").chmod(0o600)
    return data


def test_keys_are_wrapped_and_rotated(engine, tmp_path):
    data = prepare(tmp_path, engine.settings())
    server = Server(tmp_path)
    try:
        server.client().put_parameter(Name="/secret", Type="SecureString", Value=SECRET)
        assert server.command("key", "rotate", "--installation")["primary"] == "k2"
        server.command("key", "rotate", "--installation", code=2)
        server.restart()
        assert server.command("key", "list")["installation"] == {"primary": "k2", "ids": ["k1", "k2"]}
        assert server.command("key", "rewrap")["Rewrapped"] == {"parameters": 1, "accessKeys": 1}
        server.restart()
        found = server.client().get_parameter(Name="/secret", WithDecryption=True)
        assert found["Parameter"]["Value"] == SECRET
    finally:
        assert server.end() == 0
    assert sorted(file.name for file in (data / "keys").iterdir()) == ["k1.wrapped", "k2.wrapped"]
    # The third was of the rotation that was refused.
    assert len(engine.plain) == 3
    for file in data.rglob("*"):
        if file.is_file():
            kept = file.read_bytes()
            assert not any(key in kept or key.hex().encode() in kept for key in engine.plain), file


def test_without_the_engine_nothing_opens(engine, tmp_path):
    data = prepare(tmp_path, engine.settings())
    server = Server(tmp_path)
    server.client().put_parameter(Name="/secret", Type="SecureString", Value=SECRET)
    server.end()
    for settings, said in (
        (engine.settings(address="http://127.0.0.1:1"), "127.0.0.1:1"),
        (engine.settings(key="another"), "transit engine"),
        ({}, "sealed with the key k1, which is not here"),
    ):
        (data / "operator.json").write_text(json.dumps(settings))
        assert said in server.command("auth", "user", "list", code=2)["error"]["message"]
    (data / "operator.json").write_text(json.dumps(engine.settings()))
    (data / "vault.token").write_text("another")
    assert "denies access" in server.command("auth", "user", "list", code=2)["error"]["message"]


def test_what_cannot_be_an_engine_is_refused(engine, tmp_path):
    data = prepare(tmp_path, engine.settings(address="vault:8200"))
    server = Server.__new__(Server)
    server.directory, server.data = tmp_path, data
    assert "vaultTransit.address" in server.command("auth", "user", "list", code=2)["error"]["message"]
    (data / "operator.json").write_text(json.dumps(engine.settings()))
    (data / "vault.token").chmod(0o644)
    assert "vaultTransit.tokenFile" in server.command("auth", "user", "list", code=2)["error"]["message"]
    assert not (data / "keys").exists()
