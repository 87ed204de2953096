"""Which flood map stands for an event (docs/design/floods.md, rule 7)."""

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
    """Return periods of the extent and the people of events.

    Parameters
    ----------
    by_lead_time
        (lead_time, station) years, the largest return period reached with the trigger probability.
    days
        (lead_time, station) the trigger lead times; for a warning those with a class.
    choice
        `largest` of these days, or that of the first one.

    Returns
    -------
    numpy.ndarray
        (station,) years; 0 if there is no such day.

    Examples
    --------
    >>> reached, days = np.array([[0.0], [5.0], [20.0]]), np.array([[False], [True], [True]])
    >>> event_return_period(reached, days).tolist(), event_return_period(reached, days, "first-trigger-day").tolist()
    ([20.0], [5.0])

    References
    ----------
    docs/design/floods.md, rule 7
    """
    if choice == "first-trigger-day":
        days = days & (days.cumsum(axis=0) == 1)
    largest: npt.NDArray[np.float64] = np.where(days, by_lead_time, 0.0).max(axis=0)
    return largest


def flood_map_for(
    return_period: float, available: Sequence[float], below_smallest: Literal["use-smallest", "empty"]
) -> float | None:
    """The available flood map at or below a return period.

    Parameters
    ----------
    return_period
        Years, of the event.
    available
        Return periods of the country's flood maps, years.
    below_smallest
        What stands for an event below the smallest map: that map, or none.

    Returns
    -------
    float or None
        Return period of the map, years.

    Examples
    --------
    >>> flood_map_for(25, [10, 20, 50], "empty"), flood_map_for(5, [10, 20, 50], "use-smallest")
    (20, 10)

    References
    ----------
    docs/design/floods.md, rule 7
    """
    fitting = [period for period in available if period <= return_period]
    if fitting:
        return max(fitting)
    return min(available) if below_smallest == "use-smallest" else None
