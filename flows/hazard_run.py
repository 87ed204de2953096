"""A run of any hazard: found, published, reported. People first, pictures afterwards."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ParamSpec

from prefect.client.schemas.objects import State
from prefect.flows import Flow
from prefect.runtime import deployment, flow_run

from flows.approval import answered, apply_answer, ask, await_approval, tell_waiting
from flows.day_state import HOLD, NO_TIME, day_state, failed_state, nothing_new
from flows.decorator import flow
from flows.incomplete_days import shown_meanwhile
from flows.morning import MORNING_HOOKS, show_waiting
from flows.notice_events import send_notices
from flows.outcome_tags import show_outcome
from flows.states import COMPLETED, HELD, NOT_NOTIFIED, WATCHED, RunOutcome
from flows.wiring.day import Day, future_told, now, open_day
from flows.wiring.legs import leg_of
from flows.wiring.limits import one_at_a_time
from flows.wiring.records import make_room_on_disk
from flows.wiring.run_issue_time import IssueTimeParameter, named_time, scheduled_moment
from flows.wiring.sharing import fetch_run_layers
from flows.wiring.sources import prune_cache
from flows.wiring.targets import open_target
from flows.wiring.tested_set import untested
from flows.wiring.trial import require_no_trial_begun
from flows.wiring.wishes import require_wishes
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import IbfError, UsageError, errors_logged
from ibf_pipeline.records.lease import LEASE_RUN_OUT_SECONDS
from ibf_pipeline.runs.confirmation import give_up_held, require_confirmed
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, is_unmailed, unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.targets.day_summary import UNMAILED
from ibf_pipeline.targets.notice import hidden_notices
from ibf_pipeline.targets.problems import Overrides
from ibf_pipeline.targets.target import OpenTarget, Publication
from tasks.artifacts import keep_artifacts, publishing_progress
from tasks.decorator import has_server
from tasks.runs import plan_revision, publish_revision, write_run_report

log = logging.getLogger("ibf_pipeline.flows")

_P = ParamSpec("_P")


@dataclass(frozen=True, slots=True)
class Options:
    """What an operator asks of a run."""

    publish: bool = True
    """where off, the run ends with what it found and a report"""
    notify: bool = True
    hold: bool = False
    """stop before the notification"""
    approval: bool = False
    """hold, and pause in the UI until an operator approves or stops it there; without a server only hold"""
    overrides: Overrides = field(default_factory=Overrides)
    wishes: str | None = None
    """an exercise whose forecast makes these come true"""


def hazard_flow(profile: HazardProfile) -> Callable[[Callable[_P, State]], Flow[_P, State]]:
    """Decorate the flow of a hazard: its runs are named after country and issue time and stand on the morning page.

    Prefect does not validate its parameters: the server checks their types, and `run_hazard` the issue time, so that a
    wrong one is told in one line, in a run with a name.
    """

    def run_name() -> str:
        asked = flow_run.parameters
        issued = named_time(profile, asked.get("issue_date") or asked.get("issue_time"))
        return f"{profile.name}-{asked['country']}-{issued}"

    return flow(name=profile.name, flow_run_name=run_name, validate_parameters=False, **MORNING_HOOKS)


def run_hazard(
    hazard: str | None,
    country: str,
    issued: IssueTimeParameter,
    target: str | None,
    options: Options,
    config: str,
    workspace: str | None,
) -> State:
    """The run of a country and hazard, as a flow's last state: whatever stopped it stands in its message.

    `hazard`: floods, or the only one of the country, if none is given; `issued`: the period that
    the run was scheduled in.
    """
    if untested():
        log.warning("%s", untested())
    exercise, shown, decided = options.wishes is not None, None, None
    in_ui = options.approval and has_server()
    try:
        if hazard is not None and not exercise:
            _require_own(hazard, country)
        day = open_day(
            config, country, issued, target, hazard=hazard, at=scheduled_moment(), workspace=workspace,
            exercise=exercise,
        )  # fmt: skip
        by_sensor = WATCHED in (flow_run.tags or ())  # which names the period that it waited for
        day = replace(day, accepted=options.overrides.blind, asked=day.asked and not by_sensor)
        if options.wishes is not None:
            require_wishes(day, options.wishes, hazard)
        shown = partial(shown_meanwhile, day)
        answer = answered(day) if in_ui else None
        if answer is not None:
            decided = answer.revision.findings()
            state = settle_hold(day, decided, day.run, partial(apply_answer, day, decided, answer))
        else:
            found, run, state, held = _carried_out(day, options)
            show_outcome(found, held=held)
            if held:
                decided = found if in_ui else None
                state = after_hold(day, found, run, state, in_ui=in_ui)
    except IbfError as error:
        state = failed_state(error, shown)
    if decided is not None:
        show_outcome(decided, held=False)
    return state


def _carried_out(day: Day, options: Options) -> tuple[Findings, RunFolder, State, bool]:
    """`find_and_publish`, while no other run of the country and hazard is at work."""
    exercise = options.wishes is not None
    with one_at_a_time(day.country.hazard, day.country.iso3), day.exclusive("scenario" if exercise else "run"):
        done = find_and_publish(
            day,
            None if options.wishes is None else _wished(day, options.wishes),
            publish=options.publish,
            notify=options.notify,
            hold=options.hold or options.approval,
            overrides=options.overrides,
        )
    make_room_on_disk(day.configuration)
    return done


def _wished(day: Day, wishes: str) -> Any:
    make = leg_of(day).wished
    if make is None:
        raise UsageError(
            f"there are no exercises of {day.profile.name}", expected="a hazard with exercises", remedy="run a real day"
        )
    return make(day, wishes)


def _require_own(hazard: str, country: str) -> None:
    """UsageError if a deployment's run is given another country: its tags and its limit are those of its own.

    The tags of a run are known without asking the server, which may be away; the deployment's name is not.
    """
    names = [tag for tag in flow_run.tags or () if re.fullmatch(r"[A-Z]{3}", tag)]
    if deployment.id is not None and names and country not in names:
        raise UsageError(
            f"deployment {hazard}/{names[0]} is asked for the country {country}",
            expected=names[0],
            remedy=f"run the deployment {hazard}/{country}",
        )


def find_and_publish(
    day: Day, sources: Any, *, publish: bool, notify: bool, hold: bool, overrides: Overrides
) -> tuple[Findings, RunFolder, State, bool]:
    """Find what the forecast says, publish it, then report: people first, pictures afterwards.

    `sources`: instead of the day's own. Last of what is returned: whether the notification waits for an operator.
    """
    allowed = partial(require_allowed, day, notify=notify, hold=hold, overrides=overrides)
    with future_told(day):
        found, run = leg_of(day).find(day, sources, allowed if publish else None)
    state, held = conclude(day, found, run, publish=publish, notify=notify, hold=hold, overrides=overrides)
    return found, run, state, held


def conclude(
    day: Day, findings: Findings, run: RunFolder, *, publish: bool, notify: bool, hold: bool, overrides: Overrides
) -> tuple[State, bool]:
    """Publish, then report. Last of what is returned: whether the notification waits for an operator."""
    held, leg = False, leg_of(day)
    waits = leg.may_wait(findings)
    try:
        publications: list[Publication] = []
        if publish:
            with publishing_progress(run, day.target_name):
                publications = publish_day(day, findings, run, notify=notify, hold=hold and waits, overrides=overrides)
            held = bool(publications) and publications[-1].outcome.held
        idle = ["nothing was published"] if not publish else [] if publications else [nothing_new(day.target_name)]
        unmailed = publish and not publications and is_unmailed(run, day.target_name)
        urgent = hold and not waits and any(publication.notified for publication in publications)
        further = [*([HOLD] if held else []), *([NO_TIME] if urgent else []), *idle, *([UNMAILED] if unmailed else [])]
        state = day_state(
            findings, publications, *further, otherwise=HELD if held else NOT_NOTIFIED if unmailed else COMPLETED
        )
    except IbfError as error:
        state = failed_state(error, partial(shown_meanwhile, day))
    send_notices(run, day.target_name, hidden_notices(findings) if publish else ())
    report_run(day, run)
    return state, held


def after_hold(day: Day, findings: Findings, run: RunFolder, state: State, *, in_ui: bool) -> State:
    """Tell that a notification waits for an operator; `in_ui`: wait for the operator, who approves or stops it there, a
    run of a deployment without its process. Raises what `settle_hold` does.
    """
    tell_waiting(day, in_ui=in_ui)
    if not in_ui:
        return state
    show_waiting(day)
    ask(day, findings)
    return settle_hold(day, findings, run, partial(await_approval, day, findings))


def settle_hold(
    day: Day, findings: Findings, run: RunFolder, decide: Callable[[], tuple[Publication | None, str, RunOutcome]]
) -> State:
    """What becomes of a held notification, reported. IbfError if nobody is notified though nobody has stopped it."""
    try:
        publication, decision, outcome = decide()
        return day_state(findings, [publication] if publication else [], decision, otherwise=outcome)
    finally:
        send_notices(run, day.target_name)
        report_run(day, run)


def report_run(day: Day, run: RunFolder) -> None:
    """The report and the artifacts of a run, after everything that people wait for. It never fails a run."""
    with errors_logged(
        log, "%s: the report could not be written", day.country.iso3
    ):  # records or store may be away by now
        write_run_report(day.country.iso3, run, fetch_run_layers(day))
    keep_artifacts(day.country.iso3, run, day.configuration.settings.operations.reports_url)
    prune_cache(day.configuration)


def require_allowed(day: Day, findings: Findings, *, notify: bool, hold: bool, overrides: Overrides) -> None:
    """Where a day was published before: the refusals of publishing it again, before its findings are replaced.

    An unfinished revision is finished whatever the forecast says by now, so there only its own refusals count.
    """
    if not day.run.revisions(day.target_name):
        return
    with open_target(day, notify=notify, hold=hold) as target:
        begun = unfinished(day.run, day.target_name)
        if begun is None:
            require_confirmed(day.run, day.target_name)
            target.require_allowed(findings, day.run, overrides)
        else:
            target.require_resumable(begun, overrides)


def publish_day(
    day: Day, findings: Findings, run: RunFolder, *, notify: bool, hold: bool, overrides: Overrides
) -> list[Publication]:
    """Publish what was found, one run at a time on a target. What may not wait does not wait behind what is held."""
    require_no_trial_begun(day)
    leg, purpose = leg_of(day), f"run {day.country.iso3} {day.issue_time}"

    def opened() -> AbstractContextManager[OpenTarget]:
        begun = unfinished(run, day.target_name) if hold else None
        waits = hold and (begun is None or leg.may_wait(begun.findings()))
        return open_target(day, notify=notify and leg.mails(day, findings), hold=waits)

    with run.right_to_publish(day.target_name, purpose, LEASE_RUN_OUT_SECONDS):
        if notify and not leg.may_wait(findings):
            give_up_held(run, day.target_name, now)
        return publish_revisions(opened, findings, run, overrides, now)


def publish_revisions(
    opened: Callable[[], AbstractContextManager[OpenTarget]],
    findings: Findings,
    run: RunFolder,
    overrides: Overrides,
    clock: Clock,
    plan: Callable[..., Revision | None] = plan_revision,
    publish: Callable[[str, OpenTarget, Revision], Publication] = publish_revision,
) -> list[Publication]:
    """Finish a revision that was begun, then publish what has changed since: two revisions at most.

    `opened`: the target for one revision. Whether the second notifies is asked once the first has.
    """
    publications: list[Publication] = []
    for _ in ("begun", "new"):
        with opened() as target:
            resumes = unfinished(run, target.name) is not None
            revision = plan(findings, run, target, overrides=overrides, now=clock)
            if revision is None:
                break
            publications.append(publish(findings.country, target, revision))
        if publications[-1].outcome.held or not resumes:
            break
    return publications
