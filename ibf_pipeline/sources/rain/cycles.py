"""Runs of a forecast: which are looked for, whether one is whole, and what is kept of one that is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np

from ibf_pipeline.rain.hourly_rain import HourlyRain
from ibf_pipeline.sources.rain.areal_rain import utc_minute


def floored(at: datetime, every: timedelta) -> datetime:
    """The last time up to `at` that lies whole steps of `every` after midnight, which they divide."""
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (at - midnight) // every * every


def cycle_times(newest: datetime, oldest: datetime, every: timedelta) -> Iterator[datetime]:
    """Moments `every` apart from the newest one on, down to the last that is not before `oldest`."""
    at = floored(newest, every)
    while at >= oldest:
        yield at
        at -= every


def clip_until(series: HourlyRain, end: datetime) -> HourlyRain:
    """Its hours up to `end`."""
    last = utc_minute(end).astype("datetime64[ns]")
    return replace(series, rain=series.rain.isel(time=series.rain["time"].values <= last))


def first_gap(series: HourlyRain, began: datetime, last: datetime) -> datetime | None:
    """End of the first hour of a run, up to `last`, that no area has; None of a whole one."""
    hours = int((last - began) / timedelta(hours=1))
    ends = utc_minute(began) + np.arange(1, hours + 1) * np.timedelta64(60, "m")
    rain = series.rain.reindex(time=ends.astype("datetime64[ns]"))
    lacking = np.flatnonzero(~np.isfinite(rain.values).any(axis=(0, 2)))
    return began + timedelta(hours=int(lacking[0]) + 1) if len(lacking) else None
