"""Which runs there are: those in the records, of all machines, and those in the folders of this one."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Column, ColumnElement, func, select

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import EXERCISES, RunId
from ibf_pipeline.records.schema import RUN
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.legacy_journals import LEGACY_HAZARD, real_runs
from ibf_pipeline.storage.storage import Storage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """The newest run of a country, hazard and issue time."""

    run: RunFolder
    source: str
    """that its forecast arrived from"""
    arrived: str
    """when the last of its forecast files was there; UTC, ISO 8601, empty if that is not kept"""
    finished: str
    """when its findings were whole; UTC, ISO 8601"""
    headline: str
    """what it found"""


@dataclass(frozen=True, slots=True)
class RunQuery:
    """Which runs an operator asks for; None for any."""

    country: str | None = None
    hazard: str | None = None
    since: date | None = None
    until: date | None = None
    """the last day"""


def recorded_runs(runs: Path, storage: Storage, wanted: RunQuery, most: int | None = None) -> list[RecordedRun]:
    """The recorded runs that match, newest issue time first.

    Parameters
    ----------
    runs : Path
        Folder of the real days.
    storage : Storage
        Records and store.
    wanted : RunQuery
        Which runs.
    most : int, optional
        Number of runs at most.
    """
    table, after = RUN.c, None if wanted.until is None else wanted.until + timedelta(days=1)
    newest = select(func.max(table.id)).group_by(table.country, table.hazard, table.issue_time, table.exercise)
    which = (
        *((table.country == wanted.country,) if wanted.country is not None else ()),
        *((table.hazard == wanted.hazard,) if wanted.hazard is not None else ()),
        *((table.issue_time >= wanted.since.isoformat(),) if wanted.since is not None else ()),
        *((table.issue_time < after.isoformat(),) if after is not None else ()),
    )
    found = select(RUN).where(table.id.in_(newest), *which)
    order = table.issue_time.desc(), table.country, table.hazard, table.exercise
    return [
        RecordedRun(run_of(runs, storage, row), row.source, row.arrived, row.finished, row.headline)
        for row in storage.database(runs).rows(found.order_by(*order).limit(most))
    ]


def run_of(runs: Path, storage: Storage, row: Any) -> RunFolder:
    """The run of a row with `country`, `hazard`, `issue_time` and `exercise`. `runs`: folder of the real days."""
    run = RunId(row.country, row.hazard, IssueTime.parse(row.issue_time))
    return RunFolder(runs / EXERCISES if row.exercise else runs, run, storage)


def runs_of(runs: Path, iso3: str, hazard: str, storage: Storage | None = None) -> list[RunFolder]:
    """The runs of a country and hazard, oldest first.

    Those in the records, of all machines, and without a store those in the folder `runs`. A folder whose name is not an
    issue time is left out and logged.

    Parameters
    ----------
    runs : Path
        The folder of the runs, real or exercises.
    iso3, hazard : str
        Whose runs.
    storage : Storage, optional
        Records and store; None: files are in the folders of this machine.
    """
    storage = storage or Storage()
    mine = (RUN.c.country == iso3, RUN.c.hazard == hazard)
    found = {IssueTime.parse(text) for text in _recorded(runs, storage, RUN.c.issue_time, *mine)}
    places = [runs / iso3 / hazard, *([runs / iso3] if hazard == LEGACY_HAZARD else [])]
    for entry in (entry for place in places if storage.store is None for entry in place.glob("????-??-??*")):
        try:
            issue_time = IssueTime.parse(entry.name)
        except ValueError:
            log.warning("%s is not the folder of a day: left out", entry)
            continue
        if entry.is_dir():
            found.add(issue_time)
    return [RunFolder(runs, RunId(iso3, hazard, issue_time), storage) for issue_time in sorted(found)]


def countries_with_runs(runs: Path, hazard: str, storage: Storage) -> list[str]:
    """ISO3 codes of the countries with runs of a hazard; for those that are only in the folder, of any hazard."""
    found = set(_recorded(runs, storage, RUN.c.country, RUN.c.hazard == hazard))
    if storage.store is None:
        found |= {path.name for path in runs.glob("[A-Z][A-Z][A-Z]") if path.is_dir()}
    return sorted(found)


def _recorded(runs: Path, storage: Storage, what: Column[str], *which: ColumnElement[bool]) -> list[str]:
    """What the records tell of runs; those of one machine lie beside its folders, which tell the same."""
    if storage.records is None and storage.store is None:
        return []
    wanted = select(what.label("what")).where(RUN.c.exercise == (runs.name == EXERCISES), *which).distinct()
    return [row.what for row in storage.database(real_runs(runs)).rows(wanted)]


def sibling_runs(run: RunFolder) -> list[RunFolder]:
    """The runs of the same country, hazard and kind (real or exercise), this one included; oldest first."""
    return runs_of(run.runs, run.iso3, run.hazard, run.storage)
