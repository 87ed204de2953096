"""Local copies of what is in the store, and their limit."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.records.lease import lease
from ibf_pipeline.storage.cache import make_room
from ibf_pipeline.storage.copies import COMPLETE_MARK, fetch_copies, mark
from ibf_pipeline.storage.store_location import SharedStorage, StoreLocation

NOW = time.time()
HOURS = 3600.0


class World:
    """Runs of 100 bytes each, in a store and in a folder of this machine."""

    def __init__(self, folder: Path) -> None:
        self.runs = folder / "runs"
        self.database: Database = open_records(records_url(folder))
        self.store = FileStore(f"file://{folder}/store", RetryPolicy(1, 1))

    def stored(self, place: str) -> StoreLocation:
        return StoreLocation(SharedStorage(self.database, self.store), place, "run", place[:3])

    def run(self, place: str, hours_ago: float) -> Path:
        """A run that was used last so long ago."""
        folder = self.runs / place
        (folder / "extents").mkdir(parents=True)
        (folder / "events.json").write_text("e" * 40)
        (folder / "extents/0-day.tif").write_text("t" * 60)
        files = self.stored(place).put(folder, ["events.json", "extents/0-day.tif"])
        with self.database.transaction() as connection:
            self.stored(place).record(connection, files)
        mark(folder, files)
        os.utime(folder / COMPLETE_MARK, (NOW - hours_ago * HOURS,) * 2)
        return folder

    def room(self, largest: int) -> int:
        return make_room(self.database, self.runs, largest, NOW)


def names(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def test_what_was_not_used_longest_goes_first_and_comes_back(tmp_path: Path) -> None:
    world = World(tmp_path)
    old, older, new = (world.run(f"XTY/floods/2026-02-{day}", hours) for day, hours in ((14, 5), (15, 9), (16, 2)))
    assert world.room(300) == 0
    assert world.room(200) == 100
    assert names(older) == [COMPLETE_MARK]
    assert len(names(old)) == len(names(new)) == 3
    (kept,) = world.stored("XTY/floods/2026-02-15").sets()
    fetch_copies(world.store, kept, older)
    assert (older / "extents/0-day.tif").read_text() == "t" * 60


def test_what_was_used_within_the_hour_or_is_at_work_stays(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.run("XTY/floods/2026-02-15", 0.9)
    world.run("XTA/floods/2026-02-15", 3)
    world.run("XTB/floods/2026-02-15", 4)
    import contextvars

    with lease(world.database, "XTA/floods", "run"), lease(world.database, "XTB/floods/portal", "approval"):
        assert contextvars.Context().run(world.room, 0) == 0
    assert world.room(0) == 200


def test_nothing_that_the_store_has_not_is_deleted(tmp_path: Path) -> None:
    world = World(tmp_path)
    changed, replaced = world.run("XTY/floods/2026-02-15", 5), world.run("XTY/floods/2026-02-16", 5)
    (changed / "extents/0-day.tif").write_text("u" * 60)
    (changed / "journal.jsonl").write_text("mine")
    (replaced / COMPLETE_MARK).write_text(json.dumps({"events.json": "no such key"}))
    os.utime(replaced / COMPLETE_MARK, (NOW - 5 * HOURS,) * 2)
    os.utime(changed / COMPLETE_MARK, (NOW - 5 * HOURS,) * 2)
    assert world.room(0) == 40
    assert names(changed) == [COMPLETE_MARK, "extents/0-day.tif", "journal.jsonl"]
    assert names(replaced) == [COMPLETE_MARK, "events.json", "extents/0-day.tif"]
