"""The kept runs of a country before an issue date."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.found import Found
from ibf_pipeline.run_folder import RunFolder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A finished run of an earlier issue date."""

    found: Found
    forecast: Path
    """its `forecast.nc`"""


def earlier_runs(runs: Path, iso3: str, issue_date: date, count: int, *, exercise: bool = False) -> list[EarlierRun]:
    """At most `count` finished runs of a country before an issue date, the newest first.

    Exercises are compared with exercises and real days with real days. A run that cannot be read is left out and
    logged: an old folder must not stop a new day.
    """
    found: list[EarlierRun] = []
    for day in sorted(_days(runs / iso3), reverse=True):
        if day >= issue_date or len(found) == count:
            continue
        run = RunFolder(runs, iso3, day)
        if not run.is_whole:
            continue
        try:
            what = run.found()
        except InputInvalid as error:
            log.warning("%s: the run of %s is left out of the comparison: %s", iso3, day, error)
            continue
        if what.exercise == exercise:
            found.append(EarlierRun(what, run.path / "forecast.nc"))
    return found


def _days(folder: Path) -> list[date]:
    days = []
    for entry in folder.glob("????-??-??"):
        try:
            days.append(date.fromisoformat(entry.name))
        except ValueError:
            continue
    return days
