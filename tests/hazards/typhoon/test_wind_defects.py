"""What other pipelines got wrong with wind, distance and land, each as a test: docs/design/typhoon.md, T1 to T9."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely

from ibf_pipeline.config.typhoon import WindSettings
from ibf_pipeline.hazards.typhoon.areas import area_impacts
from ibf_pipeline.hazards.typhoon.geometry import crossings, nearest_to_land, within_km
from ibf_pipeline.hazards.typhoon.vortex import hourly_vortex
from ibf_pipeline.hazards.typhoon.wind import area_winds, fastest_at
from tests.conftest import real_data
from tests.worlds.chanthu import chanthu
from tests.worlds.two_islands import CYCLE, islands, islands_country, storm

DEGREE = 6371 * np.pi / 180


def hours(moments: object) -> np.ndarray:
    return np.asarray((moments - CYCLE) / np.timedelta64(1, "m"), float) / 60  # type: ignore[operator]


def test_t1_nothing_is_cut_off_at_a_national_box() -> None:
    """All six municipalities of Batanes, north of 19 N, have a mean wind of a typhoon, 32.7 m/s."""
    points = json.loads(real_data("philippines", "municipality_points.geojson").read_text())["features"]
    batanes = [each["geometry"]["coordinates"] for each in points if each["properties"]["adm2_pcode"] == "PH020900000"]
    lon, lat = np.array(batanes).T
    assert len(lat) == 6
    assert lat.min() > 20
    assert (fastest_at(hourly_vortex(chanthu(), WindSettings()), lat, lon).mean(axis=0) > 32.7).all()


@pytest.mark.parametrize(("lat", "lon"), [(5.0, 119.8), (8.5, 117.2), (20.4, 122.0)])
def test_t1_tawi_tawi_and_palawan_have_wind_as_batanes_has(lat: float, lon: float) -> None:
    near = hourly_vortex(storm([(lat, lon + 0.4)] * 2, wind=45), WindSettings())
    assert fastest_at(near, np.array([lat]), np.array([lon]))[0, 0] > 40


def test_t2_wind_is_km_per_hour() -> None:
    """25 m/s of 10 minutes are 90 km/h."""
    still = storm([(20, 122), (20, 122)], wind=30)
    country, layers = islands_country(), islands()
    found = area_winds(still, layers, country)
    found.fastest[:] = 25
    assert {each.wind_kmh for each in area_impacts(found, still, layers, country, 1)} == {90}


def test_t3_the_denominator_is_the_whole_ensemble() -> None:
    """13 of 52 members have the storm, all over N1: 25 %, and not 100 %."""
    here: list[tuple[float, float] | None] = [(20.1, 122.2)] * 2
    some = storm(*[here] * 13, *[[None, None]] * 39, wind=50)
    country, layers = islands_country(), islands()
    first = area_impacts(area_winds(some, layers, country), some, layers, country, 52)[0]
    assert (first.within_50km, first.gale_probability) == (0.25, 0.25)
    there = some.isel(member=slice(13))
    present = area_impacts(area_winds(there, layers, country), there, layers, country, 52)[0]
    assert (present.within_50km, present.gale_probability, present.wind_kmh) == (0.25, 0.25, first.wind_kmh)
    assert present.damage_high == pytest.approx(first.damage_high)


def test_t7_landfall_is_of_every_member_and_by_segments() -> None:
    """17 of 52 members cross, first at 11.8 h, half of them by 22.6 h, the last at 30.7 h. The run of high
    resolution never does, and passes Babuyan Island closer than a kilometre after 21 hours.
    """
    shapes = json.loads(real_data("philippines", "PHL_adm1.json").read_text())["features"]
    land = shapely.union_all([shapely.make_valid(shapely.geometry.shape(each["geometry"])) for each in shapes])
    storm_of_2021 = chanthu()
    moments = crossings(storm_of_2021, land)
    crossing = moments[~np.isnat(moments)]
    assert len(crossing) / 52 == pytest.approx(0.33, abs=0.04)
    after = (crossing - storm_of_2021["time"].values[0]) / np.timedelta64(1, "h")
    assert (np.min(after), np.median(after), np.max(after)) == pytest.approx((11.8, 22.6, 30.7), abs=1.1)
    best = storm_of_2021.isel(member=int(np.flatnonzero(storm_of_2021["kind"].values == "high-resolution")[0]))
    moment, km = nearest_to_land(best["lat"].values, best["lon"].values, best["time"].values, land)
    assert 0 < km < 1
    assert (moment - storm_of_2021["time"].values[0]) / np.timedelta64(1, "m") == pytest.approx(21 * 60, abs=30)


def test_t8_within_50_km_by_segments_where_both_fixes_are_further_away() -> None:
    """The fixes are 111 km to the west and to the east of the place, the way between them 33 km to its north."""
    passing = storm([(20.3, 121), (20.3, 123)], [(20.5, 121), (20.5, 123)])
    assert within_km(passing, [(122, 20)], 50)[:, 0].tolist() == [True, False]


def test_t8_degrees_are_not_km() -> None:
    """At 60 N 0.8 degrees of longitude are 44 km; times 111 they would be 89."""
    assert within_km(storm([(60, 10)]), [(10.8, 60)], 50).all()
    assert not within_km(storm([(60, 10)]), [(10, 60.8)], 50).any()


def test_t9_nearest_land_is_the_coast_and_no_tolerance_makes_it_landfall() -> None:
    """1.1 km off the coast is 1.1 km, and no landfall; the middle of the island is 56 km away."""
    path = storm([(0, 120), (0, 122)])
    island = shapely.box(120.5, 0.01, 121.5, 1)
    moment, km = nearest_to_land(path["lat"][0].values, path["lon"][0].values, path["time"].values, island)
    assert km == pytest.approx(0.01 * DEGREE, rel=1e-3)
    assert 1.5 <= hours(moment) <= 4.5
    assert np.isnat(crossings(path, island)).all()
