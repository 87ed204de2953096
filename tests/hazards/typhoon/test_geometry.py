"""Where the centre passes, on the ball: a degree of a great circle is 111.195 km."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from ibf_pipeline.domain.sphere import distance_km
from ibf_pipeline.hazards.typhoon.geometry import crossings, hourly_track, nearest_km, nearest_to_land
from tests.worlds.chanthu import chanthu
from tests.worlds.two_islands import CYCLE, storm

DEGREE = 6371 * np.pi / 180


def hours(moment: object) -> float:
    return float((moment - CYCLE) / np.timedelta64(1, "m")) / 60  # type: ignore[operator]


def test_distance() -> None:
    assert distance_km([0, 0, 60], [0, 179, 10], [1, 0, 60], [0, -179, 11]) == pytest.approx(
        [DEGREE, 2 * DEGREE, DEGREE / 2], rel=1e-4
    )


def test_nearest_is_to_the_segment_or_its_nearer_end() -> None:
    east = storm([(0, 120), (0, 122)])
    assert nearest_km(east, [(121, 0.4), (119.5, 0), (122.3, 0.4)])[0] == pytest.approx(
        np.array([0.4, 0.5, 0.5]) * DEGREE, rel=1e-5
    )


def test_nearest_is_no_further_than_any_hour_and_at_most_half_an_hours_way_nearer() -> None:
    """All members of a real storm and places along its way, against the distances at all hours."""
    one, places = chanthu(), [(121.97, 20.45), (121.5, 18.3), (124.0, 13.0), (130.0, 33.0)]
    path = hourly_track(one)
    hourly = np.array([np.nanmin(distance_km(path.lat, path.lon, lat, lon), axis=1) for lon, lat in places]).T
    nearest = nearest_km(one, places)
    pace = np.nanmax(distance_km(path.lat[:, 1:], path.lon[:, 1:], path.lat[:, :-1], path.lon[:, :-1]))
    assert (nearest <= hourly + 1e-6).all()
    assert (hourly - nearest <= pace / 2).all()
    assert nearest[:, 0].min() < 50 < nearest[:, 2].min()


def test_one_missed_step_is_bridged_and_two_are_not() -> None:
    one = storm([(0, 120), None, (0, 124)])
    two = storm([(0, 120), None, None, (0, 124)])
    assert nearest_km(one, [(122, 0)])[0, 0] == pytest.approx(0, abs=1e-3)
    assert nearest_km(two, [(122, 0)])[0, 0] == pytest.approx(2 * DEGREE, rel=1e-5)
    assert np.isnan(hourly_track(two).lon[0, 1:-1]).all()


def test_hourly_path_runs_along_the_great_circle() -> None:
    """From 60 N 0 E to 60 N 90 E its middle is north of both: tan = tan 60 / cos 45, 67.79 N."""
    path = hourly_track(storm([(60, 0), (60, 90)]))
    assert path.lat[0, 3] == pytest.approx(67.792, abs=0.001)
    assert path.lon[0, 3] == pytest.approx(45)


def test_path_crosses_the_date_line() -> None:
    path = hourly_track(storm([(0, 179), (0, -175)]))
    assert path.lon[0, 2] == pytest.approx(-179)
    assert crossings(storm([(0, 179), (0, -175)]), shapely.box(-178, -1, -177, 1)) == CYCLE + np.timedelta64(3, "h")


def test_crossing_by_segments_takes_a_narrow_island_between_two_fixes() -> None:
    """The island lies between 120.5 and 120.6; 2 degrees in 6 hours: over its coast after 1.5 hours."""
    island = shapely.box(120.5, -1, 120.6, 1)
    found = crossings(storm([(0, 120), (0, 122)], [(3, 120), (3, 122)], [None, None], [(0, 120.55), (0, 122)]), island)
    assert hours(found[0]) == pytest.approx(1.5)
    assert np.isnat(found[1:3]).all()
    assert hours(found[3]) == 0


def test_a_lonely_fix_over_land_crosses() -> None:
    assert hours(crossings(storm([None, (0, 120.55)]), shapely.box(120.5, -1, 120.6, 1))[0]) == 6


def test_nearest_to_land() -> None:
    """Along the equator, 0.2 degrees south of a coast that begins at 121 E: there after 3 hours."""
    one = storm([(0, 120), (0, 122)]).isel(member=0)
    path = (one["lat"].values, one["lon"].values, one["time"].values)
    moment, km = nearest_to_land(*path, shapely.box(120.99, 0.2, 121.01, 1))
    assert km == pytest.approx(0.2 * DEGREE, rel=1e-5)
    assert hours(moment) == pytest.approx(3, abs=0.04)
    moment, km = nearest_to_land(*path, shapely.box(121, -1, 125, 1))
    assert (hours(moment), km) == (pytest.approx(3), 0)


def test_nearest_to_land_far_north_is_true_to_scale() -> None:
    """At 60 N a degree of longitude is half as long: 0.3 degrees of it are nearer than 0.2 of latitude."""
    land = shapely.union_all([shapely.box(10.3, 59, 11, 61), shapely.box(9.9, 60.2, 10, 61)])
    _, km = nearest_to_land([60.0], [10.0], np.array([CYCLE]), land)
    assert km == pytest.approx(0.15 * DEGREE, rel=1e-4)


def test_no_fix_is_never_near() -> None:
    moment, km = nearest_to_land([np.nan], [np.nan], np.array([CYCLE]), shapely.box(0, 0, 1, 1))
    assert np.isnat(moment)
    assert km == np.inf
    assert nearest_km(storm([None]), [(0, 0)])[0, 0] == np.inf
