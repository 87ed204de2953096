"""The flood day of one country: from a GloFAS ensemble to the portal, in the order of the API description."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import deployment, flow_run

from flows.approval import await_approval, tell_waiting
from flows.ending import HOLD, ended, failed, tell
from flows.installed import final
from flows.morning import show_waiting, update_morning
from flows.states import COMPLETED, HELD
from flows.wiring.day import Day, now, open_day
from flows.wiring.issue_date import issue_date_of_run, named_date
from flows.wiring.limits import one_at_a_time
from flows.wiring.local_static import local_static
from flows.wiring.sources import prune_cache
from flows.wiring.targets import open_target
from ibf_pipeline.domain.found import Found
from ibf_pipeline.errors import IbfError, UsageError
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.ledger import Clock, unfinished
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.unconfirmed import require_confirmed
from ibf_pipeline.sources import ForecastFiles, Source, first_usable
from ibf_pipeline.sources.completeness import is_whole_and_new
from ibf_pipeline.targets.open_target import OpenTarget, Publication
from ibf_pipeline.targets.problems import Consent
from ibf_pipeline.targets.told import untold_notices
from tasks.artifacts import keep_artifacts, publishing_progress
from tasks.floods import (
    find_events,
    obtain_forecast,
    plan_revision,
    prepared_layers,
    publish_revision,
    read_discharge,
    record_findings,
    write_day_report,
)


def _run_name() -> str:
    parameters = flow_run.parameters
    return f"floods-{parameters['country']}-{named_date(parameters.get('issue_date'))}"


@flow(
    name="floods",
    flow_run_name=_run_name,
    retries=0,
    persist_result=False,
    validate_parameters=False,  # the server checks their types, and we the date: in one line, in a run with a name
    on_completion=[update_morning],
    on_failure=[update_morning],
    on_crashed=[update_morning],
    on_cancellation=[update_morning],
)
def floods(
    country: str,
    issue_date: date | None = None,
    target: str | None = None,
    notify: bool = True,
    publish: bool = True,
    hold: bool = False,
    approval: bool = False,
    accept_blind: list[str] | None = None,
    take_over: bool = False,
    discard_decisions: bool = False,
    publish_withdrawn: bool = False,
    config: str = "config",
    workspace: str | None = None,
) -> State:
    """Run the flood day of a country.

    Args:
        country: ISO3 code of a country in the configuration.
        issue_date: day of the GloFAS 00 UTC run; the day (UTC) that the run is scheduled for where none is given.
        target: name of a target in settings.yaml; the country's own where none is given.
        notify: whether people are notified.
        publish: false stops with the findings on disk.
        hold: stop before the notification; a person approves it with `ibf-pipeline resume`.
        approval: hold, and pause in the UI until a person approves or stops it there, at most the target's hold_hours.
        accept_blind: events that may be closed although their station is blind, suspect or no longer there.
        take_over: replace an upload of the same day that is not ours.
        discard_decisions: delete triggers and early actions that people set today.
        publish_withdrawn: publish events again that a person withdrew.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    consent = Consent(tuple(accept_blind or ()), take_over, discard_decisions, publish_withdrawn)
    try:
        _require_own(country)
        day = open_day(config, country, issue_date_of_run(issue_date), target, workspace=workspace)
        with one_at_a_time(country), day.alone("run"):
            found, run, state, held = carry_out(
                day, None, publish=publish, notify=notify, hold=hold or approval, consent=consent
            )
        if held:
            state = after_hold(day, found, run, state, approval=approval)
    except IbfError as error:
        return final(failed(error))
    return final(state)


def _require_own(country: str) -> None:
    """UsageError where a deployment's run is given another country: its tags and its limit are those of its own."""
    name = str(deployment.name) if deployment.id is not None else ""
    if re.fullmatch(r"[A-Z]{3}", name) and name != country:
        raise UsageError(
            f"deployment floods/{name} is asked for the country {country}",
            expected=name,
            remedy=f"run the deployment floods/{country}",
        )


def carry_out(
    day: Day, sources: list[Source] | None, *, publish: bool, notify: bool, hold: bool, consent: Consent
) -> tuple[Found, RunFolder, State, bool]:
    """Find what the forecast says, publish it, then report: people first, pictures afterwards.

    `sources`: instead of the day's own. Last of what is returned: whether the notification waits for a person.
    """
    allowed = partial(require_allowed, day, notify=notify, hold=hold, consent=consent)
    found, run = find_day(day, sources, allowed if publish else None)
    state, held = conclude(day, found, run, publish=publish, notify=notify, hold=hold, consent=consent)
    return found, run, state, held


