"""The kept runs of a country before an issue date."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.found import Found
from ibf_pipeline.run_folder import runs_of
from ibf_pipeline.withdrawn import standing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A finished run of an earlier issue date."""

    found: Found
    """without what a person took back"""
    forecast: Path
    """its `forecast.nc`"""


def earlier_runs(runs: Path, iso3: str, issue_date: date, count: int, *, exercise: bool = False) -> list[EarlierRun]:
    """At most `count` finished runs of a country before an issue date, the newest first.

    Exercises are compared with exercises and real days with real days. A run that cannot be read is left out and
    logged: an old folder must not stop a new day.
    """
    earlier: list[EarlierRun] = []
    for run in reversed(runs_of(runs, iso3)):
        if run.issue_date >= issue_date or not run.is_whole or len(earlier) == count:
            continue
        try:
            found = standing(run.found(), run)
        except InputInvalid as error:
            log.warning("%s: the run of %s is left out of the comparison: %s", iso3, run.issue_date, error)
            continue
        if found.exercise == exercise:
            earlier.append(EarlierRun(found, run.path / "forecast.nc"))
    return earlier
