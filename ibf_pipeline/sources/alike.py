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

from ibf_pipeline.discharge.part import TRICKLE
from ibf_pipeline.errors import InputInvalid

Still = Literal["the same run", "moved by a day"]
_FEWEST: Final = 4
"""values of a member that must tell something"""
RIVER: Final = 10.0
"""m3/s; less is so little that two members may have the same in a file that rounds"""
RISING: Final = 1.05
"""times the day before: rain makes a river rise so fast, and no two members have the same rain; a wave on a long river,
which is on its way for weeks and the same in every member, rises by less"""
_CLOSE: Final = 1e-3
_CLOSEST: Final = 2e-4
"""shares by which all values, and half of them, may differ that were rounded, packed or re-sampled once more"""
_ROUNDED: Final = 0.01
"""m3/s, likewise"""
_RISES: Final = 3
"""of a member that must be the same: one or two may be a wave that was on its way before the run began"""

_Told = npt.NDArray[np.bool_]


def repeated_members(today: xr.DataArray, yesterday: xr.DataArray) -> dict[Still, tuple[int, ...]]:
    """Numbers of the members whose values are yesterday's: on every day that both have, or on every lead time.

    Rule: a member starts from another state every day, so it never agrees with yesterday's in every value. Compared are
    the members and stations that both have. Only those values tell something that are more than a trickle (1 m3/s) and
    differ among today's members: beds that recede without rain do so alike in every member, and rounded to the same
    numbers on every day.
    """
    members = [number for number in today["member"].values if number in yesterday["member"].values]
    stations = [code for code in today["station"].values if code in yesterday["station"].values]
    if len(members) < 2 or not stations:
        return {}
    now, before = (each.sel(member=members, station=stations).values for each in (today, yesterday))
    days = min(now.shape[1], before.shape[1])
    filled = np.where(np.isfinite(now), now, 0)
    differ = np.where(np.isfinite(now), now, np.inf).min(axis=0) < filled.max(axis=0)
    compared: Mapping[Still, _Told] = {
        "the same run": _equal(now[:, : days - 1], before[:, 1:days], differ[: days - 1]),
        "moved by a day": _equal(now[:, :days], before[:, :days], differ[:days]),
    }
    return {still: _numbers(members, equal) for still, equal in compared.items() if equal.any()}


def standing_still(today: xr.DataArray, yesterday: xr.DataArray) -> Still | None:
    """How a whole forecast, or most of its members, is the one of the day before; None where it is another one.

    Public reports of a service that names no run know members that stood still for days beside a fresh control.
    """
    most = today.sizes["member"] / 2
    return next((still for still, old in repeated_members(today, yesterday).items() if len(old) > most), None)


def all_members_alike(discharge: xr.DataArray) -> bool:
    """Whether most members hold the control's values wherever there is more than a trickle: it was copied."""
    values = discharge.values
    equal = _equal(np.broadcast_to(values[:1], values[1:].shape), values[1:])
    return 2 * int(equal.sum()) > len(equal)


def copied_members(discharge: xr.DataArray) -> dict[int, int]:
    """Member -> the one before it that it is a copy of, whatever the fields around the stations are.

    Rule: it has the same value at every station on every day, to a thousandth (`_CLOSE`) and mostly much closer, and at
    least three (`_RISES`) of these values are of a river (10 m3/s) that rises by 5 % or more in a day (`RISING`).
    Rivers that recede, or carry the same for days, may do so alike in every member.
    """
    values = np.where(np.isfinite(discharge.values), discharge.values, -1)
    rises = (values[:, 1:] >= RIVER) & (values[:, 1:] >= RISING * values[:, :-1]) & (values[:, :-1] >= 0)
    originals: dict[int, npt.NDArray[np.float32]] = {}
    copied: dict[int, int] = {}
    for member, series, rising in zip(discharge["member"].values.tolist(), values, rises, strict=True):
        if rising.sum() >= _RISES:
            same = (one for one, other in originals.items() if _same_numbers(series, other))
            if (original := next(same, None)) is None:
                originals[member] = series
            else:
                copied[member] = original
    return copied


def _same_numbers(one: npt.NDArray[np.float32], other: npt.NDArray[np.float32]) -> bool:
    """Whether two members' values (lead_time, station) are one and the same series, rounded or not."""
    larger, apart = np.maximum(np.abs(one), np.abs(other)), np.maximum(np.abs(one - other) - _ROUNDED, 0)
    closest = apart[larger >= RIVER] <= _CLOSEST * larger[larger >= RIVER]
    return bool((apart <= _CLOSE * larger).all() and 2 * closest.sum() >= closest.size)


def own_members(today: xr.DataArray, yesterday: xr.DataArray | None, where: object) -> tuple[xr.DataArray, str]:
    """Today's forecast, members that say nothing of their own being NaN, and what is to be said of them.

    Raises InputInvalid where more than half of the members say nothing: this is yesterday's forecast, or one member.
    """
    said = []
    copied = copied_members(today)
    if copied:
        _require_most(
            today, copied, f"the values of another one at every station on every day ({_listed(copied)})", where
        )
        today = today.where(~today["member"].isin(list(copied)))
        said.append(f"members that copy another one count as missing: {_listed(copied)}")
    repeated = {} if yesterday is None else repeated_members(today, yesterday)
    if yesterday is not None and repeated:
        before, members = yesterday.attrs["issue_date"], sorted({each for old in repeated.values() for each in old})
        _require_most(today, members, f"the values of the forecast of {before} ({_listed(members)})", where)
        today = today.where(~today["member"].isin(members))
        said.append(f"members that repeat the forecast of {before} count as missing: {_listed(members)}")
    return today, "; ".join(said)


def _require_most(today: xr.DataArray, members: Any, hold: str, where: object) -> None:
    if 2 * len(members) > today.sizes["member"]:
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
