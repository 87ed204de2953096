"""Countries that need no run: GloFAS has no river there, or their static data are not there yet."""

from __future__ import annotations

from flows.wiring.hazards import CountryHazardKey, configured_hazards
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import IbfError
from ibf_pipeline.prepare.inputs import NO_RIVER, has_no_river
from ibf_pipeline.runs.run_index import runs_of


def is_without_river(configuration: Configuration, country: CountryHazard) -> bool:
    """Whether the country's stations on this machine say so: of static data behind a URL the copy, if there is one.

    What is not known counts as a country to be run: its run says what is wrong.
    """
    return country.hazard == FloodCountry.hazard and has_no_river(configuration.static_folder(country))


def idle_words(configuration: Configuration, country: CountryHazard) -> str:
    """Why a country has no schedule, in words; empty if it has one."""
    if is_without_river(configuration, country):
        return NO_RIVER
    if _awaits_static(configuration, country):
        return f"no static data yet in {configuration.static_folder(country)}: bring them, then deploy again"
    return ""


def _awaits_static(configuration: Configuration, country: CountryHazard) -> bool:
    """Whether a country's file says that its data are still to come, and nothing tells that they ever were there.

    Rule: once a country was prepared or has had a run, data that are missing are trouble, and its run says so.
    """
    if not country.awaits_static or "://" in (country.static or "") or configuration.static_folder(country).is_dir():
        return False
    runs = configuration.path(configuration.settings.paths.runs)
    prepared = configuration.prepared_folder(country.iso3, country.hazard)
    return not prepared.is_dir() and not runs_of(runs, country.iso3, country.hazard, configuration.storage)


def awaited(configuration: Configuration) -> list[CountryHazardKey]:
    """Every configured country with each of its hazards, but those that have no day to wait for."""
    return [each for each in configured_hazards(configuration) if not _needs_no_run(configuration, each)]


def _needs_no_run(configuration: Configuration, each: CountryHazardKey) -> bool:
    try:
        return bool(idle_words(configuration, configuration.country(each.iso3, each.hazard)))
    except IbfError:  # its run says what is wrong with its file
        return False
