"""What may be deleted from the store, set by set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from flows.cli.runs import FileKind as Asked
from ibf_pipeline.config.store import RetentionDays
from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.io.file_store import StoredObject
from ibf_pipeline.storage.file_sets import PRUNE, FileEntry, FileSet, FileSetKind
from ibf_pipeline.storage.retention import PruningNeeds, freed, orphaned_objects, retention_decisions

OWNER = "1234abcd"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
RUN = "XTY/floods/2026-02-15"
DAYS = {"run": None, "revision": 100, "report": 40, "prepared": 30, "forecast": 1, "observation": 400}


def row(number: int, place: str, kind: FileSetKind, days_ago: float, *keys: str, pruned: bool = False) -> FileSet:
    """A set of files of 10 bytes each, named like the last part of their keys."""
    files = tuple(FileEntry(key.rpartition("/")[2], key, 10, "0" * 64) for key in keys)
    return FileSet(number, place, kind, "XTY", NOW - timedelta(days=days_ago), files, "2026-05-01" if pruned else None)


def deleted(*rows: FileSet, needs: PruningNeeds | None = None) -> dict[int, str]:
    """Numbers of the rows that would be deleted, with the reason."""
    return {
        each.kept.row: each.why
        for each in retention_decisions(rows, needs or PruningNeeds(), DAYS, NOW)
        if each.deletes
    }


def test_every_kind_has_its_days_and_can_be_asked_for() -> None:
    assert set(get_args(FileSetKind)) == set(RetentionDays.model_fields) <= {each.value for each in Asked}


def test_a_set_is_kept_for_the_days_of_its_kind() -> None:
    report = f"{RUN}/report"
    assert deleted(row(1, report, "report", 40)) == {}
    assert deleted(row(1, report, "report", 41)) == {1: "older than 40 days"}
    assert deleted(row(1, RUN, "run", 5000)) == {}
    assert deleted(row(1, report, "report", 41, pruned=True)) == {}


def test_what_a_newer_set_has_replaced_goes_a_day_later_whatever_its_kind() -> None:
    assert deleted(row(1, RUN, "run", 300), row(2, RUN, "run", 0.9)) == {}
    assert deleted(row(1, RUN, "run", 300), row(2, RUN, "run", 1.1)) == {1: "a newer set has replaced it"}
    forecasts = (row(1, "inputs/ftp/20260531", "forecast", 1.9), row(2, "inputs/ftp/20260531", "forecast", 1.1))
    assert deleted(*forecasts) == {1: "a newer set has replaced it"}


def test_the_newest_prepared_layers_stay_and_older_ones_are_counted_from_their_end() -> None:
    place = "prepared/floods/XTY"
    assert deleted(row(1, place, "prepared", 900)) == {}
    assert deleted(row(1, place, "prepared", 900), row(2, place, "prepared", 29)) == {}
    assert deleted(row(1, place, "prepared", 900), row(2, place, "prepared", 31)) == {1: "older than 30 days"}


def test_copies_of_static_data_are_of_whoever_prunes_and_layers_of_their_country() -> None:
    """They are kept as layers are, and are no layers: a prune comes to them 30 days after they changed."""
    place = "static/XTY"
    replaced = row(1, place, "prepared", 900)
    assert deleted(replaced, row(2, place, "prepared", 31)) == {1: "older than 30 days"}
    assert replaced.lease_name == PRUNE
    assert row(1, "prepared/flash-floods/XTY", "prepared", 900).lease_name == "XTY/flash-floods"
    assert row(1, f"{RUN}/report", "report", 900).lease_name == "XTY/floods"


def test_a_run_that_is_needed_stays_with_everything_of_it() -> None:
    sets = (
        row(1, f"{RUN}/report", "report", 900),
        row(2, f"{RUN}/targets/portal/r1", "revision", 900),
        row(3, f"exercises/{RUN}/report", "report", 900),
    )
    needs = PruningNeeds({RUN: "its notification is held"})
    assert deleted(*sets, needs=needs) == {3: "older than 40 days"}
    held = [each for each in retention_decisions(sets, needs, DAYS, NOW) if each.is_old and not each.deletes]
    assert [(each.kept.row, each.why) for each in held] == [
        (1, "its notification is held"), (2, "its notification is held"),
    ]  # fmt: skip


def test_a_forecast_stays_while_its_day_may_still_be_tried() -> None:
    place = "inputs/ftp/20260215"
    assert deleted(row(1, place, "forecast", 1.9)) == {}  # though `keep_days` says one
    assert deleted(row(1, place, "forecast", 2.1)) == {1: "older than 2 days"}
    assert deleted(row(1, place, "forecast", 9), needs=PruningNeeds(days={"20260215": "it is not finished"})) == {}


def test_files_that_look_backs_read_and_keys_of_others_are_not_freed() -> None:
    run = row(1, RUN, "run", 1, "a/events.json", "a/manifest.json", "a/forecast.nc", "a/extent.tif")
    revision = row(2, f"{RUN}/targets/portal/r1", "revision", 1, "a/extent.tif", "b/body.json")
    assert freed([run, revision], [run]) == {"a/forecast.nc": 10}
    assert freed([run, revision], [run, revision]) == {"a/forecast.nc": 10, "a/extent.tif": 10, "b/body.json": 10}


def test_what_nothing_names_is_left_over_after_a_day() -> None:
    at = f"{RUN}/20260215T060000-{OWNER}-0a1b2c"

    def stored(key: str, hours_ago: float) -> StoredObject:
        return StoredObject(key, 10, NOW - timedelta(hours=hours_ago))

    rows = [
        row(1, RUN, "run", 9, f"{at}/events.json", f"{at}/forecast.nc"),
        row(2, f"{RUN}/report", "report", 9, f"{at}/report.html", f"{at}/events.json", pruned=True),
    ]
    there = [
        stored(f"{at}/events.json", 200),
        stored(f"{at}/forecast.nc", 200),
        stored(f"{at}/report.html", 1),  # marked as deleted, and the process died before it was
        stored(f"{at}/orphan.tif", 25),
        stored(f"{at}/being-put.tif", 23),
        stored("somebody/else.tif", 9000),
        stored(f"{at.replace(OWNER, 'dcba4321')}/events.json", 9000),  # another installation's, by mistake
    ]
    assert [each.key for each in orphaned_objects(there, rows, NOW, OWNER)] == [f"{at}/orphan.tif", f"{at}/report.html"]


def test_files_of_newer_records_are_no_left_overs() -> None:
    theirs = [
        StoredObject(f"{RUN}/20260215T060000-{OWNER}-0a1b2c/{n}.tif", 10, NOW - timedelta(days=9)) for n in range(101)
    ]
    with pytest.raises(ForbiddenByRule, match="101 files are in the store and in no set of the records"):
        orphaned_objects(theirs, [], NOW, OWNER)
