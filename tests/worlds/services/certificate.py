"""A TLS server's own certificate, made where a test needs it."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

from tests.conftest import needs


def own_certificate(folder: Path) -> ssl.SSLContext:
    """A server's context for 127.0.0.1; `cert.pem` in the folder is what a client has to trust."""
    subprocess.run(
        [needs("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
