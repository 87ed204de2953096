"""How a storm's forecast has moved since the last cycle."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ibf_pipeline.domain.sphere import distance_km
from ibf_pipeline.hazards.typhoon.findings import TyphoonEvent


def with_shift(event: TyphoonEvent, before: TyphoonEvent | None, now: datetime) -> TyphoonEvent:
    """The event with how far the reference's landfall has moved since the last cycle, while it is still ahead.

    `shift_km` along the great circle; `shift_h` in hours, positive if it comes later.

    Parameters
    ----------
    event
        Of this cycle.
    before
        The same event in the last cycle; None of a new one.
    now
        Time of the cycle.

    Returns
    -------
    TyphoonEvent
        As it is without an event before, if the landfall of either is not ahead, or if the track of either has no
        point of landfall or closest approach.
    """
    if before is None or min(before.landfall.reference_at, event.landfall.reference_at) <= now:
        return event
    old, new = (next((p for p in each.track if p.landfall or p.closest), None) for each in (before, event))
    if old is None or new is None:
        return event
    km = float(distance_km(old.lat, old.lon, new.lat, new.lon))
    hours = (event.landfall.reference_at - before.landfall.reference_at).total_seconds() / 3600
    return replace(event, shift_km=round(km, 1), shift_h=round(hours, 2))
