"""The rain of a block outside of a run: fetched for `inputs fetch`, and looked for by the sensor of a source."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta

from flows.wiring.flash_leg import hours_back, measured_back, prepared_areas
from flows.wiring.rain_sources import open_rain_source, open_rain_sources
from flows.wiring.sources import with_source
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.flash_floods.window import BLOCK_HOURS, LAST_HOUR
from ibf_pipeline.io.netcdf import FILE_LIBRARIES
from ibf_pipeline.rain.assembly import leading
from ibf_pipeline.sources.rain.block import BlockRain, rain_of_block
from ibf_pipeline.sources.watch import Availability


def rain_look(
    configuration: Configuration, source: str, country: CountryHazard, issue_time: IssueTime
) -> Callable[[], Availability]:
    """Whole: the cycle that begins with the block leads; usable: an older one does, at most `oldest_cycle_h` old."""
    chosen = FlashFloodCountry.of(country)
    with FILE_LIBRARIES:  # other countries are looked at at the same time
        areas = prepared_areas(configuration, chosen)
    section = configuration.settings.sources[source]
    opened = open_rain_source(configuration, chosen, source, section, chosen.oldest_cycle_h)
    first, last = (issue_time.start + timedelta(hours=hours) for hours in (-BLOCK_HOURS, LAST_HOUR))

    def ask() -> Availability:
        given = opened.hours(issue_time, areas, first, last)
        leads = leading(issue_time, areas.codes, given.series, chosen.oldest_cycle_h)
        if leads is None or leads.cycle is None:
            return Availability(False, False, "; ".join(given.notes) or "no cycle reaches far enough")
        cycle = leads.cycle.astype("datetime64[s]").item().replace(tzinfo=UTC)
        return Availability(cycle >= issue_time.start, True, f"cycle of {cycle:%Y-%m-%d %H} UTC")

    return ask


def fetch_rain(
    configuration: Configuration, country: FlashFloodCountry, issue_time: IssueTime, source: str | None
) -> BlockRain:
    """The rain of a block from one source, or from all of the country's.

    InputMissing or InputInvalid if no forecast leads.
    """
    chosen = with_source(country, source)
    sources, areas = open_rain_sources(configuration, chosen), prepared_areas(configuration, country)
    try:
        return rain_of_block(
            sources,
            issue_time,
            areas,
            longest_h=hours_back(issue_time, country, None),
            oldest_h=country.oldest_cycle_h,
            measured_h=measured_back(country),
        )
    except (InputInvalid, InputMissing) as error:  # its remedy is that of a block, which publishes
        remedy = "fetch it again when one is there and can be read"
        raise type(error)(error.found, where=error.where, expected=error.expected, remedy=remedy) from None
