"""The rain of a block fetched and put together without running the block."""

from __future__ import annotations

from flows.wiring.flash_leg import hours_back, measured_back, prepared_areas
from flows.wiring.rain_sources import open_rain_sources
from flows.wiring.sources import with_source
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.sources.rain.block import BlockRain, rain_of_block


def fetch_rain(
    configuration: Configuration, country: FlashFloodCountry, issue_time: IssueTime, source: str | None
) -> BlockRain:
    """The rain of a block from one source, or from all of the country's.

    InputMissing or InputInvalid where no forecast leads.
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
