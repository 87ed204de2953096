"""The issue time of a flow run: what was asked for, else the period that the run was scheduled in."""

from __future__ import annotations

from datetime import UTC, date, datetime

from prefect.runtime import flow_run

from flows.wiring.day import as_issue_time, now
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import UsageError
from ibf_pipeline.hazards.floods.profile import FLOODS

IssueTimeParameter = IssueTime | date | str | None
"""of a flow's parameter"""


def named_time(profile: HazardProfile, asked: object) -> str:
    """The issue time for the name of a run; what was asked for where that is none, which the run then says."""
    try:
        return str(issue_time_of_run(profile, asked if isinstance(asked, IssueTime | date | str) else None))
    except UsageError:
        return str(asked)


def issue_time_of_run(profile: HazardProfile, asked: IssueTimeParameter) -> IssueTime:
    """The parameter, else the period (UTC) of the scheduled start: a run that begins late, or is retried later, keeps
    its period. Outside a run, now. UsageError if what was asked for is not an issue time of the hazard.
    """
    return profile.newest(scheduled_moment()) if asked is None else as_issue_time(profile, asked)


def scheduled_moment() -> datetime:
    """That a run was scheduled for, UTC; outside a run, now."""
    scheduled = flow_run.scheduled_start_time
    return scheduled.astimezone(UTC) if isinstance(scheduled, datetime) else now()


def issue_date_of_run(asked: date | str | None) -> date:
    """The same of what looks at whole days: sensors, the heartbeat, all countries."""
    return issue_time_of_run(FLOODS, asked).day
