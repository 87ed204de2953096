"""Has every country's day ended? Looks at the run folders, so that it needs nothing that it watches."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run

from flows.automation_version import own_server_automations
from flows.decorator import flow
from flows.states import COMPLETED, FAILED
from flows.wiring.day import now, open_configuration, open_day
from flows.wiring.hazards import CountryHazardKey
from flows.wiring.idle_countries import awaited
from flows.wiring.run_issue_time import issue_date_of_run
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.wording import counted, utc_text
from ibf_pipeline.errors import IbfError, errors_logged
from ibf_pipeline.runs.ledger import is_unmailed, latest_finished, unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.day_summary import UNMAILED
from tasks.decorator import has_server

log = logging.getLogger("ibf_pipeline.flows")

_NO_RUN = "there is no run"


def _run_name() -> str:
    return f"heartbeat-{issue_date_of_run(flow_run.parameters.get('issue_date'))}"


@flow(name="heartbeat", flow_run_name=_run_name)
def heartbeat(issue_date: date | None = None, config: str = "config", workspace: str | None = None) -> State:
    """Fail where a country's day has not ended well, naming every such country and why; and where the server's
    automations are of an older version, since on a quiet day nothing else would tell people so.

    Args:
        issue_date: day of the GloFAS 00 UTC run; the scheduled day (UTC) if none is given.
        config: folder of the configuration.
        workspace: folder of the runs, instead of that of the settings.
    """
    day = issue_date_of_run(issue_date)
    configuration = open_configuration(config, workspace)
    missing, begin = _but_new_ones(_missing(configuration, day, config, workspace))
    problems = dict[str, str]()
    for each, issue_time, problem in missing:
        one = problem if issue_time.hour is None else f"{issue_time.words}: {problem}"
        problems[each.label] = "; ".join(filter(None, [problems.get(each.label), one]))
    with errors_logged(log, "the morning page could not be written"):  # what it found counts, not the page
        if has_server():
            from flows.morning import write_morning  # half of all that a heartbeat by cron would load, and for nothing

            write_morning(day, configuration, UUID(str(flow_run.id)), problems=problems)
    if missing:
        text = f"not finished for {day}: " + "; ".join(map(_in_words, missing))
        return FAILED.state(text, IbfError(text))
    found = own_server_automations()
    outcome = FAILED if found is not None and found.older else COMPLETED  # a failed run is what every version tells
    finished = f"{counted(len(awaited(configuration)) - len(begin), 'day')} of {day} finished"
    return outcome.state("; ".join([finished, *([f"run from the next day on: {', '.join(begin)}"] if begin else [])]))


def overdue_runs(configuration: Configuration, day: date, config: str, workspace: str | None) -> list[str]:
    """Runs of a day that are not finished, or whose publication is not: `KEN: there is no run`."""
    return [_in_words(each) for each in _missing(configuration, day, config, workspace)]


Missing = tuple[CountryHazardKey, IssueTime, str]
"""what is not finished, and why"""


def _but_new_ones(missing: list[Missing]) -> tuple[list[Missing], list[str]]:
    """What is not finished, but for days without a run of deployments that were made on that day or later; and those.

    Their schedule was not there yet when its hour came. Without a server, or an answer of it, all count.
    """
    begin = dict[Missing, str]()
    asked = [each for each in missing if each[2] == _NO_RUN] if has_server() else []
    if not asked:
        return missing, []
    with errors_logged(log, "whether deployments are new cannot be told"), get_client(sync_client=True) as client:
        for each in asked:
            configured, issue_time, _ = each
            with suppress(ObjectNotFound):
                made = client.read_deployment_by_name(f"{configured.hazard}/{configured.iso3}").created
                if made is not None and made.astimezone(UTC).date() >= issue_time.day:
                    begin[each] = configured.label
    return [each for each in missing if each not in begin], sorted(set(begin.values()))


def _in_words(missing: Missing) -> str:
    each, issue_time, problem = missing
    when = "" if issue_time.hour is None else f" {issue_time.words}"
    return f"{each.label}{when}: {problem}"


def _missing(configuration: Configuration, day: date, config: str, workspace: str | None) -> list[Missing]:
    problems = []
    for each in awaited(configuration):
        for issue_time in due(each.profile, day, now()):
            problem = _problem(each, issue_time, config, workspace)
            if problem:
                problems.append((each, issue_time, problem))
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


def _what_is_left(begun: Revision, target: str, name: str) -> str:
    state, until = begun.state(), begun.about().hold_until
    if until is not None and state.is_uploaded and state.unconfirmed_call is None:
        return (
            f"its notification waits for a person until {utc_text(until)}: Resume on the page of the run, "
            f"or `ibf-pipeline resume {name}` with `--approve` or `--abort`"
        )
    return f"its publication to {target} is not finished: `ibf-pipeline resume {name}`"


def _problem(each: CountryHazardKey, issue_time: IssueTime, config: str, workspace: str | None) -> str | None:
    try:
        day = open_day(config, each.iso3, issue_time, None, hazard=each.hazard, workspace=workspace)
        if not day.run.is_whole:
            return _NO_RUN
        begun = unfinished(day.run, day.target_name)
        if begun is not None:
            return _what_is_left(begun, day.target_name, day.name)
        if latest_finished(day.run, day.target_name) is None:
            return f"nothing was published to {day.target_name}"
        if is_unmailed(day.run, day.target_name):
            return f"{UNMAILED} by {day.target_name}"
    except IbfError as error:
        return str(error)
    return None
