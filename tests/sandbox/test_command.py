"""`ibf-pipeline sandbox --behaves-like described` as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests

from tests.conftest import ROOT

WIDE = {**os.environ, "COLUMNS": "200"}


@pytest.mark.parametrize(
    ("behaves_like", "newer"), [pytest.param("current", True, marks=pytest.mark.story), ("described", False)]
)
def test_the_server_has_the_calls_of_its_description(tmp_path: Path, behaves_like: str, newer: bool) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["sandbox", "XDM", "--port", str(port), "--behaves-like", behaves_like, "--workspace", str(tmp_path)]
    program = [sys.executable, "-m", "flows.cli.app", *command]
    with subprocess.Popen(program, cwd=ROOT, stdout=subprocess.PIPE, text=True, env=WIDE) as server:
        try:
            paths = openapi(port)
            assert server.stdout is not None
            told = server.stdout.readline()
        finally:
            server.terminate()
            server.wait(60)
    assert told.strip() == "a target of this address logs in as pipeline@sandbox.example with the password sandbox-only"
    assert any(path.endswith("event/triggers-per-leadtime") for path in paths)
    assert any(path.endswith("event/alerts-per-lead-time") for path in paths) == newer


def openapi(port: int) -> list[str]:
    """The paths of the server's own document, once it is up."""
    for _ in range(240):
        try:
            answer = requests.get(f"http://127.0.0.1:{port}/docs-json", timeout=5)
            return list(answer.json()["paths"])
        except requests.ConnectionError:
            time.sleep(0.25)
    raise AssertionError("the sandbox did not start")
