"""Rain that says nothing of its own: an instrument that stands still, a run that was delivered again (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.domain.wording import counted
from ibf_pipeline.rain.fields import Moment
from ibf_pipeline.rain.hourly_rain import HourlyRain

_STUCK_HOURS: Final = 36
"""hours of one and the same rain, more than 0: no rain falls like that, and no source's step is so long"""
_MISSED_RAIN: Final = 50.0
"""mm that another instrument measured where one measured none at all, for `_SILENT_HOURS` or longer: no cloud does"""
_SILENT_HOURS: Final = 24
_COMPARED: Final = 6
"""hours of two runs that are compared"""
_FEWEST: Final = 8
"""different amounts of rain that must tell something: a run without rain is like any other"""


def stuck_sensors(series: HourlyRain) -> Iterator[str]:
    """In words, in how many areas the same rain, to the last digit and more than 0, was measured hour after hour."""
    values = series.rain.values[0]
    lengths = np.zeros(values.shape[1], dtype=int)
    longest, last = lengths.copy(), lengths.copy()
    for row, (before, now) in enumerate(pairwise(values), 1):
        lengths = np.where((now == before) & (now > 0), np.maximum(lengths, 1) + 1, 0)
        longer = lengths > longest
        longest, last = np.where(longer, lengths, longest), np.where(longer, row, last)
    still = np.flatnonzero(longest >= _STUCK_HOURS)
    if len(still):
        most = int(still[np.argmax(longest[still])])
        end = str(series.rain["time"].values[last[most]])[:13].replace("T", " ")
        yield (
            f"{series.label} says the same in {counted(len(still), 'area')} for days, such as "
            f"{values[last[most], most]:.3g} mm in each of the {longest[most]} hours to {end} UTC in "
            f"{series.rain['area'].values[most]}: it may stand still"
        )


def silent(observed: Sequence[HourlyRain]) -> Iterator[str]:
    """In words, which series has no rain at all while a later one of the order, asked behind it, has a lot: a gauge
    that is blocked reads as a dry day, takes alerts back and hides what fell.
    """
    for place, series in enumerate(observed):
        for other in observed[place + 1 :]:
            one, two = (each.rain.isel(member=0) for each in (series, other))
            two = two.reindex(time=one["time"], area=one["area"])
            both = np.isfinite(one.values) & np.isfinite(two.values)
            mm, hours = np.where(both, two.values, 0.0).sum(axis=0), both.sum(axis=0)
            dry = np.where(both, one.values, 0.0).sum(axis=0) == 0
            deaf = np.flatnonzero(dry & (hours >= _SILENT_HOURS) & (mm >= _MISSED_RAIN))
            if len(deaf):
                most = int(deaf[np.argmax(mm[deaf])])
                yield (
                    f"{series.label} measured no rain in {counted(len(deaf), 'area')} where {other.label} has a lot, "
                    f"such as {mm[most]:.0f} mm in {hours[most]} hours in {one['area'].values[most]}: it may be blocked"
                )
                break


def repeated_cycles(series: Sequence[HourlyRain]) -> Iterator[str]:
    """In words, which run has the rain of the run before it under its own hours: an old one under a new name."""
    runs = [(each.origin, str(each.cycle), _begin(each, each.cycle), each) for each in series if each.cycle is not None]
    for older, newer in pairwise(sorted(runs, key=lambda run: run[:2])):
        if older[0] == newer[0] and older[1] != newer[1] and _equal(older[2], newer[2]):
            yield f"{newer[3].label} has the same rain, hour by hour, as the run before it: an old run under a new name"


def _begin(series: HourlyRain, cycle: Moment) -> npt.NDArray[np.float32]:
    """(member, hour, area) of the hours after the run began."""
    ends = cycle + np.arange(1, _COMPARED + 1) * np.timedelta64(60, "m")
    values: npt.NDArray[np.float32] = series.rain.reindex(time=ends.astype("datetime64[ns]")).values
    return values


def _equal(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> bool:
    if one.shape != other.shape:
        return False
    both = np.isfinite(one) & np.isfinite(other)
    return bool(len(np.unique(one[both & (one > 0)])) >= _FEWEST and (one[both] == other[both]).all())
