"""Is the cycle of a block there? A look of the sensor at a source of rain."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import numpy as np

from flows.wiring.flash_leg import flash_country, rain_areas
from flows.wiring.local_static import local_static
from flows.wiring.rain_sources import open_rain_source
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.hazards.flash_floods.window import BLOCK, LAST_HOUR
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.flash_floods.store import read_flash_floods
from ibf_pipeline.sources.rain.source import RainGiven
from ibf_pipeline.sources.watch import Look


def rain_look(
    configuration: Configuration, source: str, country: CountryHazard, issue_time: IssueTime
) -> Callable[[], Look]:
    """Whole: the cycle that begins with the block reaches as far as the rules look; usable: an older one does that may
    still be used.
    """
    chosen, folder = flash_country(country), configuration.prepared_folder(country.iso3, country.hazard)
    prepare_flash_floods(chosen, local_static(configuration, chosen), folder)
    section, prepared = configuration.settings.sources[source], read_flash_floods(folder, country.iso3)
    opened = open_rain_source(configuration, chosen, source, section)
    first, last = (issue_time.start + timedelta(hours=hours) for hours in (-BLOCK, LAST_HOUR))

    def ask() -> Look:
        given = opened.hours(issue_time, rain_areas(prepared, folder), first, last)
        cycle = newest_cycle(given, last)
        if cycle is None:
            return Look(False, False, "; ".join(given.notes) or "no cycle reaches far enough")
        behind = issue_time.start - cycle
        usable = behind <= timedelta(hours=chosen.oldest_cycle_h)
        return Look(behind <= timedelta(), usable, f"cycle of {cycle:%Y-%m-%d %H} UTC")

    return ask


def newest_cycle(given: RainGiven, last: datetime) -> datetime | None:
    """The newest cycle that reaches `last` (UTC)."""
    until = np.datetime64(last.replace(tzinfo=None), "m")
    reaching = [each.cycle for each in given.series if each.cycle is not None and each.rain["time"].values[-1] >= until]
    newest = max(reaching, default=None)
    return None if newest is None else newest.astype("datetime64[s]").item().replace(tzinfo=UTC)
