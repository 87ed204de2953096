"""`check`: the files of a country, its portal and its schedule, each as far as it can be reached."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flows.wiring.day import Day, now, open_configuration, open_ibf
from flows.wiring.local_static import local_static
from flows.wiring.sources import users_of
from flows.wiring.static import open_places
from ibf_pipeline.check.country import StaticData, check_static
from ibf_pipeline.check.finding import Finding, fine, of_error
from ibf_pipeline.check.portal import check_portal
from ibf_pipeline.check.schedule import Schedule, check_schedules
from ibf_pipeline.check.settings import check_settings
from ibf_pipeline.check.stations import check_river_cells
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.errors import ConfigError, IbfError, InputInvalid, ServerRefused
from ibf_pipeline.static.thresholds import sample_thresholds
from ibf_pipeline.targets.ibf.state import read_state

DISASTER_TYPE = "floods"


def check_country(config: str, iso3: str, target: str | None, workspace: str | None) -> list[Finding]:
    """Every finding about a country, in the order of the checks."""
    try:
        configuration = open_configuration(config, workspace)
        country = configuration.country(iso3)
        name = target or country.target
        day = Day(configuration, country, now().date(), name, configuration.target(name))
    except ConfigError as error:
        return [of_error("configuration", error, "no command works with this country, and nothing else was checked")]
    findings = list(check_settings(configuration, country))
    try:
        static = local_static(configuration, country)
    except IbfError as error:
        meaning = "the static data cannot be reached, and nothing of them was checked"
        return [*findings, of_error("static data", error, meaning), *_schedule(configuration, iso3)]
    found, data = check_static(country, static)
    return [*findings, *found, *_river_cells(day, data), *_portal(day, data), *_schedule(configuration, iso3)]


def _river_cells(day: Day, data: StaticData) -> list[Finding]:
    """The stations against the GloFAS threshold grids, where the country names them."""
    if data.stations is None:
        return []
    place = open_places(day.configuration, day.country).thresholds
    unknown = "a station beside its river never alerts, and nobody would notice"
    if place is None:
        text = "river cells: no threshold grids are named"
        remedy = f"name them in static_sources.thresholds of {day.country_file}"
        return [Finding("not checked", "stations", text, unknown, remedy)]
    period = min(day.country.static_sources.threshold_periods)
    try:
        major = day.country.thresholds_version.split(".")[0]
        tables, beside = sample_thresholds(place, data.stations, (period,), major)
    except InputInvalid as error:
        return [of_error("stations", error, "a station without a river never alerts")]
    except IbfError as error:
        return [Finding("not checked", "stations", f"river cells: {error.found}", unknown, error.remedy)]
    grid = {code: table[period] for code, table in tables.items()}
    return list(check_river_cells(beside, grid, data.thresholds, period))


def _portal(day: Day, data: StaticData) -> list[Finding]:
    if day.target.kind != "ibf":
        return [fine("portal", f"target {day.target_name} writes files: there is no portal to ask")]
    if day.target.embedded_sandbox and (data.boundaries is None or data.stations is None):
        text = f"target {day.target_name} is the built-in sandbox, which needs the country's boundaries and stations"
        return [Finding("not checked", "portal", text, "the static data come first", "see above")]
    try:
        with open_ibf(day) as client:
            client.login()
            state = read_state(client, day.country.iso3, DISASTER_TYPE, day.target.capabilities)
            layers: Any = client.get_if_there(f"/metadata/layers/{day.country.iso3}/{DISASTER_TYPE}")
    except ServerRefused as error:
        return [of_error("portal", error, "a run would be refused just so")]
    except IbfError as error:  # no account in the environment, or not to be reached from here
        text = f"target {day.target_name}: {error.found}" + (f" ({error.expected})" if error.expected else "")
        return [Finding("not checked", "portal", text, "whether the portal takes a run is not known", error.remedy)]
    return list(check_portal(state, layers, day.country, data.stations or (), data.place_codes()))


def _schedule(configuration: Configuration, iso3: str) -> list[Finding]:
    if not os.environ.get("PREFECT_API_URL"):
        return [
            Finding(
                "not checked",
                "schedule",
                "PREFECT_API_URL is not set, so no Prefect server was asked",
                "whether exactly one schedule runs the country is not known",
                "set it to the server's address and check again",
            )
        ]
    try:
        schedules = read_schedules(lambda source: tuple(user.iso3 for user in users_of(configuration, source)[0]))
    except Exception as error:  # Prefect's client raises whatever its transport does
        return [
            Finding(
                "not checked",
                "schedule",
                f"the Prefect server at {os.environ['PREFECT_API_URL']} did not answer ({type(error).__name__})",
                "whether exactly one schedule runs the country is not known",
                "start it, or correct PREFECT_API_URL",
            )
        ]
    return list(check_schedules(iso3, schedules))


def read_schedules(users: Callable[[str], tuple[str, ...]]) -> list[Schedule]:
    """Every schedule of the Prefect server that starts flood days. `users`: a source's countries, by ISO3 code."""
    from prefect.client.orchestration import get_client

    found = []
    with get_client(sync_client=True) as client:
        for deployment in _all_pages(lambda offset: client.read_deployments(limit=200, offset=offset)):
            flow = client.read_flow(deployment.flow_id).name
            if flow not in ("floods", "all-countries", "watch-source"):
                continue
            parameters = deployment.parameters or {}
            found += [
                Schedule(
                    f"{flow}/{deployment.name}",
                    _when(entry.schedule),
                    bool(entry.active) and not deployment.paused,
                    _countries(flow, {**parameters, **(entry.parameters or {})}, users),
                    is_sensor=flow == "watch-source",
                )
                for entry in deployment.schedules
            ]
    return found


def _all_pages(page: Callable[[int], Sequence[Any]]) -> Iterator[Any]:
    offset = 0
    while rows := page(offset):
        yield from rows
        offset += len(rows)


def _countries(
    flow: str, parameters: dict[str, Any], users: Callable[[str], tuple[str, ...]]
) -> tuple[str, ...] | None:
    if flow == "floods":
        return (str(parameters.get("country", "")),)
    if flow == "watch-source":
        return users(str(parameters.get("source", "")))
    listed: Sequence[str] | None = parameters.get("countries")
    return tuple(listed) if listed else None


def _when(schedule: Any) -> str:
    cron, zone = getattr(schedule, "cron", None), getattr(schedule, "timezone", None)
    return f"{cron} {zone or 'UTC'}" if cron else str(getattr(schedule, "interval", schedule))


def as_rows(findings: Sequence[Finding]) -> Iterator[dict[str, str]]:
    """For programs."""
    for entry in findings:
        yield {
            "level": entry.level,
            "subject": entry.subject,
            "found": entry.found,
            "meaning": entry.meaning,
            "remedy": entry.remedy,
        }
