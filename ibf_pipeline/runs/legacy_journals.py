"""Journals that an earlier version kept as files: refused until they are in the records, never read as "nothing"."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Select, select

from ibf_pipeline.domain.run_id import EXERCISES
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid, errors_as
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.locks import file_lock
from ibf_pipeline.io.sql import Database
from ibf_pipeline.publish.call import Call, calls_of, plan_lines
from ibf_pipeline.publish.journal import NOTHING_LEFT, Entry, entries_of
from ibf_pipeline.publish.journal import WHOLE_REVISION as WHOLE
from ibf_pipeline.records.lease import lease
from ibf_pipeline.records.schema import ENTRY, REVISION, RUN
from ibf_pipeline.runs.revision import metadata_text, parse_metadata

_T = TypeVar("_T")
log = logging.getLogger(__name__)

_NEWEST: Final = 30
"""revisions of a country and kind whose journal is held against the records: older ones are not gone on with"""
LEGACY_HAZARD: Final = "floods"
"""the only one that earlier versions had, in `<ISO3>/<issue date>/` and not `<ISO3>/<hazard>/<issue time>/`"""
_SIGNS: Final = ("journal.jsonl", "notices.json")
"""files of a revision of which calls were made"""
_NO_ACCESS: Final = "the run folders cannot be looked through ({})"
_known: Final[WeakKeyDictionary[Database, set[tuple[Path, str, str | None]]]] = WeakKeyDictionary()
"""countries and hazards that were looked at: what is published from then on is in the records"""


def hazard_path_parts(hazard: str | None) -> tuple[str, ...]:
    """A hazard as a part of names that are older than the second hazard: nothing for floods.

    >>> hazard_path_parts("floods"), hazard_path_parts("typhoon")
    ((), ('typhoon',))
    """
    return () if hazard in (None, LEGACY_HAZARD) else (str(hazard),)


def real_runs(runs: Path) -> Path:
    """The folder of the real days, given that folder or the one of the exercises."""
    return runs.parent if runs.name == EXERCISES else runs


@dataclass(frozen=True, slots=True)
class _Kept:
    """A revision that left files."""

    folder: Path
    country: str
    hazard: str
    exercise: bool

    @property
    def number(self) -> int:
        return int(self.folder.name[1:])

    @property
    def key(self) -> dict[str, object]:
        target, run = self.folder.parent, self.folder.parents[2]
        return {
            "country": self.country, "hazard": self.hazard, "issue_time": run.name, "exercise": self.exercise,
            "target": target.name, "number": self.number,
        }  # fmt: skip


def require_journals_taken_over(runs: Path, iso3: str, hazard: str | None, database: Database) -> None:
    """Refuse to go on while journals on disk are not in the records, or know more than these: a run would mail again.

    Parameters
    ----------
    runs : Path
        Folder of the real days.
    iso3 : str
        The country.
    hazard : str or None
        One hazard; None for all.
    database : Database
        The records.

    Raises
    ------
    ForbiddenByRule
        If journals are missing in the records.
    InputInvalid
        If the run folders cannot be read.
    """
    seen = _known.setdefault(database, set())
    if (runs.resolve(), iso3, hazard) in seen:
        return
    missing = list(dict.fromkeys((*_missing(runs, iso3, database, _SIGNS), *_ahead(runs, iso3, database))))
    missing = [kept for kept in missing if hazard in (None, kept.hazard)]
    if missing:
        raise ForbiddenByRule(
            f"{len(missing)} of the journals here are not in the records, and may have notified people",
            where=missing[0].folder,
            expected=f"every published revision in {database.place}",
            remedy="run `ibf-pipeline records take-over`, or bring the records back from a back-up",
        )
    seen.add((runs.resolve(), iso3, hazard))


def take_over_journals(runs: Path, iso3: str, database: Database) -> int:
    """Record what plans and journals of a country on disk say and the records do not; it can be repeated.

    Returns
    -------
    int
        Number of revisions that were recorded or completed.

    Raises
    ------
    ForbiddenByRule
        While a run of the country is at work, also one of an earlier version.
    InputInvalid
        If a file cannot be read; then nothing of its revision is recorded.
    """
    hazards = {LEGACY_HAZARD, *(hazard for place in (runs, runs / EXERCISES) for hazard, _ in _runs(place / iso3))}
    with ExitStack() as stack:
        for hazard in sorted(hazards):
            stack.enter_context(lease(database, f"{iso3}/{hazard}", "take over"))
        for file in (runs / iso3).glob(f".{LEGACY_HAZARD}*.lock"):
            busy = ForbiddenByRule(
                "a run of an earlier version is at work", where=file, remedy="wait until it has ended"
            )
            stack.enter_context(file_lock(file, busy_error=busy))
        _take_over_runs(runs, iso3, database)
        missing = _missing(runs, iso3, database, ("*.jsonl", *_SIGNS))
        for kept in missing:
            plan = _read(kept.folder / "plan.jsonl", calls_of)
            about = _read(kept.folder / "revision.json", parse_metadata)
            bodies = [call.body or {} for call in plan or ()]
            dates = [about.date] if about else [str(body["date"]) for body in bodies if "date" in body]
            values = {
                **kept.key,
                "date": dates[0] if dates else None,
                "about": None if about is None else metadata_text(about),
                "plan": None if plan is None else plan_lines(plan),
            }
            rows = [entry._asdict() for entry in _entries(kept.folder / "journal.jsonl", plan or ())]
            with database.transaction() as connection:
                row = connection.execute(REVISION.insert().values(**values).returning(REVISION.c.id)).scalar_one()
                _add(connection, row, rows)
        ahead = _ahead(runs, iso3, database)
        for kept in ahead:
            plan = _read(kept.folder / "plan.jsonl", calls_of)
            told = [entry._asdict() for entry in _entries(kept.folder / "journal.jsonl", plan or ())]
            with database.transaction() as connection:
                known = {(row.call, row.state, row.at) for row in connection.execute(_of(kept))}
                row = connection.execute(_row_of(kept)).scalar_one()
                _add(connection, row, [each for each in told if (each["call"], each["state"], each["at"]) not in known])
    return len(missing) + len(ahead)


def _add(connection: Connection, row: int, entries: list[dict[str, object]]) -> None:
    if entries:
        connection.execute(ENTRY.insert(), [{"revision": row, **entry} for entry in entries])


def _row_of(kept: _Kept) -> Select[tuple[int]]:
    return select(REVISION.c.id).where(*(REVISION.c[name] == value for name, value in kept.key.items()))


def _of(kept: _Kept) -> Select[tuple[int, str, str]]:
    return select(ENTRY.c.call, ENTRY.c.state, ENTRY.c.at).where(ENTRY.c.revision == _row_of(kept).scalar_subquery())


def _take_over_runs(runs: Path, iso3: str, database: Database) -> None:
    """Record the finished runs of a country that are not recorded."""
    for place, exercise in ((runs, False), (runs / EXERCISES, True)):
        for hazard, run in _runs(place / iso3):
            file = run / "manifest.json"
            key = {"country": iso3, "hazard": hazard, "issue_time": run.name, "exercise": exercise}
            if not file.is_file() or database.rows(
                select(RUN.c.id).where(*(RUN.c[name] == value for name, value in key.items()))
            ):
                continue
            manifest = read_json_or_empty(file)  # when it was finished is not in it
            told = {name: str(manifest.get(name, "")) for name in ("source", "arrived", "headline")}
            with database.transaction() as connection:
                connection.execute(RUN.insert().values(**key, **told, finished=""))


def _entries(journal: Path, plan: Sequence[Call]) -> list[Entry]:
    """What a journal says. Where it is damaged, a notification that is not known to be done may have gone out.

    One that is empty is damaged, since none is written without words; and so is one that says nothing of the
    notification though the notices are there, which are written just before it.
    """
    ends = [call.number for call in plan if call.kind == "end"]
    came_to_end = bool(ends) and journal.with_name("notices.json").is_file()
    if not journal.is_file() and not came_to_end:
        return []
    entries, damaged = entries_of(_content(journal)) if journal.is_file() else ([], True)
    states = {entry.call: entry.state for entry in entries}
    at = entries[0].at if entries else ""
    if not {"begun", "unused"} & {entry.state for entry in entries}:
        entries.insert(0, Entry(WHOLE, "begun", at))
    if damaged or not states or (came_to_end and not states.keys() & set(ends)):
        doubtful = [end for end in ends if states.get(end) not in NOTHING_LEFT]
        whether = "an operator has to say who was notified" if doubtful else "it still says who was notified"
        log.warning("%s is damaged or missing: %s", journal, whether)
        entries += [Entry(end, "unknown", at) for end in doubtful]
    return entries


def _missing(runs: Path, iso3: str, database: Database, having: Sequence[str]) -> list[_Kept]:
    kept = list(_kept(runs, iso3, having))
    if not kept:
        return []
    columns = [REVISION.c[name] for name in kept[0].key]
    rows = database.rows(select(*columns).where(REVISION.c.country == iso3))
    known = {tuple(row) for row in rows}
    return [each for each in kept if tuple(each.key.values()) not in known]


def _ahead(runs: Path, iso3: str, database: Database) -> list[_Kept]:
    """The newest revisions whose journal on disk tells of more than the records: these are an older copy.

    Each hazard, and its real days and exercises, for themselves: there may be many more of one kind.
    """
    kept = sorted(_kept(runs, iso3, ("journal.jsonl",)), key=lambda each: (str(each.key["issue_time"]), each.number))
    kinds = dict.fromkeys((each.hazard, each.exercise) for each in kept)
    newest = [each for kind in kinds for each in [k for k in kept if (k.hazard, k.exercise) == kind][-_NEWEST:]]
    return [
        each
        for each in newest
        if {entry[:3] for entry in entries_of(_content(each.folder / "journal.jsonl"))[0]}
        - {(row.call, row.state, row.at) for row in database.rows(_of(each))}
    ]


def countries_on_disk(runs: Path) -> list[str]:
    """The countries that have run folders, of real days or exercises.

    Raises
    ------
    InputInvalid
        If the folders cannot be read.
    """
    with errors_as(InputInvalid, _NO_ACCESS, where=runs, remedy="correct the permissions"):
        found = [each.name for place in (runs, runs / EXERCISES) for each in _folders(place)]
    return sorted({name for name in found if re.fullmatch(r"[A-Z]{3}", name)})


def _kept(runs: Path, iso3: str, having: Sequence[str]) -> Iterator[_Kept]:
    with errors_as(
        InputInvalid,
        _NO_ACCESS,
        where=runs / iso3,
        expected="folders that may be read: what was published in them must be known",
        remedy="correct the permissions",
    ):
        for place, exercise in ((runs, False), (runs / EXERCISES, True)):
            for hazard, run in _runs(place / iso3):
                for folder in sorted(folder for target in _folders(run / "targets") for folder in _folders(target)):
                    if re.fullmatch(r"r\d+", folder.name) and any(
                        fnmatch(file.name, sign) for file in folder.iterdir() for sign in having
                    ):
                        yield _Kept(folder, iso3, hazard, exercise)


def _runs(country: Path) -> list[tuple[str, Path]]:
    """The run folders of a country, each with the name of its hazard, by their issue times."""
    placed = [(LEGACY_HAZARD, run) for run in _folders(country)]
    placed += [(hazard.name, run) for hazard in _folders(country) for run in _folders(hazard)]
    runs = [(hazard, run) for hazard, run in placed if re.fullmatch(r"\d{4}-\d\d-\d\d(T\d\d)?", run.name)]
    return sorted(runs, key=lambda placed: (placed[1].name, placed[0]))


def _folders(place: Path) -> list[Path]:
    """What is there; unlike `glob`, an error if it cannot be read."""
    return [each for each in place.iterdir() if each.is_dir()] if place.is_dir() else []


def _read(file: Path, read: Callable[[bytes, object], _T]) -> _T | None:
    """What a file says; None if it is not there or damaged: what it would have said is unknown from then on."""
    try:
        return (read(_content(file), file) or None) if file.is_file() else None
    except InputInvalid as error:
        if isinstance(error.__context__, OSError):
            raise
        log.warning("%s is taken over as damaged: %s", file, error)
        return None


def _content(file: Path) -> bytes:
    """The bytes of a file; InputInvalid if they cannot be read now, which says nothing of what they are."""
    with errors_as(InputInvalid, "the file cannot be read ({})", where=file, remedy="fix that, then take over again"):
        return file.read_bytes()
