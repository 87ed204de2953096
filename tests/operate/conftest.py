"""What several tests of operation look at: one evaluation of our automations, and a server that acts by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from tests.conftest import ROOT
from tests.worlds.countries.projects import make_project
from tests.worlds.services.prefect_server import WITHOUT_BLOCKS, PrefectServer, made_database, prefect_server
from tests.worlds.services.s3 import S3Server, keys, shared

ENDS = {
    "a failure": ("floods/XDM", "Failed", "the disk is full"),
    "another failure": ("floods/XDM", "Failed", "the server refused call 7 of 31"),
    "unconfirmed": ("floods/XDM", "Notification unconfirmed", "notification unconfirmed: no answer to the last call"),
    "not notified": ("floods/XDM", "Not notified", "not notified: approved too late"),
    "away": ("floods/XDM", "Portal unreachable", "the portal is unreachable: nothing was sent; answered 503"),
    "awaited": ("resume/resume", "Portal awaited", "the portal is unreachable: nothing was sent; attempt 2 of 12"),
    "stayed away": ("resume/resume", "Portal stayed away", "the portal is unreachable; no further attempt is made"),
    "no input": ("floods/XDM", "Input not available", "input not available yet: no forecast of 2026-02-15"),
    "hidden": ("floods/XDM", "Could not be published", "alert could not be published: G9006 (no areas); 1 trigger"),
    "partly hidden": ("floods/XDM", "Not all published", "5 triggers; alert could not be published: G9006 (no areas)"),
    "crash": ("floods/XDM", "Crashed", "no place for its process"),
    "cancelled": ("floods/XDM", "Cancelled", ""),
    "done": ("floods/XDM", "Completed", "5 triggers, 2 warnings"),
    "held": ("floods/XDM", "Held", "5 triggers; held before the notification: approve or abort it"),
    "stopped": ("floods/XDM", "Notification stopped", "5 triggers; not notified: stopped by Amina"),
    "differs": (
        "floods/XDM",
        "Portal differs",
        "5 triggers; the portal differs: event G1, first trigger",
    ),
    "skipped": ("observe-event/observe-event", "Skipped", "skipped: the event's class is med"),
    "heartbeat": ("heartbeat/heartbeat", "Failed", "not finished for 2026-02-15: XDM: there is no run"),
}
"""ends of runs: of which deployment, under which name, with which message"""
UI = "http://127.0.0.1:4200"
"""where a server's pages would be"""
SILENCES = ((20.5, 4), (1, 3), (12, 5))
"""hour of the first heartbeat, and how many days there is one"""


@pytest.fixture(scope="session")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `tests.operate.evaluation` has seen: for several files, since its process takes long to load."""
    folder = tmp_path_factory.mktemp("evaluation")
    config = make_project(folder / "project", ("XDM",), stories={})
    made_database(folder)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.operate.evaluation", config],
        input=json.dumps({"ends": ENDS, "silence": SILENCES}), cwd=ROOT, capture_output=True, text=True, timeout=570,
        check=False,
        env={
            **kept, **WITHOUT_BLOCKS, "PREFECT_HOME": str(folder), "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "PREFECT_UI_URL": UI,
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


@pytest.fixture(scope="session")
def acting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrefectServer]:
    """A server with all its services, as an operator runs it, for the stories: it schedules, and automations fire."""
    with prefect_server(tmp_path_factory.mktemp("acting")) as server:
        yield server


@pytest.fixture
def acting_api(acting: PrefectServer) -> Iterator[PrefectServer]:
    """The same, with this process as one of its clients."""
    with temporary_settings(updates={PREFECT_API_URL: acting.url}):
        yield acting


@pytest.fixture(scope="module")
def store() -> Iterator[S3Server]:
    """An object store without faults, and its keys in the environment."""
    server = shared()
    server.reset()
    with keys():
        yield server
    server.reset()
