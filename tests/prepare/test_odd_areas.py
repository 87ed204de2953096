"""Areas as they come: overlapping, on islands, across 180 degrees, smaller than a cell, one a level, thousands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely
from rasterio.transform import from_origin

from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.ground import own_ground
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.prepare.zonal_sums import area_sums
from ibf_pipeline.runs.extents import write_extent
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_country import feature, square, write_areas, write_raster


def islands(*boxes: tuple[float, float, float, float]) -> dict[str, Any]:
    """(west, south, east, north) each, as one area."""
    return shapely.geometry.mapping(shapely.MultiPolygon([shapely.box(*box) for box in boxes]))


def counted(folder: Path, people: np.ndarray, areas: dict[str, dict[str, Any]], **raster: Any) -> dict[str, float]:
    """What a raster of people holds inside each area of a level."""
    write_areas(folder, 1, [feature(1, code, None, geometry) for code, geometry in areas.items()])
    level = read_boundaries(folder, (1,))[1]
    write_raster(folder / "people.tif", people, **raster)
    sums = area_sums(folder / "people.tif", [], level, folder / "scratch.tif")
    return dict(zip(level.place_codes, sums[:, 0].round(4).tolist(), strict=True))


EACH_2 = np.full((10, 20), 2.0)
"""two people in every cell of 0.01 degrees, 10..10.2 E and 0.9..1 N"""


def test_the_smaller_of_overlapping_areas_keeps_the_ground() -> None:
    """A 4 x 4 square, a 2 x 2 one in its corner, and an 8 x 1 strip that crosses both."""
    large, town, strip = shapely.box(0, 0, 4, 4), shapely.box(0, 0, 2, 2), shapely.box(0, 0.5, 8, 1.5)
    ground, overlaps = own_ground((large, town, strip))
    assert [part.area for part in ground] == [16 - 4 - 2, 4, 8 - 2]
    assert sorted((found.keeps, found.yields, found.share) for found in overlaps) == [
        (1, 0, 1),
        (1, 2, 0.5),
        (2, 0, 0.5),
    ]
    assert shapely.union_all(ground).equals(shapely.union_all([large, town, strip]))


def test_people_where_three_areas_overlap_are_counted_once(tmp_path: Path) -> None:
    """Of 20 columns A takes 0..8, B 6..13, C 12..16 and D a box of 2 x 2 cells where A and B overlap."""
    areas = {
        "A": square(10.0, 10.09),
        "B": square(10.06, 10.13),
        "C": square(10.12, 10.16),
        "D": square(10.065, 10.085, top=0.95, bottom=0.93),
    }
    found = counted(tmp_path, EACH_2, areas)
    assert found == {"A": 6 * 20, "B": 6 * 20 - 8, "C": 4 * 20, "D": 8}
    assert sum(found.values()) == 16 * 20, "all of the union, nothing twice"


def test_islands_and_an_enclave(tmp_path: Path) -> None:
    """Two islands of 3 and 2 cells are one area; another one lies in a hole of a square of 25 cells."""
    around = shapely.difference(shapely.box(10.1, 0.9, 10.15, 0.95), shapely.box(10.12, 0.92, 10.13, 0.93))
    areas = {
        "islands": islands((10.0, 0.99, 10.03, 1.0), (10.05, 0.9, 10.07, 0.91)),
        "around": shapely.geometry.mapping(around),
        "enclave": islands((10.12, 0.92, 10.13, 0.93)),
    }
    assert counted(tmp_path, EACH_2, areas) == {"islands": 10, "around": 48, "enclave": 2}


def test_an_area_on_both_sides_of_180_degrees(tmp_path: Path) -> None:
    """Cells of one degree around the Earth, 10 N to 10 S; the first and last ten columns have a person a cell."""
    people = np.zeros((20, 360))
    people[:, :10] = people[:, -10:] = 1
    grid = {"width": 360, "height": 20, "transform": from_origin(-180, 10, 1, 1)}
    areas = {"both": islands((178.5, -2, 180, 2), (-180, -2, -179, 2)), "east": islands((-179, -2, -177, 2))}
    assert counted(tmp_path, people, areas, **grid) == {"both": 2.5 * 4, "east": 2 * 4}


def test_an_area_smaller_than_a_cell_has_its_part_of_the_people(tmp_path: Path) -> None:
    """A fifth of a cell each way, twice: inside a cell, and on the corner of four."""
    areas = {"inside": islands((10.002, 0.992, 10.004, 0.994)), "corner": islands((10.049, 0.949, 10.051, 0.951))}
    assert counted(tmp_path, EACH_2, areas) == {"inside": 2 / 25, "corner": 2 / 25}


def test_a_country_with_an_area_without_a_cell_centre_is_prepared(tmp_path: Path) -> None:
    """02B is a sliver of a fifth of a cell: it has people, and no cell of its own in the extents."""
    static = tiny_country.write_country(tmp_path / "static")
    borders = {"01A": (10, 10.055), "01B": (10.055, 10.1), "02A": (10.1, 10.198), "02B": (10.198, 10.2)}
    write_areas(static / "admin_areas", 2, [feature(2, code, code[:2], square(*e)) for code, e in borders.items()])
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    layers, tiles = read_prepared(tmp_path / "prepared", "XTY")
    assert round(layers.areas["02B"].population, 4) == 0.2 * 2 * 9
    assert layers.exposure.sel(area="02B").values.round(4).tolist() == [[0.4, 2.0]]
    assert write_extent({"02B": 20.0}, tiles, tmp_path / "extent.tif") == 0


def test_one_area_a_level(tmp_path: Path) -> None:
    static = tiny_country.write_country(tmp_path / "static")
    write_areas(static / "admin_areas", 1, [feature(1, "0", None, square(10, 10.2))])
    write_areas(static / "admin_areas", 2, [feature(2, "01A", None, square(10, 10.2))])
    (static / "station_admin_mapping.csv").write_text("glofasStation,placeCode\nG1,01A\nG2,no\n".replace("G2,no\n", ""))
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert {code: round(area.population, 4) for code, area in layers.areas.items()} == {"01A": 360, "0": 360}
    assert layers.areas["01A"].parent == "0"


def test_three_thousand_areas_add_up_to_the_raster(tmp_path: Path) -> None:
    """75 x 40 areas of 4 x 3 cells with a person each, every second one half a cell too wide to the east."""
    people, cell = np.ones((120, 300)), 0.01
    areas = {}
    for number in range(3000):
        column, row = number % 75, number // 75
        west, north = 10 + 0.04 * column, 1 - 0.03 * row
        east = min(west + 0.04 + (0.005 if number % 2 else 0), 13.0)
        areas[f"A{number:04d}"] = square(west, east, north, north - 0.03)
    grid = {"width": 300, "height": 120, "transform": from_origin(10, 1, cell, cell)}
    found = counted(tmp_path, people, areas, **grid)
    assert set(np.round(list(found.values()), 2)) == {12}, "the narrower neighbour keeps what both claim"
    assert sum(found.values()) == pytest.approx(300 * 120, rel=1e-6)


def test_some_of_the_areas_keep_the_ground_that_they_have_among_all(tmp_path: Path) -> None:
    write_areas(tmp_path, 1, [feature(1, "A", None, square(10, 10.1)), feature(1, "B", None, square(10.05, 10.1))])
    level = read_boundaries(tmp_path, (1,))[1]
    chosen = level.only(["A"])
    assert isinstance(chosen, Boundaries)
    assert chosen.ground[0].area == pytest.approx(0.05 * 0.1)
