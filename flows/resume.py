"""A day whose portal was unreachable is tried again, by runs of its own, until it is published or the bounds are met.

Each attempt schedules the next one before it begins, so that its death ends nothing, and takes it back if there is
no need of it. Nothing sleeps in between. The bounds travel in the parameters: number of the attempt, first failure.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from flows.attempts import another_chain, cancel_attempt, schedule_attempt
from flows.day_state import day_state, failed_state
from flows.decorator import flow
from flows.hazard_run import Options, report_run, run_hazard
from flows.incomplete_days import RESUMING, half_made_words, resuming_name, shown_meanwhile
from flows.morning import MORNING_HOOKS
from flows.notice_events import send_notices
from flows.outcome_tags import show_outcome
from flows.states import FAILED, HELD, PORTAL_AWAITED, PORTAL_STAYED_AWAY, PORTAL_UNREACHABLE, SKIPPED
from flows.wiring.day import Day, now, open_day
from flows.wiring.decisions import resume_run
from flows.wiring.limits import one_at_a_time
from flows.wiring.run_issue_time import named_time
from flows.wiring.targets import require_reachable
from ibf_pipeline.config.settings import Operations
from ibf_pipeline.errors import IbfError, PortalUnreachable
from ibf_pipeline.hazards.registry import known_hazard
from ibf_pipeline.targets.attempts import AttemptLimits, NextAttempt, next_attempt
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.resumption import Decision
from tasks.artifacts import publishing_progress

log = logging.getLogger("ibf_pipeline.flows")


def _run_name() -> str:
    asked = flow_run.parameters
    profile = known_hazard(asked["hazard"]).profile
    issued = asked.get("issue_time") or profile.newest(_moment(asked.get("scheduled")))
    return resuming_name(f"{profile.name}-{asked['country']}-{named_time(profile, issued)}")


@flow(
    name=RESUMING,
    flow_run_name=_run_name,
    **MORNING_HOOKS,
)
def resume(
    country: str,
    hazard: str,
    issue_time: str = "",
    target: str | None = None,
    asked: dict[str, Any] | None = None,
    attempt: int = 1,
    since: datetime | None = None,
    scheduled: datetime | None = None,
    config: str = "config",
    workspace: str | None = None,
) -> State:
    """Go on with a day whose portal was unreachable; started by the automation for that. It never decides for an
    operator: what is held, unconfirmed, withdrawn or given up, and what a later day has overtaken, is left as it is.

    Args:
        country: ISO3 code of a country in the configuration.
        hazard: name of the hazard.
        issue_time: of the run that failed, as it was asked for; that of its scheduled start if it was not.
        target: name of a target in settings.yaml; the country's own if none is given.
        asked: all parameters of the run that failed: where nothing was begun, the day is run with them.
        attempt: 1 for the first.
        since: the first failure.
        scheduled: when the run that failed was due.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    first, given = since or now(), {"config": config, "workspace": workspace, **(asked or {})}
    try:
        day = open_day(
            given["config"], country, issue_time or None, target,
            hazard=hazard, at=_moment(scheduled), workspace=given["workspace"],
        )  # fmt: skip
        following = {
            "country": country, "hazard": hazard, "issue_time": str(day.issue_time), "target": day.target_name,
            "asked": given, "attempt": attempt + 1, "since": first.isoformat(),
        }  # fmt: skip
        return attempted(day, following, attempt, first)
    except IbfError as error:
        return failed_state(error)


def _moment(given: object) -> datetime:
    """UTC; now if none is given."""
    moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    return moment.astimezone(UTC) if isinstance(moment, datetime) else now()


def bounds(operations: Operations) -> AttemptLimits:
    """Of the attempts, by the settings."""
    return AttemptLimits(
        operations.portal_attempts,
        timedelta(minutes=operations.portal_attempt_minutes),
        timedelta(hours=operations.portal_attempt_hours),
    )


