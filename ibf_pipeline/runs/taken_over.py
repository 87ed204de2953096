"""Journals that an earlier version kept as files: refused until they are in the records, never read as "nothing"."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import select

from ibf_pipeline.errors import ForbiddenByRule, InputInvalid
from ibf_pipeline.io.sql import Database
from ibf_pipeline.publish.call import as_lines, calls_of
from ibf_pipeline.publish.journal import REVISION as WHOLE
from ibf_pipeline.publish.journal import Entry, entries_of
from ibf_pipeline.records.schema import ENTRY, REVISION
from ibf_pipeline.runs.revision import about_of, as_text

T = TypeVar("T")
log = logging.getLogger(__name__)

EXERCISES: Final = "exercises"
"""folder below that of the runs, and below that of the sandbox: exercises leave nothing among real days"""
_DAYS: Final = "????-??-??/targets/*/r*/"
_HAZARD: Final = "floods"
"""the only one that earlier versions had"""
_known: Final[WeakKeyDictionary[Database, set[str]]] = WeakKeyDictionary()
"""countries that were looked at: what is published from then on is in the records"""


def real_runs(runs: Path) -> Path:
    """The folder of the real days, whichever of the two `runs` is."""
    return runs.parent if runs.name == EXERCISES else runs


@dataclass(frozen=True, slots=True)
class _Kept:
    """A revision as an earlier version left it."""

    folder: Path
    exercise: bool

    @property
    def key(self) -> dict[str, object]:
        target, day = self.folder.parent, self.folder.parents[2]
        return {
            "country": day.parent.name, "hazard": _HAZARD, "issue_time": day.name, "exercise": self.exercise,
            "target": target.name, "number": int(self.folder.name[1:]),
        }  # fmt: skip


def require_taken_over(runs: Path, iso3: str, database: Database) -> None:
    """ForbiddenByRule where journals of a country on disk are not in the records: the next run would mail again."""
    if iso3 in _known.setdefault(database, set()):
        return
    missing = _missing(runs, iso3, database, "journal.jsonl")
    if missing:
        raise ForbiddenByRule(
            f"{len(missing)} of the journals here are not in the records, and may have notified people",
            where=missing[0].folder,
            expected=f"every published revision in {database.place}",
            remedy="run `ibf-pipeline records take-over`, or bring the records back from a back-up",
        )
    _known[database].add(iso3)


def take_over(runs: Path, iso3: str, database: Database) -> int:
    """Put the plans and journals of a country that are not in the records there; how many. It can be repeated."""
    missing = _missing(runs, iso3, database, "*.jsonl")
    for kept in missing:
        plan = _readable(kept.folder / "plan.jsonl", calls_of)
        about = _readable(kept.folder / "revision.json", about_of)
        bodies = [call.body or {} for call in plan or ()]
        dates = [about.date] if about else [str(body["date"]) for body in bodies if "date" in body]
        values = {
            **kept.key,
            "date": dates[0] if dates else None,
            "about": None if about is None else as_text(about),
            "plan": None if plan is None else as_lines(plan),
        }
        journal = kept.folder / "journal.jsonl"
        entries = [asdict(entry) for entry in (_readable(journal, lambda lines, _: entries_of(lines)) or ())]
        if journal.is_file() and "unused" not in {entry["state"] for entry in entries}:
            entries.insert(0, asdict(Entry(WHOLE, "begun", entries[0]["at"] if entries else "")))
        with database.transaction() as connection:
            row = connection.execute(REVISION.insert().values(**values).returning(REVISION.c.id)).scalar_one()
            if entries:
                connection.execute(ENTRY.insert(), [{"revision": row, **entry} for entry in entries])
    return len(missing)


def _missing(runs: Path, iso3: str, database: Database, having: str) -> list[_Kept]:
    kept = list(_kept(runs, iso3, having))
    if not kept:
        return []
    columns = [REVISION.c[name] for name in kept[0].key]
    rows = database.rows(select(*columns).where(REVISION.c.country == iso3, REVISION.c.hazard == _HAZARD))
    known = {tuple(row) for row in rows}
    return [each for each in kept if tuple(each.key.values()) not in known]


def _kept(runs: Path, iso3: str, having: str) -> Iterator[_Kept]:
    for place, exercise in ((runs, False), (runs / EXERCISES, True)):
        for folder in sorted({file.parent for file in (place / iso3).glob(_DAYS + having)}):
            if folder.name[1:].isdigit():
                yield _Kept(folder, exercise)


def _readable(file: Path, read: Callable[[bytes, object], T]) -> T | None:
    """What a file says; None where it is not there or damaged: what it would have told is unknown from then on."""
    try:
        return read(file.read_bytes(), file) or None
    except (OSError, InputInvalid) as error:
        log.warning("%s is taken over as damaged: %s", file, error)
        return None
