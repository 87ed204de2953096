"""The receiver as a service: the unit that its command prints, and how it ends when systemd stops it."""

from __future__ import annotations

import configparser
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest
import requests
from typer.testing import CliRunner

from flows.cli.app import app
from flows.cli.receiver import unit_text
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.satellites.subscriptions.inbox import Inbox
from tests.conftest import ROOT
from tests.satellites.subscriptions.test_proxy import free_port
from tests.satellites.subscriptions.test_receiver import ACCOUNT, GOOD, OURS, notification
from tests.worlds.services.catalogue_account import Clock


def service_of(text: str) -> configparser.SectionProxy:
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(text)
    return unit["Service"]


def test_the_unit_names_this_installation_and_systemd_takes_it(tmp_path: Path):
    folder = tmp_path / "100% of it"
    folder.mkdir()
    text = unit_text(folder, 8601, "conf $x", None)
    service = service_of(text)
    assert service["WorkingDirectory"] == f"{tmp_path}/100%% of it"
    assert service["ExecStart"].endswith(f'receiver --config "{tmp_path}/100%% of it/conf $$x" --port 8601')
    analyze = shutil.which("systemd-analyze")
    if analyze is not None:
        file = tmp_path / "ibf-receiver.service"
        file.write_text(text, encoding="utf-8")
        said = subprocess.run([analyze, "verify", "--man=no", str(file)], capture_output=True, text=True, timeout=60)
        assert "ibf-receiver.service" not in said.stderr


@pytest.mark.parametrize(
    ("options", "code"), [(["--config", "nowhere"], 1), (["--port", "99999"], 2), (["--port", "8601"], 0)]
)
def test_no_unit_is_printed_of_what_could_not_start(options: list[str], code: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(ROOT)
    done = CliRunner().invoke(app, ["receiver", "--unit", *options])
    assert isinstance(done.exception, ConfigError) or done.exit_code == code
    assert ("ExecStart" in done.stdout) == (code == 0)


def test_it_ends_with_0_on_sigterm_answers_what_it_has_begun_and_has_kept_what_it_acknowledged(tmp_path: Path):
    config, workspace, port = tmp_path / "config", tmp_path / "workspace", free_port()
    config.mkdir()
    for name in ("settings.yaml", "eodata.yaml"):
        (config / name).write_text((ROOT / "config" / name).read_text(encoding="utf-8"), encoding="utf-8")
    with (config / "eodata.yaml").open("a", encoding="utf-8") as out:
        out.write(f"receiver:\n  further_subscriptions: {{{OURS}: cdse}}\n")
    command = shlex.split(service_of(unit_text(ROOT, port, str(config), str(workspace)))["ExecStart"])
    account = {"EODATA_ENDPOINT_USERNAME": ACCOUNT[0], "EODATA_ENDPOINT_PASSWORD": ACCOUNT[1]}
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **account}, stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        pushed = requests.post(f"http://127.0.0.1:{port}/", json=notification(1), headers=GOOD, timeout=10)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as slow:
            body = json.dumps(notification(2)).encode()
            slow.sendall(
                f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n"
                f"Authorization: {GOOD['Authorization']}\r\n\r\n".encode()
            )
            assert b" 100 " in slow.recv(1000), "the body is awaited"
            slow.sendall(body[:50])
            process.send_signal(signal.SIGTERM)
            slow.sendall(body[50:])
            answer = slow.recv(1000)
        assert (pushed.status_code, b" 204 " in answer, process.wait(timeout=30)) == (204, True, 0)
    finally:
        process.kill()
        process.wait(timeout=10)
    kept = Inbox(open_records(records_url(workspace / "runs")), Clock()).entries()
    assert {entry.product_id for entry in kept} == {notification(number)["ProductId"] for number in (1, 2)}


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until it listens."""
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None:
            pytest.fail(f"it ended with {process.returncode}")
        time.sleep(0.05)
    pytest.fail("it did not begin to listen")
