"""Which part of an ensemble may be used: missing input is never "no flood" (docs/design/floods.md, rule 12)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.floods.forecast.archive import archive_misfits
from ibf_pipeline.hazards.floods.forecast.stations import blind_reasons

_FLOWING: Final = 10.0
"""m3/s at all stations of a country together: no trickle that its beds swallow before the next day"""
_RIVER: Final = 1.0
"""m3/s at one station"""
_SEVERAL: Final = 3
"""rivers; one or two may be wadis, which fill out of nothing within a day and are empty soon after, and so may more
if most members have them dry"""


@dataclass(frozen=True, slots=True)
class ScreenedEnsemble:
    """A forecast that says something about at least one station."""

    discharge: xr.DataArray
    """(member, lead_time, station) m3/s; members, and days of members, without water are NaN"""
    missing: tuple[int, ...]
    """numbers of the members that are not there or have no water"""
    without_water: tuple[int, ...]
    """those of them that are 0 everywhere"""
    days_without_water: Mapping[int, tuple[int, ...]]
    """lead time (days) -> numbers of the members with water whose 0 at every station is not a dry day there"""
    blind: tuple[str | None, ...]
    """(station,) in the country's order: why it has no usable forecast; None if it has one"""


def screen_ensemble(discharge: xr.DataArray, layers: CountryLayers, country: FloodCountry) -> ScreenedEnsemble:
    """Check an ensemble against what a day needs.

    Parameters
    ----------
    discharge
        (member, lead_time, station) m3/s as from `read_cube`, one station per prepared station.
    layers
        Of the country; its stations give the order of `blind`.
    country
        The country's configuration: expected members and their minimum.

    Returns
    -------
    ScreenedEnsemble
        The discharge with empty members and lost days as NaN, and what is missing, in numbers and words.

    Raises
    ------
    InputMissing
        With fewer members than the country's minimum.
    InputInvalid
        If enough members are there but too few have any value, if every value is 0, or if every station is blind:
        waiting does not fix these.

    References
    ----------
    docs/design/floods.md, rule 12
    """
    whole = discharge
    discharge, without_water = leave_out_members_without_water(discharge)
    discharge, days_without_water = leave_out_days_without_water(discharge)
    missing = _require_members(discharge, country)
    _require_water(whole, country)
    codes = [station.code for station in layers.stations]
    blind = blind_reasons(
        discharge.notnull().sum("member").sel(station=codes),
        country.members.minimum,
        outside=discharge["outside"].sel(station=codes).values.tolist(),
        rivers=[station.river for station in layers.stations],
    )
    if "archive_maximum" in discharge.coords:
        misfits = archive_misfits(discharge["archive_maximum"].sel(station=codes), layers.thresholds.sel(station=codes))
        blind = [reason or misfit for reason, misfit in zip(blind, misfits, strict=True)]
    if all(blind):
        reasons = [f"{code} {reason}" for code, reason in zip(codes, blind, strict=True)]
        reasons += [
            f"{len(members)} members are 0 m3/s at every station on {day}-day, beside water, which counts as missing"
            for day, members in days_without_water.items()
        ]
        raise InputInvalid(
            "no station has a usable forecast: " + "; ".join(reasons),
            where=_source(discharge, country),
            expected="at least one station with enough valid members on every lead time",
            remedy="check that the forecast files are whole and cover the country",
        )
    return ScreenedEnsemble(discharge, missing, without_water, days_without_water, tuple(blind))


def leave_out_members_without_water(discharge: xr.DataArray) -> tuple[xr.DataArray, tuple[int, ...]]:
    """Members that are 0 at every station on every day become NaN.

    Only if all members start with water, as most of them (`_most_begin`) or the rivers of the others (`_perennial`)
    show: these are empty files then, not a dry spell.

    Parameters
    ----------
    discharge
        (member, lead_time, station) m3/s.

    Returns
    -------
    discharge : xarray.DataArray
        The same, with these members as NaN.
    members : tuple of int
        Their numbers.
    """
    has_water = (discharge > 0).any(["lead_time", "station"])
    empty = discharge.notnull().any(["lead_time", "station"]) & ~has_water
    water = _water(discharge)
    if not bool(empty.any()) or not (_most_begin(water) or _perennial(water)):
        return discharge, ()
    return discharge.where(~empty), tuple(int(member) for member in discharge["member"].values[empty.values])


