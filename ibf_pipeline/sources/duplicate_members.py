"""Members that say nothing of their own: those of the day before under today's dates, and copies of others (pure).

All values are those of the stations, (member, lead_time, station) in m3/s; yesterday's lead time k+1 is the day of
today's lead time k.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.discharge.file_discharge import TRICKLE
from ibf_pipeline.errors import InputInvalid

Still = Literal["the same run", "moved by a day"]
_FEWEST: Final = 4
"""values of a member that must tell something"""
_SMALLEST_RIVER: Final = 10.0
"""m3/s; less is so little that two members may have the same in a file that rounds"""
_RAIN_RISE: Final = 1.05
"""times the day before: rain makes a river rise so fast, and no two members have the same rain; a wave on a long river,
which is on its way for weeks and the same in every member, rises by less"""
_RAIN_LIFT: Final = 1.02
"""times the least that a member has at a station on a day: by so much its own rain has lifted a river. What all have in
common, such as a recession, members without rain have alike, today and yesterday"""
_RISES: Final = 3
"""days on which equal values must rise: one or two may be a wave that was on its way before the run began"""
_SEVERAL: Final = 3
"""stations that must rise so if values are rounded: one or two may lie on one river, with a wave that is on its way
and the same in every member as far as the digits go"""
_AGREE: Final = 1e-3
_HUNDREDTH: Final = 0.01
"""share, and m3/s, by which values may differ that were one before they were rounded, packed or re-sampled"""
_STEPS: Final = (*(10.0**-decimals for decimals in range(4)), *(2.0**-bits for bits in range(1, 11)))
"""m3/s: steps of values that somebody rounded to decimals, or that GRIB has packed"""
_CHANCE: Final = 1e-6
"""at most, that values of all digits lie on such a grid"""
ALL_AGREE: Final = (
    "all members say the same to a thousandth at every station on every day: a wave that is under way, or one member "
    "written many times; probabilities are 0 or 100 %"
)

_Told = npt.NDArray[np.bool_]


def repeated_members(today: xr.DataArray, yesterday: xr.DataArray) -> dict[Still, tuple[int, ...]]:
    """Numbers of the members whose values are yesterday's: on every day that both have, or on every lead time.

    Rule: a member starts from another state every day, so it never agrees with yesterday's in every value. Compared are
    the members and stations that both have. Only those values tell something that are more than a trickle (1 m3/s) and
    that a member's own rain has lifted (`_RAIN_LIFT`): members without rain recede alike, today and yesterday, and
    rounded to the same numbers.
    """
    members = [number for number in today["member"].values if number in yesterday["member"].values]
    stations = [code for code in today["station"].values if code in yesterday["station"].values]
    if len(members) < 2 or not stations:
        return {}
    now, before = (each.sel(member=members, station=stations).values for each in (today, yesterday))
    days = min(now.shape[1], before.shape[1])
    own = _lifted(now)
    compared: Mapping[Still, _Told] = {
        "the same run": _equal(now[:, : days - 1], before[:, 1:days], own[:, : days - 1]),
        "moved by a day": _equal(now[:, :days], before[:, :days], own[:, :days]),
    }
    return {still: _numbers(members, equal) for still, equal in compared.items() if equal.any()}


def stale_forecast(today: xr.DataArray, yesterday: xr.DataArray) -> Still | None:
    """How a forecast, or most of its members with rain, is that of the day before; None if it is another one.

    Public reports of a service that names no run know members that stood still for days beside a fresh control.
    """
    most = _telling(today) / 2
    return next((still for still, old in repeated_members(today, yesterday).items() if len(old) > most), None)


def _telling(discharge: xr.DataArray) -> int:
    """How many members have enough values that are their own."""
    values = discharge.values
    return int(((_lifted(values) & (values >= TRICKLE)).sum(axis=(1, 2)) >= _FEWEST).sum())


def _lifted(values: npt.NDArray[np.float32]) -> _Told:
    """(member, lead_time, station) whether it is well above the least that any member has there on that day."""
    least = np.where(np.isfinite(values), values, np.inf).min(axis=0)
    lifted: _Told = values > _RAIN_LIFT * least
    return lifted


def all_members_alike(discharge: xr.DataArray) -> bool:
    """Whether most members hold the control's values, which rise on several days (`_RISES`): it was copied.

    Rivers that recede without rain do so alike, to the last digit that is given.
    """
    values = discharge.values
    equal = _equal(np.broadcast_to(values[:1], values[1:].shape), values[1:])
    return 2 * int(equal.sum()) > len(equal) and bool(_rising_days(values[:1])[0] >= _RISES)


def copied_members(discharge: xr.DataArray) -> dict[int, int]:
    """Member -> the one before it that it is a copy of, whatever the fields around the stations are.

    Rule: it has exactly the same value at every station on every day, and on at least three days (`_RISES`) one of
    them is of a river (10 m3/s) that rises by 5 % or more (`_RAIN_RISE`), of values that are rounded (`is_rounded`) at
    three stations or more (`_SEVERAL`). Rivers that recede, or carry the same for days, may do so alike in all members.
    """
    values = np.where(np.isfinite(discharge.values), discharge.values, np.float32(-1))
    rises = _rises(values)
    tells = rises.any(axis=2).sum(axis=1) >= _RISES
    if is_rounded(discharge.values):
        tells &= rises.any(axis=1).sum(axis=1) >= _SEVERAL
    originals: dict[bytes, int] = {}
    copied: dict[int, int] = {}
    for member, series, is_told in zip(discharge["member"].values.tolist(), values, tells, strict=True):
        if is_told and (original := originals.setdefault(series.tobytes(), member)) != member:
            copied[member] = original
    return copied


def is_rounded(values: npt.NDArray[np.float32]) -> bool:
    """Whether all values of rivers (10 m3/s) lie on a grid: of up to three decimals, or as GRIB packs them.

    `values`: (member, lead_time, station) m3/s. GRIB adds steps of a power of two to the least value of a field, mostly
    0; so what they are above the least of the day is looked at too. Only values that float32 holds finer than the step
    tell something, and only as many as lie on a grid by no chance (`_CHANCE`).
    """
    filled = np.where(values >= _SMALLEST_RIVER, values, np.float32(np.inf))
    with np.errstate(invalid="ignore"):
        above = np.where(values >= _SMALLEST_RIVER, values - filled.min(axis=(0, 2), keepdims=True).astype(float), 0)
    river, above = values[values >= _SMALLEST_RIVER], above[values >= _SMALLEST_RIVER]
    return any(_on_grid(each, np.spacing(river), step) for step in _STEPS for each in (river.astype(float), above))


def _on_grid(values: npt.NDArray[np.float64], finest: npt.NDArray[np.float32], step: float) -> bool:
    """`finest`: the distance of each value to the next one that float32 has."""
    place = 4 * finest / step  # the share of the numbers that are within two of those distances from the grid
    tells = (values > 0) & (place < 0.5)
    _, once = np.unique(values[tells], return_index=True)
    off = np.abs(values - np.round(values / step) * step)
    return bool((off <= 2 * finest)[tells].all() and place[tells][once].prod() <= _CHANCE)


def all_agree(discharge: xr.DataArray) -> bool:
    """Whether all members, of two or more, are one to a thousandth, although rivers rise on several days."""
    values = discharge.values[np.isfinite(discharge.values).any(axis=(1, 2))]
    if len(values) < 2 or (_rising_days(values) < _RISES).any():
        return False
    most, least = (np.nan_to_num(each.reduce(values, axis=0)) for each in (np.fmax, np.fmin))
    return bool((most - least <= _AGREE * most + _HUNDREDTH).all())


def _rising_days(values: npt.NDArray[np.float32]) -> npt.NDArray[np.int64]:
    """(member,) on how many days a river rises (`_rises`)."""
    days: npt.NDArray[np.int64] = _rises(values).any(axis=2).sum(axis=1)
    return days


def _rises(values: npt.NDArray[np.float32]) -> _Told:
    """(member, day, station) whether a river of 10 m3/s or more carries 5 % more than the day before."""
    rises: _Told = (
        (values[:, 1:] >= _SMALLEST_RIVER) & (values[:, 1:] >= _RAIN_RISE * values[:, :-1]) & (values[:, :-1] >= 0)
    )
    return rises


def own_members(today: xr.DataArray, yesterday: xr.DataArray | None, where: object) -> tuple[xr.DataArray, str]:
    """Today's forecast, members that say nothing of their own being NaN, and what is to be said of them.

    Raises InputInvalid if more than half of the members say nothing: this is yesterday's forecast, or one member.
    """
    said = []
    copied = copied_members(today)
    if copied:
        _require_most(
            today, copied, f"the values of another one at every station on every day ({_listed(copied)})", where
        )
        today = today.where(~today["member"].isin(list(copied)))
    if copies := sorted({*copied, *today.attrs.get("copies", ())}):
        today = today.assign_attrs(copies=copies)
        said.append(f"members that copy another one count as missing: {_listed(copies)}")
    if all_agree(today):
        said.append(ALL_AGREE)
    repeated = {} if yesterday is None else repeated_members(today, yesterday)
    if yesterday is not None and repeated:
        before, members = yesterday.attrs["issue_date"], sorted({each for old in repeated.values() for each in old})
        hold = f"the values of the forecast of {before} ({_listed(members)})"
        _require_most(today, members, hold, where, of=_telling(today))
        today = today.where(~today["member"].isin(members))
        said.append(f"members that repeat the forecast of {before} count as missing: {_listed(members)}")
    return today, "; ".join(said)


def _require_most(today: xr.DataArray, members: Any, hold: str, where: object, *, of: int | None = None) -> None:
    """`of`: how many members tell anything; all of them by default. One alone is left out and never refused."""
    if len(members) > 1 and 2 * len(members) > (today.sizes["member"] if of is None else of):
        raise InputInvalid(
            f"{len(members)} of {today.sizes['member']} members hold {hold}",
            where=where,
            expected=f"a forecast of {today.attrs['issue_date']}, each of its members another one",
            remedy="an old forecast was delivered under new dates, or one member under several numbers: fetch it "
            "again, or take another source",
        )


def _equal(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32], tells: Any = True) -> _Told:
    """(member,) whether it is equal in every value that both have, and enough of them tell something."""
    both = np.isfinite(one) & np.isfinite(other)
    told = both & (np.maximum(one, other) >= TRICKLE) & tells
    equal: _Told = (told.sum(axis=(1, 2)) >= _FEWEST) & (~both | (one == other)).all(axis=(1, 2))
    return equal


def _numbers(members: list[Any], chosen: _Told) -> tuple[int, ...]:
    return tuple(int(number) for number, is_chosen in zip(members, chosen, strict=True) if is_chosen)


def _listed(members: Any) -> str:
    return ", ".join(f"{member:02d}" for member in members)
