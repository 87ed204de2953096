"""A day of ours beside what a portal shows of it, and the days that were compared before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.runs.folder import RunFolder, write_json
from ibf_pipeline.targets.comparison import Compared, compare
from ibf_pipeline.targets.owners import owners
from ibf_pipeline.targets.portal import ShownNow

KEPT = "comparisons"
"""folder of a run with a file for each portal that it was compared with"""


def compare_with(
    portal: ShownNow, run_of: Callable[[date], RunFolder], issue_date: date | None, target: str, where: str
) -> tuple[date, list[Compared]]:
    """The day's events here and there, kept in the run folder; the portal's day where none is given.

    InputMissing where the portal shows another day or the day was not run here.
    """
    shown = portal.last_upload.date() if portal.last_upload else None
    if shown is None or (issue_date is not None and shown != issue_date):
        raise InputMissing(
            f"{target} shows {f'the day {shown}' if shown else 'no day'}"
            + (f", not {issue_date}" if issue_date and shown else ""),
            where=where,
            expected=f"an upload of {issue_date or 'any day'}",
            remedy="compare when the other pipeline has published that day, and before its next one",
        )
    run = run_of(shown)
    found = run.found()
    names = [event.name for event in portal.events]
    rows = compare(found, portal.events, owners(found, names, portal.stations, {}))
    content = {"issue_date": shown.isoformat(), "target": target, "events": [asdict(row) for row in rows]}
    write_json(_file(run, target), content)
    return shown, rows


def kept_comparisons(of: RunFolder, target: str) -> list[tuple[date, dict[str, int]]]:
    """Events by verdict of every day that was compared with the portal, oldest first."""
    kept = []
    for run in of.days():
        file = _file(run, target)
        if file.is_file():
            content = json.loads(file.read_text(encoding="utf-8"))
            kept.append((run.issue_date, dict(Counter(str(row["verdict"]) for row in content["events"]))))
    return kept


def _file(run: RunFolder, target: str) -> Path:
    return run.path / KEPT / f"{target}.json"
