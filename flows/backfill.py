"""Past days in their order, one plan each, without notifications unless twice confirmed."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from prefect.artifacts import create_table_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun, State
from prefect.exceptions import Pause
from prefect.runtime import deployment, flow_run

from flows.decorator import flow
from flows.hazard_flows import flow_of, issue_parameter
from flows.states import COMPLETED, FAILED
from flows.suspension import saved_notes, wait_for
from flows.wiring.day import as_issue_time, open_configuration, open_day
from flows.wiring.deployment_run import start_run
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import UsageError, errors_logged
from ibf_pipeline.hazards.registry import known_hazard
from ibf_pipeline.runs.ledger import is_published
from ibf_pipeline.runs.legacy_journals import hazard_path_parts
from tasks.artifacts import ProgressArtifact
from tasks.decorator import has_server

log = logging.getLogger("ibf_pipeline.flows")

_LONGEST = 400
"""days in one backfill"""

_Runner = Callable[[IssueTime], State]


@dataclass(frozen=True, slots=True)
class PastDay:
    """A day that was run, and how it ended."""

    issue_time: IssueTime
    state: State
    published: bool
    """whether it is on its target, which a day with a Failed state can be"""


def _run_name() -> str:
    parameters = flow_run.parameters
    return f"backfill-{parameters['country']}-{parameters['date_from']}-{parameters['date_to']}"


@flow(name="backfill", flow_run_name=_run_name)
def backfill(
    country: str,
    date_from: date | str,
    date_to: date | str,
    target: str | None = None,
    notify: bool = False,
    really_notify: bool = False,
    hazard: str | None = None,
    config: str = "config",
    workspace: str | None = None,
) -> State:
    """Run past days of a country in their order; stops at the first that is not published, and goes on there when
    run again. A day whose state is Failed although it was published, as where an alert has no areas, stops nothing.

    Days that are published already are left alone. A day older than what the server has is refused: it would rewrite
    what people were told later.

    Args:
        country: ISO3 code of a country in the configuration.
        date_from: first issue date; of hazards with several runs a day also day and hour, such as 2026-02-15T06.
        date_to: last issue date, or day and hour; of a day without an hour all runs of it.
        target: name of a target in settings.yaml; the country's own if none is given.
        notify: send notifications about past days; needs really_notify too.
        really_notify: confirms notify a second time.
        hazard: hazard of the runs; floods, or the only one of the country, if none is given.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    rows: list[dict[str, Any]] = []

    def row(day: IssueTime, state: str, message: str | None) -> None:
        rows.append({"issue date": str(day), "state": state, "message": message or ""})

    run, begun = None, saved_notes()
    ran: list[PastDay] = []
    progress = ProgressArtifact(f"Backfill of {country}, {date_from} to {date_to}")
    try:
        require_notify_confirmed(notify=notify, really=really_notify)
        of, others = _hazards(config, workspace, country, hazard)
        number = len(backfill_issue_times(known_hazard(of).profile, date_from, date_to, others))
        if deployment.id is not None:
            given = {"target": target, "notify": notify, "approval": False, "config": config, "workspace": workspace}
            run = _by_deployment(partial(started, of, country, target, given, notify=notify), begun)
        for day in backfill_days(
            country,
            date_from,
            date_to,
            target,
            hazard=hazard,
            notify=notify,
            config=config,
            workspace=workspace,
            skipped=lambda day: row(day, "skipped", "published before"),
            run_day=run,
            begun=begun,
        ):
            ran.append(day)
            row(day.issue_time, day.state.name or day.state.type.value, day.state.message)
            log.info("%s %s: %s", country, day.issue_time, day.state.message)
            if run is None:
                progress.show(100.0 * len(rows) / number)
    except Pause:  # it goes on when the day is run
        rows.clear()
        raise
    finally:
        _keep_table(country, hazard, rows, f"{country}, {date_from} to {date_to}")
    skipped = len(rows) - len(ran)
    message = f"{counted(sum(day.published for day in ran), 'day')} run, {skipped} published before"
    partly = [day for day in ran if day.published and not day.state.is_completed()]
    message += "".join(f"; {day.issue_time} is published, but: {day.state.message}" for day in partly)
    if ran and not ran[-1].published:
        return FAILED.state(f"{message}; stopped at {ran[-1].issue_time}: {ran[-1].state.message}")
    return (FAILED if partly else COMPLETED).state(message)


def require_notify_confirmed(*, notify: bool, really: bool) -> None:
    """UsageError if notifications about past days are asked for once only."""
    if notify != really:
        raise UsageError(
            "mails about past days are asked for once",
            expected="notify and really_notify (--notify --really-notify)",
            remedy="give both, or none",
        )


