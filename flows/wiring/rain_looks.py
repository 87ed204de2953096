"""Is the cycle of a block there? A look of the sensor at a source of rain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, timedelta

from flows.wiring.flash_leg import prepared_areas
from flows.wiring.rain_sources import open_rain_source
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.window import BLOCK_HOURS, LAST_HOUR
from ibf_pipeline.io.netcdf import FILE_LIBRARIES
from ibf_pipeline.rain.assembly import leading
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
