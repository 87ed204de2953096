"""Values sent for stations, and whether stations are blind or suspect (docs/design/floods.md, rules 11 and 12)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.domain.alert_classes import ALERT_CLASSES
from ibf_pipeline.domain.lead_times import QUIET_LEAD_TIME
from ibf_pipeline.domain.rule import ClassLimit
from ibf_pipeline.hazards.floods.findings import StationValues
from ibf_pipeline.hazards.floods.forecast.events import Timing
from ibf_pipeline.hazards.floods.forecast.probabilities import as_precise, largest_return_period, level_of_share
from ibf_pipeline.hazards.floods.profile import FLOODS

_TOO_HIGH: Final = 10.0
"""times the largest threshold, which no flood is in every member from the first day to the last"""
_TOO_LOW: Final = 100.0
"""times all that any member carries on any day: so is, in litres, even what a flood ten times as large exceeds"""
_OF_LITRES: Final = 1000.0
"""m3/s: a smaller threshold would be less than 1 m3/s if it were litres, and no river that GloFAS can forecast"""


def station_values(
    discharge: xr.DataArray,
    counts: xr.Dataset,
    thresholds: xr.DataArray,
    events: Timing,
    blind: Sequence[object],
    *,
    trigger: ClassLimit,
    level: Literal["trigger-probability", "mean"],
) -> list[StationValues | None]:
    """The four station values of the IBF API, at the lead time of the event.

    Parameters
    ----------
    discharge
        (member, lead_time, station) m3/s.
    counts
        As of `exceedance`.
    thresholds
        (station, return_period) m3/s.
    events
        When each station is alerted, as of `timing`.
    blind
        (station,) true or a reason if nothing can be said.
    trigger
        Return period and probability of the country's trigger.
    level
        Whether `forecast_level` is the discharge that the trigger's share of the members reaches, or their mean.

    Returns
    -------
    list of StationValues or None
        (station,); None for a blind one. Without an event that the portal can show, the values are those of its lead
        time of highest trigger probability, sent as 7-day with the class `no`. `forecast_level` is rounded to 0.01
        m3/s, never across the trigger level.

    References
    ----------
    docs/design/floods.md, rule 11
    """
    share = (counts["above"].sel(return_period=trigger.return_period) / counts["members"]).fillna(0)
    of_portal = share.isel(lead_time=slice(len(FLOODS.lead_times)))
    shown = np.where(events.shown, events.lead_time, of_portal.argmax("lead_time").values)
    day = {"lead_time": xr.DataArray(shown, dims="station"), "station": xr.DataArray(range(shown.size), dims="station")}
    limits = thresholds.sel(return_period=trigger.return_period)
    levels = _levels(discharge.isel(day), level, trigger)
    levels = np.where(levels == as_precise(limits, discharge).values, limits.values, levels)
    periods = largest_return_period(counts, trigger.probability).isel(day).values
    sent = np.where(events.shown, events.lead_time, QUIET_LEAD_TIME)
    ranks = np.where(events.shown, events.rank, 0)
    rows = zip(*(each.tolist() for each in (sent, levels, periods, limits.values, ranks)), strict=True)
    return [
        None if unseen else StationValues(days, rounded_away(of_day, limit), period, limit, ALERT_CLASSES[rank])
        for unseen, (days, of_day, period, limit, rank) in zip(blind, rows, strict=True)
    ]


def _levels(
    discharge: xr.DataArray, level: Literal["trigger-probability", "mean"], trigger: ClassLimit
) -> npt.NDArray[np.float64]:
    """(station,) the discharge (m3/s) that stands for the ensemble; `discharge`: (member, station), one day each."""
    if level == "trigger-probability":
        return level_of_share(discharge, trigger.probability).values
    # a station's members lie side by side: numpy would else add them in an order that depends on the other stations
    side_by_side = np.ascontiguousarray(discharge.transpose("station", "member").values)
    return xr.DataArray(side_by_side, dims=("station", "member")).mean("member").values.astype(float)


def rounded_away(level: float, limit: float) -> float:
    """A level rounded to 0.01 m3/s that stays on its side of a limit, if need be rounded away from the limit.

    >>> rounded_away(412.004, 412.0), rounded_away(412.006, 412.0), rounded_away(3.14159, 2.0)
    (412.01, 412.01, 3.14)
    """
    up, down = math.ceil(level * 100) / 100, math.floor(level * 100) / 100
    for rounded in (round(level, 2), up if level > limit else down):
        if (rounded > limit) == (level > limit):
            return rounded
    return level


def blind_reasons(
    members: xr.DataArray, minimum: int, *, outside: Sequence[bool], rivers: Sequence[bool]
) -> list[str | None]:
    """Why stations have no usable forecast: missing input is never "no flood".

    Parameters
    ----------
    members
        (lead_time, station) members present.
    minimum
        Members that every lead time needs.
    outside, rivers
        (station,) whether it lies outside the forecast's grid, and whether its cell is a river.

    Returns
    -------
    list of str or None
        (station,) in words; None if it has a usable forecast.

    References
    ----------
    docs/design/floods.md, rule 12
    """
    fewest, days = members.min("lead_time").values.tolist(), members.argmin("lead_time").values.tolist()

    def reason(outside: bool, river: bool, fewest: int, day: int) -> str | None:
        if outside:
            return "outside the grid of the forecast"
        if not river:
            return "on a cell that is no river"
        return f"{fewest} valid members on {day}-day, {minimum} needed" if fewest < minimum else None

    return [reason(*station) for station in zip(outside, rivers, fewest, days, strict=True)]


def _flow(value: float) -> str:
    """m3/s in words; `2.4e+02` is not a number for whoever reads a notice."""
    return f"{value:,.0f}" if value >= 10 else f"{value:.2g}"


def suspect_reasons(discharge: xr.DataArray, thresholds: xr.DataArray, share: float) -> list[str | None]:
    """Why forecasts of stations are doubtful.

    Practically dry against the thresholds on every lead time, or water so far below or above them that they belong to
    another river, or are in another unit.

    Parameters
    ----------
    discharge
        (member, lead_time, station) m3/s.
    thresholds
        (station, return_period) m3/s.
    share
        0..1, of the smallest threshold, below which a station is practically dry.

    Returns
    -------
    list of str or None
        (station,) in words; None if there is no doubt.

    References
    ----------
    docs/design/floods.md, rule 12
    """
    over = ["member", "lead_time"]
    highest, lowest = (values.values.tolist() for values in (discharge.max(over), discharge.min(over)))
    smallest, largest = (
        values.values.tolist() for values in (thresholds.min("return_period"), thresholds.max("return_period"))
    )

    def reason(high: float, low: float, first: float, last: float) -> str | None:
        if high > 0 and first >= max(_TOO_LOW * high, _OF_LITRES):
            return (
                f"thresholds begin at {first:,.0f} m3/s, {first / high:,.0f} times the {_flow(high)} m3/s that members "
                "carry at most on any day: are they litres per second, or another river's?"
            )
        if high < share * first:
            return f"practically dry: at most {_flow(high)} m3/s against a smallest threshold of {_flow(first)}"
        if low > _TOO_HIGH * last:
            return (
                f"at least {low:,.0f} m3/s in every member on every day, thresholds end at {last:g}: another river's?"
            )
        return None

    return [reason(*station) for station in zip(highest, lowest, smallest, largest, strict=True)]
