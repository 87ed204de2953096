"""Exact area means, by areas and cells whose shares a person can see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.rain.grid import RainGrid, rotated
from ibf_pipeline.rain.weights import kept_weights, weigh

GRID = RainGrid(left=33.0, top=-10.0, dx=0.5, dy=0.5, width=4, height=3)
RAIN = np.array([[10, 30, 50, 70], [0, 0, 0, 0], [8, 8, 8, 8]], dtype=np.float32)
nan = float("nan")


def mean(area: BaseGeometry, rain: np.ndarray = RAIN, grid: RainGrid = GRID) -> float:
    return float(weigh(grid, ["A"], [area]).means(rain)[0])


def test_half_of_one_cell_and_half_of_the_next() -> None:
    """10 mm and 30 mm: 20 mm. A quarter and three quarters: 25 mm."""
    assert mean(shapely.box(33.25, -10.5, 33.75, -10.0)) == pytest.approx(20)
    assert mean(shapely.box(33.375, -10.4, 33.875, -10.1)) == pytest.approx(25)


def test_a_triangle_has_its_own_shares() -> None:
    """Half of the cell of 10 mm and nothing else."""
    assert mean(shapely.Polygon([(33.0, -10.5), (33.5, -10.5), (33.0, -10.0)])) == pytest.approx(10)


def test_an_area_smaller_than_a_cell_and_a_point() -> None:
    assert mean(shapely.box(34.1, -10.2, 34.11, -10.19)) == pytest.approx(50)
    assert mean(shapely.Point(34.6, -10.3)) == pytest.approx(70)


def test_rows_count_by_their_ground_on_the_sphere() -> None:
    """From 60 to 61 degrees there is less ground than from 59 to 60: cos 60.5 and cos 59.5 degrees."""
    grid = RainGrid(left=0.0, top=61.0, dx=1.0, dy=1.0, width=1, height=2)
    north, south = np.cos(np.radians([60.5, 59.5]))
    rain = np.array([[100], [0]], dtype=np.float32)
    assert mean(shapely.box(0, 59, 1, 61), rain, grid) == pytest.approx(100 * north / (north + south))


def test_outside_the_grid_is_missing_and_so_is_an_area_of_which_too_little_is_inside() -> None:
    """Three quarters inside are too little, nine tenths are not: then the mean is that of the inside."""
    assert np.isnan(mean(shapely.box(10, 10, 11, 11)))
    assert np.isnan(mean(shapely.Point(10, 10)))
    assert np.isnan(mean(shapely.Polygon()))
    assert np.isnan(mean(shapely.box(32.9, -10.4, 33.3, -10.1)))
    assert mean(shapely.box(32.96, -10.4, 33.36, -10.1)) == pytest.approx(10)


def test_missing_cells_are_never_dry() -> None:
    """A tenth of the area has no value: the rest counts. Half of it has none: the area is missing (F5)."""
    rain = RAIN.copy()
    rain[0, 1] = nan
    assert mean(shapely.box(33.05, -10.5, 33.55, -10.0), rain) == pytest.approx(10)
    assert np.isnan(mean(shapely.box(33.25, -10.5, 33.75, -10.0), rain))


def test_members_and_steps_keep_their_places() -> None:
    """Area B has no cell: its neighbours must not notice."""
    areas = [shapely.Point(33.1, -10.1), shapely.Polygon(), shapely.box(33.5, -10.5, 34.5, -10.0)]
    weights = weigh(GRID, ["A", "B", "C"], areas)
    rain = np.stack([np.stack([RAIN, RAIN * 2]), np.stack([RAIN * 3, RAIN * np.float32(nan)])])
    expected = [[[10, nan, 40], [20, nan, 80]], [[30, nan, 120], [nan, nan, nan]]]
    np.testing.assert_allclose(weights.means(rain), expected, rtol=1e-6)


def test_a_grid_that_counts_to_360() -> None:
    """West of Greenwich in a file of 0..360."""
    grid = RainGrid(left=355.0, top=10.0, dx=1.0, dy=1.0, width=4, height=1)
    assert mean(shapely.box(-3.9, 9.1, -3.2, 9.9), np.array([[1, 2, 3, 4]], dtype=np.float32), grid) == pytest.approx(2)


def test_a_rotated_grid_has_its_cells_where_they_are() -> None:
    """Pole at 40 N, 170 W: the point 50 N, 10 E is 0, 0 of the rotated grid; north of it is north."""
    pole = (40.0, -170.0)
    np.testing.assert_allclose(rotated(np.array([[10.0, 50.0], [10.0, 51.0]]), pole), [[0, 0], [0, 1]], atol=1e-9)
    np.testing.assert_allclose(rotated(np.array([[35.0, -12.0]]), (90.0, 180.0)), [[35, -12]], atol=1e-9)
    east = rotated(np.array([[11.0, 50.0]]), pole)
    np.testing.assert_allclose(east, [[np.cos(np.radians(50)), 0]], atol=0.01)
    grid = RainGrid(left=-1.0, top=1.0, dx=1.0, dy=1.0, width=2, height=2, pole=pole)
    rain = np.array([[1, 2], [3, 4]], dtype=np.float32)
    assert mean(shapely.box(10.1, 50.1, 10.2, 50.2), rain, grid) == pytest.approx(2)
    assert mean(shapely.box(9.7, 49.7, 9.9, 49.9), rain, grid) == pytest.approx(3)


def test_weights_are_made_once_for_a_grid_and_areas(tmp_path: Path) -> None:
    asked = []

    def ground() -> list[BaseGeometry]:
        asked.append(1)
        return [shapely.box(33.25, -10.5, 33.75, -10.0)]

    made = kept_weights(tmp_path / "rain", GRID, ["A"], "shapes", ground)
    kept = kept_weights(tmp_path / "rain", GRID, ["A"], "shapes", ground)
    assert (len(asked), float(kept.means(RAIN)[0])) == (1, float(made.means(RAIN)[0]))
    kept_weights(tmp_path / "rain", GRID, ["A"], "other shapes", ground)
    kept_weights(tmp_path / "rain", RainGrid(33.0, -10.0, 0.5, 0.5, 4, 4), ["A"], "shapes", ground)
    assert len(asked) == 3
    for file in (tmp_path / "rain").iterdir():
        file.write_bytes(file.read_bytes()[:100])
    again = kept_weights(tmp_path / "rain", GRID, ["A"], "shapes", ground)
    assert (len(asked), float(again.means(RAIN)[0])) == (4, pytest.approx(20))
