"""Which area is wet at which return period on which lead time (docs/design/floods.md, rule 10)."""

from __future__ import annotations

from collections.abc import Iterable

from ibf_pipeline.domain.lead_times import lead_time_name
from ibf_pipeline.hazards.floods.findings import FloodEvent
from ibf_pipeline.hazards.floods.profile import FLOODS


def wet_areas(events: Iterable[FloodEvent], deepest_level: int) -> dict[int, dict[str, float]]:
    """For every lead time of the portal, the deepest areas that are wet: those of events that TRIGGER on that very day.

    Parameters
    ----------
    events
        With their areas; those without a flood map are dry.
    deepest_level
        Admin level of the deepest areas.

    Returns
    -------
    dict
        Lead time (days) -> place code -> return period (years) of the flood map drawn there, the largest of several
        events. Warning and quiet lead times are there without areas: an empty raster is published for them, because the
        portal would go on showing the last one.

    References
    ----------
    docs/design/floods.md, rule 10
    """
    wet: dict[int, dict[str, float]] = {lead_time: {} for lead_time in FLOODS.lead_times}
    for event in events:
        if event.flood_map is None:
            continue
        for lead_time in FLOODS.lead_times:
            if event.flags[lead_time] == "T":
                for area in event.areas_of(deepest_level):
                    wet[lead_time][area.place_code] = max(event.flood_map, wet[lead_time].get(area.place_code, 0))
    return wet


def extent_file_name(lead_time: int, iso3: str) -> str:
    """The file name that the portal's map server expects: `flood_extent_4-day_UGA.tif`."""
    return f"flood_extent_{lead_time_name(lead_time)}_{iso3}.tif"
