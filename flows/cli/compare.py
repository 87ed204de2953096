"""Compare a day that was run here with what a portal shows of it: shadow runs beside another pipeline."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, replace
from datetime import date
from pathlib import Path
from typing import get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.wiring.day import open_day, open_ibf
from ibf_pipeline.errors import InputMissing, UsageError
from ibf_pipeline.io.writing import writing
from ibf_pipeline.runs.folder import RunFolder, runs_of, write_json
from ibf_pipeline.targets.comparison import Compared, Verdict, compare
from ibf_pipeline.targets.ibf.owners import owners
from ibf_pipeline.targets.ibf.shown import read_shown

KEPT = "comparisons"
"""folder of a run with a file for each portal that it was compared with"""


def compare_day(
    config: str, country: str, issue_date: date | None, target: str, workspace: str | None
) -> tuple[date, list[Compared]]:
    """The day's events here and on the portal `target`, kept in the run folder; the portal's day where none is given.

    Nothing is published. Raises UsageError for a target that is no portal, InputMissing where the portal shows another
    day or the day was not run here.
    """
    day = open_day(config, country, issue_date or date.min, target, workspace=workspace)
    if day.target.kind != "ibf":
        raise UsageError(
            f"target {target} is no portal",
            where=day.configuration.folder / "settings.yaml",
            expected="a target of kind ibf",
            remedy="name the portal that the other pipeline publishes to",
        )
    with open_ibf(day) as client:
        portal = read_shown(client, country, "floods", day.country.default_admin_level)
    shown = portal.last_upload.date() if portal.last_upload else None
    if shown is None or (issue_date is not None and shown != issue_date):
        raise InputMissing(
            f"{target} shows {f'the day {shown}' if shown else 'no day'}"
            + (f", not {issue_date}" if issue_date and shown else ""),
            where=str(day.target.url or target),
            expected=f"an upload of {issue_date or 'any day'}",
            remedy="compare when the other pipeline has published that day, and before its next one",
        )
    run = replace(day, issue_date=shown).run
    found = run.found()
    names = [event.name for event in portal.events]
    rows = compare(found, portal.events, owners(found, names, portal.stations, {}))
    file = _file(run, target)
    with writing(file):
        file.parent.mkdir(exist_ok=True)
        write_json(file, {"issue_date": shown.isoformat(), "target": target, "events": [asdict(row) for row in rows]})
    return shown, rows


def kept_comparisons(
    config: str, country: str, target: str, workspace: str | None
) -> list[tuple[date, dict[str, int]]]:
    """Events by verdict of every day that was compared with the portal, oldest first."""
    day = open_day(config, country, date.min, target, workspace=workspace)
    kept = []
    for run in runs_of(day.runs, country):
        file = _file(run, target)
        if file.is_file():
            content = json.loads(file.read_text(encoding="utf-8"))
            kept.append((run.issue_date, dict(Counter(str(row["verdict"]) for row in content["events"]))))
    return kept


def _file(run: RunFolder, target: str) -> Path:
    return run.path / KEPT / f"{target}.json"


def print_compared(issue_date: date, rows: list[Compared], target: str, console: Console) -> None:
    """A line an event, with what differs below it."""
    agreeing = sum(row.verdict == "agrees" for row in rows)
    console.print(
        f"{issue_date}: {agreeing} of {len(rows)} events agree with {target}"
        if rows
        else f"{issue_date}: no event here and none on {target}"
    )
    table = Table("event", "", "here", f"on {target}", "what differs", box=None, pad_edge=False)
    for row in rows:
        table.add_row(Text(row.event), row.verdict, row.here, row.there, "\n".join(row.differences))
    if rows:
        console.print(table)


def print_kept(kept: list[tuple[date, dict[str, int]]], console: Console) -> None:
    """A line a day."""
    for issue_date, verdicts in kept:
        words = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in get_args(Verdict) if verdict in verdicts)
        console.print(f"{issue_date}: {words or 'no event on either side'}")
    console.print(
        f"{len(kept)} days compared, {sum(set(verdicts) <= {'agrees'} for _, verdicts in kept)} without a difference"
    )
