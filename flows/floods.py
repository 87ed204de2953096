"""The flood day of one country: from a GloFAS ensemble to the portal, in the order of the API description."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from flows.wiring import Day, now, open_day, open_ibf
from ibf_pipeline.errors import IbfError, InputMissing, OutcomeUnknown
from ibf_pipeline.found import Found
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.run_folder import RunFolder
from ibf_pipeline.targets.ibf.transport import IbfTransport
from tasks.floods import (
    find_events,
    obtain_forecast,
    plan_revision,
    prepared_layers,
    publish_revision,
    read_discharge,
    record_findings,
)

log = logging.getLogger("ibf_pipeline.flows")


def _run_name() -> str:
    parameters = flow_run.parameters
    issue_date = parameters.get("issue_date") or now().date()
    return f"floods-{parameters['country']}-{issue_date}"


@flow(name="floods", flow_run_name=_run_name, retries=0, persist_result=False)
def floods(
    country: str,
    issue_date: date | None = None,
    target: str | None = None,
    notify: bool = True,
    publish: bool = True,
    accept_blind: list[str] | None = None,
    config: str = "config",
    workspace: str | None = None,
) -> State:
    """Run the flood day of a country.

    Args:
        country: ISO3 code of a country in the configuration.
        issue_date: day of the GloFAS 00 UTC run; today (UTC) where none is given.
        target: name of a target in settings.yaml; the country's own where none is given.
        notify: whether people are notified.
        publish: false stops with the findings on disk.
        accept_blind: events that may be closed although their station is blind.
        config: folder of the configuration.
        workspace: folder for prepared layers, runs and the sandbox, instead of those of the settings.
    """
    logging.getLogger("ibf_pipeline").setLevel(logging.INFO)
    try:
        day = open_day(config, country, issue_date, target, workspace=workspace)
        found, run = find_day(day)
        if publish:
            publish_day(day, found, run, notify=notify, accept_blind=accept_blind or [])
    except IbfError as error:
        log.error("%s", error)
        return Failed(message=f"{_cause(error)}{error}", data=error)
    if found.unpublishable_events and not found.publishable_events:
        return Failed(message=f"{found.headline}; {_unpublished(found)}", data=None)
    return Completed(message="; ".join(filter(None, (found.headline, _unpublished(found)))))


def find_day(day: Day) -> tuple[Found, RunFolder]:
    """What the forecast says, in the run folder: nothing has been published yet."""
    iso3, country = day.country.iso3, day.country
    layers, tiles = prepared_layers(iso3, country, day.static, day.prepared)
    files = obtain_forecast(iso3, day.issue_date, day.sources())
    cube: Any = read_discharge(iso3, country, day.configuration.settings, layers, files, day.issue_date)
    found = find_events(iso3, cube, layers, country)
    return found, record_findings(iso3, found, cube, tiles, country, files, day.run)


def publish_day(day: Day, found: Found, run: RunFolder, *, notify: bool, accept_blind: list[str]) -> None:
    """Plan the calls, then make them; the last one notifies."""
    notify = notify and day.target.notifications
    with open_ibf(day) as client:
        revision = plan_revision(
            found, run, client, target=day.target_name, capabilities=day.target.capabilities, prepared=day.prepared,
            notify=notify, accept_blind=accept_blind,
        )  # fmt: skip
        if revision is not None:
            journal = Journal(revision.journal_file, now)
            transport = IbfTransport(client, revision.folder)
            publish_revision(day.country.iso3, day.target_name, revision, transport, journal)


def _unpublished(found: Found) -> str:
    names = ", ".join(event.name for event in found.unpublishable_events)
    return f"alert could not be published: {names} (no areas in the mapping)" if names else ""


def _cause(error: IbfError) -> str:
    if isinstance(error, OutcomeUnknown):
        return "notification unconfirmed: "
    return "input not available yet: " if isinstance(error, InputMissing) else ""
