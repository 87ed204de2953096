"""Has every country's day ended? Looks at the run folders, so that it needs nothing that it watches."""

from __future__ import annotations

import logging
from datetime import date, datetime, timedelta
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.installed import as_known, final, found_installed
from flows.morning import write_morning
from flows.states import COMPLETED, FAILED
from flows.wiring.day import now, open_configuration, open_day
from flows.wiring.hazards import Configured
from flows.wiring.issue_date import issue_date_of_run
from flows.wiring.no_river import awaited
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import IbfError, only_logged
from ibf_pipeline.runs.ledger import latest_finished, mailed_nobody, unfinished
from ibf_pipeline.targets.told import UNMAILED

log = logging.getLogger("ibf_pipeline.flows")


def _run_name() -> str:
    return f"heartbeat-{issue_date_of_run(flow_run.parameters.get('issue_date'))}"


@flow(name="heartbeat", flow_run_name=_run_name, retries=0, persist_result=False)
def heartbeat(issue_date: date | None = None, config: str = "config", workspace: str | None = None) -> State:
    """Fail where a country's day has not ended well, naming every such country and why; and where the server's
    automations are of an older version, since on a quiet day nothing else would tell people so.

    Args:
        issue_date: day of the GloFAS 00 UTC run; the scheduled day (UTC) where none is given.
        config: folder of the configuration.
        workspace: folder of the runs, instead of that of the settings.
    """
    day = issue_date_of_run(issue_date)
    try:
        configuration = open_configuration(config, workspace)
    except IbfError as error:
        return final(FAILED.state(str(error), error))
    missing = overdue(configuration, day, config, workspace)
    with only_logged(log, "the morning page could not be written"):  # what it found counts, not the page
        write_morning(day, configuration, UUID(str(flow_run.id)))
    if missing:
        text = f"not finished for {day}: " + "; ".join(missing)
        return final(FAILED.state(text, IbfError(text)))
    found = found_installed()
    outcome = FAILED if found is not None and found.older else COMPLETED  # a failed run is what every version tells
    state = outcome.state(f"{counted(len(awaited(configuration)), 'day')} of {day} finished")
    return as_known(state, found)


def overdue(configuration: Configuration, day: date, config: str, workspace: str | None) -> list[str]:
    """Runs of a day that are not finished, or whose publication is not: `KEN: there is no run`."""
    problems = []
    for each in awaited(configuration):
        for issue_time in due(each.profile, day, now()):
            problem = _problem(each, issue_time, config, workspace)
            if problem:
                when = "" if issue_time.hour is None else f" {issue_time.words}"
                problems.append(f"{each.label}{when}: {problem}")
    return problems


def due(profile: HazardProfile, day: date, at: datetime) -> list[IssueTime]:
    """The issue times whose run must have ended, asked at a moment about a day.

    Of several a day those whose period has ended within the 24 hours before, the last ones of yesterday among them:
    none is asked for by no heartbeat. For a past day all of it.
    """
    all_of_day = profile.issue_times_of(day)
    if len(all_of_day) == 1 or at.date() > day:
        return all_of_day
    recent = [*profile.issue_times_of(day - timedelta(days=1)), *all_of_day]
    return [each for each in recent if timedelta(0) <= at - profile.end(each) < timedelta(days=1)]


def _problem(each: Configured, issue_time: IssueTime, config: str, workspace: str | None) -> str | None:
    try:
        day = open_day(config, each.iso3, issue_time, None, hazard=each.hazard, workspace=workspace)
        if not day.run.is_whole:
            return "there is no run"
        if unfinished(day.run, day.target_name) is not None:
            return f"its publication to {day.target_name} is not finished: `ibf-pipeline resume {day.name}`"
        if latest_finished(day.run, day.target_name) is None:
            return f"nothing was published to {day.target_name}"
        if mailed_nobody(day.run, day.target_name):
            return f"{UNMAILED} by {day.target_name}"
    except IbfError as error:
        return str(error)
    return None
