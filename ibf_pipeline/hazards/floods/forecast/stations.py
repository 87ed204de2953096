"""What is said of a station: its four values, and whether it is blind or suspect (rules 11 and 12)."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

import numpy as np
import xarray as xr

from ibf_pipeline.domain.found import StationValues
from ibf_pipeline.domain.lead_times import QUIET_LEAD_TIME
from ibf_pipeline.hazards.floods.forecast.events import Timing
from ibf_pipeline.hazards.floods.forecast.probabilities import as_precise, largest_return_period, level_of_share


def station_values(
    discharge: xr.DataArray,
    counts: xr.Dataset,
    thresholds: xr.DataArray,
    event: Timing | None,
    *,
    return_period: float,
    probability: Fraction,
    level: Literal["trigger-probability", "mean"],
) -> StationValues:
    """Values of ONE station (the arrays carry its coordinate as a dimension of length 1).

    At the event's lead time; without an event those of the lead time of highest trigger probability, sent as 7-day.
    `forecast_level` is rounded to 0.01 m3/s away from the trigger level, so that rounding never changes on which side
    of it the level lies.
    """
    if event is not None:
        day = event.lead_time
    else:
        share = counts["above"].sel(return_period=return_period) / counts["members"]
        day = int(share.isel(station=0).argmax("lead_time"))
    trigger_level = float(thresholds.sel(return_period=return_period).item())
    at = {"lead_time": day}
    if level == "mean":
        exact_level = float(discharge.sel(at).mean("member").item())
    else:
        exact_level = float(level_of_share(discharge.sel(lead_time=[day]), probability).item())
    if exact_level == float(as_precise(thresholds.sel(return_period=return_period), discharge).item()):
        exact_level = trigger_level
    return StationValues(
        lead_time=QUIET_LEAD_TIME if event is None else event.lead_time,
        forecast_level=rounded_away(exact_level, trigger_level),
        forecast_return_period=float(largest_return_period(counts, probability).sel(at).item()),
        trigger_level=trigger_level,
        alert_class="no" if event is None else event.alert_class,
    )


def rounded_away(level: float, limit: float) -> float:
    """`level` to 0.01, on the same side of `limit`: to the nearest, else away from the limit, else not at all."""
    up, down = math.ceil(level * 100) / 100, math.floor(level * 100) / 100
    for rounded in (round(level, 2), up if level > limit else down):
        if (rounded > limit) == (level > limit):
            return rounded
    return level


def blind_reason(members: xr.DataArray, minimum: int, *, outside: bool, river: bool) -> str | None:
    """Why ONE station has no usable forecast, None where it has one.

    `members`: (lead_time,) members present at the station. Missing input is never "no flood".
    """
    if outside:
        return "outside the grid of the forecast"
    if not river:
        return "on a cell that is no river"
    fewest = int(members.min())
    if fewest < minimum:
        day = int(members.argmin("lead_time"))
        return f"{fewest} valid members on {day}-day, {minimum} needed"
    return None


def suspect_reason(discharge: xr.DataArray, smallest_threshold: float, share: float) -> str | None:
    """Why the forecast of ONE station is doubtful: practically dry against its thresholds on every lead time."""
    highest = float(np.nanmax(discharge.values))
    if highest < share * smallest_threshold:
        return f"practically dry: at most {highest:.2g} m3/s against a smallest threshold of {smallest_threshold:g}"
    return None
