"""Where the page of the morning lies: in the folder of the runs and, with a store, there."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.storage.file_sets import newest_below
from ibf_pipeline.storage.storage import Storage
from ibf_pipeline.storage.store_location import SharedStorage, StoreLocation

FOLDER: Final = "morning"
"""below the folder of the runs; places in the store begin with it"""
_NEWEST: Final = "newest.html"
"""in that folder: the page of the newest day that this machine has written or fetched"""


def keep_page(day: date, text: str, runs: Path, storage: Storage) -> Path:
    """Keep the page of a day: here, under its day and as the newest one, and in the store if there is one.

    StoreUnavailable or WriteFailed; what can be written here is written before the store is asked, and nobody waits for
    one that is unreachable: the next run writes the page again.
    """
    file = _write(day, text, runs)
    if storage.store is not None:
        records = storage.database(runs)
        place = StoreLocation(SharedStorage(records, storage.store.with_short_timeout()), f"{FOLDER}/{day}", "report")
        files = place.put(file.parent, [file.name])
        records.write(lambda connection, _: place.record(connection, files))
    return file


def fetched_page(day: date | None, runs: Path, storage: Storage) -> Path:
    """The page of a day, of the newest if none is named; with a store as it is there, fetched to this machine.

    InputMissing if there is none; StoreUnavailable or InputInvalid if it cannot be had.
    """
    if storage.store is None:
        file = runs / FOLDER / (f"{day}.html" if day else _NEWEST)
        if not file.is_file():
            raise _missing(file)
        return file
    pages = {each.place: each for each in newest_below(storage.database(runs), FOLDER)}
    place = f"{FOLDER}/{day}" if day else max(pages, default="")
    if place not in pages:
        raise _missing(f"{storage.store.url}/{FOLDER}")
    pages[place].require_there()
    (page,) = pages[place].files
    with tempfile.TemporaryDirectory() as apart:
        fetched = Path(apart, page.name)
        storage.store.get(page.key, fetched, page.sha256)
        text = fetched.read_text(encoding="utf-8")
    return _write(date.fromisoformat(place.removeprefix(f"{FOLDER}/")), text, runs)


def _write(day: date, text: str, runs: Path) -> Path:
    """Under its day, and as the newest one if no later day is there: a day of the past may be written late."""
    folder = runs / FOLDER
    file = folder / f"{day}.html"
    write_text(file, text)
    if file == max(folder.glob("????-??-??.html")):
        write_text(folder / _NEWEST, text)
    return file


def _missing(where: object) -> InputMissing:
    return InputMissing(
        "there is no such page of the morning",
        where=where,
        expected="one that a run of the day has written",
        remedy="run a country: each run of the day writes it when it ends",
    )
