"""The calls of the second block of a day under faults: the portal is as after an undisturbed run, with one mail.

In a second block `GET event` answers 500 from its first row until it is processed, whatever asks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.publish.call import Call
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.problems import Overrides
from tasks.runs import plan_revision
from tests.publish.test_fault_matrix import FAULTS, KILLED, LaterStage, kill, later_undisturbed, spoil
from tests.worlds.countries.flash_days import EXPOSED, GAUGES, FlashDays, clock, seed
from tests.worlds.countries.two_valleys import block, found, rain
from tests.worlds.services.faulty_proxy import Fault, FaultyProxy

SECOND = {"A1": {1: 60}, "B1": dict.fromkeys((9, 10, 11, 12), 20.5)}
"""Alpha at 1-hour, Beta raised to a trigger"""


def planned(folder: Path, sandbox: Sandbox) -> tuple[FlashDays, Revision]:
    """The first block published, the second one planned."""
    sandbox._backend.store.run("PRAGMA synchronous = OFF")
    sandbox.seed(seed())
    days = FlashDays(folder / "runs", sandbox)
    first, _ = days.block(EXPOSED, gauges=GAUGES)
    result = found(rain(SECOND, block(1)), first, gauges=GAUGES)
    run = days.keep(result)
    with days.target() as target:
        revision = plan_revision.fn(result, run, target, overrides=Overrides(), now=clock)
    assert revision is not None
    return days, revision


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LaterStage]:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
    with Sandbox(tmp_path / "box") as sandbox, FaultyProxy(sandbox.url) as proxy:
        yield LaterStage(*planned(tmp_path, sandbox), proxy)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], int]:
    return later_undisturbed(tmp_path_factory.mktemp("undisturbed"), planned)


def all_but_most_rasters(calls: list[Call]) -> list[Call]:
    """Every call, and of 18 rasters the first and the last."""
    rasters = [call.number for call in calls if call.file is not None]
    return [call for call in calls if call.number not in rasters[1:-1]]


@pytest.mark.parametrize("fault", ["500", "reset after"])
def test_every_call_of_a_second_block_spoiled_in_turn(
    fault: Fault, stage: LaterStage, undisturbed: tuple[dict[str, Any], int]
) -> None:
    assert undisturbed[1] == 1
    spoil(fault, stage, all_but_most_rasters(stage.calls), undisturbed)


@pytest.mark.story
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_call(fault: Fault, stage: LaterStage, undisturbed: tuple[dict[str, Any], int]) -> None:
    spoil(fault, stage, stage.calls, undisturbed)


def test_killed_at_one_call_of_each_kind(stage: LaterStage, undisturbed: tuple[dict[str, Any], int]) -> None:
    kill("before the journal", stage, stage.one_of_each_kind, undisturbed)


@pytest.mark.story
@pytest.mark.parametrize("when", KILLED)
def test_killed_in_every_way(when: str, stage: LaterStage, undisturbed: tuple[dict[str, Any], int]) -> None:
    kill(when, stage, stage.calls, undisturbed)


def test_the_list_of_events_cannot_be_read_until_all_events_have_their_lead_times(stage: LaterStage) -> None:
    """What makes the matrix above worth its time."""
    flags = [call for call in stage.calls if call.step == "alerts per lead time"]
    answers = []
    for call in (stage.calls[1], flags[-1], stage.calls[flags[-1].number]):
        stage.go_on_until(call)
        answers.append(stage.days.get("/event", countryCodeISO3="XTV", disasterType="flash-floods").status_code)
    assert answers == [500, 500, 200]