def backfill_issue_times(
    profile: HazardProfile, first: date | str, last: date | str, others: Sequence[str] = ()
) -> list[IssueTime]:
    """Every one from first to last; of a day without an hour all runs of it. UsageError if there is none or too
    many days, or for an hour at which no run begins, which names those of the country's `others` that have such a one.
    """
    begin, end = (min(_asked(profile, first, others)), max(_asked(profile, last, others)))
    number = (end.day - begin.day).days + 1
    if end < begin or number > _LONGEST:
        raise UsageError(
            f"{first} to {last} are {number} days" if begin <= end else f"{first} is after {last}",
            expected=f"the first day first, {_LONGEST} days at most",
            remedy="correct the two dates" if begin <= end else "swap them",
        )
    days = (begin.day + timedelta(days=day) for day in range(number))
    return [each for day in days for each in profile.issue_times_of(day) if begin <= each <= end]


def _asked(profile: HazardProfile, asked: date | str, others: Sequence[str]) -> list[IssueTime]:
    """The issue times that a day, or day and hour, stands for."""
    try:
        return profile.issue_times_of(date.fromisoformat(str(asked)))
    except ValueError:
        return [as_issue_time(profile, asked, others)]


def backfill_days(
    country: str,
    first: date | str,
    last: date | str,
    target: str | None,
    *,
    hazard: str | None = None,
    notify: bool,
    config: str,
    workspace: str | None,
    skipped: Callable[[IssueTime], None] = lambda day: None,
    run_day: _Runner | None = None,
    begun: Collection[str] = (),
) -> Iterator[PastDay]:
    """Run the days in order; ends after the first that is not published. Those that the ledger has as published are
    skipped.

    `run_day` runs a day elsewhere; in this process if none is given. `begun`: issue times whose run is one of this
    backfill, and so not published before it.
    """
    of, others = _hazards(config, workspace, country, hazard)
    for issue_time in backfill_issue_times(known_hazard(of).profile, first, last, others):
        day = open_day(config, country, issue_time, target, hazard=of, workspace=workspace)
        if str(issue_time) not in begun and is_published(day.run, day.target_name):
            skipped(issue_time)
            continue
        if run_day is not None:
            state: Any = run_day(issue_time)
        else:
            issued = issue_time.day if issue_time.hour is None else str(issue_time)
            state = flow_of(of)(
                country, issued, target, notify=notify, config=config, workspace=workspace, return_state=True
            )
        published = state.is_completed() or is_published(day.run, day.target_name)
        yield PastDay(issue_time, state, published)
        if not published:
            return


def _hazards(config: str, workspace: str | None, country: str, hazard: str | None) -> tuple[str, tuple[str, ...]]:
    """The hazard that is meant, and those that may have been where none was named."""
    configuration = open_configuration(config, workspace)
    others = () if hazard is not None else configuration.hazards(country)
    return configuration.country(country, hazard).hazard, others


def _by_deployment(start: Callable[[IssueTime], FlowRun], begun: dict[str, str]) -> _Runner:
    """A flow run of the country's deployment for each day, waited for without a slot of a worker.

    `begun`: issue time -> id of the flow run, of every day up to now; new ones are added.
    """

    def run(day: IssueTime) -> State:
        while True:
            found = _read(begun[str(day)]) if str(day) in begun else start(day)
            begun[str(day)] = str(found.id)
            if found.state is not None and found.state.is_final():
                return found.state
            wait_for([found], f"{counted(len(begun) - 1, 'day')} run, {day} is at work", begun)

    return run


def _read(run: str) -> FlowRun:
    with get_client(sync_client=True) as client:
        return client.read_flow_run(UUID(run))


def started(
    hazard: str, country: str, target: str | None, parameters: dict[str, Any], day: IssueTime, *, notify: bool
) -> FlowRun:
    """The flow run of the country's deployment for a day.

    Its key makes any number of attempts one flow run; where that has ended without the day being published, the next
    attempt is another one. A run that would notify people is never taken for one that would not.
    """
    mails = "notify" if notify else "silent"
    given = {name: value for name, value in parameters.items() if value is not None}
    given[issue_parameter(known_hazard(hazard).profile)] = str(day)
    attempt = 1
    while True:
        key = f"backfill-{country}-{target or 'own'}-{day}-{mails}-{attempt}"
        found = start_run(f"{hazard}/{country}", given, key, ["backfill", country], as_subflow=True)
        if found.state is None or not found.state.is_final():
            return found
        attempt += 1


def _keep_table(country: str, hazard: str | None, rows: list[dict[str, Any]], title: str) -> None:
    if not rows or not has_server():
        return
    with errors_logged(log, "the table of days could not be kept"):
        key = "-".join(["backfill", country.lower(), *hazard_path_parts(hazard)])
        create_table_artifact(rows, key=key, description=f"Backfill of {title}")
