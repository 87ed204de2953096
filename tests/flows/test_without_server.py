"""Where there is no Prefect server none is started: flows and tasks are plain calls, and end as they would there."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.client.schemas.objects import State
from prefect.settings import PREFECT_API_URL
from pytest_httpserver import HTTPServer

from flows.decorator import flow
from flows.intake import intake
from flows.states import COMPLETED, FAILED, error_of, exit_code
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.runs.ledger import latest_finished
from tasks.decorator import task
from tests.conftest import ROOT
from tests.worlds.countries.tiny_day import TinyDay

NO_FORECAST = date(2026, 2, 1)


@pytest.fixture(autouse=True)
def no_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing may start one; what starts one is not loaded either, since that alone takes seconds."""

    class Server:
        def __init__(self) -> None:
            started.append(True)
            raise AssertionError("a Prefect server was started")

    started: list[bool] = []
    assert PREFECT_API_URL.value() is None
    monkeypatch.setitem(sys.modules, "prefect.server.api.server", SimpleNamespace(SubprocessASGIServer=Server))
    yield
    assert not started


@flow(name="wanted")
def wanted(day: date, fails: str = "") -> State:
    """Ends as it is told."""
    if fails == "of ours":
        raise InputMissing("no forecast")
    if fails:
        raise ZeroDivisionError(fails)
    return COMPLETED.state(f"{day:%d %B}, {twice(day.day)}")


@task(task_run_name="twice")
def twice(number: int) -> int:
    return 2 * number


def test_a_flow_is_a_plain_call_with_its_parameters_checked() -> None:
    state: Any = wanted("2026-02-15", return_state=True)  # type: ignore[arg-type]
    assert (state.name, state.message) == ("Completed", "15 February, 30")
    assert "day" in str(error_of(wanted("the ides", return_state=True)))  # type: ignore[arg-type]


def test_an_error_is_a_state_and_a_fault_of_the_program_is_logged_with_its_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    state: Any = wanted(NO_FORECAST, "of ours", return_state=True)
    assert (state.name, exit_code(state), isinstance(error_of(state), InputMissing)) == (FAILED.name, 3, True)
    assert not [each for each in caplog.records if each.exc_info], "our own errors say what is wrong"
    state = wanted(NO_FORECAST, "by nothing", return_state=True)
    assert (state.name, state.message, exit_code(state)) == (FAILED.name, "ZeroDivisionError: by nothing", 1)
    with pytest.raises(ZeroDivisionError):
        wanted(NO_FORECAST, "by nothing")


def test_who_is_told_to_end_gives_back_what_it_holds() -> None:
    held = ["the country"]

    @flow(name="holds")
    def holds() -> State:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            held.clear()
        return COMPLETED.state("")

    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit) as ended:
        holds()
    assert (ended.value.code, held) == (143, [])
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.usefixtures("quick")
def test_a_day_is_published_and_an_intake_made_without_a_server(httpserver: HTTPServer, tmp_path: Path) -> None:
    day = TinyDay(tmp_path, httpserver).build().to_files()
    state = day.flow()
    assert (state.name, exit_code(state)) == ("Completed", 0), state.message
    assert latest_finished(day.run_folder, "files") is not None
    state = intake(config=str(ROOT / "config"), workspace=str(tmp_path), return_state=True)
    assert state.message == "0 observations started, 0 products waiting"
