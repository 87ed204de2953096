"""Compare a day that was run here with what a portal shows of it: shadow runs beside another pipeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.wiring.day import DISASTER_TYPE, open_day
from flows.wiring.targets import open_portal
from ibf_pipeline.targets.compared import compare_with, kept_comparisons
from ibf_pipeline.targets.comparison import Compared, Verdict


def compare_day(
    config: str, country: str, issue_date: date | None, target: str, workspace: str | None
) -> tuple[date, list[Compared]]:
    """The day's events here and on the portal `target`, kept in the run folder; the portal's day where none is given.

    Nothing is published. Raises UsageError for a target that is no portal, InputMissing where the portal shows another
    day or the day was not run here.
    """
    day = open_day(config, country, issue_date or date.min, target, workspace=workspace)
    with open_portal(day.configuration, target, day.country) as portal:
        shown_now = portal.shown(country, DISASTER_TYPE, day.country.default_admin_level)
    where = day.target.address or target
    return compare_with(shown_now, lambda shown: replace(day, issue_date=shown).run, issue_date, target, where)


def kept_of(config: str, country: str, target: str, workspace: str | None) -> list[tuple[date, dict[str, int]]]:
    """Events by verdict of every day that was compared with the portal, oldest first."""
    return kept_comparisons(open_day(config, country, date.min, target, workspace=workspace).run, target)


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
