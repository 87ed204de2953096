"""What one machine observed of a run's event is in the report of any other; looks of several are kept together."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.observation import EventObservation, Look, Verdict
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.observations import (
    event_folder,
    fetch_observations,
    read_observations,
    shared_event,
    shared_looks,
    write_observed_event,
)
from ibf_pipeline.storage.storage import Storage
from tests.worlds.shared import sharing

MONDAY = date(2026, 2, 16)


@pytest.fixture
def one(tmp_path: Path) -> RunFolder:
    return machine(tmp_path, "one")


@pytest.fixture
def other(tmp_path: Path) -> RunFolder:
    return machine(tmp_path, "other")


def machine(folder: Path, name: str) -> RunFolder:
    shared = sharing(folder / "shared")
    storage = Storage(f"sqlite:///{folder / 'shared/records.sqlite'}", shared.store)
    return RunFolder(folder / name / "runs", RunId("UGA", "floods", IssueTime(MONDAY)), storage)


def observe(run: RunFolder, look: str, event: str = "S 01") -> None:
    """A look of a machine, and the verdict of all looks that it knows: their names."""
    folder = event_folder(run.path, event)
    (folder / look).mkdir(parents=True)
    (folder / look / "mask.tif").write_text(look)
    with shared_looks(shared_event(run, folder), event):
        write_observed_event(observed(event, ", ".join(looks_of(run, event))), folder)


def looks_of(run: RunFolder, event: str = "S 01") -> list[str]:
    return sorted(file.read_text() for file in event_folder(run.path, event).glob("*/mask.tif"))


def observed(event: str, reason: str) -> EventObservation:
    verdict = Verdict("undecided", reason)
    at = datetime(2026, 2, 18, 6, tzinfo=UTC)
    look = Look(
        source="open water", first_day=MONDAY, last_day=MONDAY, passes=(at,), products=("S1A",), method="Open water.",
        verdict=verdict, areas=(),
    )  # fmt: skip
    return EventObservation(
        country="UGA", issue_date=MONDAY, event=event, verdict=verdict, default_admin_level=1, areas=(), looks=(look,)
    )


def told(run: RunFolder) -> dict[str, str]:
    fetch_observations(run)
    return {each.event: each.verdict.reason for each in read_observations(run.path)}


def test_an_observation_is_told_on_any_machine(one: RunFolder, other: RunFolder) -> None:
    observe(one, "A")
    observe(one, "A", event="S02")
    assert told(other) == {"S 01": "A", "S02": "A"}
    assert looks_of(other) == [], "what a look is made of is large"
    shutil.rmtree(other.path)
    assert told(other) == {"S 01": "A", "S02": "A"}
    assert told(one) == {"S 01": "A", "S02": "A"}


def test_looks_of_several_machines_are_judged_together(one: RunFolder, other: RunFolder) -> None:
    observe(one, "A")
    observe(other, "B")
    assert looks_of(other) == ["A", "B"]
    assert told(one) == told(other) == {"S 01": "A, B"}
    observe(one, "C")
    assert told(other) == {"S 01": "A, B, C"}


def test_a_store_that_is_away_costs_no_observation(one: RunFolder, other: RunFolder, tmp_path: Path) -> None:
    observe(one, "A")
    store = tmp_path / "shared/store"
    store.rename(tmp_path / "away")
    store.write_text("no folder")
    observe(other, "B")
    assert {each.event: each.verdict.reason for each in read_observations(other.path)} == {"S 01": "B"}
    store.unlink()
    (tmp_path / "away").rename(store)
    observe(other, "C")
    assert told(one) == told(other) == {"S 01": "A, B, C"}


def test_without_a_store_nothing_is_asked(tmp_path: Path) -> None:
    run = RunFolder(tmp_path / "runs", RunId("UGA", "floods", IssueTime(MONDAY)))
    observe(run, "A")
    assert told(run) == {"S 01": "A"}
    assert not (tmp_path / "runs" / "records.sqlite").exists()
