"""Which area is wet at which return period on which lead time (design section 5, rule 10)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ibf_pipeline.domain.lead_times import lead_time_name
from ibf_pipeline.hazards.floods.findings import FloodEvent
from ibf_pipeline.hazards.floods.profile import FLOODS

WetAreas = Mapping[str, float]
"""deepest place code -> return period of the flood map that is drawn inside it"""


def wet_areas(events: Iterable[FloodEvent], deepest_level: int) -> dict[int, dict[str, float]]:
    """For every lead time of the portal the wet deepest-level areas: those of the events that TRIGGER on that very one.

    Warning and quiet lead times are there with no areas: an empty raster is published for them, because the portal
    would go on showing the last one.
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
    """The name that the portal's map server expects."""
    return f"flood_extent_{lead_time_name(lead_time)}_{iso3}.tif"
