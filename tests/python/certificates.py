"""Certificates that tests make, as the files that a server reads."""

import os
import ssl
from pathlib import Path

import trustme

from signed import read


class Files:
    """An authority, and the certificate and key files of a server that it vouches for."""

    def __init__(self, directory):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.certificate = self.directory / "server.pem"
        self.key = self.directory / "server.key"
        self.authority = self.directory / "authority.pem"
        self._signer = trustme.CA()
        self._signer.cert_pem.write_to_path(self.authority)
        self.issue()

    @property
    def arguments(self):
        return ("--tls-cert", str(self.certificate), "--tls-key", str(self.key))

    def issue(self, *names):
        """Puts a new certificate in place, as a tool that renews one does, and returns it in DER."""
        issued = self._signer.issue_cert("127.0.0.1", "localhost", *names)
        certificates = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
        self.replace(self.key, issued.private_key_pem.bytes())
        self.replace(self.certificate, certificates)
        return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())

    def replace(self, path, content):
        new = path.with_suffix(".new")
        new.write_bytes(content)
        os.replace(new, path)

    def client(self, name):
        """Returns the file of a client's certificate and key."""
        path = self.directory / f"{name}.pem"
        issued = self._signer.issue_cert(f"{name}@example.org")
        path.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
        return str(path)


def context(authority, client=None):
    made = ssl.create_default_context(cafile=authority)
    if client is not None:
        made.load_cert_chain(client)
    return made


def presented(server):
    """Returns the certificate in DER that a new connection is shown."""
    with server.connect() as plain, context(server.authority).wrap_socket(plain, server_hostname="127.0.0.1") as secure:
        return secure.getpeercert(binary_form=True)


def handshake(server, context, data=b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"):
    """Sends a request over TLS and returns the reply: a client that is refused learns it from the first read."""
    with server.connect() as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
        secure.sendall(data)
        return read(secure)
