"""The calls of a cycle of two storms under faults, the second of a day: the portal is as after an undisturbed run, with
one mail and whole tracks.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.sandbox import Sandbox
from ibf_pipeline.targets.problems import Overrides
from tasks.runs import plan_revision
from tests.publish.test_fault_matrix import FAULTS, KILLED, LaterStage, kill, later_undisturbed, spoil
from tests.worlds.countries.flash_days import clock
from tests.worlds.services.faulty_proxy import Fault, FaultyProxy
from tests.worlds.typhoon_days import TyphoonDays, seed
from tests.worlds.typhoon_findings import AREAS, cycle, issue, storm


def planned(folder: Path, sandbox: Sandbox) -> tuple[TyphoonDays, Revision]:
    """Two storms are open; in the next cycle one is raised to a trigger, and the other has another track."""
    sandbox._backend.store.run("PRAGMA synchronous = OFF")
    sandbox.seed(seed())
    days = TyphoonDays(folder / "runs", sandbox)
    days.cycle(storm("ALPHA", AREAS[:2], trigger=False), storm("BRAVO", AREAS[3:5], trigger=False, lead=96))
    at = issue(1)
    result = cycle(
        storm("ALPHA", AREAS[:3], at=at, lead=42),
        storm("BRAVO", AREAS[3:5], at=at, trigger=False, lead=90, approach="passes"),
        at=at,
    )
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


def test_one_call_of_each_kind_whose_answer_is_lost(stage: LaterStage, undisturbed: tuple[dict[str, Any], int]) -> None:
    assert undisturbed[1] == 1
    spoil("reset after", stage, stage.one_of_each_kind, undisturbed)


@pytest.mark.story
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_at_every_call(fault: Fault, stage: LaterStage, undisturbed: tuple[dict[str, Any], int]) -> None:
    spoil(fault, stage, stage.calls, undisturbed)


@pytest.mark.story
@pytest.mark.parametrize("when", KILLED)
def test_killed_in_every_way(when: str, stage: LaterStage, undisturbed: tuple[dict[str, Any], int]) -> None:
    kill(when, stage, stage.calls, undisturbed)
