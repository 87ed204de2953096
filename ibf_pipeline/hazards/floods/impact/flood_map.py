"""Which flood map stands for an event (design section 5, rule 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt


def event_return_period(
    by_lead_time: npt.NDArray[np.float64],
    days: npt.NDArray[np.bool_],
    choice: Literal["largest", "first-trigger-day"] = "largest",
) -> npt.NDArray[np.float64]:
    """Return periods (years) of the extent and people of stations' events; dims as given but for the first one.

    `by_lead_time`: (lead_time, station) largest return period reached with the trigger probability; `days`:
    (lead_time, station) the trigger lead times (the alerted ones for a warning). 0 where there is no such day.
    """
    if choice == "first-trigger-day":
        days = days & (days.cumsum(axis=0) == 1)
    return np.where(days, by_lead_time, 0.0).max(axis=0)


def flood_map_for(
    return_period: float, available: Sequence[float], below_smallest: Literal["use-smallest", "empty"]
) -> float | None:
    """The available map at or below a return period; below the smallest one the country's setting decides."""
    fitting = [period for period in available if period <= return_period]
    if fitting:
        return max(fitting)
    return min(available) if below_smallest == "use-smallest" else None
