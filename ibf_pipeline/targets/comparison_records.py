"""A day of ours beside what a portal shows of it, and the days that were compared before."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import ForbiddenByRule, IbfError, InputMissing
from ibf_pipeline.io.atomic_files import as_json
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.run_index import sibling_runs
from ibf_pipeline.targets.comparison import EventComparison, compare_events
from ibf_pipeline.targets.event_keys import event_keys
from ibf_pipeline.targets.portal import PortalSnapshot

_KEPT = "comparisons"
"""of a run: a text for each portal that it was compared with"""


def compare_snapshot(
    portal: PortalSnapshot, run_of: Callable[[IssueTime], RunFolder], issued: IssueTime | None, target: str, where: str
) -> tuple[IssueTime, list[EventComparison]]:
    """Compare the events of a run with a portal, and keep the result in the run folder.

    Parameters
    ----------
    portal : PortalSnapshot
        What the portal shows now.
    run_of : callable
        Issue time -> run folder.
    issued : IssueTime or None
        The day to compare; None: the one that the portal shows.
    target, where : str
        Name and address of the portal, for the file and for messages.

    Returns
    -------
    tuple
        The issue time that was compared, and its events.

    Raises
    ------
    InputMissing
        If the portal does not show the day yet, or the day was not run here.
    ForbiddenByRule
        If the portal shows a later day: it shows its newest day alone, so waiting does not help.
    """
    shown = portal.issue_time
    if shown is None or (issued is not None and shown != issued):
        comes = shown is None or (issued is not None and shown < issued)
        kind: type[IbfError] = InputMissing if comes else ForbiddenByRule
        raise kind(
            f"{target} shows {f'the day {shown}' if shown else 'no day'}"
            + (f", not {issued}" if issued and shown else ""),
            where=where,
            expected=f"an upload of {issued or 'any day'}",
            remedy="compare when the other pipeline has published that day, and before its next one"
            if comes
            else "nothing: a portal shows its newest day alone; compare the next one in time",
        )
    run = run_of(shown)
    found = run.findings()
    names = [event.name for event in portal.events]
    rows = compare_events(found, portal.events, event_keys(found, names, portal.subjects, {}))
    content = {"issue_time": str(shown), "target": target, "events": [asdict(row) for row in rows]}
    run.kept.keep_note(_name(target), as_json(content))
    return shown, rows


def kept_comparisons(of: RunFolder, target: str) -> list[tuple[IssueTime, dict[str, int]]]:
    """Events by verdict of every run that was compared with the portal, oldest first."""
    kept = []
    for run in sibling_runs(of):
        text = run.kept.note(_name(target))
        if text is not None:
            content = json.loads(text)
            kept.append((run.issue_time, dict(Counter(str(row["verdict"]) for row in content["events"]))))
    return kept


def _name(target: str) -> str:
    return f"{_KEPT}/{target}.json"
