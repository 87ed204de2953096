"""Rain beside the tracks of a cycle, where a country names sources of it."""

from __future__ import annotations

import xarray as xr

from flows.wiring.rain_sources import open_rain_source
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import IbfError
from ibf_pipeline.hazards.typhoon.proximity import hours_near
from ibf_pipeline.rain.assembly import OLDEST_CYCLE
from ibf_pipeline.sources.rain.source import RainAreas
from ibf_pipeline.sources.rain.storm import StormRain, rain_of_storm


def storm_rain(
    configuration: Configuration, country: TyphoonCountry, issue_time: IssueTime, tracks: xr.Dataset, areas: RainAreas
) -> StormRain:
    """The rain of a cycle's storms; without a source, or without a storm that is near, none is asked for.

    Nothing that is wrong with rain stops a run: it stands in `not_seen`.
    """
    near = hours_near(tracks, areas.bounds)
    if not country.rain:
        return StormRain()
    if near is None:
        return StormRain(not_seen=("rain: no storm comes near, so no source was asked",))
    try:
        named = {name: configuration.settings.sources.get(name) for name in country.rain}
        sources = [open_rain_source(configuration, country, *each, OLDEST_CYCLE) for each in named.items()]
        return rain_of_storm(sources, issue_time, areas, *near, OLDEST_CYCLE)
    except IbfError as error:  # such as an account that is missing
        return StormRain(not_seen=(f"rain: {error.found}",))
