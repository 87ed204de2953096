"""The issue date of a flow run: what was asked for, else the day that the run was scheduled for."""

from __future__ import annotations

from datetime import UTC, date, datetime

from prefect.runtime import flow_run

from flows.wiring import now


def issue_date_of_run(asked: date | str | None) -> date:
    """The parameter, else the day (UTC) of the scheduled start: a run that begins late, or is retried after midnight,
    keeps its day. Outside a run, today.
    """
    if isinstance(asked, datetime):
        return asked.date()
    if isinstance(asked, str):
        return date.fromisoformat(asked)
    if asked is not None:
        return asked
    scheduled = flow_run.scheduled_start_time
    return (scheduled.astimezone(UTC) if isinstance(scheduled, datetime) else now()).date()
