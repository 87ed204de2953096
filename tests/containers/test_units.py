"""The units of systemd: systemd takes them, they stop as their services need it, and the page installs them."""

from __future__ import annotations

import configparser
import re
import subprocess
from pathlib import Path

import pytest

from flows.deployment.server_settings import WANTED
from flows.wiring.environment import RETRIES
from tests.conftest import ROOT, needs

UNITS = sorted((ROOT / "docs/systemd").glob("*.service"))
HARDENED = ("NoNewPrivileges", "PrivateTmp", "ProtectHome", "ProtectKernelTunables", "RestrictSUIDSGID")


def read(file: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(interpolation=None, strict=False)  # a key may come several times
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read_string(file.read_text(encoding="utf-8"))
    return unit


def test_there_is_one_for_each_service() -> None:
    assert [file.stem for file in UNITS] == ["ibf-observer", "ibf-receiver", "ibf-server", "ibf-worker"]


@pytest.mark.parametrize("file", UNITS, ids=lambda file: file.stem)
def test_it_stops_properly_and_may_do_little(file: Path) -> None:
    unit = read(file)
    service = unit["Service"]
    assert (service["KillMode"], service["KillSignal"], service["Restart"]) == ("mixed", "SIGTERM", "always")
    assert int(service["TimeoutStopSec"]) == {"ibf-receiver": 45}.get(file.stem, 60)
    assert (service["User"], service["EnvironmentFile"].startswith("/etc/ibf/")) == ("ibf", True)
    assert all(service[name] == "true" for name in HARDENED)
    assert (service["ProtectSystem"], service["ReadWritePaths"]) == ("strict", "/var/lib/ibf")
    after = unit["Unit"]["After"].split()
    assert "postgresql.service" in after
    assert ("ibf-server.service" in after) == (file.stem in ("ibf-worker", "ibf-observer"))


def test_systemd_takes_them(tmp_path: Path) -> None:
    """In one look; their program stands where this test may put one."""
    (tmp_path / "bin").mkdir()
    for name in ("prefect", "ibf-pipeline"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n", encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)
    for file in UNITS:
        text = file.read_text(encoding="utf-8").replace("/opt/ibf/.venv/bin", str(tmp_path / "bin"))
        (tmp_path / file.name).write_text(text, encoding="utf-8")
    files = [str(tmp_path / file.name) for file in UNITS]
    said = subprocess.run(
        [needs("systemd"), "verify", "--man=no", *files], capture_output=True, text=True, timeout=60, check=False
    )
    assert [line for line in said.stderr.splitlines() if "ibf-" in line] == []


def test_the_server_and_its_workers_outlive_a_restart() -> None:
    said = {file.stem: file.read_text(encoding="utf-8").splitlines() for file in UNITS}
    server = {f"Environment={each.variable}={each.wanted}" for each in WANTED}
    assert {*server, "Environment=PREFECT_HOME=/var/lib/ibf/prefect-server"} <= set(said["ibf-server"])
    for name in ("ibf-worker", "ibf-observer"):
        assert {f"Environment={variable}={value}" for variable, value in RETRIES.items()} <= set(said[name])


@pytest.mark.parametrize("page", ["README.md", "docs/operate.md"])
def test_so_do_those_that_a_page_starts_in_terminals(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    (exported,) = re.findall(r"make install\n((?:export .*\n)+)\.venv/bin/prefect server start", text)
    wanted = {**RETRIES, **{each.variable: each.wanted for each in WANTED}}
    assert {f"{variable}={value}" for variable, value in wanted.items()} <= set(exported.split())


def test_the_page_installs_them_and_what_they_read() -> None:
    page = (ROOT / "docs/installation.md").read_text(encoding="utf-8")
    for unit in UNITS:
        assert f"`{unit.stem}`" in page
        assert f"`{read(unit)['Service']['EnvironmentFile']}`, mode 600" in page
    assert re.search(r"install --mode 644 docs/systemd/ibf-server.service docs/systemd/ibf-worker.service", page)
