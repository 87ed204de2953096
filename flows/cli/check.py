"""`check`: the files of a country, its portal and its schedule, each as far as it can be reached."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from flows.wiring.day import now, open_configuration
from flows.wiring.local_static import local_static
from flows.wiring.pagination import all_pages
from flows.wiring.records import open_database
from flows.wiring.sources import users_of
from flows.wiring.static import open_places
from flows.wiring.targets import open_portal
from ibf_pipeline.check.external_data import check_target, check_threshold_grids, of_day
from ibf_pipeline.check.files import check_files
from ibf_pipeline.check.finding import Finding, error_finding, not_checked
from ibf_pipeline.check.schedule import RunSchedule, check_schedules
from ibf_pipeline.check.settings import check_settings
from ibf_pipeline.check.storage import check_storage
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ConfigError, IbfError
from ibf_pipeline.hazards.registry import known_hazard

_WAIT_SECONDS = 10.0
"""to wait for the database of the records"""


def check_country(
    config: str, iso3: str, target: str | None, workspace: str | None, only: str | None = None
) -> list[Finding]:
    """Every finding about a country, hazard by hazard, in the order of the checks. `target`: else the country's own;
    `only`: the hazard that is looked at, else all.
    """
    try:
        configuration = open_configuration(config, workspace)
        hazards = configuration.hazards(iso3)
    except ConfigError as error:
        return [_useless(error, "this country")]
    return [*_check_hazards(configuration, iso3, hazards, target, only), *_storage(configuration)]


def _check_hazards(
    configuration: Configuration, iso3: str, hazards: Sequence[str], target: str | None, only: str | None
) -> list[Finding]:
    chosen, is_only = [only] if only is not None else hazards, len(hazards) == 1
    by_hazard = {hazard: _check_hazard(configuration, iso3, hazard, target, is_only=is_only) for hazard in chosen}
    if len(chosen) == 1:
        return by_hazard[chosen[0]]
    return [replace(one, found=f"{hazard}: {one.found}") for hazard, found in by_hazard.items() for one in found]


def _storage(configuration: Configuration) -> list[Finding]:
    try:
        return list(check_storage(configuration.storage, lambda: open_database(configuration, _WAIT_SECONDS)))
    except ConfigError as error:
        return [_useless(error, "this installation")]


def _useless(error: ConfigError, what: str) -> Finding:
    return error_finding("configuration", error, f"no command works with {what}, and nothing else was checked")


def _check_hazard(
    configuration: Configuration, iso3: str, hazard: str, target: str | None, *, is_only: bool
) -> list[Finding]:
    try:
        country = configuration.country(iso3, hazard)
        name = target or country.target
        chosen = configuration.target(name)
    except ConfigError as error:
        return [_useless(error, "this country" if is_only else f"{hazard} of this country")]
    findings, profile = list(check_settings(configuration, country)), known_hazard(hazard).profile
    portal = partial(open_portal, configuration, name, country)
    if not isinstance(country, FloodCountry):
        found, data = check_files(country, configuration.static_folder(country))
        about_target = check_target(portal, name, chosen, country, profile, data)
        return [*findings, *found, *about_target, *_schedule(configuration, country)]
    try:
        static = local_static(configuration, country)
    except IbfError as error:
        meaning = "the static data cannot be reached, and nothing of them was checked"
        return [*findings, error_finding("static data", error, meaning), *_schedule(configuration, country)]
    found, data = check_files(country, static)
    grids, today = open_places(configuration, country).thresholds, now().date()
    return [
        *findings,
        *found,
        *check_threshold_grids(grids, country.on(today), of_day(data, country, static, today)),
        *check_target(portal, name, chosen, country, profile, data),
        *([] if data.stations == () else _schedule(configuration, country)),
    ]


def _schedule(configuration: Configuration, country: CountryHazard) -> list[Finding]:
    def users(source: str) -> tuple[str, ...]:
        return tuple(user.iso3 for user in users_of(configuration, source)[0] if user.hazard == country.hazard)

    found = "PREFECT_API_URL is not set, so no Prefect server was asked"
    remedy = "set it to the server's address and check again"
    if address := os.environ.get("PREFECT_API_URL"):
        try:
            schedules = read_schedules(users, country.hazard)
        except Exception as error:  # Prefect's client raises whatever its transport does
            found = f"the Prefect server at {address} did not answer ({type(error).__name__})"
            remedy = "start it, or correct PREFECT_API_URL"
        else:
            return list(check_schedules(country.iso3, schedules))
    return [not_checked("schedule", found, "whether exactly one schedule runs the country is not known", remedy)]


def read_schedules(users: Callable[[str], tuple[str, ...]], hazard: str) -> list[RunSchedule]:
    """Every schedule of the Prefect server that starts runs of a hazard. `users`: a source's countries that have it, by
    ISO3 code.
    """
    from prefect.client.orchestration import get_client

    daily = ["all-countries"] if known_hazard(hazard).profile.period_hours == 24 else []
    found = []
    with get_client(sync_client=True) as client:
        for deployment in all_pages(lambda offset: client.read_deployments(limit=200, offset=offset)):
            flow = client.read_flow(deployment.flow_id).name
            if flow not in (hazard, "watch-source", *daily):
                continue
            parameters = deployment.parameters or {}
            found += [
                RunSchedule(
                    f"{flow}/{deployment.name}",
                    _when(entry.schedule),
                    bool(entry.active) and not deployment.paused,
                    _countries(flow, {**parameters, **(entry.parameters or {})}, users),
                    is_sensor=flow == "watch-source",
                )
                for entry in deployment.schedules
            ]
    return found


def _countries(
    flow: str, parameters: dict[str, Any], users: Callable[[str], tuple[str, ...]]
) -> tuple[str, ...] | None:
    if flow == "watch-source":
        return users(str(parameters.get("source", "")))
    if flow != "all-countries":
        return (str(parameters.get("country", "")),)
    listed: Sequence[str] | None = parameters.get("countries")
    return tuple(listed) if listed else None


def _when(schedule: Any) -> str:
    cron, zone = getattr(schedule, "cron", None), getattr(schedule, "timezone", None)
    return f"{cron} {zone or 'UTC'}" if cron else str(getattr(schedule, "interval", schedule))
