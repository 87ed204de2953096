"""Every hour and area of a block assessed: which flood its rain stands for, and whether too many people are reached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.flash_flood_layers import FlashFloodLayers
from ibf_pipeline.errors import ConfigError, InputInvalid
from ibf_pipeline.hazards.flash_floods.catchments import catchment_weights, upstream
from ibf_pipeline.hazards.flash_floods.scenarios import Exposure, Numbers, ScenarioLibrary
from ibf_pipeline.hazards.flash_floods.sums import MEASURED, Flags, Floats, Series, Sums, all_sums, series_of
from ibf_pipeline.hazards.flash_floods.window import BLOCK_HOURS, FURTHEST_BACK, LAST_HOUR, Window


@dataclass(frozen=True, slots=True)
class BlockAssessment:
    """Assessed rain of the districts' areas. Arrays are (member, hour, area); hours begin with `first`."""

    window: Window
    first: int
    """the first hour of the arrays, after the issue time: negative"""
    areas: tuple[str, ...]
    library: ScenarioLibrary
    exposure: Exposure
    limits: Floats
    """(area,) people"""
    own: Series
    upstream: Series
    sums: Mapping[int, Sums]
    counted_areas: Mapping[int, Flags]
    """duration -> (area,) whether it counts there"""
    scenario_number: Numbers
    """the highest-ranked scenario of any duration, 0 for none"""
    exceeds: Flags
    measured: Flags
    """whether the rain of that scenario was measured, MEASURED of it or more"""
    is_new: Flags
    """whether an hour is of this block: not one that the last block has looked at, unless its rain is measured now and
    was not then"""

    @property
    def members(self) -> int:
        """Those that count."""
        return len(self.scenario_number)

    @property
    def window_slice(self) -> slice:
        """The window's hours in the arrays."""
        start = self.window.first + 1 - self.first
        return slice(start, start + len(self.window.hours))

    @property
    def measured_to(self) -> dict[str, datetime]:
        """Place code -> the last hour up to the issue time whose rain is measured, UTC; a day before it at least."""
        hours = np.arange(self.scenario_number.shape[1]) + self.first
        measured = np.minimum(self.own.observed, self.upstream.observed) > 1 - 1e-6
        past = measured & ((hours > -FURTHEST_BACK) & (hours <= 0))[:, np.newaxis]
        last = np.where(past, hours[:, np.newaxis], -FURTHEST_BACK).max(axis=0)
        return {code: self.window.time_of_hour(int(hour)) for code, hour in zip(self.areas, last, strict=True)}

    @property
    def series(self) -> tuple[Series, Series]:
        """An area's own rain, and its catchment's."""
        return self.own, self.upstream

    def fallen(self, series: Series, member: int, hour: int, column: int, duration: int) -> Floats:
        """Rain in each hour of a sum.

        Parameters
        ----------
        series
            One of `self.series`.
        member, hour, column
            Places in the arrays of the series; `hour` is the last one of the sum.
        duration
            Hours.

        Returns
        -------
        numpy.ndarray
            (hour,) mm; shorter than `duration` if the sum reaches back before the series.
        """
        return series.amount[member, max(0, hour + 1 - duration) : hour + 1, column]

    def place(self, moment: datetime) -> int | None:
        """The place in the arrays of the hour that ends at a time; None if it lies outside of them."""
        place = self.window.hour(moment) - self.first
        return place if 0 <= place < self.scenario_number.shape[1] else None


