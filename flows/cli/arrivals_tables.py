"""What `inputs arrivals` prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from flows.cli.terminal import console, print_whole
from ibf_pipeline.config.sources import Waiting
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.sources.arrivals import IssueArrival, arrival_statistics, since_issue_text


def print_arrivals(noted: Mapping[str, Sequence[IssueArrival]], waiting: Mapping[str, Waiting]) -> None:
    """A table of the days of all sources, then a line for each source; `waiting`: its settings, by source."""
    out = console()
    if not noted:
        out.print("no source has a sensor: give one the key `waiting` in settings.yaml", soft_wrap=True)
        return
    table = Table("source", "issue date", "there at (UTC)", "not yet at", "first for")
    for source, arrivals in noted.items():
        for each in arrivals:
            missing = "at the first look" if each.missing is None else f"{each.missing:%Y-%m-%d %H:%M}"
            table.add_row(source, str(each.issue_date), f"{each.seen:%Y-%m-%d %H:%M}", missing, each.country)
    if table.row_count:
        print_whole(table)
    for source, arrivals in noted.items():
        out.print(_summary(source, arrivals, waiting[source]), soft_wrap=True)


def _summary(source: str, arrivals: Sequence[IssueArrival], waiting: Waiting) -> str:
    found = arrival_statistics(arrivals)
    if found is None:
        return f"{source}: no arrival was noted yet; its sensor looks from {waiting.first_look} UTC on"
    early = f", {found.at_first_look} of them at the first look or before" if found.at_first_look else ""
    return (
        f"{source}: {counted(found.days, 'day')}{early}; median {since_issue_text(found.middle)}, latest "
        f'{since_issue_text(found.latest)} UTC. They suggest first_look: "{since_issue_text(found.start)}"; it is '
        f'"{waiting.first_look}", until "{waiting.until}"'
    )


def arrivals_data(noted: Mapping[str, Sequence[IssueArrival]]) -> dict[str, Any]:
    """The same as data; times in UTC, median, latest and suggested start counted from 00 UTC of the issue date."""
    return {source: _source_data(arrivals) for source, arrivals in noted.items()}


def _source_data(arrivals: Sequence[IssueArrival]) -> dict[str, Any]:
    found = arrival_statistics(arrivals)
    days = [
        {
            "issue_date": str(each.issue_date),
            "country": each.country,
            "seen": each.seen.isoformat(timespec="seconds"),
            "missing": None if each.missing is None else each.missing.isoformat(timespec="seconds"),
        }
        for each in arrivals
    ]
    if found is None:
        return {"days": days}
    times = {"median": found.middle, "latest": found.latest, "suggested_first_look": found.start}
    return {"days": days, "at_first_look": found.at_first_look} | {
        key: since_issue_text(each) for key, each in times.items()
    }
