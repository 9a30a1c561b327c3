"""The server under test: one process on a data directory of its own."""

import configparser
import json
import os
import signal
import socket
import ssl
import subprocess
import threading
import urllib.parse
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

import answers

BINARY = os.environ["RUNWRIGHT_BINARY"]
REGION = "us-east-1"
ACCOUNT = "000000000000"
START_SECONDS = 60


class Server:
    """A server that can be stopped, killed and started again on the same data, at the same address."""

    def __init__(self, directory, *arguments, listen="127.0.0.1:0", authority=None):
        self.directory = Path(directory)
        self.data = self.directory / "data"
        self.listen = listen
        self.arguments = arguments
        # The file of the certificate authority whose certificate the server has, if it speaks TLS.
        self.authority = authority
        self.announced = None
        self.url = None
        self.process = None
        self._clients = threading.Lock()
        self.start()

    def environment(self):
        return {
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.directory),
            "RUNWRIGHT_DATA_DIR": str(self.data),
        }

    def start(self):
        listen = self.host if self.url else self.listen
        with open(self.directory / "server.log", "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "server", "--listen", listen, "--output", "json", *self.arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environment(),
                cwd=self.directory,
            )
        announced = self._announcement()
        self.url = announced["url"]
        self.announced = self.announced or announced
        self.last_announced = announced

    def _announcement(self):
        """Reads the document that the server prints once it listens."""
        text = ""
        late = threading.Timer(START_SECONDS, self.process.kill)
        late.start()
        try:
            for line in self.process.stdout:
                text += line.decode()
                try:
                    return json.loads(text)
                except json.JSONDecodeError:
                    continue
        finally:
            late.cancel()
        raise AssertionError(f"the server did not start: {text}\n{self.log()}")

    def log(self):
        return (self.directory / "server.log").read_text(errors="replace")[-4000:]

    def end(self, how=signal.SIGTERM):
        """Ends the process and returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout=60)
        self.process.stdout.close()
        return code

    def restart(self, kill=True):
        self.end(signal.SIGKILL if kill else signal.SIGTERM)
        self.start()

    @property
    def host(self):
        """Where it is reached, as requests name it."""
        return urllib.parse.urlsplit(self.url).netloc

    @property
    def address(self):
        host, port = self.host.rsplit(":", 1)
        return host, int(port)

    @property
    def credentials(self):
        """The administrator's key and its secret."""
        parser = configparser.ConfigParser()
        parser.read(self.data / "administrator.credentials")
        kept = parser["default"]
        return kept["aws_access_key_id"], kept["aws_secret_access_key"]

    def client(self, service="ssm", key=None, checks_parameters=True, **config):
        """Returns a client that does not retry, and that checks each answer against the service's model."""
        identity, secret = key or self.credentials
        config = Config(
            retries={"total_max_attempts": 1, "mode": "standard"},
            connect_timeout=10,
            read_timeout=60,
            parameter_validation=checks_parameters,
            max_pool_connections=config.pop("max_pool_connections", 4),
            **config,
        )
        with self._clients:
            client = boto3.client(
                service,
                endpoint_url=self.url,
                region_name=REGION,
                aws_access_key_id=identity,
                aws_secret_access_key=secret,
                verify=self.authority,
                config=config,
            )
        client.meta.events.register("before-parse.*", answers.check)
        return client

    def command(self, *arguments, code=0, text=None):
        """Calls the binary on the server's data directory and returns the JSON that it prints."""
        done = subprocess.run(
            [BINARY, *arguments, "--output", "json"],
            input=text,
            capture_output=True,
            text=True,
            env=self.environment(),
            cwd=self.directory,
            timeout=60,
        )
        assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return json.loads(done.stdout) if done.stdout.strip() else None

    def get(self, path):
        """Asks for a page and returns status and text."""
        context = ssl.create_default_context(cafile=self.authority) if self.authority else None
        with urllib.request.urlopen(self.url + path, timeout=30, context=context) as answer:
            return answer.status, answer.read().decode()

    def assert_healthy(self):
        assert self.process.poll() is None, f"the server ended: {self.log()}"
        assert self.get("/healthz")[0] == 200
        assert self.get("/readyz")[0] == 200

    def connect(self, seconds=30):
        return socket.create_connection(self.address, timeout=seconds)
