"""A country against what lies outside its files: threshold grids, and the portal of its target."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from pathlib import Path

from ibf_pipeline.check.country import StaticData
from ibf_pipeline.check.finding import Finding, error_finding, fine, not_checked
from ibf_pipeline.check.portal import check_portal
from ibf_pipeline.check.portal_assets import check_portal_assets
from ibf_pipeline.check.stations import check_river_cells
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.config.targets import TargetSettings
from ibf_pipeline.config.thresholds import thresholds_on
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.errors import IbfError, InputInvalid, ServerRefused
from ibf_pipeline.prepare.inputs import needed_return_periods
from ibf_pipeline.prepare.stations import read_thresholds
from ibf_pipeline.static.threshold_grids import ThresholdGrids
from ibf_pipeline.static.thresholds import sample_thresholds
from ibf_pipeline.targets.portal import Portal


def of_day(data: StaticData, country: FloodCountry, static: Path, day: date) -> StaticData:
    """With the thresholds that judge an issue date; None if they cannot be read, as was found already."""
    later = thresholds_on(country.later_thresholds, day)
    if later is None or not data.stations:
        return data
    try:
        table = read_thresholds(static / later.file, data.stations, needed_return_periods(country))
    except IbfError:
        return replace(data, thresholds=None)
    return replace(data, thresholds=table)


def check_threshold_grids(grids: ThresholdGrids | None, country: FloodCountry, data: StaticData) -> list[Finding]:
    """The stations against the GloFAS threshold grids of their version, if the country names them.

    `country`, `data`: as of the issue date that is judged.
    """
    if not data.stations:
        return []
    unknown = "a station beside its river never alerts, and nobody would notice"
    if grids is None:
        text = "river cells: no threshold grids are named"
        remedy = f"name them in static_sources.thresholds of countries/{country.iso3}.yaml"
        return [not_checked("stations", text, unknown, remedy)]
    period = min(country.static_sources.threshold_periods)
    try:
        major = country.thresholds_version.split(".")[0]
        tables, beside = sample_thresholds(grids, data.stations, (period,), major)
    except InputInvalid as error:
        return [error_finding("stations", error, "a station without a river never alerts")]
    except IbfError as error:
        return [not_checked("stations", f"river cells: {error.found}", unknown, error.remedy)]
    grid = {code: table[period] for code, table in tables.items()}
    return list(check_river_cells(beside, grid, data.thresholds, period))


def check_target(
    open_portal: Callable[[], AbstractContextManager[Portal]],
    name: str,
    target: TargetSettings,
    country: CountryHazard,
    profile: HazardProfile,
    data: StaticData,
) -> list[Finding]:
    """The country as its target's portal knows it, as far as that can be reached."""
    if not target.has_portal:
        return [fine("portal", f"target {name} is {target.words}: there is no portal to ask")]
    lacks_stations = profile.name == FloodCountry.hazard and data.stations is None
    if target.is_set_up_here and (data.boundaries is None or lacks_stations):
        text = f"target {name} is the built-in sandbox, which needs the country's boundaries and stations"
        return [not_checked("portal", text, "the static data come first", "see above")]
    try:
        with open_portal() as portal:
            portal.log_in()
            state = portal.state(country.iso3, profile)
            layers = portal.map_layers(country.iso3, profile)
    except ServerRefused as error:
        return [error_finding("portal", error, "a run would be refused just so")]
    except IbfError as error:  # no account in the environment, or not to be reached from here
        text = f"target {name}: {error.found}" + (f" ({error.expected})" if error.expected else "")
        return [not_checked("portal", text, "whether the portal takes a run is not known", error.remedy)]
    found = check_portal(state, layers, country, profile, data.stations or (), data.place_codes())
    return [*found, *check_portal_assets(state, country, profile, data.fids)]
