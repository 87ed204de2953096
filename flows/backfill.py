"""Past days in their order, one plan each, without notifications unless twice confirmed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta

from prefect.client.schemas.objects import State

from flows.floods import floods
from flows.wiring import now, open_day
from ibf_pipeline.errors import ConfigError
from ibf_pipeline.targets.ledger import latest_finished

LONGEST = 400
"""days in one backfill"""


def days_of(first: date, last: date) -> list[date]:
    """Every day from first to last; ConfigError where there is none or too many."""
    number = (last - first).days + 1
    if not 1 <= number <= LONGEST:
        raise ConfigError(
            f"{first} to {last} are {max(number, 0)} days", expected=f"1 to {LONGEST}, the first day first"
        )
    return [first + timedelta(days=day) for day in range(number)]


def backfill_days(
    country: str,
    first: date,
    last: date,
    target: str | None,
    *,
    notify: bool,
    config: str,
    workspace: str | None,
    skipped: Callable[[date], None] = lambda day: None,
) -> Iterator[tuple[date, State]]:
    """Run the days in order; ends after the first one that fails. Days already published are skipped by the ledger."""
    for issue_date in days_of(first, last):
        day = open_day(config, country, issue_date, target, workspace=workspace)
        if latest_finished(day.run, day.target_name, now) is not None:
            skipped(issue_date)
            continue
        state = floods(
            country, issue_date, target, notify=notify, config=config, workspace=workspace, return_state=True
        )
        yield issue_date, state
        if not state.is_completed():
            return
