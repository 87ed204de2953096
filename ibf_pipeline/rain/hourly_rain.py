"""Steps of any length to hours: each step's rain falls evenly within it, and only within it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.rain.fields import HOUR, Moment
from ibf_pipeline.rain.weights import AreaSteps

_WHOLE: Final = 1 - 1e-6
"""of an hour that must have rain of some step"""


@dataclass(frozen=True, slots=True)
class HourlyRain:
    """Rain of areas from one origin."""

    origin: str
    """name for people, such as GFS or IMERG Late"""
    rain: xr.DataArray
    """(member, time, area) float32 mm in the hour that ends at `time`, NaN where missing; `step_hours` (time): length
    of the longest step that an hour's rain is from"""
    cycle: Moment | None = None

    @property
    def label(self) -> str:
        """`IMERG Late`, `GFS 2026-02-14T18`."""
        return self.origin if self.cycle is None else f"{self.origin} {str(self.cycle)[:13]}"


def hourly_rain(steps: AreaSteps, origin: str) -> HourlyRain:
    """Rain of every whole hour (UTC) from the first to the last step.

    A step's amount is spread evenly over its minutes; an hour that lacks a part is missing, and is never less.
    """
    first, last = steps.starts.min().astype("datetime64[h]"), (steps.ends.max() + HOUR - 1).astype("datetime64[h]")
    ends = np.arange(first + 1, last + 1, dtype="datetime64[h]").astype("datetime64[m]")
    minutes = _overlap(steps, ends)
    length = (steps.ends - steps.starts) / np.timedelta64(1, "m")
    has = np.isfinite(steps.amount)
    fallen = np.einsum("hs,msa->mha", minutes / length, np.where(has, steps.amount, 0.0), optimize=True)
    covered = np.einsum("hs,msa->mha", minutes / 60.0, has.astype(float), optimize=True)
    amount = np.where(covered >= _WHOLE, fallen, np.nan).astype(np.float32)
    step_hours = np.where(minutes > 0, length / 60.0, 0.0).max(axis=1)
    rain = xr.DataArray(
        amount,
        dims=("member", "time", "area"),
        coords={
            "member": list(steps.members),
            "time": ends.astype("datetime64[ns]"),
            "area": list(steps.areas),
            "step_hours": ("time", np.where(step_hours > 0, step_hours, np.nan).astype(np.float32)),
        },
        name="rain",
    )
    return HourlyRain(origin, rain, steps.cycle)


def _overlap(steps: AreaSteps, ends: npt.NDArray[np.datetime64]) -> npt.NDArray[np.float64]:
    """(hour, step) minutes of each step in each hour."""
    late = np.maximum(steps.starts[np.newaxis, :], (ends - HOUR)[:, np.newaxis])
    early = np.minimum(steps.ends[np.newaxis, :], ends[:, np.newaxis])
    minutes: npt.NDArray[np.float64] = np.maximum((early - late) / np.timedelta64(1, "m"), 0.0)
    return minutes
