"""What a run is compared with: the kept runs of a country before its issue date, and what it was before itself."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from ibf_pipeline.errors import IbfError, InputInvalid
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.report.changes import Correction, compare
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.withdrawn import standing

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A finished run of an earlier issue date."""

    found: FloodFindings
    """without what a person took back"""
    forecast: Path
    """its `forecast.nc`"""


def correction(run: RunFolder, found: FloodFindings) -> Correction | None:
    """What changed since the newest publication of a day that says something else than `found`, its findings now.

    None where there is none. Alerts that a person took back are no other findings. A revision that cannot be read is
    left out and logged.
    """
    earlier = []
    for target in run.targets():
        for revision in reversed(run.revisions(target)):
            try:
                about, was = revision.about(), revision.found()
                if not about.withdraws and was.events != found.events and revision.state().is_uploaded:
                    changes = compare(was, standing(found, run))
                    earlier.append(Correction(target, revision.number, about.date, changes))
                    break
            except (OSError, ValueError, TypeError, KeyError, IbfError) as error:
                log.warning("%s: what it published is left out of the comparison: %s", revision.folder, error)
    newest = max(earlier, key=lambda published: published.date, default=None)
    return newest if newest is not None and newest.changes else None


def earlier_runs(of: RunFolder, count: int, *, exercise: bool = False) -> list[EarlierRun]:
    """At most `count` finished runs of a country before a run, the newest first.

    Exercises are compared with exercises and real days with real days. A run that cannot be read is left out and
    logged: an old folder must not stop a new day.
    """
    earlier: list[EarlierRun] = []
    for run in reversed(of.days()):
        if run.issue_date >= of.issue_date or not run.is_whole or len(earlier) == count:
            continue
        try:
            found = standing(run.found(), run)
        except InputInvalid as error:
            log.warning("%s: the run of %s is left out of the comparison: %s", of.iso3, run.issue_date, error)
            continue
        if found.exercise == exercise:
            earlier.append(EarlierRun(found, run.path / "forecast.nc"))
    return earlier
