"""A run of any hazard: found, published, reported. People first, pictures afterwards."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run

from flows.approval import await_approval, tell_waiting
from flows.ending import HOLD, URGENT, ended, failed, nothing_new, tell
from flows.half_made import shown_meanwhile
from flows.installed import final
from flows.morning import show_waiting
from flows.states import COMPLETED, HELD, NOT_NOTIFIED, WATCHED
from flows.wiring.day import Day, now, open_day
from flows.wiring.issue_date import Asked, scheduled_moment
from flows.wiring.legs import leg_of
from flows.wiring.limits import one_at_a_time
from flows.wiring.records import make_room_on_disk
from flows.wiring.sharing import have_prepared
from flows.wiring.targets import open_target
from flows.wiring.trial import require_no_trial_begun
from flows.wiring.wishes import require_wishes
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.errors import IbfError, UsageError, only_logged
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, mailed_nobody, unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.unconfirmed import give_up_held, require_confirmed
from ibf_pipeline.targets.notice import DIFFERS
from ibf_pipeline.targets.open_target import OpenTarget, Publication
from ibf_pipeline.targets.problems import Consent
from ibf_pipeline.targets.told import UNMAILED, untold_notices
from tasks.artifacts import keep_artifacts, publishing_progress
from tasks.runs import plan_revision, publish_revision, write_run_report

log = logging.getLogger("ibf_pipeline.flows")


@dataclass(frozen=True, slots=True)
class Options:
    """What a person asks of a run."""

    publish: bool = True
    """false stops with the findings on disk"""
    notify: bool = True
    hold: bool = False
    """stop before the notification"""
    approval: bool = False
    """hold, and pause in the UI until a person approves or stops it there"""
    consent: Consent = field(default_factory=Consent)
    wishes: str | None = None
    """an exercise whose forecast makes these come true"""


def run_hazard(
    hazard: str | None,
    country: str,
    issued: Asked,
    target: str | None,
    options: Options,
    config: str,
    workspace: str | None,
) -> State:
    """The run of a country and hazard, as a flow's last state: whatever stopped it stands in its message.

    `hazard`: floods, or the only one of the country, where none is given; `issued`: the period that
    the run was scheduled in.
    """
    return final(run_day(hazard, country, issued, target, options, config, workspace))


def run_day(
    hazard: str | None,
    country: str,
    issued: Asked,
    target: str | None,
    options: Options,
    config: str,
    workspace: str | None,
) -> State:
    """The same, as part of another flow."""
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    exercise, shown = options.wishes is not None, None
    try:
        if hazard is not None and not exercise:
            _require_own(hazard, country)
        day = open_day(
            config, country, issued, target, hazard=hazard, at=scheduled_moment(), workspace=workspace,
            exercise=exercise,
        )  # fmt: skip
        by_sensor = WATCHED in (flow_run.tags or ())  # which names the period that it waited for
        day = replace(day, accepted=options.consent.blind, asked=day.asked and not by_sensor)
        if options.wishes is not None:
            require_wishes(day, options.wishes, hazard)
        shown = partial(shown_meanwhile, day)
        with one_at_a_time(day.country.hazard, country), day.alone("scenario" if exercise else "run"):
            sources = None if options.wishes is None else _wished(day, options.wishes)
            found, run, state, held = carry_out(
                day,
                sources,
                publish=options.publish,
                notify=options.notify,
                hold=options.hold or options.approval,
                consent=options.consent,
            )
        make_room_on_disk(day.configuration)
        if held:
            state = after_hold(day, found, run, state, approval=options.approval)
    except IbfError as error:
        return failed(error, shown)
    return state


def _wished(day: Day, wishes: str) -> Any:
    make = leg_of(day).wished
    if make is None:
        raise UsageError(
            f"there are no exercises of {day.profile.name}", expected="a hazard with exercises", remedy="run a real day"
        )
    return make(day, wishes)


def _require_own(hazard: str, country: str) -> None:
    """UsageError where a deployment's run is given another country: its tags and its limit are those of its own."""
    name = str(deployment.name) if deployment.id is not None else ""
    if re.fullmatch(r"[A-Z]{3}", name) and name != country:
        raise UsageError(
            f"deployment {hazard}/{name} is asked for the country {country}",
            expected=name,
            remedy=f"run the deployment {hazard}/{country}",
        )


def carry_out(
    day: Day, sources: Any, *, publish: bool, notify: bool, hold: bool, consent: Consent
) -> tuple[Findings, RunFolder, State, bool]:
    """Find what the forecast says, publish it, then report: people first, pictures afterwards.

    `sources`: instead of the day's own. Last of what is returned: whether the notification waits for a person.
    """
    allowed = partial(require_allowed, day, notify=notify, hold=hold, consent=consent)
    found, run = leg_of(day).find(day, sources, allowed if publish else None)
    state, held = conclude(day, found, run, publish=publish, notify=notify, hold=hold, consent=consent)
    return found, run, state, held