def leave_out_days_without_water(discharge: xr.DataArray) -> tuple[xr.DataArray, dict[int, tuple[int, ...]]]:
    """Days (lead times) of a member on which every station is 0 become NaN if they cannot be dry.

    Rivers rise and recede from day to day, and do not all stop at once. So a day of nothing but zeros, together with
    those next to it, is a damaged file and not a forecast
    * after a day on which the stations, however few, together carry 10 m3/s (`_FLOWING`) or more, or three of them
      (`_SEVERAL`) or more 1 m3/s (`_RIVER`) or more each;
    * before such a day of three stations, if most members have that water on the day of the zeros too;
    * on the first days, if another member's 0-day is one after which zeros are not a forecast, and most members have
      water then (`_most_begin`) or have rivers that go on (`_perennial`): all members start from the same state.
    After less water than that zeros are a forecast: a river dries out by way of a trickle. So are zeros before water
    with one or two stations, or in most members: wadis fill out of nothing. If one station is 0 and another one has
    water nothing is left out, and values that are missing already do not count as zeros.

    Parameters
    ----------
    discharge
        (member, lead_time, station) m3/s.

    Returns
    -------
    discharge : xarray.DataArray
        The same, with these days as NaN.
    members : dict
        Lead time (days) -> numbers of the members.
    """
    water = _water(discharge)
    dry = water.sum(axis=2) == 0
    several = (water >= _RIVER).sum(axis=2) >= _SEVERAL
    flowing = _flowing(water)
    same_start = flowing[:, 0].any() and (_most_begin(water) or _perennial(water))
    no_start = np.zeros(len(dry), dtype=bool)
    before = dry & (2 * several.sum(axis=0) > len(dry))
    lost = _dry_after(flowing, dry, no_start | same_start)
    lost |= _dry_after(several[:, ::-1], before[:, ::-1], no_start)[:, ::-1]
    without_water = xr.DataArray(lost, dims=("member", "lead_time")) & discharge.notnull().any("station")
    by_day = {
        day: tuple(int(member) for member in discharge["member"].values[without_water.values[:, day]])
        for day in np.flatnonzero(without_water.any("member")).tolist()
    }
    return discharge.where(~without_water), by_day


def days_before_water(discharge: xr.DataArray) -> list[int]:
    """Lead times on which every member is 0 at every station, and the next day all have three rivers at once.

    Wadis fill so if a storm is certain, and a forecast looks so if its first days were lost.

    Parameters
    ----------
    discharge
        (member, lead_time, station) m3/s.
    """
    water = _water(discharge)[discharge.notnull().any(["lead_time", "station"]).values]
    several = ((water >= _RIVER).sum(axis=2) >= _SEVERAL).all(axis=0)
    dry = (water == 0).all(axis=(0, 2))
    return [] if water.size == 0 else np.flatnonzero(dry[:-1] & several[1:]).tolist()


def _most_begin(water: npt.NDArray[np.float32]) -> bool:
    """Whether most members have water on the first day, and one of them rivers that flow (`_flowing`).

    Where less do, rain of that day itself may have filled wadis in some members, and in no other.
    """
    return bool(_flowing(water)[:, 0].any() and 2 * (water[:, 0] > 0).any(axis=1).sum() > len(water))


def _perennial(water: npt.NDArray[np.float32]) -> bool:
    """Whether the members with water on the first day have 1 m3/s or more at every station on every day, and a quarter
    of the first day's: rivers that all members start with, and no wadis, which empty within days.
    """
    begin = water[(water[:, 0] > 0).any(axis=1)]
    return bool(begin.size and (begin >= np.maximum(_RIVER, begin[:, :1] / 4)).all())


def _flowing(water: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
    """(member, lead_time) whether the stations carry more than a bed swallows before the next day."""
    flowing: npt.NDArray[np.bool_] = ((water >= _RIVER).sum(axis=2) >= _SEVERAL) | (water.sum(axis=2) >= _FLOWING)
    return flowing


def _water(discharge: xr.DataArray) -> npt.NDArray[np.float32]:
    """(member, lead_time, station) m3/s, 0 where it is missing."""
    water: npt.NDArray[np.float32] = discharge.transpose("member", "lead_time", "station").fillna(0).values
    return water


def _dry_after(
    flowing: npt.NDArray[np.bool_], dry: npt.NDArray[np.bool_], before: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """(member, day) the dry days that follow a flowing one or each other; `before`: (member,) the day before all."""
    after = np.zeros_like(dry)
    for day in range(dry.shape[1]):
        after[:, day] = dry[:, day] & before
        before = flowing[:, day] | after[:, day]
    return after


def _require_members(discharge: xr.DataArray, country: FloodCountry) -> tuple[int, ...]:
    valid = discharge.notnull().any(["lead_time", "station"])
    present = [int(member) for member in discharge["member"].values[valid.values]]
    if len(present) < country.members.minimum <= discharge.sizes["member"]:
        copies = np.size(discharge.attrs.get("copies", ()))
        raise InputInvalid(
            f"{len(present)} of {discharge.sizes['member']} ensemble members have a usable value at any station"
            + (f"; {copies} are copies of others" if copies else ""),
            where=_source(discharge, country),
            expected=f"at least {country.members.minimum}",
            remedy="look at the forecast files: they may cover another area, or be a run that failed",
        )
    if len(present) < country.members.minimum:
        raise InputMissing(
            f"{len(present)} of {country.members.expected} ensemble members are there",
            where=_source(discharge, country),
            expected=f"at least {country.members.minimum}",
            remedy="wait until the forecast is complete and run again",
        )
    return tuple(sorted(set(range(country.members.expected)) - set(present)))


def _require_water(discharge: xr.DataArray, country: FloodCountry) -> None:
    """No river of a country is dry for a week."""
    if bool((discharge.notnull() & (discharge != 0)).any()):
        return
    raise InputInvalid(
        f"every value at all {discharge.sizes['station']} stations is 0 m3/s",
        where=_source(discharge, country),
        expected="a forecast with water in it; this one would read as an all clear",
        remedy="obtain the forecast again: its files are empty or damaged",
    )


def _source(discharge: xr.DataArray, country: FloodCountry) -> str:
    return str(discharge.attrs.get("source") or country.iso3)