def assess_block(
    rain: xr.DataArray,
    layers: FlashFloodLayers,
    country: FlashFloodCountry,
    window: Window,
    measured_to: Mapping[str, datetime] = MappingProxyType({}),
) -> BlockAssessment:
    """Sums of every duration, own and upstream, the scenario of each, and whom it reaches (rules 1 to 5).

    Parameters
    ----------
    rain
        (member, time, area) mm an hour, as `domain/flash_flood_layers.py` describes.
    layers
        Of the country: districts, library, exposure, catchments.
    country
        The country's configuration: durations, people threshold.
    window
        The hours that the block looks at.
    measured_to
        Place code -> the last hour whose rain the last block had as measured, UTC; measurements that came too late for
        it belong to this block (rule 6).

    Returns
    -------
    BlockAssessment
        Arrays (member, hour, area), of the districts' areas.

    Raises
    ------
    InputInvalid
        If the rain has no value, or lacks hours or areas.
    ConfigError
        If library, table and configuration do not fit together.

    References
    ----------
    docs/design/flash-floods.md, rules 1 to 6
    """
    areas = tuple(code for codes in layers.districts.values() for code in codes)
    names = [str(code) for code in rain["area"].values]
    first = _first_hour(rain, window, max(country.durations_h))
    window = _reaching_back(window, first, measured_to)
    _require_areas(names, areas, layers)
    everywhere, columns = series_of(rain), [names.index(code) for code in areas]
    above = upstream(everywhere, catchment_weights(layers.catchments, names)[columns])
    own = _of_areas(everywhere, columns)
    sums = all_sums(own, above, country.durations_h)
    library = ScenarioLibrary(layers.scenarios, country.durations_h)
    exposure = Exposure(layers.exposure, library, areas)
    counted = _counted(areas, layers, country)
    number = np.max([library.nearest(d, each.amount) * counted[d] for d, each in sums.items()], axis=0)
    measured = _measured(number, library, sums)
    counts = measured & _is_new(window, first, number.shape[1], areas, measured_to)
    counts |= (np.arange(number.shape[1]) + first > window.looked_at_to)[:, np.newaxis]
    limits = np.array([layers.thresholds.get(code, country.people_threshold) for code in areas])
    people = exposure.people[np.arange(len(areas)), number]
    exceeds = people > limits
    return BlockAssessment(
        window, first, areas, library, exposure, limits, own, above, sums, counted, number, exceeds, measured, counts
    )


def _reaching_back(window: Window, first: int, measured_to: Mapping[str, datetime]) -> Window:
    """The window from the first hour that the last block had not measured, as far back as there is rain."""
    begin = min([window.first, *(window.hour(moment) for moment in measured_to.values())])
    return replace(
        window,
        first=max(begin, min(window.first, -FURTHEST_BACK), first - 1),
        looked_at_to=max(window.looked_at_to, first - 1),
    )


def _is_new(window: Window, first: int, hours: int, areas: Sequence[str], measured_to: Mapping[str, datetime]) -> Flags:
    """(hour, area) what the last block had not measured."""
    known = [window.hour(measured_to[code]) if code in measured_to else window.looked_at_to for code in areas]
    new: Flags = (np.arange(hours) + first)[:, np.newaxis] > np.array(known)
    return new


def _measured(number: Numbers, library: ScenarioLibrary, sums: Mapping[int, Sums]) -> Flags:
    """(member, hour, area) whether the rain of the scenario with that number was measured."""
    duration = np.array([0, *(each.duration_h for each in library.ranked)])[number]
    measured = np.zeros(number.shape, dtype=bool)
    for hours, each in sums.items():
        measured |= (duration == hours) & (each.observed >= MEASURED)
    return measured


def _first_hour(rain: xr.DataArray, window: Window, longest: int) -> int:
    """InputInvalid if the rain does not begin early enough for whole sums of the last block, or ends before +48."""
    times = rain["time"].values
    start = np.datetime64(window.issue_time.start.replace(tzinfo=None), "h")
    first, last = ((times[[0, -1]] - start) / np.timedelta64(1, "h")).astype(int).tolist()
    if first > 1 - BLOCK_HOURS - longest or last < LAST_HOUR:
        raise InputInvalid(
            f"the rain is of the hours {first} to {last} of {window.issue_time.words}",
            expected=f"hours {1 - BLOCK_HOURS - longest} to {LAST_HOUR}, missing ones as missing",
        )
    return int(first)


def _require_areas(names: Sequence[str], areas: Sequence[str], layers: FlashFloodLayers) -> None:
    lacking = sorted(set(areas) - set(names))
    strangers = sorted(set(areas) - set(layers.areas))
    if lacking or strangers:
        code, where = (strangers[0], "the boundaries") if strangers else (lacking[0], "the areas that rain is read for")
        raise ConfigError(
            f"area {code} of a district is not among {where}",
            expected="every area of `districts` among the country's areas",
            remedy="correct `districts`, or run `ibf-pipeline prepare` again",
        )


def _of_areas(series: Series, columns: Sequence[int]) -> Series:
    amount, missing = series.amount[:, :, columns], series.missing[:, :, columns]
    return Series(amount, missing, series.observed[:, columns], series.step[:, columns], series.left_out)


def _counted(
    areas: Sequence[str], layers: FlashFloodLayers, country: FlashFloodCountry
) -> dict[int, npt.NDArray[np.bool_]]:
    """Short sums count where rain runs off fast; all others everywhere."""
    fast = np.array([layers.small_lag is None or code in layers.small_lag for code in areas])
    every = np.ones(len(areas), dtype=bool)
    return {d: fast if d in country.small_lag_durations_h else every for d in country.durations_h}
