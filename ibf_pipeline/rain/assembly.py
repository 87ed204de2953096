"""One series of rain for a block: what was observed, the gap up to now, the forecast; every hour with its origin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.rain.hourly_rain import HourlyRain

OLDEST_CYCLE: Final = 12
"""hours that a forecast's cycle may be before the issue time (FF2), by default"""
BEFORE: Final = 6
"""hours before the issue time at which an exceedance may begin (FF6: the last block)"""
HORIZON_HOURS: Final = 48
"""hours after the issue time that the rules look at; a forecast that goes further is kept as far as it goes"""


def assemble(
    issue_time: IssueTime,
    areas: Sequence[str],
    observed: Sequence[HourlyRain],
    forecasts: Sequence[HourlyRain],
    *,
    nowcasts: Sequence[HourlyRain] = (),
    longest_h: int = 48,
    last_published: IssueTime | None = None,
    oldest_h: int = OLDEST_CYCLE,
) -> xr.DataArray:
    """The rain of areas that the rules of flash floods take.

    Parameters
    ----------
    issue_time
        Of the block.
    areas
        Place codes, in the order of the result.
    observed
        The better ones first (gauges, IMERG Late, IMERG Early); an area's hour is from the first that has it.
    forecasts
        Of any cycles, the preferred source first; the one that leads is the newest cycle, at most `oldest_h` hours old,
        of the first source that has one: it alone gives the hours after the issue time. Hours before it that nobody
        observed are those of the newest cycle that has them, that is of the shortest lead time.
    nowcasts
        Of radar, a few hours long; if nobody observed they go before any forecast, the newest one first.
    longest_h
        The longest duration that is summed up, hours.
    last_published
        The block that the portal shows; None if there is none.
    oldest_h
        Hours that the leading cycle may be old.

    Returns
    -------
    xarray.DataArray
        float32 mm, dims (member, time, area): `time` ends its hour, UTC, without gaps; `origin` (time, area) int8 into
        attrs["origins"], -1 if missing; `observed` and `step_hours` (time, area); attrs issue_time, cycle, origins,
        members ("one run" or their number). What has other members than the leading forecast (observations, other
        ensembles) is the same for all of them: the mean of its own.

    Raises
    ------
    InputMissing
        If no forecast leads.

    References
    ----------
    docs/design/flash-floods.md, rules 1 and 2
    """
    now = _minute(issue_time)
    usable = [forecast for forecast in forecasts if forecast.cycle is not None and forecast.cycle <= now]
    leads = leading(issue_time, areas, usable, oldest_h)
    if leads is None:
        raise _no_forecast(issue_time, now, usable, last_published, oldest_h)
    times = _hours(now, leads, longest_h)
    series = _in_order(times <= now, observed, nowcasts, usable, leads)
    return _filled(times, areas, series, leads).assign_attrs(
        issue_time=str(issue_time),
        cycle=str(leads.cycle),
        members="one run" if leads.rain.sizes["member"] == 1 else f"{leads.rain.sizes['member']} members",
    )


def _hours(now: np.datetime64, leading: HourlyRain, longest_h: int) -> npt.NDArray[np.datetime64]:
    """Ends of all hours that the rules may ask for, and as far as the forecast goes."""
    hour = now.astype("datetime64[h]")
    last = max(hour + HORIZON_HOURS, leading.rain["time"].values[-1].astype("datetime64[h]"))
    return np.arange(hour - BEFORE - longest_h + 1, last + 1, dtype="datetime64[h]").astype("datetime64[ns]")


def _in_order(
    past: npt.NDArray[np.bool_],
    observed: Sequence[HourlyRain],
    nowcasts: Sequence[HourlyRain],
    usable: Sequence[HourlyRain],
    leading: HourlyRain,
) -> list[tuple[HourlyRain, bool, npt.NDArray[np.bool_]]]:
    """(rain, is observed, hours it may give), the ones that go before others first; of one cycle, the preferred source.

    `past`: (hour,) whether an hour ends at the issue time or before it.
    """
    always = np.ones_like(past)
    by_lead, newest = (sorted(each, key=_cycle, reverse=True) for each in (usable, nowcasts))
    return [
        *((each, True, always) for each in observed),
        *((each, False, always) for each in newest),
        *((each, False, past) for each in by_lead),
        (leading, False, ~past),
    ]


def _cycle(forecast: HourlyRain) -> np.datetime64:
    return np.datetime64("1970-01-01", "m") if forecast.cycle is None else forecast.cycle


