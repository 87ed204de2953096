"""The cache of fetched forecasts: `<root>/<source>/<YYYYMMDD>/`, shared by concurrent runs and bounded in size.

Files appear under their names only when they are whole. Whoever fetches a day of a source holds its lock; others wait
and then find what was fetched. The operating system frees the lock with its holder.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Final

from ibf_pipeline.discharge.file_format import GRIB_NAMES
from ibf_pipeline.errors import ForbiddenByRule, IbfError, ServerUnreachable
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.locks import file_lock
from ibf_pipeline.sources.shared_days import SharedDays, day_key

log = logging.getLogger(__name__)

_LOCK: Final = ".lock"
_DELETED: Final = ".deleted"
"""ending of a day's folder that is on its way out"""
_TRACKS: Final = (".bufr", ".bin")
"""endings of ECMWF's files of cyclone tracks"""


@dataclass(frozen=True, slots=True)
class CachedDay:
    """What the cache holds of one source and issue date."""

    source: str
    issue_date: date
    folder: Path
    countries: dict[str, int]
    """forecast files by country; `raw` and others for those of all countries"""
    size: int
    """bytes on disk"""
    used: float
    """seconds since 1970: when it was fetched or asked for last"""


class InputCache:
    """The cache below one folder. `shared`: with other machines, for sources on a network."""

    def __init__(self, root: Path, shared: SharedDays | None = None) -> None:
        self.root = root
        self._shared = shared

    def day(self, source: str, issue_date: date) -> Path:
        """Where a source's files of an issue date lie."""
        return self.root / source / f"{issue_date:%Y%m%d}"

    @contextmanager
    def held(
        self, source: str, issue_date: date, country: str | None = None, *, instead: str | None = None
    ) -> Iterator[Path]:
        """The folder of a day, while nobody else fetches into it or deletes it; waits for whoever does.

        With a country, others may fetch the same day for other countries meanwhile. Where the cache is shared, that
        holds for all machines, and what another one has fetched is there. `instead`: another source that has the whole
        forecast; nobody is waited for then, and ServerUnreachable raised.
        """
        folder = self.day(source, issue_date)
        fetched = instead and ServerUnreachable(
            f"another run is fetching it, and {instead} has the whole forecast",
            where=folder,
            expected="a day that nobody else fetches",
            remedy="wait until the other run has fetched it",
        )
        activity, lock = f"is fetching {source} {issue_date}", folder / _LOCK
        with contextlib.ExitStack() as locks:
            locks.enter_context(file_lock(lock, activity, fetched or None, shared=country is not None))
            if country is not None:
                locks.enter_context(file_lock(folder / f"{_LOCK}-{country}", activity, fetched or None))
            with write_errors(folder):
                lock.touch()
            if self._shared is None:
                yield folder
                return
            with self._shared.held(folder, day_key(source, issue_date, country), country, fetched or None):
                yield folder

    def share(self, source: str, issue_date: date, country: str | None = None) -> None:
        """Let other machines have what there is of a day by now, for one who holds it: an order that was placed."""
        if self._shared is not None:
            self._shared.share(self.day(source, issue_date), day_key(source, issue_date, country), country)

    def touch(self, source: str, issue_date: date) -> None:
        """Note that a day is in use, so that it is not deleted."""
        with contextlib.suppress(OSError):
            os.utime(self.day(source, issue_date) / _LOCK)

    def days(self) -> list[CachedDay]:
        """What is there, by source and issue date."""
        found = []
        for folder in sorted(self.root.glob("*/*")):
            if re.fullmatch(r"\d{8}", folder.name) and (folder / _LOCK).is_file():
                with contextlib.suppress(FileNotFoundError, ValueError):  # deleted meanwhile; no date
                    found.append(_cached(folder))
        return found

    def prune(self, largest: int, keep_seconds: float, now: float | None = None) -> list[CachedDay]:
        """Delete the days that were not used for longest until the cache has at most `largest` bytes.

        Days in use now, or used within `keep_seconds`, stay. Returns what was deleted.
        """
        moment = time.time() if now is None else now
        for interrupted in self.root.glob(f"*/.*{_DELETED}"):
            shutil.rmtree(interrupted, ignore_errors=True)
        days = sorted(self.days(), key=lambda day: (day.used, day.issue_date))
        size = sum(day.size for day in days)
        deleted = []
        for day in days:
            if (size <= largest and day.size) or moment - day.used < keep_seconds or not _delete(day.folder):
                continue
            if not day.size:
                continue  # a day that was asked for in vain
            size -= day.size
            deleted.append(day)
            log.info("cache: deleted %s of %s, %.1f MB", day.issue_date, day.source, day.size / 1e6)
        return deleted


def _cached(folder: Path) -> CachedDay:
    countries: dict[str, int] = {}
    size = 0
    for file in folder.rglob("*"):
        if file.is_file():
            size += file.stat().st_size
            if file.suffix.lower() in (".nc", *GRIB_NAMES, *_TRACKS):
                countries[file.parent.name] = countries.get(file.parent.name, 0) + 1
    issue_date = datetime.strptime(folder.name, "%Y%m%d").date()  # noqa: DTZ007 - a calendar day
    used = (folder / _LOCK).stat().st_mtime
    return CachedDay(folder.parent.name, issue_date, folder, countries, size, used)


def _delete(folder: Path) -> bool:
    """Whether a day could be deleted: not while somebody holds it.

    It is moved aside first: who comes next makes the folder anew, and nothing of theirs is deleted with the old.
    """
    aside = folder.with_name(f".{folder.name}{_DELETED}")
    try:
        with file_lock(folder / _LOCK, busy_error=ForbiddenByRule("somebody is fetching it", where=folder)):
            shutil.rmtree(aside, ignore_errors=True)
            folder.rename(aside)
    except (OSError, IbfError):
        return False
    shutil.rmtree(aside, ignore_errors=True)
    return True
