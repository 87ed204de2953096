"""Which lead times of an event are marked (rules 9 and 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from ibf_pipeline.hazards.typhoon.landfall import Visit, lead_time_of
from ibf_pipeline.hazards.typhoon.profile import TYPHOON


def flags_of(
    lead_time: int,
    stops: Sequence[Visit],
    ahead: Mapping[str, datetime],
    cycle: datetime,
    published: datetime,
    *,
    trigger: bool,
) -> str:
    """One mark at the event's lead time, and one at every further landfall ahead (rules 9 and 11).

    `T` for a trigger, `w` for a warning. A further landfall is a trigger's if trigger areas ahead are nearer to it in
    time than to any other.

    Parameters
    ----------
    lead_time
        Hours, of the event.
    stops
        Visits of the reference to land.
    ahead
        Trigger areas ahead -> when the reference is nearest to each, UTC.
    cycle, published
        UTC.
    trigger
        Whether the event is a trigger.

    Returns
    -------
    str
        One character for each hour from 0 to 168.
    """
    moments = [stop.moment for stop in stops]
    nearest = {min(moments, key=lambda moment: abs(moment - at)) for at in ahead.values()} if moments else set()
    marks = {lead_time: "T" if trigger else "w"}
    for moment in moments:
        if moment > published:
            at = lead_time_of(moment, cycle, published)
            marks[at] = max(marks.get(at, "w"), "T" if moment in nearest else "w", key="wT".index)
    return "".join(marks.get(each, "-") for each in TYPHOON.lead_times)
