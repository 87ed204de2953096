"""The issue date of a flow run: what was asked for, else the day that the run was scheduled for."""

from __future__ import annotations

from datetime import UTC, date, datetime

from prefect.runtime import flow_run
from pydantic import TypeAdapter, ValidationError

from flows.wiring.day import now
from ibf_pipeline.errors import UsageError

_DATE = TypeAdapter(date)


def named_date(asked: object) -> str:
    """The issue date for the name of a run; what was asked for where that is no date, which the run then says."""
    try:
        return str(issue_date_of_run(asked if isinstance(asked, date | str) else None))
    except UsageError:
        return str(asked)


def issue_date_of_run(asked: date | str | None) -> date:
    """The parameter, else the day (UTC) of the scheduled start: a run that begins late, or is retried after midnight,
    keeps its day. Outside a run, today. UsageError where what was asked for is no date.
    """
    if isinstance(asked, datetime):
        return asked.date()
    if asked is None:
        scheduled = flow_run.scheduled_start_time
        return (scheduled.astimezone(UTC) if isinstance(scheduled, datetime) else now()).date()
    try:
        return _DATE.validate_python(asked)
    except ValidationError:
        raise UsageError(
            f"issue_date is {asked!r}", expected="a day such as 2026-02-15", remedy="correct the parameter"
        ) from None
