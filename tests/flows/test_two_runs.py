"""Two runs of a country at once, in two real processes that share nothing but the files.

Stories, since each process loads for seconds: `tests/publish/test_lease.py` has the rules of the lease itself.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import yaml
from pytest_httpserver import HTTPServer

from tests.conftest import ROOT
from tests.worlds.countries.tiny_day import ISSUE, TinyDay
from tests.worlds.runs import flood_run


def start(day: TinyDay) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.flows.one_run", str(day.config), str(day.root / "work"), str(ISSUE)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    overdue = threading.Timer(120, process.kill)  # its output ends then, and the test with it
    overdue.daemon = True
    overdue.start()
    return process


def line(process: subprocess.Popen[str]) -> str:
    """The next line; empty where the process has ended."""
    assert process.stdout is not None
    return process.stdout.readline()


def release(process: subprocess.Popen[str]) -> str:
    """What a process that is inside says from now on."""
    output, _ = process.communicate("\n", timeout=120)
    return output


@pytest.mark.story
def test_the_second_run_waits_from_the_start_and_nothing_is_lost(tmp_path: Path, httpserver: HTTPServer) -> None:
    day = TinyDay(tmp_path, httpserver).build()
    settings = yaml.safe_load((day.config / "settings.yaml").read_text())
    settings["targets"]["portal"] = {"kind": "files", "folder": str(tmp_path / "out"), "test_target": True}
    (day.config / "settings.yaml").write_text(yaml.safe_dump(settings))
    first = start(day)
    assert line(first) == "inside\n"
    second = start(day)
    try:
        said = line(second)
        assert said.startswith(
            f"waiting for XTY/floods: another process is at work there: run XTY 2026-02-15, process {first.pid} on "
        )
        assert "since 20" in said
        assert "ended COMPLETED 1 trigger" in release(first)
        assert line(second) == "inside\n", "only now"
        assert "ended COMPLETED 1 trigger" in release(second)
    finally:
        for process in (first, second):
            process.kill()
            process.wait(10)
    run = flood_run(tmp_path / "work" / "runs", "XTY", ISSUE)
    assert run.is_whole
    assert [revision.number for revision in run.revisions("portal")] == [1], "the second one found it published"
    assert not (run.path / ".part").exists()


@pytest.mark.story
def test_a_run_that_is_killed_keeps_nobody_out(tmp_path: Path, httpserver: HTTPServer) -> None:
    day = TinyDay(tmp_path, httpserver).build()
    first = start(day)
    assert line(first) == "inside\n"
    first.kill()
    first.wait(10)
    second = start(day)
    try:
        assert line(second) == "inside\n"
    finally:
        second.kill()
        second.wait(10)
