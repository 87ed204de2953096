"""How the rain of a wish falls in time, so that the rules find the event's start in the wished hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np
import numpy.typing as npt
import xarray as xr

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.flash_flood_layers import FlashFloodLayers, Scenario
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.sphere import Floats
from ibf_pipeline.hazards.flash_floods.assessment import BlockAssessment, assess_block
from ibf_pipeline.hazards.flash_floods.window import BLOCK_HOURS, LAST_HOUR, window_of
from ibf_pipeline.synthetic.rain_wishes import RainWish
from ibf_pipeline.synthetic.wishes import WishInvalid

_GROWS: Final = (0.0, 0.5, 1.0, 2.0, 4.0)
"""how rain increases: in an hour it is as the hour's number to this power"""
_UNEVEN: Final = 0.03
"""of an hour's rain: what is the same for days is taken for an instrument that stands still"""


@dataclass(frozen=True, slots=True)
class Hyetograph:
    """Rain of a wish by hours."""

    first: int
    """the hour of its first rain, by its end, after the issue time"""
    mm: Floats
    """(hour,)"""

    @property
    def end(self) -> int:
        """The hour of its last rain."""
        return self.first + len(self.mm) - 1


def hyetograph_of(
    wish: RainWish, layers: FlashFloodLayers, country: FlashFloodCountry, issue_time: IssueTime
) -> Hyetograph:
    """The rain of a wish over its hours, about even if that does, else increasing, and where it lies in time.

    The rules themselves are asked when an area is over its limit; of the spreads in which no other flood is worse than
    the wished one, that is taken in which the limit and the whole sum lie closest together. WishInvalid if so much
    rain reaches nobody's limit.
    """
    amount, hours = _amount(wish, layers, country)
    tried = [_tried(power, amount, hours, wish, layers, country, issue_time) for power in _GROWS]
    found = [each for each in tried if each is not None]
    if not found:
        least = least_flood(wish.district, layers, country)
        raise WishInvalid(
            f"{amount:g} mm in {hours} h are over no area's limit",
            where=f"wish for rain in {wish.district}",
            expected=f"as much as the least flood that is: {least.amount_mm:g}mm/{least.duration_h}h",
        )
    return min(found, key=lambda each: each[0])[1]


def least_flood(district: str, layers: FlashFloodLayers, country: FlashFloodCountry) -> Scenario:
    """The flood of the lowest rank that reaches more people than an area's limit; WishInvalid if none does."""
    for scenario in sorted(layers.scenarios, key=lambda each: (each.rank or 0, each.duration_h, each.amount_mm)):
        if scenario.duration_h in country.durations_h and any(
            _is_over(code, scenario, layers, country) for code in layers.districts[district]
        ):
            return scenario
    raise WishInvalid(
        f"no flood of the library reaches too many people in {district}",
        where="wishes for rain",
        expected="a district that some flood reaches",
    )


def _is_over(code: str, scenario: Scenario, layers: FlashFloodLayers, country: FlashFloodCountry) -> bool:
    slow = layers.small_lag is not None and code not in layers.small_lag
    if slow and scenario.duration_h in country.small_lag_durations_h:
        return False
    people = layers.exposure.isel(indicator=0).sel(area=code, scenario=scenario.name)
    return round(float(people)) > layers.thresholds.get(code, country.people_threshold)


def _amount(wish: RainWish, layers: FlashFloodLayers, country: FlashFloodCountry) -> tuple[float, int]:
    if wish.amount_mm is not None and wish.over_h is not None:
        return wish.amount_mm, wish.over_h
    least = least_flood(wish.district, layers, country)
    return least.amount_mm, least.duration_h


