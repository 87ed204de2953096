"""Which flood is drawn where at which lead time (rule 12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ibf_pipeline.domain.findings import ExtentFound
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodEvent
from ibf_pipeline.hazards.flash_floods.profile import EXTENT_FILE, FLASH_FLOODS


def extents_of(events: Sequence[FlashFloodEvent], iso3: str) -> tuple[ExtentFound, ...]:
    """All 18 lead times of the portal, always, each with the triggers and warnings that are sent at it (rule 12).

    The portal would go on showing the last raster of a lead time that is left out.
    """
    return tuple(
        ExtentFound(
            lead_time,
            EXTENT_FILE.format(lead_time=FLASH_FLOODS.lead_time_name(lead_time), country=iso3),
            tuple(event.name for event in events if event.publishable and event.lead_time == lead_time),
        )
        for lead_time in FLASH_FLOODS.lead_times
    )


def wet_areas(events: Iterable[FlashFloodEvent]) -> dict[int, dict[str, str]]:
    """For every lead time of the portal: place code -> scenario whose flood is drawn inside it.

    Of the events that are sent at that lead time. An area belongs to one event, so none is drawn twice.
    """
    wet: dict[int, dict[str, str]] = {lead_time: {} for lead_time in FLASH_FLOODS.lead_times}
    for event in events:
        wet[event.lead_time].update(event.scenarios)
    return wet
