"""Compare a day that was run here with what a portal shows of it: shadow runs beside another pipeline."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import get_args

from rich.console import Console
from rich.table import Table
from rich.text import Text

from flows.wiring.day import open_day
from flows.wiring.targets import open_portal
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.targets.comparison import Agreement, EventComparison
from ibf_pipeline.targets.comparison_records import compare_snapshot, kept_comparisons

_EARLIEST = datetime(1, 1, 1, tzinfo=UTC)
"""issue time if none is known yet: never in the future"""


def compare_day(
    config: str, country: str, issued: date | str | None, target: str, workspace: str | None, hazard: str | None = None
) -> tuple[IssueTime, list[EventComparison]]:
    """The day's events here and on the portal `target`, kept in the run folder; the portal's day if none is given.

    Nothing is published. Raises UsageError for a target that is not a portal, InputMissing if the portal does not show
    the day yet or the day was not run here, ForbiddenByRule if it shows a later one.
    """
    day = open_day(config, country, issued or _EARLIEST, target, hazard=hazard, workspace=workspace)
    with open_portal(day.configuration, target, day.country) as portal:
        shown_now = portal.shown(country, day.profile, day.country.default_admin_level)
    where, asked = day.target.address or target, day.issue_time if issued else None
    return compare_snapshot(shown_now, lambda shown: replace(day, issue_time=shown).run, asked, target, where)


def kept_of(
    config: str, country: str, target: str, workspace: str | None, hazard: str | None = None
) -> list[tuple[IssueTime, dict[str, int]]]:
    """Events by verdict of every day that was compared with the portal, oldest first."""
    return kept_comparisons(
        open_day(config, country, _EARLIEST, target, hazard=hazard, workspace=workspace).run, target
    )


def print_compared(issue_time: IssueTime, rows: list[EventComparison], target: str, console: Console) -> None:
    """A line an event, with what differs below it."""
    agreeing = sum(row.verdict == "agrees" for row in rows)
    console.print(
        f"{issue_time}: {agreeing} of {len(rows)} events agree with {target}"
        if rows
        else f"{issue_time}: no event here and none on {target}"
    )
    table = Table("event", "", "here", f"on {target}", "what differs", box=None, pad_edge=False)
    for row in rows:
        table.add_row(Text(row.event), row.verdict, row.here, row.there, "\n".join(row.differences))
    if rows:
        console.print(table)


def print_kept(kept: list[tuple[IssueTime, dict[str, int]]], console: Console) -> None:
    """A line a day."""
    for issue_date, verdicts in kept:
        words = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in get_args(Agreement) if verdict in verdicts)
        console.print(f"{issue_date}: {words or 'no event on either side'}")
    console.print(
        f"{len(kept)} days compared, {sum(set(verdicts) <= {'agrees'} for _, verdicts in kept)} without a difference"
    )
