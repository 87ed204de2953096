"""The proxy configuration of docs/subscriptions.md, run by nginx where it is installed."""

from __future__ import annotations

import re
import socket
import subprocess
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT, needs
from tests.satellites.subscriptions.test_receiver import GOOD, basic, notification, receiver


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[tuple[str, Path, Path]]:
    """URL of a running proxy, its certificate, and the receiver's folder."""
    nginx, openssl = needs("nginx"), needs("openssl")
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip
    text = (ROOT / "docs/subscriptions.md").read_text(encoding="utf-8")
    block = textwrap.dedent(re.search(r"```nginx\n(.*?)```", text, re.DOTALL).group(1))
    port = free_port()
    with receiver(tmp_path / "receiver") as (url, _):
        for old, new in (
            ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
            ("floods.example.org;", "localhost;"),
            ("/etc/letsencrypt/live/floods.example.org/fullchain.pem", str(certificate)),
            ("/etc/letsencrypt/live/floods.example.org/privkey.pem", str(key)),
            ("http://127.0.0.1:8600", url),
        ):
            assert old in block
            block = block.replace(old, new)
        temporary = "".join(
            f"{kind}_temp_path {tmp_path / kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        configuration = tmp_path / "nginx.conf"
        configuration.write_text(
            f"daemon off; pid {tmp_path / 'nginx.pid'}; error_log {tmp_path / 'error.log'};\n"
            f"events {{}}\nhttp {{\naccess_log off;\n{temporary}{block}\n}}\n"
        )
        process = subprocess.Popen([nginx, "-p", str(tmp_path), "-c", str(configuration)])
        try:
            for _ in range(100):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"https://localhost:{port}", certificate, tmp_path / "receiver"
        finally:
            process.terminate()
            process.wait(timeout=10)


def test_the_documented_proxy(proxy: tuple[str, Path, Path]):
    url, certificate, _ = proxy

    def ask(method: str, path: str, **more: object) -> int:
        return requests.request(method, url + path, verify=str(certificate), timeout=20, **more).status_code

    assert ask("POST", "/notifications", json=notification(1), headers=GOOD) == 204
    assert ask("POST", "/notifications", json=notification(1), headers=basic("receiver", "wrong")) == 401
    assert ask("POST", "/notifications", json={}, headers=GOOD) == 422
    assert ask("GET", "/notifications", headers=GOOD) == 403
    assert ask("POST", "/", json=notification(1), headers=GOOD) == 204
    assert ask("POST", "/notifications/", json=notification(1), headers=GOOD) == 204
    assert ask("GET", "/health") == 404
    assert ask("POST", "/health", json=notification(1), headers=GOOD) == 404
    assert ask("POST", "/notifications", data=b"x" * 3_000_000, headers=GOOD) == 413