def _minute(issue_time: IssueTime) -> np.datetime64:
    return np.datetime64(issue_time.start.replace(tzinfo=None), "m")


def leading(
    issue_time: IssueTime, areas: Sequence[str], forecasts: Sequence[HourlyRain], oldest_h: int = OLDEST_CYCLE
) -> HourlyRain | None:
    """The newest cycle of the first source that has one that is young enough and has rain after the issue time."""
    now = _minute(issue_time)
    young = [
        forecast
        for forecast in forecasts
        if forecast.cycle is not None
        and np.timedelta64(0, "h") <= now - forecast.cycle <= np.timedelta64(oldest_h, "h")
        and _has_future(forecast.rain, now, areas)
    ]
    preferred = [forecast for forecast in young if forecast.origin == young[0].origin]
    return max(preferred, key=_cycle, default=None)


def _has_future(rain: xr.DataArray, now: np.datetime64, areas: Sequence[str]) -> bool:
    ahead = rain.isel(time=rain["time"].values > now, area=np.isin(rain["area"].values, list(areas)))
    return bool(np.isfinite(ahead.values).any())


def _no_forecast(
    issue_time: IssueTime,
    now: np.datetime64,
    usable: Sequence[HourlyRain],
    last_published: IssueTime | None,
    oldest_h: int,
) -> InputMissing:
    newest = max(usable, key=_cycle, default=None)
    age = 0 if newest is None else int((now - _cycle(newest)) / np.timedelta64(1, "h"))
    if newest is None:
        found = "there is none"
    elif age > oldest_h:
        found = f"the newest is {newest.label}, {age} h old"
    else:
        found = f"{newest.label} has no rain after the issue time in any area"
    shown = (
        f"the portal shows the state of {last_published.words}" if last_published else "nothing was published before"
    )
    return InputMissing(
        f"no rain forecast for the block of {issue_time.words}: {found}",
        where="rain",
        expected=f"a cycle at most {oldest_h} hours before it",
        remedy=f"nothing is published, {shown}; run the block again when one is there and can be read",
    )


def is_given(rain: xr.DataArray) -> npt.NDArray[np.bool_]:
    """(time, area) whether a series has an hour: half of its members or more have a value."""
    return 2 * np.isfinite(rain.transpose("member", "time", "area").values).sum(axis=0) >= rain.sizes["member"]


def _mean(rain: xr.DataArray) -> npt.NDArray[np.float32]:
    """(time, area) mean of the members that have a value; NaN where the hour is not given."""
    return np.where(is_given(rain), rain.mean("member").values, np.float32(np.nan))


def _filled(
    times: npt.NDArray[np.datetime64],
    areas: Sequence[str],
    series: Sequence[tuple[HourlyRain, bool, npt.NDArray[np.bool_]]],
    leading: HourlyRain,
) -> xr.DataArray:
    """Every hour of an area from the first of `series` (rain, is observed, hours it may give) that has it; of the hours
    ahead, which nothing else gives, what any member of the leading forecast has."""
    members = leading.rain["member"].values
    shape = (len(times), len(areas))
    amount = np.full((len(members), *shape), np.nan, dtype=np.float32)
    origin, step_hours = np.full(shape, -1, dtype=np.int16), np.full(shape, np.nan, dtype=np.float32)
    seen = np.zeros(shape, dtype=bool)
    origins: list[str] = []
    for source, is_observed, hours in series:
        rain = source.rain.reindex(time=times, area=list(areas))
        values = rain.values if np.array_equal(rain["member"], members) else _mean(rain)
        values = np.broadcast_to(values, amount.shape)
        has = np.isfinite(values).any(axis=0) if source is leading and hours[-1] else is_given(rain)
        takes = (origin < 0) & hours[:, np.newaxis] & has
        if not takes.any():
            continue
        if source.label not in origins:
            origins.append(source.label)
        amount[:, takes] = values[:, takes]
        origin[takes], seen[takes] = origins.index(source.label), is_observed
        step_hours[takes] = np.broadcast_to(rain["step_hours"].values[:, np.newaxis], shape)[takes]
    fits = np.int8 if len(origins) <= np.iinfo(np.int8).max else np.int16
    return xr.DataArray(
        amount,
        dims=("member", "time", "area"),
        coords={
            "member": members,
            "time": times,
            "area": list(areas),
            "origin": (("time", "area"), origin.astype(fits)),
            "observed": (("time", "area"), seen),
            "step_hours": (("time", "area"), step_hours),
        },
        name="rain",
        attrs={"origins": tuple(origins)},
    )
