"""The rain of a scenario: files of a forecast and of observations that make wishes come true through the real rules."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.flash_flood_layers import FlashFloodLayers
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.flash_floods.window import BLOCK_HOURS, FURTHEST_BACK, LAST_HOUR
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.synthetic.hyetographs import Hyetograph, first_over, hyetograph_of, judge_rain, of_hours
from ibf_pipeline.synthetic.rain_cells import Patterns, patterns_of
from ibf_pipeline.synthetic.rain_files import write_rain_file
from ibf_pipeline.synthetic.rain_wishes import RainWish, known_district, parse_rain_wishes

__all__ = ["RainWish", "parse_rain_wishes", "write_rain"]

OLDEST_HOUR: Final = 1 - FURTHEST_BACK - LAST_HOUR
"""the first hour that the longest sum asks for if blocks were missed, by its end, after the issue time"""
_FOLDERS: Final = {"forecast": "forecast/%Y%m%d%H", "nowcast": "nowcast/%Y%m%d%H%M"}
"""those that a source of kind `rain-folder` reads by default"""


def write_rain(
    root: Path,
    issue_time: IssueTime,
    wishes: Sequence[RainWish],
    layers: FlashFloodLayers,
    ground: Sequence[BaseGeometry],
    country: FlashFloodCountry,
    *,
    observed: bool = True,
    members: int = 1,
    share: float = 1.0,
    step_minutes: int = 60,
    nowcast_h: int = 0,
) -> Path:
    """Write the rain of one block below `root` and return it.

    `<root>/forecast/<YYYYMMDDHH>/rain_<NN>.nc`, one file a member, the cycle being the issue time; what fell before in
    `<root>/observed/<YYYYMMDD>/rain.nc`, without `observed` in forecasts of earlier cycles instead; with `nowcast_h`
    the first hours also in `<root>/nowcast/<YYYYMMDDHHMM>/`. Hours before the issue time are those of these wishes
    alone: what another block wrote there is replaced.

    `ground`: outlines of `layers.areas` in their order; `share`: of the members that carry the wishes, the others are
    dry; `step_minutes`: 60, 30 or 15.

    In each wished district the rules find the first area over its limit in the wished hour, and in no other district
    any. WishInvalid or InputInvalid if the country's library and areas make that impossible.
    """
    wishes = [known_district(wish, layers.districts) for wish in wishes]
    spreads = {wish.district: hyetograph_of(wish, layers, country, issue_time) for wish in wishes}
    patterns = patterns_of(dict(zip(layers.areas, ground, strict=True)), layers, list(spreads))
    hours = np.arange(OLDEST_HOUR, max([LAST_HOUR, *(spread.end for spread in spreads.values())]) + 1)
    rain = _fields(hours, spreads, patterns)
    _require_kept(wishes, rain, hours, patterns, layers, country, issue_time)
    write = _Writer(Path(root), issue_time, patterns, hours, step_minutes)
    carrying = math.ceil(round(share * members, 6))
    with write_errors(root):
        for member in range(members):
            number = None if members == 1 else member
            write.cycle("forecast", 0, rain if member < carrying else np.zeros_like(rain), number=number)
        if nowcast_h:
            write.cycle("nowcast", 0, rain, last=nowcast_h)
        if observed:
            write.observed(rain)
        else:
            for first in range(-BLOCK_HOURS, OLDEST_HOUR - BLOCK_HOURS - 1, -BLOCK_HOURS):
                write.cycle("forecast", first, rain, last=first + LAST_HOUR)
    return Path(root)


def _fields(
    hours: npt.NDArray[np.int64], spreads: Mapping[str, Hyetograph], patterns: Patterns
) -> npt.NDArray[np.float32]:
    """(hour, row, column) mm."""
    rain = np.zeros((len(hours), patterns.grid.height, patterns.grid.width), dtype=np.float32)
    for name, spread in spreads.items():
        for hour, mm in enumerate(spread.mm.tolist(), start=spread.first):
            if hour >= hours[0]:
                rain[hour - int(hours[0])] += np.float32(mm) * patterns.shares[name]
    return rain


def _require_kept(
    wishes: Iterable[RainWish],
    rain: npt.NDArray[np.float32],
    hours: npt.NDArray[np.int64],
    patterns: Patterns,
    layers: FlashFloodLayers,
    country: FlashFloodCountry,
    issue_time: IssueTime,
) -> None:
    """InputInvalid if the rules would find something else in this rain than what is wished."""
    cube = of_hours(issue_time, hours, list(patterns.weights.areas), patterns.weights.means(rain)[np.newaxis])
    found = first_over(judge_rain(cube, layers, country, issue_time), layers)
    wished: dict[str, int | None] = {wish.district: wish.at_h for wish in wishes}
    for name, hour in found.items():
        if hour != wished.get(name):
            raise InputInvalid(
                f"{name} would be over its limit {'never' if hour is None else f'from hour {hour} on'}",
                where="generated rain",
                expected="no flood there" if wished.get(name) is None else f"hour {wished[name]}",
                remedy="wish for less rain, or not for districts together whose rain runs to each other",
            )


class _Writer:
    """Writes parts of one block's rain."""

    def __init__(
        self, root: Path, issue_time: IssueTime, patterns: Patterns, hours: npt.NDArray[np.int64], step_minutes: int
    ) -> None:
        if step_minutes not in (15, 30, 60):
            raise InputInvalid(f"steps of {step_minutes} minutes", where="generated rain", expected="15, 30 or 60")
        self._root, self._start, self._grid = root, issue_time.start, patterns.grid
        self._hours, self._minutes = hours, step_minutes

    def cycle(
        self, role: str, first: int, rain: npt.NDArray[np.float32], *, last: int = 10**6, number: int | None = None
    ) -> None:
        """The forecast or nowcast of the cycle at hour `first`, to hour `last` or as far as the rain goes.

        Hours before the rain begins are left out. The first member's file clears what lay in the folder.
        """
        cycle = self._start + timedelta(hours=first)
        folder = self._root / f"{cycle:{_FOLDERS[role]}}"
        if not number:
            shutil.rmtree(folder, ignore_errors=True)
        wanted = (self._hours > first) & (self._hours <= last)
        self._write(folder / f"rain_{number or 0:02d}.nc", wanted, rain, cycle=cycle, member=number)

    def observed(self, rain: npt.NDArray[np.float32]) -> None:
        """What fell up to the issue time, in a folder for each day (UTC) in which an hour begins."""
        begins = [self._start + timedelta(hours=int(hour) - 1) for hour in self._hours]
        days = np.array([f"{begin:%Y%m%d}" for begin in begins])
        for day in sorted(set(days[self._hours <= 0])):
            folder = self._root / "observed" / day
            shutil.rmtree(folder, ignore_errors=True)
            self._write(folder / "rain.nc", (days == day) & (self._hours <= 0), rain)

    def _write(
        self,
        path: Path,
        wanted: npt.NDArray[np.bool_],
        rain: npt.NDArray[np.float32],
        *,
        cycle: datetime | None = None,
        member: int | None = None,
    ) -> None:
        parts = 60 // self._minutes
        start = np.datetime64(self._start.astimezone(UTC).replace(tzinfo=None), "m")
        begins = np.repeat(start + (self._hours[wanted] - 1) * np.timedelta64(60, "m"), parts)
        begins += np.tile(np.arange(parts) * np.timedelta64(self._minutes, "m"), int(wanted.sum()))
        mm = np.repeat(rain[wanted] / np.float32(parts), parts, axis=0)
        write_rain_file(path, self._grid, begins, self._minutes, mm, cycle=cycle, member=member)
