"""The tiny country's day, sound, in a folder of its own."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer

import flows.hazard_run
from tests.worlds.countries.tiny_day import TinyDay


@pytest.fixture
def day(
    tmp_path: Path,
    httpserver: HTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
    plain: None,
) -> TinyDay:
    """A sound day; the flow calls its stages directly and would publish to a server that logs every request.

    Its report is drawn for tests marked `draws` alone.
    """
    httpserver.expect_request(re.compile(".*")).respond_with_data("no", status=500)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # no test pulls the plug
    monkeypatch.setenv("IBF_EMAIL", "pipeline@example.org")
    monkeypatch.setenv("IBF_PASSWORD", "not a secret")
    if "draws" not in request.keywords:  # pictures take four fifths of a day's time
        monkeypatch.setattr(flows.hazard_run, "write_run_report", lambda *arguments: None)
    monkeypatch.setattr(flows.hazard_run, "keep_artifacts", lambda *arguments: None)
    return TinyDay(tmp_path, httpserver).build()


@pytest.fixture(scope="session")
def finished_work(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the layers and the run of a sound day are kept once a test has made them."""
    return tmp_path_factory.mktemp("finished") / "work"


@pytest.fixture
def prepared_day(day: TinyDay, finished_work: Path) -> TinyDay:
    """A day whose run was finished before: the later one must leave it alone where it fails."""
    if finished_work.exists():
        shutil.copytree(finished_work, day.root / "work", dirs_exist_ok=True)
    else:
        day.findings()
        shutil.copytree(day.root / "work", finished_work)
    assert day.run_folder.is_whole
    return day
