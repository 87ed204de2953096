"""Rain summed over the hours before each hour, and how far a sum can be relied on (rules 1 and 2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.errors import InputInvalid

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_HOUR: Final = np.timedelta64(1, "h")
MEASURED: Final = 0.9
"""share of a sum's rain that must be measured before it can say what fell (rule 6)"""


@dataclass(frozen=True, slots=True)
class Series:
    """Hourly rain of areas, or of what runs to them."""

    amount: Floats
    """(member, hour, area) mm; 0 where it is missing"""
    missing: Flags
    """(member, hour, area)"""
    observed: Floats
    """(hour, area) 0..1, how much of it was measured"""
    step: Floats
    """(hour, area) hours, the length of the source's own step; 0 where it is missing"""
    left_out: int = 0
    """members that are not there, or not whole while most are"""


@dataclass(frozen=True, slots=True)
class Sums:
    """Rain of one duration, in the hours up to and including each hour."""

    amount: Floats
    """(member, hour, area) mm; of what is missing nothing is counted, so it is a lower bound then"""
    whole: Flags
    """(hour, area) whether no hour is missing in any member"""
    resolved: Flags
    """(hour, area) whether no step of the source is longer than the duration"""
    observed: Floats
    """(hour, area) 0..1, the share of it that was measured"""

    @property
    def sure(self) -> Flags:
        """(hour, area) whether it may clear: else it is a lower bound, which may trigger and never clears."""
        return self.whole & self.resolved


def series_of(rain: xr.DataArray) -> Series:
    """The rain of areas as plain arrays.

    A member that misses what most of the others have is left out: it would make lower bounds of all sums. A missing
    hour is missing and never dry (rule 1).

    Parameters
    ----------
    rain
        (member, time, area) mm in the hour that ends at `time`, as `domain/flash_flood_layers.py` describes.

    Raises
    ------
    InputInvalid
        If hours are left out, or all values are missing: the run stops.
    """
    rain = rain.transpose("member", "time", "area")
    steps = np.diff(rain["time"].values)
    if np.any(steps != _HOUR):
        raise InputInvalid("the hours of the rain have gaps", expected="one value an hour, missing ones as missing")
    amount = rain.values.astype(float)
    there = amount[~np.isnan(amount).all(axis=(1, 2))]
    if not len(there):
        raise InputInvalid(
            "no rain of any hour and area is there",
            expected="observed or forecast rain; none at all would read as dry",
            remedy="look at the sources of rain: files may be damaged or cover another region",
        )
    missing = np.isnan(there)
    usual = missing.mean(axis=0) < 0.5
    whole = ~(missing & usual).any(axis=(1, 2))
    if 2 * int(whole.sum()) >= len(whole):
        there, missing = there[whole], missing[whole]
    observed = rain["observed"].transpose("time", "area").values.astype(float)
    step = np.nan_to_num(rain["step_hours"].transpose("time", "area").values.astype(float))
    return Series(np.where(missing, 0.0, there), missing, observed, step, len(amount) - len(there))


def rolling(values: npt.NDArray[np.generic], duration: int) -> Floats:
    """Sums over the last `duration` hours, that hour included; what lies before the first hour adds nothing.

    Parameters
    ----------
    values
        (..., hour, area).
    duration
        Hours.

    Returns
    -------
    numpy.ndarray
        The shape and unit of `values`.

    Examples
    --------
    >>> rolling(np.array([[1.0], [2.0], [4.0], [8.0]]), 2)[:, 0].tolist()
    [1.0, 3.0, 6.0, 12.0]
    """
    total = np.cumsum(values, axis=-2, dtype=float)
    earlier = np.zeros_like(total)
    earlier[..., duration:, :] = total[..., :-duration, :]
    summed: Floats = total - earlier
    return summed


def sums_of(series: Series, duration: int) -> Sums:
    """Rolling sums of one duration (rules 1 and 2).

    Parameters
    ----------
    series
        Hourly rain.
    duration
        Hours.

    Returns
    -------
    Sums
        The first ones, which reach back before the series, are not whole. A duration shorter than the source's step is
        not resolved: the rain of a step is spread evenly, so its peak is at least that, and low values mean nothing.

    Examples
    --------
    2 mm an hour in four hours, of which the second is missing; the source's step is one hour:

    >>> missing = np.array([[[False], [True], [False], [False]]])
    >>> rain = Series(np.where(missing, 0.0, 2.0), missing, np.zeros((4, 1)), np.ones((4, 1)))
    >>> two_hours = sums_of(rain, 2)
    >>> two_hours.amount[0, :, 0].tolist(), two_hours.whole[:, 0].tolist()
    ([2.0, 2.0, 2.0, 4.0], [False, False, False, True])
    """
    hours = series.amount.shape[1]
    count = rolling(np.ones((hours, 1)), duration)
    gaps = rolling(np.logical_or.reduce(series.missing, axis=0), duration)
    windows = np.lib.stride_tricks.sliding_window_view(
        np.concatenate([np.zeros((duration - 1, series.step.shape[1])), series.step]), duration, axis=0
    )
    return Sums(
        amount=np.round(rolling(series.amount, duration), 3),
        whole=(gaps == 0) & (count == duration),
        resolved=windows.max(axis=-1) <= duration,
        observed=np.round(rolling(series.observed, duration) / duration, 6),
    )


def worse(own: Sums, upstream: Sums) -> Sums:
    """The larger of an area's own sum and its catchment's (rule 3); sure and observed only if both are."""
    return Sums(
        np.maximum(own.amount, upstream.amount),
        own.whole & upstream.whole,
        own.resolved & upstream.resolved,
        np.minimum(own.observed, upstream.observed),
    )


def all_sums(own: Series, upstream: Series, durations: Iterable[int]) -> dict[int, Sums]:
    """Duration (hours) -> the larger of own and upstream sums."""
    return {hours: worse(sums_of(own, hours), sums_of(upstream, hours)) for hours in durations}