def _tried(
    power: float,
    amount: float,
    hours: int,
    wish: RainWish,
    layers: FlashFloodLayers,
    country: FlashFloodCountry,
    issue_time: IssueTime,
) -> tuple[tuple[bool, int], Hyetograph] | None:
    """A spread and what speaks against it; None if it is over no area's limit."""
    number = np.arange(1, hours + 1, dtype=float)
    shape = number**power * (1 + _UNEVEN * np.sin(2 * number))
    mm = amount * shape / shape.sum()
    codes = layers.districts[wish.district]
    rain = rain_of_areas(issue_time, layers, {code: Hyetograph(1, mm) for code in codes})
    assessed = judge_rain(rain, layers, country, issue_time)
    over = first_over(assessed, layers)[wish.district]
    if over is None:
        return None
    columns = [assessed.areas.index(code) for code in codes]
    reached = assessed.scenario_number[0, assessed.window_slice, :][:, columns].max(axis=1)
    wished = assessed.library.nearest(hours, np.array(amount)) if hours in country.durations_h else reached.max()
    whole = int(assessed.window.hours[int(reached.argmax())])
    return (bool(reached.max() > wished), max(0, whole - over)), Hyetograph(wish.at_h - over + 1, mm)


def first_over(assessed: BlockAssessment, layers: FlashFloodLayers) -> Mapping[str, int | None]:
    """District -> the first hour of the window in which one of its areas is over its limit; None for none."""
    found: dict[str, int | None] = {}
    for name, codes in layers.districts.items():
        columns = [assessed.areas.index(code) for code in codes]
        over = assessed.exceeds[0, assessed.window_slice, :][:, columns].any(axis=1)
        found[name] = int(assessed.window.hours[int(over.argmax())]) if over.any() else None
    return found


def judge_rain(
    rain: xr.DataArray, layers: FlashFloodLayers, country: FlashFloodCountry, issue_time: IssueTime
) -> BlockAssessment:
    """The rules' own judgement of some rain."""
    published: datetime = issue_time.start
    return assess_block(rain, layers, country, window_of(issue_time, published, None, country.warning_from_h))


def areas_that_count(layers: FlashFloodLayers) -> list[str]:
    """Place codes of areas whose rain the rules look at: those of districts, and what runs to them."""
    assessed = {code for codes in layers.districts.values() for code in codes}
    upstream = {code for area in assessed for code in layers.catchments.get(area, ())}
    return [code for code in layers.areas if code in assessed | upstream]


def rain_of_areas(issue_time: IssueTime, layers: FlashFloodLayers, spreads: Mapping[str, Hyetograph]) -> xr.DataArray:
    """One run of rain as the rules take it, measured to the issue time; areas without a spread are dry."""
    longest = max((scenario.duration_h for scenario in layers.scenarios), default=LAST_HOUR)
    hours = np.arange(1 - BLOCK_HOURS - max(longest, LAST_HOUR), LAST_HOUR + 1)
    areas = areas_that_count(layers)
    amount = np.zeros((1, len(hours), len(areas)))
    for code, spread in spreads.items():
        column = areas.index(code)
        for place, mm in enumerate(spread.mm, start=spread.first - int(hours[0])):
            if 0 <= place < len(hours):
                amount[0, place, column] += mm
    return of_hours(issue_time, hours, areas, amount)


def of_hours(
    issue_time: IssueTime, hours: npt.NDArray[np.int64], areas: list[str], amount: npt.NDArray[np.floating]
) -> xr.DataArray:
    """Rain (member, hour, area) mm as `domain/flash_flood_layers.py` says; `hours`: after the issue time."""
    start = np.datetime64(issue_time.start.replace(tzinfo=None), "ns")
    both, shape = ("time", "area"), amount.shape[1:]
    return xr.DataArray(
        amount.astype(np.float32),
        dims=("member", *both),
        coords={
            "member": range(len(amount)),
            "time": start + hours * np.timedelta64(1, "h"),
            "area": areas,
            "origin": (both, np.zeros(shape, dtype=np.int8)),
            "observed": (both, np.broadcast_to((hours <= 0)[:, np.newaxis], shape)),
            "step_hours": (both, np.ones(shape, dtype=np.float32)),
        },
        name="rain",
        attrs={
            "issue_time": str(issue_time), "cycle": issue_time.start.isoformat(), "origins": ("generated rain",),
            "members": "one run", "trial": "",
        },
    )  # fmt: skip
