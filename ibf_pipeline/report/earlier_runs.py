"""What a run is compared with: the kept runs of the country and hazard before its issue time."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.run_index import sibling_runs
from ibf_pipeline.runs.withdrawal import standing_findings

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EarlierRun:
    """A finished run of an earlier issue time."""

    found: Findings
    """without what an operator took back"""
    run: RunFolder


def earlier_runs(of: RunFolder, count: int, *, exercise: bool = False, trial: bool = False) -> list[EarlierRun]:
    """At most `count` finished runs of a country before a run, the newest first.

    Exercises are compared with exercises, trials with trials and real days with real days. A run that cannot
    be read is left out and logged: an old folder must not stop a new day.
    """
    earlier: list[EarlierRun] = []
    for run in reversed([each for each in sibling_runs(of) if each.issue_time < of.issue_time]):
        if len(earlier) == count:
            break
        try:
            if not run.is_whole:
                continue
            found = standing_findings(run.findings(), run)
        except (InputInvalid, InputMissing) as error:
            log.warning("%s: the run of %s is left out of the comparison: %s", of.iso3, run.issue_time, error)
            continue
        if (found.exercise, bool(found.trial)) == (exercise, trial):
            earlier.append(EarlierRun(found, run))
    return earlier
