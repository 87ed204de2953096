"""What areas and provinces are told, over the whole ensemble."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.hazards.typhoon.areas import area_impacts
from ibf_pipeline.hazards.typhoon.context import CycleContext
from ibf_pipeline.hazards.typhoon.findings import AreaImpact, ProvinceFound
from ibf_pipeline.hazards.typhoon.provinces import provinces_found, signal_of
from ibf_pipeline.hazards.typhoon.wind import AreaWinds, area_winds
from ibf_pipeline.hazards.typhoon.wording import houses_text
from tests.worlds.two_islands import AREAS, islands, islands_country, storm

LAYERS = islands()
COUNTRY = islands_country()


def told(fastest: list[list[float]], people: float = 0, strong: float = 0, weak: float = 0) -> AreaWinds:
    """Winds of members (rows) in the three areas, m/s; the same people and damage everywhere."""
    coords = {"member": range(1, len(fastest) + 1), "area": list(AREAS)}
    kmh = xr.DataArray(np.array(fastest, float), coords, ("member", "area"))
    damage = xr.concat([xr.full_like(kmh, strong), xr.full_like(kmh, weak)], xr.Variable("curve", ["strong", "weak"]))
    return AreaWinds(kmh, xr.full_like(kmh, people), damage)


def impacts(found: AreaWinds, one: xr.Dataset, members: int) -> tuple[AreaImpact, ...]:
    return area_impacts(found, one, LAYERS, COUNTRY, members)


FAR = storm([(0, 140)], [(0, 140)])


def test_means_and_shares() -> None:
    """Of four members two have the storm: 30 and 34 m/s in N1, so 64 / 4 = 16 m/s, 57.6 km/h."""
    found = impacts(told([[30, 24.8, 0], [34, 24.6, 0]], strong=0.2, weak=0.02), FAR, 4)
    first, second, third = found
    assert [each.place_code for each in found] == list(AREAS)
    assert (first.wind_kmh, first.gale_probability, first.typhoon_probability) == (58, 0.5, 0.25)
    assert (second.wind_kmh, second.gale_probability) == (44, 0.25)
    assert (third.wind_kmh, third.gale_probability, third.within_50km) == (0, 0, 0)
    assert (first.damage_high, first.damage_low) == (pytest.approx(0.1), pytest.approx(0.01))
    assert (first.houses, second.houses) == (1000, None)


def test_within_50_km_of_the_middle_of_the_people() -> None:
    """N1's middle is 20.075 N 122 E: 0.4 degrees are 44 km, 0.5 are 56 km."""
    near = storm([(20.475, 121), (20.475, 123)], [(20.575, 121), (20.575, 123)], [None, None])
    found = impacts(area_winds(near, LAYERS, COUNTRY), near, 4)
    assert [each.within_50km for each in found] == [0.25, 0, 0]


@pytest.mark.parametrize(
    ("kmh", "signal"), [(38, 0), (39, 1), (61, 1), (62, 2), (88, 2), (89, 3), (117, 3), (118, 4), (184, 4), (185, 5)]
)
def test_signals(kmh: float, signal: int) -> None:
    assert signal_of(kmh) == signal


def provinces(
    one: xr.Dataset, found: AreaWinds, members: int, event: set[str], **layers: object
) -> list[ProvinceFound]:
    own = islands(**layers)
    areas = area_impacts(found, one, own, COUNTRY, members)
    cycle = datetime(2026, 11, 27, tzinfo=UTC)
    context = CycleContext(own, COUNTRY, members, cycle, cycle, None, None)
    return list(provinces_found(one, found, areas, event, context))


def test_provinces_are_of_their_event_areas() -> None:
    """N: 30 m/s of four members with 30, 34 and nothing; 500 people in each of two areas and two members."""
    found = told([[30, 33, 0], [34, 20, 0]], people=500, strong=0.2, weak=0.02)
    (north,) = provinces(FAR, found, 4, {"N1", "N2"})
    assert (north.code, north.name) == ("N", "North")
    assert north.typhoon_probability == 0.5
    assert (north.wind_kmh, north.signal) == (58, 1)
    assert (north.houses_low, north.houses_high) == (pytest.approx(10), pytest.approx(100))
    assert north.people == 500
    assert (north.gale_onset, north.centre) == (None, None)
    (only,) = provinces(FAR, found, 4, {"N2"})
    assert (only.typhoon_probability, only.people) == (0.25, 250)
    assert (only.houses_low, only.houses_high) == (None, None), "nobody counted those of N2: that is not no damage"
    assert houses_text(only.houses_low, only.houses_high) == "not counted"


def test_gale_and_centre_of_each_province_the_earliest_first() -> None:
    """South to north in 12 hours along 122 E from 9 N: 11 degrees, gale radius 100 km. S1 at 10 N has gale from the
    start plus 11 km, 1 hour, the centre after 1.09 hours; N1 at 20 N has gale after 10.1 degrees, the centre at 12.
    """
    north = storm([(9, 122), (14.5, 122), (20, 122)], [None] * 3, radii={step: [100] * 4 for step in range(3)})
    found = area_winds(north, LAYERS, COUNTRY)
    one, two = provinces(north, found, 2, set(AREAS))
    assert [one.code, two.code] == ["S", "N"]
    assert one.gale_onset is not None
    assert two.gale_onset is not None
    assert one.centre is not None
    assert two.centre is not None
    moments = [each.middle for each in (one.gale_onset, one.centre, two.gale_onset, two.centre)]
    assert moments == [datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (1, 1, 12, 12)]
    assert one.gale_onset.share == 0.5


def test_one_for_the_whole_country_without_provinces() -> None:
    (whole,) = provinces(FAR, told([[30, 33, 20]]), 1, set(AREAS), provinces={}, regions={}, region_of={})
    assert (whole.code, whole.name, whole.wind_kmh) == ("XTI", "Two Islands", 119)


def test_no_event_area_no_province() -> None:
    assert provinces(FAR, told([[30, 33, 20]]), 1, set()) == []