def attempted(day: Day, following: dict[str, Any], attempt: int, since: datetime) -> State:
    """One attempt, and what comes after it. `following`: parameters of the next one; `since`: the first failure."""
    attempts, asked = bounds(day.configuration.settings.operations), following["asked"]
    other = another_chain(following, since)
    if other is not None and not other.are_over:
        return SKIPPED.state(f"nothing to do: {other.words}")
    step = next_attempt(day.run, day.target_name, since=since, mails=asked.get("notify") is not False)
    if step.kind == "leave":
        return _left(day, step.reason)
    if other is not None or not attempts.may_begin(attempt, since, now()):
        return _over(day, attempts, "")  # who was told that attempts follow is told that none does
    at = attempts.next_after(attempt, since, now())
    scheduled = None if at is None else schedule_attempt(following, at)
    state = go_on(day, step, asked, since)
    if state.name != PORTAL_UNREACHABLE.name:
        cancel_attempt(scheduled)
        return state
    if at is None or scheduled is None:
        return _over(day, attempts, str(state.message))
    return PORTAL_AWAITED.state(
        f"{state.message}; attempt {attempt} of {attempts.max_attempts}, "
        f"the next one is made at {at:%Y-%m-%d %H:%M} UTC"
    )


def _left(day: Day, why: str) -> State:
    """To an operator, who is told where the portal is left half made by it."""
    shown = half_made_words(day)
    if shown is None:
        return SKIPPED.state(f"nothing to do: {why}")
    remedy = f"when the portal is back, `ibf-pipeline resume {day.name}`, or run the day again where it was given up"
    error = IbfError(f"left to a person: {why}; {shown}", remedy=remedy)
    return FAILED.state(str(error), error)


def _over(day: Day, attempts: AttemptLimits, said: str) -> State:
    words = said or f"{PORTAL_UNREACHABLE.words}: {shown_meanwhile(day)}"
    text = f"{words}; no further attempt is made ({attempts.words})"
    remedy = f"when the portal is back, `ibf-pipeline resume {day.name}` where calls were made, else run the day again"
    return PORTAL_STAYED_AWAY.state(f"{text}. What to do: {remedy}.", PortalUnreachable(text, remedy=remedy))


def go_on(day: Day, step: NextAttempt, asked: dict[str, Any], since: datetime) -> State:
    """Ask whether the portal is back, which nothing waits for; then go on, with all the patience of a run."""
    try:
        require_reachable(day)
        if step.kind == "resume":
            return _resumed(day, since)
    except IbfError as error:
        return failed_state(error, partial(shown_meanwhile, day))
    return run_hazard(
        day.country.hazard, day.country.iso3, day.issue_time, day.target_name, options_of(asked), asked["config"],
        asked["workspace"],
    )  # fmt: skip


def options_of(asked: dict[str, Any]) -> Options:
    """What a run was asked for. One that was to wait in the UI waits for `ibf-pipeline resume` instead."""
    overrides = Overrides(
        tuple(asked.get("accept_blind") or ()),
        bool(asked.get("take_over")),
        bool(asked.get("discard_decisions")),
        bool(asked.get("publish_withdrawn")),
    )
    notify, hold = asked.get("notify") is not False, bool(asked.get("hold") or asked.get("approval"))
    return Options(asked.get("publish") is not False, notify, hold, False, overrides)


def _resumed(day: Day, since: datetime) -> State:
    """What `ibf-pipeline resume` does without a decision, as a run."""
    with one_at_a_time(day.country.hazard, day.country.iso3), day.exclusive("resume"):
        step = next_attempt(
            day.run, day.target_name, since=since, mails=True
        )  # another run may have been at work meanwhile
        if step.kind != "resume":
            return _left(day, step.reason or "it was gone on with meanwhile")
        try:
            with publishing_progress(day.run, day.target_name):
                _, publication = resume_run(day, Decision())
        finally:
            send_notices(day.run, day.target_name)
            report_run(day, day.run)
    if publication is None:
        return SKIPPED.state("nothing to do: nothing is unfinished")
    found, held = day.run.findings(), publication.outcome.held
    show_outcome(found, held=held)
    state = day_state(found, [publication], **({"otherwise": HELD} if held else {}))
    if held or publication.published.events == found.events:
        return state
    left = IbfError(f"{state.message}; what was found since is not published", remedy="run the day again")
    return FAILED.state(str(left), left)
