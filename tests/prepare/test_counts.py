"""Rasters of people as people have them: `check` and `prepare` judge each the same way; doubts are in the notes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

from ibf_pipeline.prepare.store import read_prepared
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_country import feature, square
from tests.worlds.judged import judged

MOLLWEIDE = CRS.from_string("ESRI:54009")


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return tiny_country.write_country(tmp_path / "static")


def write_people(static: Path, people: np.ndarray, **changes: Any) -> None:
    height, width = people.shape
    tiny_country.write_raster(static / "population.tif", people, **{"width": width, "height": height, **changes})


def write_totals(static: Path, people: dict[str, float]) -> None:
    lines = "".join(f"1,{code},{value}\n" for code, value in people.items())
    (static / "population_totals.csv").write_text(f"adminLevel,placeCode,value\n{lines}")


def counted(folder: Path) -> dict[str, float]:
    layers, _ = read_prepared(folder / "prepared", "XTY")
    return {area.place_code: area.population for area in layers.level(2)}


def in_mollweide(margin: int, metres: float = 100.0) -> tuple[np.ndarray, dict[str, Any]]:
    """A person in every cell of a raster around the country, and a ring of `margin` cells with 50 each."""
    west, south, east, north = transform_bounds("EPSG:4326", MOLLWEIDE, 10.0, 0.9, 10.2, 1.0)
    shape = round((north - south) / metres), round((east - west) / metres)
    people = np.pad(np.ones(shape), margin, constant_values=50)
    grid = from_origin(west - margin * metres, north + margin * metres, metres, metres)
    return people, {"crs": MOLLWEIDE, "transform": grid, "nodata": -200}


@pytest.mark.parametrize("margin", [0, 40])
def test_a_raster_in_another_projection_is_cut_to_the_country(static: Path, tmp_path: Path, margin: int) -> None:
    """A cell of 100 m has one person: a level-2 area of 0.05 degrees has a quarter of them, whoever lives around."""
    people, grid = in_mollweide(margin)
    total = people.size if not margin else people[margin:-margin, margin:-margin].size
    write_people(static, people, **grid)
    assert judged(static, tmp_path) == ("", [])
    found = counted(tmp_path)
    assert sum(found.values()) == pytest.approx(total, rel=0.02)
    assert found["02A"] == pytest.approx(total / 4, rel=0.02)


def test_cells_coarser_than_the_border_are_cut_by_their_share(static: Path, tmp_path: Path) -> None:
    """Cells of 0.03 degrees, 9 people each, over more than the country: one person to 0.01 degrees, 200 inside."""
    write_people(static, np.full((8, 12), 9.0), transform=from_origin(9.91, 1.05, 0.03, 0.03))
    assert judged(static, tmp_path) == ("", [])
    assert sum(counted(tmp_path).values()) == pytest.approx(200, rel=1e-3)


def test_areas_beyond_the_raster_are_unknown(static: Path, tmp_path: Path) -> None:
    """The western half of the country; a tenth of 01B is not covered either."""
    write_people(static, np.full((10, 9), 2.0))
    refused, notes = judged(static, tmp_path)
    assert not refused
    said = "population.tif does not reach over 3 areas (01B: 78% covered, 02A, 02B)"
    assert notes == [f"{said}: who lives there is unknown, not nobody"]
    assert counted(tmp_path) == pytest.approx({"01A": 110, "01B": 70, "02A": 0, "02B": 0}, rel=1e-5)


def test_half_a_country_without_data_is_said_too(static: Path, tmp_path: Path) -> None:
    people = np.full((10, 20), 2.0)
    people[:, 10:] = -99999
    write_people(static, people, nodata=-99999)
    _, notes = judged(static, tmp_path)
    assert notes == [
        "population.tif has nobody in 2 areas (02A, 02B), 50% of the country: without data there, who lives there is "
        "unknown"
    ]


@pytest.mark.parametrize("name", ["population.tif", "flood_maps/flood_map_XTY_RP10.tif"])
def test_cells_beyond_180_degrees_are_refused(static: Path, tmp_path: Path, name: str) -> None:
    """No area lies at 181 degrees: those of a country on both sides of the line are at -179."""
    west = from_origin(179.9, 1.0, 0.01, 0.01)
    tiny_country.write_raster(static / name, np.ones((10, 20)), transform=west)
    assert judged(static, tmp_path)[0].endswith("reaches from 179.9 to 180.1 degrees")


def test_an_area_on_the_other_side_of_180_degrees_that_the_raster_does_not_reach_is_unknown(
    static: Path, tmp_path: Path
) -> None:
    """A grid from -180 to 180 for the maps, in cells of a tenth of a degree; people from 170 to 180 alone."""
    areas = static / "admin_areas"
    boxes = {"01A": (179.0, 179.5), "01B": (179.5, 180.0), "02A": (-180.0, -179.5), "02B": (-179.5, -179.0)}
    tiny_country.write_areas(
        areas, 1, [feature(1, "01", None, square(179, 180)), feature(1, "02", None, square(-180, -179))]
    )
    tiny_country.write_areas(areas, 2, [feature(2, code, code[:2], square(*box)) for code, box in boxes.items()])
    text = (static / "stations.csv").read_text()
    (static / "stations.csv").write_text(text.replace("10.02", "179.2").replace("10.12", "-179.8"))
    for period in (10, 20):
        depths = np.linspace(0.2, period / 10, 3600 * 1).reshape(1, 3600)
        grid = {"width": 3600, "height": 1, "transform": from_origin(-180, 1.0, 0.1, 0.1)}
        tiny_country.write_raster(static / "flood_maps" / f"flood_map_XTY_RP{period}.tif", depths, **grid)
    write_people(static, np.full((1, 100), 3.0), transform=from_origin(170, 1.0, 0.1, 0.1))
    _, notes = judged(static, tmp_path)
    assert notes == ["population.tif does not reach over 2 areas (02A, 02B): who lives there is unknown, not nobody"]
    assert counted(tmp_path) == pytest.approx({"01A": 15, "01B": 15, "02A": 0, "02B": 0}, rel=1e-4)


@pytest.mark.parametrize(
    ("known", "refused", "doubted"),
    [
        (400, False, False),
        (440, False, True),
        (540, False, True),
        (900, True, False),
        (199, True, False),
        (40_000, True, False),
    ],
)
def test_people_that_cannot_be_the_countrys_are_refused(
    static: Path, tmp_path: Path, known: int, refused: bool, doubted: bool
) -> None:
    """400 people in the raster; with 100 cells a hectare it would hold people a hectare instead of people a cell."""
    write_people(static, np.full((10, 20), 2.0))
    write_totals(static, {"01": known / 2, "02": known / 2})
    found, notes = judged(static, tmp_path)
    assert found.startswith("population.tif adds up to 400, population_totals.csv to") == refused
    assert bool(notes) == doubted


def test_known_totals_that_change_are_looked_at_again(static: Path, tmp_path: Path) -> None:
    write_people(static, np.full((10, 20), 2.0))
    assert judged(static, tmp_path) == ("", [])
    write_totals(static, {"01": 220, "02": 220})
    assert judged(static, tmp_path)[1] == ["population.tif adds up to 400, population_totals.csv to 440 (-9.1%)"]
    write_totals(static, {"01": 2200, "02": 2200})
    assert judged(static, tmp_path)[0]


@settings(max_examples=10)
@given(
    sentinel=st.sampled_from(
        [("uint8", 255), ("uint16", 65535), ("int16", 32767), ("int32", 2**31 - 1), ("float32", 9999),
         ("float32", 1e20), ("float64", 3.4028234663852886e38)]
    ),
    cells=st.integers(2, 1000),
    size=st.sampled_from([0.01, 0.005, 0.0025]),
)  # fmt: skip
def test_a_sentinel_that_is_not_declared_is_refused_at_any_resolution(
    sentinel: tuple[str, float], cells: int, size: float
) -> None:
    dtype, value = sentinel
    height, width = round(0.1 / size), round(0.2 / size)
    people = (np.arange(height * width) % 7).astype(dtype)
    people[:cells] = value
    with TemporaryDirectory() as folder:
        static = tiny_country.write_country(Path(folder) / "static")
        grid = {"dtype": dtype, "transform": from_origin(10.0, 1.0, size, size)}
        write_people(static, people.reshape(height, width), **grid)
        assert judged(static, Path(folder))[0].startswith("the population raster is ")


@settings(max_examples=10)
@given(
    shift=st.tuples(st.floats(-0.05, 0.05), st.floats(-0.05, 0.05)),
    size=st.sampled_from([0.03, 0.01, 0.004]),
    shape=st.tuples(st.integers(4, 60), st.integers(4, 60)),
    mollweide=st.booleans(),
)
def test_wherever_a_raster_lies_check_and_prepare_agree(
    shift: tuple[float, float], size: float, shape: tuple[int, int], mollweide: bool
) -> None:
    grid: dict[str, Any] = {"transform": from_origin(10.0 + shift[0], 1.0 + shift[1], size, size)}
    if mollweide:
        west, _, _, north = transform_bounds("EPSG:4326", MOLLWEIDE, *(10.0 + shift[0], 0.9, 10.2, 1.0 + shift[1]))
        grid = {"crs": MOLLWEIDE, "transform": from_origin(west, north, size * 1e5, size * 1e5)}
    with TemporaryDirectory() as folder:
        static = tiny_country.write_country(Path(folder) / "static")
        write_people(static, np.ones(shape), **grid)
        judged(static, Path(folder))
