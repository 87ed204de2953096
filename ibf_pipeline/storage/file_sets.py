"""Sets of files in the store, as the records have them: a row for each, of which the newest of a place counts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import ColumnElement, func, select

from ibf_pipeline.domain.run_id import EXERCISES
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.schema import KEPT_FILES

FileSetKind = Literal["run", "revision", "report", "prepared", "forecast", "observation"]
"""what the files are of; each may be kept for a time of its own"""
ALWAYS: Final = ("events.json", "manifest.json")
"""names of files that stay when a set is pruned: small, and what looks back reads them"""
PRUNE: Final = "prune"
"""lease of whoever deletes from the store: one at a time"""


@dataclass(frozen=True, slots=True)
class FileEntry:
    """A file in the store."""

    name: str
    """below the folder that it is of, such as `extents/flood_extent_0-day_UGA.tif`"""
    key: str
    size: int
    """bytes"""
    sha256: str


@dataclass(frozen=True, slots=True)
class FileSet:
    """The files of a folder, as they were put into the store together."""

    row: int
    """number in the records"""
    place: str
    kind: FileSetKind
    country: str
    """empty for what several share"""
    at: datetime
    """UTC"""
    files: tuple[FileEntry, ...]
    pruned: str | None = None
    """when the files were deleted"""

    def file(self, name: str) -> FileEntry | None:
        """The file with a name; None if the set does not have it."""
        return next((each for each in self.files if each.name == name), None)

    @property
    def left(self) -> tuple[FileEntry, ...]:
        """Its files that must be in the store: all, or the few that stay when it is pruned."""
        return tuple(each for each in self.files if self.pruned is None or each.name in ALWAYS)

    def has(self, name: str) -> bool:
        """Whether a file with that name can be fetched."""
        return any(each.name == name for each in self.left)

    def require_there(self) -> None:
        """InputMissing after the files were deleted."""
        if self.pruned is not None:
            raise InputMissing(
                f"the files of {self.place} were deleted from the store on {self.pruned[:10]}",
                where=self.place,
                expected="files that are still kept",
                remedy="run the day again, or keep files for longer (store.keep_days in settings.yaml)",
            )

    @property
    def run(self) -> str:
        """The run that it is of, such as `UGA/floods/2026-02-15`; empty for prepared layers and forecasts."""
        if self.kind in ("prepared", "forecast"):
            return ""
        parts = self.place.split("/")
        return "/".join(parts[: 4 if parts[0] == EXERCISES else 3])

    @property
    def lease_name(self) -> str:
        """Of whoever may change what it is of: a run of the country and hazard, or the one that deletes."""
        if self.kind == "prepared":
            match self.place.split("/"):
                case ["prepared", hazard, iso3, *_]:
                    return f"{iso3}/{hazard}"
            return PRUNE  # a copy of static data: nobody holds the country for it
        return "/".join(self.run.removeprefix(f"{EXERCISES}/").split("/")[:2]) or PRUNE


def every_set(database: Database, *, there: bool = False) -> list[FileSet]:
    """All sets that were ever put into the store, oldest first; `there`: only those that were not pruned."""
    return _sets(database, *_there(there))[::-1]


def sets_of(database: Database, place: str, most: int = 1, *, there: bool = False) -> list[FileSet]:
    """At most so many of a place, the newest first; `there`: as `every_set`."""
    return _sets(database, KEPT_FILES.c.place == place, *_there(there), most=most)


def newest_below(database: Database, place: str, *, there: bool = False) -> list[FileSet]:
    """The newest set of this place and of each one below it, by name; `there`: as `every_set`."""
    within = (KEPT_FILES.c.place == place) | KEPT_FILES.c.place.startswith(f"{place}/", autoescape=True)
    newest = select(func.max(KEPT_FILES.c.id)).where(within, *_there(there)).group_by(KEPT_FILES.c.place)
    return sorted(_sets(database, KEPT_FILES.c.id.in_(newest)), key=lambda each: each.place)


def _there(asked: bool) -> tuple[ColumnElement[bool], ...]:
    return (KEPT_FILES.c.pruned.is_(None),) if asked else ()


def _sets(database: Database, *which: ColumnElement[bool], most: int | None = None) -> list[FileSet]:
    """Newest first."""
    return [
        FileSet(
            row.id, row.place, row.kind, row.country, datetime.fromisoformat(row.at),
            tuple(FileEntry(**each) for each in json.loads(row.files)), row.pruned,
        )
        for row in database.rows(select(KEPT_FILES).where(*which).order_by(KEPT_FILES.c.id.desc()).limit(most))
    ]  # fmt: skip
