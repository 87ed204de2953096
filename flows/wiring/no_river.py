"""Countries whose set-up is finished without a forecast: GloFAS has no river there. Nobody waits for their day."""

from __future__ import annotations

from flows.wiring.hazards import Configured, configured
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import IbfError
from ibf_pipeline.prepare.inputs import has_no_river


def is_without_river(configuration: Configuration, country: CountryHazard) -> bool:
    """Whether the country's stations on this machine say so: of static data behind a URL the copy, where there is one.

    What is not known counts as a country to be run: its run says what is wrong.
    """
    return country.hazard == FloodCountry.hazard and has_no_river(configuration.static_folder(country))


def awaited(configuration: Configuration) -> list[Configured]:
    """Every configured country with each of its hazards, but those that have nothing to forecast."""
    return [each for each in configured(configuration) if not _needs_no_run(configuration, each)]


def _needs_no_run(configuration: Configuration, each: Configured) -> bool:
    try:
        return is_without_river(configuration, configuration.country(each.iso3, each.hazard))
    except IbfError:  # its run says what is wrong with its file
        return False
