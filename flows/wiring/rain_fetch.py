"""The rain of a block fetched and put together without running the block."""

from __future__ import annotations

from flows.wiring.flash_leg import hours_back, measured_back, rain_areas
from flows.wiring.local_static import local_static
from flows.wiring.rain_sources import open_rain_sources
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid, InputMissing, UsageError
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.store import read_flash_floods
from ibf_pipeline.sources.rain.block import BlockRain, rain_of_block


def fetch_rain(
    configuration: Configuration, country: FlashFloodCountry, issue_time: IssueTime, source: str | None
) -> BlockRain:
    """The rain of a block from one source, or from all of the country's.

    InputMissing or InputInvalid where no forecast leads.
    """
    if source is not None and source not in country.sources:
        raise UsageError(
            f"{country.iso3} has no source {source!r}",
            expected="one of " + ", ".join(country.sources),
            remedy="add it to `sources` of the section, or choose another",
        )
    chosen = country if source is None else country.model_copy(update={"sources": (source,)})
    sources, folder = (
        open_rain_sources(configuration, chosen),
        configuration.prepared_folder(country.iso3, country.hazard),
    )
    prepare_flash_floods(country, local_static(configuration, country), folder)
    areas = rain_areas(read_flash_floods(folder, country.iso3), folder)
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