def conclude(
    day: Day, found: Findings, run: RunFolder, *, publish: bool, notify: bool, hold: bool, consent: Consent
) -> tuple[State, bool]:
    """Publish, then report. Last of what is returned: whether the notification waits for a person."""
    held, leg = False, leg_of(day)
    waits = leg.may_wait(found)
    try:
        publications: list[Publication] = []
        if publish:
            with publishing_progress(run, day.target_name):
                publications = publish_day(day, found, run, notify=notify, hold=hold and waits, consent=consent)
            held = bool(publications) and publications[-1].outcome.held
        idle = ["nothing was published"] if not publish else [] if publications else [nothing_new(day.target_name)]
        unmailed = publish and not publications and mailed_nobody(run, day.target_name)
        urgent = hold and not waits and any(publication.notified for publication in publications)
        further = [*([HOLD] if held else []), *([URGENT] if urgent else []), *idle, *([UNMAILED] if unmailed else [])]
        state = ended(
            found, publications, *further, otherwise=HELD if held else NOT_NOTIFIED if unmailed else COMPLETED
        )
        tell(found, [notice for publication in publications for notice in publication.notices])
    except IbfError as error:
        state = failed(error, partial(shown_meanwhile, day))
        tell_untold(day, run, error)
    report(day, run)
    return state, held


def after_hold(day: Day, found: Findings, run: RunFolder, state: State, *, approval: bool) -> State:
    """Tell that a notification waits for a person; with `approval` wait for that person, who approves or stops it in
    the UI. IbfError where nobody is notified though nobody has stopped it.
    """
    tell_waiting(day, in_ui=approval)
    if not approval:
        return state
    show_waiting(day)
    try:
        publication, decided, outcome = await_approval(day, found)
        later = [] if publication is None else publication.notices  # the others were told when it was held
        tell(found, [notice for notice in later if notice.kind == DIFFERS])
        state = ended(found, [publication] if publication else [], decided, otherwise=outcome)
    finally:
        report(day, run)
    return state


def tell_untold(day: Day, run: RunFolder, error: IbfError) -> None:
    """Tell of the notices of a run that failed at its notification; why it failed counts more than that."""
    with only_logged(log, "%s: the notices cannot be sent on", day.country.iso3):
        tell(run.found(), untold_notices(run, day.target_name, error))


def report(day: Day, run: RunFolder) -> None:
    """The report and the artifacts of a run, after everything that people wait for. It never fails a run."""
    with only_logged(
        log, "%s: the report could not be written", day.country.iso3
    ):  # records or store may be away by now
        write_run_report(day.country.iso3, run, have_prepared(day))
    keep_artifacts(day.country.iso3, run, day.configuration.settings.operations.reports_url)
    leg_of(day).afterwards(day)


def require_allowed(day: Day, found: Findings, *, notify: bool, hold: bool, consent: Consent) -> None:
    """Where a day was published before: the refusals of publishing it again, before its findings are replaced.

    An unfinished revision is finished whatever the forecast says by now, so there only its own refusals count.
    """
    if not day.run.revisions(day.target_name):
        return
    with open_target(day, notify=notify, hold=hold) as target:
        begun = unfinished(day.run, day.target_name)
        if begun is None:
            require_confirmed(day.run, day.target_name)
            target.require_allowed(found, day.run, consent)
        else:
            target.require_resumable(begun, consent)


def publish_day(
    day: Day, found: Findings, run: RunFolder, *, notify: bool, hold: bool, consent: Consent
) -> list[Publication]:
    """Publish what was found, one run at a time on a target. What may not wait does not wait behind what is held."""
    require_no_trial_begun(day)
    leg, purpose = leg_of(day), f"run {day.country.iso3} {day.issue_time}"

    def opened() -> AbstractContextManager[OpenTarget]:
        begun = unfinished(run, day.target_name) if hold else None
        waits = hold and (begun is None or leg.may_wait(begun.found()))
        return open_target(day, notify=notify and leg.mails(day, found), hold=waits)

    with run.right_to_publish(day.target_name, purpose):
        if notify and not leg.may_wait(found):
            give_up_held(run, day.target_name, now)
        return bring_up_to_date(opened, found, run, consent, now)


def bring_up_to_date(
    opened: Callable[[], AbstractContextManager[OpenTarget]],
    found: Findings,
    run: RunFolder,
    consent: Consent,
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
            revision = plan(found, run, target, consent=consent, now=clock)
            if revision is None:
                break
            publications.append(publish(found.country, target, revision))
        if publications[-1].outcome.held or not resumes:
            break
    return publications