def conclude(
    day: Day, found: Found, run: RunFolder, *, publish: bool, notify: bool, hold: bool, consent: Consent
) -> tuple[State, bool]:
    """Publish, then report. Last of what is returned: whether the notification waits for a person."""
    held = False
    try:
        publications: list[Publication] = []
        if publish:
            with publishing_progress(run, day.target_name):
                publications = publish_day(day, found, run, notify=notify, hold=hold, consent=consent)
            held = bool(publications) and publications[-1].outcome.held
        further = [*([HOLD] if held else []), *([] if publish else ["nothing was published"])]
        state = ended(found, publications, *further, otherwise=HELD if held else COMPLETED)
        tell(found, [notice for publication in publications for notice in publication.notices])
    except IbfError as error:
        state = failed(error)
        tell(found, untold_notices(run, day.target_name, error))
    report(day, run)
    return state, held


def after_hold(day: Day, found: Found, run: RunFolder, state: State, *, approval: bool) -> State:
    """Tell that a notification waits for a person; with `approval` wait for that person, who approves or stops it in
    the UI. IbfError where nobody is notified though nobody has stopped it.
    """
    tell_waiting(day, in_ui=approval)
    if not approval:
        return state
    show_waiting(day)
    try:
        publication, decided, outcome = await_approval(day, found)
        state = ended(found, [publication] if publication else [], decided, otherwise=outcome)
    finally:
        report(day, run)
    return state


def report(day: Day, run: RunFolder) -> None:
    """The report and the artifacts of a run, after everything that people wait for."""
    write_day_report(day.country.iso3, run, day.prepared)
    keep_artifacts(day.country.iso3, run, day.configuration.settings.operations.reports_url)
    prune_cache(day.configuration)


def require_allowed(day: Day, found: Found, *, notify: bool, hold: bool, consent: Consent) -> None:
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


def find_day(
    day: Day, sources: list[Source] | None = None, allowed: Callable[[Found], None] | None = None
) -> tuple[Found, RunFolder]:
    """What the forecast says, in the run folder: nothing has been published yet.

    `sources`: instead of its own; `allowed`: raises where these findings must not replace earlier ones.
    """
    iso3, country = day.country.iso3, day.country
    layers, tiles = prepared_layers(iso3, country, local_static(day.configuration, country), day.prepared)

    def use(source: Source) -> tuple[ForecastFiles, Any]:
        files = obtain_forecast(iso3, day.issue_date, source)
        return files, read_discharge(iso3, country, day.configuration.settings, layers, files, day.issue_date)

    (files, cube), passed_over = first_usable(
        sources or day.sources(), day.issue_date, use, lambda used: is_whole_and_new(*used, country.members.expected)
    )
    files = replace(files, origin={**files.origin, "passed_over": passed_over})
    found = find_events(iso3, cube, layers, country, exercise=day.exercise)
    if "corrected" in files.origin:
        found = replace(found, notes=(*found.notes, f"source {files.source}: {files.origin['corrected']}"))
    if allowed is not None:
        allowed(found)
    return found, record_findings(iso3, found, cube, tiles, country, files, day.run, day.prepared)


def publish_day(
    day: Day, found: Found, run: RunFolder, *, notify: bool, hold: bool, consent: Consent
) -> list[Publication]:
    """Publish what was found, one run at a time on a target."""
    purpose = f"run {day.country.iso3} {day.issue_date}"
    with open_target(day, notify=notify, hold=hold) as target, run.right_to_publish(day.target_name, purpose):
        return bring_up_to_date(target, found, run, consent, now)


def bring_up_to_date(
    target: OpenTarget,
    found: Found,
    run: RunFolder,
    consent: Consent,
    clock: Clock,
    plan: Callable[..., Revision | None] = plan_revision,
    publish: Callable[[str, OpenTarget, Revision], Publication] = publish_revision,
) -> list[Publication]:
    """Finish a revision that was begun, then publish what has changed since: two revisions at most."""
    publications: list[Publication] = []
    for _ in ("begun", "new"):
        resumes = unfinished(run, target.name) is not None
        revision = plan(found, run, target, consent=consent, now=clock)
        if revision is None:
            break
        publications.append(publish(found.country, target, revision))
        if publications[-1].outcome.held or not resumes:
            break
    return publications
