"""The kept rain of one area as a picture needs it: hours, members, running sums, where each hour comes from (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt
import xarray as xr

_Floats = npt.NDArray[np.float64]
HOUR_KINDS = ("observed", "earlier forecast", "nowcast", "forecast")


@dataclass(frozen=True, slots=True)
class AreaRain:
    """Rain of one area."""

    ends: tuple[datetime, ...]
    """(hour,) UTC, the end of each"""
    amount: _Floats
    """(member, hour) mm; NaN if missing"""
    kinds: tuple[str, ...]
    """(hour,) one of `KINDS`; empty if missing"""
    origins: dict[str, tuple[str, ...]]
    """kind -> names of the sources, as far as there are any"""

    def sums(self, duration: int) -> _Floats:
        """(member, hour) mm in so many hours up to each; NaN if an hour of it is missing, or before the first."""
        sums = np.full(self.amount.shape, np.nan)
        if duration <= self.amount.shape[1]:
            windows = np.lib.stride_tricks.sliding_window_view(self.amount, duration, axis=1)
            sums[:, duration - 1 :] = windows.sum(axis=-1)
        return sums


def rain_of_area(rain: xr.DataArray, code: str, issued: datetime) -> AreaRain:
    """`rain`: as `domain/flash_flood_layers.py` says.

    A source that is not measured is the forecast if it reaches as far as the rain does, a nowcast if it ends sooner, an
    earlier forecast if it has only hours before `issued`.
    """
    here = rain.sel(area=code).transpose("member", "time", ...)
    ends = tuple(datetime.fromtimestamp(int(t), UTC) for t in here["time"].values.astype("datetime64[s]").astype(int))
    origin, observed = here["origin"].values.astype(int), here["observed"].values.astype(bool)
    names = [str(name) for name in rain.attrs["origins"]]
    ahead = np.array([end > issued for end in ends])
    used = np.flatnonzero(origin >= 0)
    last = origin[used[-1]] if len(used) else -1
    kinds, origins = [], {kind: [] for kind in HOUR_KINDS}  # type: tuple[list[str], dict[str, list[str]]]
    for number, measured in zip(origin.tolist(), observed.tolist(), strict=True):
        if number < 0:
            kinds.append("")
            continue
        reaches = bool(ahead[origin == number].any())
        kind = "observed" if measured else _kind(number == last, reaches)
        kinds.append(kind)
        if names[number] not in origins[kind]:
            origins[kind].append(names[number])
    return AreaRain(ends, here.values.astype(float), tuple(kinds), {k: tuple(n) for k, n in origins.items() if n})


def _kind(is_last: bool, reaches: bool) -> str:
    return "forecast" if is_last else "nowcast" if reaches else "earlier forecast"
