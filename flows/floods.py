"""The flood day of one country: from a GloFAS ensemble to the portal, in the order of the API description."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.issue_date import issue_date_of_run
from flows.limits import one_at_a_time
from flows.messages import INPUT_MISSING, NOT_PUBLISHED, NOTIFICATION_UNCONFIRMED
from flows.wiring import Day, now, open_day, open_target
from flows.wiring_sources import prune_cache
from flows.wiring_static import local_static
from ibf_pipeline.errors import IbfError, InputMissing, OutcomeUnknown
from ibf_pipeline.found import Found
from ibf_pipeline.publish.lock import publication_lock
from ibf_pipeline.run_folder import RunFolder
from ibf_pipeline.sources import ForecastFiles, Source, first_usable
from ibf_pipeline.targets.notice import Notice
from ibf_pipeline.targets.open_target import Publication
from ibf_pipeline.targets.problems import Consent
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

log = logging.getLogger("ibf_pipeline.flows")


def _run_name() -> str:
    parameters = flow_run.parameters
    return f"floods-{parameters['country']}-{issue_date_of_run(parameters.get('issue_date'))}"


@flow(name="floods", flow_run_name=_run_name, retries=0, persist_result=False)
def floods(
    country: str,
    issue_date: date | None = None,
    target: str | None = None,
    notify: bool = True,
    publish: bool = True,
    hold: bool = False,
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
        hold: stop before the notification and wait for a person's approval.
        accept_blind: events that may be closed although their station is blind.
        take_over: replace an upload of the same day that is not ours.
        discard_decisions: delete triggers and early actions that people set today.
        publish_withdrawn: publish events again that a person withdrew.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    consent = Consent(tuple(accept_blind or ()), take_over, discard_decisions, publish_withdrawn)
    try:
        day = open_day(config, country, issue_date_of_run(issue_date), target, workspace=workspace)
        with one_at_a_time(country):
            return run_day(day, publish=publish, notify=notify, hold=hold, consent=consent)
    except IbfError as error:
        return _failed(error)


def run_day(day: Day, *, publish: bool, notify: bool, hold: bool, consent: Consent) -> State:
    """Find, publish, report: people first, pictures afterwards. IbfError where the day was not even found."""
    found, run = find_day(day)
    try:
        publications = publish_day(day, found, run, notify=notify, hold=hold, consent=consent) if publish else []
        state = _ended(found, publications)
    except IbfError as error:
        state = _failed(error)
    write_day_report(day.country.iso3, run, day.prepared)
    return state


def find_day(day: Day) -> tuple[Found, RunFolder]:
    """What the forecast says, in the run folder: nothing has been published yet."""
    iso3, country = day.country.iso3, day.country
    layers, tiles = prepared_layers(iso3, country, local_static(day.configuration, country), day.prepared)

    def use(source: Source) -> tuple[ForecastFiles, Any]:
        files = obtain_forecast(iso3, day.issue_date, [source])
        return files, read_discharge(iso3, country, day.configuration.settings, layers, files, day.issue_date)

    (files, cube), passed_over = first_usable(day.sources(), day.issue_date, use)
    files = replace(files, origin={**files.origin, "passed_over": passed_over})
    prune_cache(day.configuration)
    found = find_events(iso3, cube, layers, country)
    return found, record_findings(iso3, found, cube, tiles, country, files, day.run)


def publish_day(
    day: Day, found: Found, run: RunFolder, *, notify: bool, hold: bool, consent: Consent
) -> list[Publication]:
    """Publish revisions until the target has what was found: an unfinished one first, then what has changed since."""
    publications: list[Publication] = []
    purpose = f"run {day.country.iso3} {day.issue_date}"
    with open_target(day, notify=notify, hold=hold) as target, publication_lock(day.lock_file, purpose, now):
        while True:
            revision = plan_revision(found, run, day.runs, target, consent=consent, now=now)
            if revision is None:
                return publications
            publications.append(publish_revision(day.country.iso3, target, revision))
            if publications[-1].outcome.held:
                return publications


def _ended(found: Found, publications: Sequence[Publication]) -> State:
    """The state's message: what was found and what a person has to do; automations go by its first words."""
    names = ", ".join(event.name for event in found.unpublishable_events)
    hidden = [f"{NOT_PUBLISHED}: {names} (no areas in the mapping)"] if names else []
    to_do = _to_do(publications)
    if hidden and not found.publishable_events:
        return Failed(message="; ".join([*hidden, found.headline, *to_do]), data=None)
    return Completed(message="; ".join([found.headline, *hidden, *to_do]))


def _to_do(publications: Sequence[Publication]) -> list[str]:
    """What a person has to do about what was published."""
    told = [notice for publication in publications for notice in _needing_people(publication.notices)]
    parts = list(dict.fromkeys(f"{notice.kind}: {notice.event}" for notice in told))
    if publications and publications[-1].outcome.held:
        parts.append("held before the notification: approve or abort it with `ibf-pipeline resume`")
    return parts


def _failed(error: IbfError) -> State:
    log.error("%s", error)
    return Failed(message=f"{_cause(error)}{error}", data=error)


def _needing_people(notices: Sequence[Notice]) -> list[Notice]:
    return [notice for notice in notices if notice.kind in ("trigger without mail", "trigger lapsed beyond the limit")]


def _cause(error: IbfError) -> str:
    if isinstance(error, OutcomeUnknown):
        return f"{NOTIFICATION_UNCONFIRMED}: "
    return f"{INPUT_MISSING}: " if isinstance(error, InputMissing) else ""
