"""Rasters of people as people have them: `check` and `prepare` judge each the same way; doubts are in the notes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

from ibf_pipeline.prepare.store import read_prepared
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_country import feature, square
from tests.worlds.raster_verdicts import judged

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
    assert notes == ["population.tif has no data in 2 areas (02A, 02B): who lives there is unknown, not nobody"]
    people[:, 10:] = 0
    write_people(static, people, nodata=-99999)
    said = "population.tif has nobody in 2 areas (02A, 02B), 50% of the country"
    assert judged(static, tmp_path)[1] == [f"{said}: without data there, who lives there is unknown"]


@pytest.mark.parametrize("name", ["population.tif", "flood_maps/flood_map_XTY_RP10.tif"])
def test_cells_beyond_180_degrees_are_refused(static: Path, tmp_path: Path, name: str) -> None:
    """No area lies at 181 degrees: those of a country on both sides of the line are at -179."""
    west = from_origin(179.9, 1.0, 0.01, 0.01)
    tiny_country.write_raster(static / name, np.ones((10, 20)), transform=west)
    assert judged(static, tmp_path)[0].endswith("reaches from 179.9 to 180.1 degrees")


ACROSS = {"01A": (179.0, 179.5), "01B": (179.5, 180.0), "02A": (-180.0, -179.5), "02B": (-179.5, -179.0)}


def across_180(static: Path) -> Path:
    """The country on both sides of the line, its maps on a grid from -180 to 180 in cells of a tenth of a degree."""
    areas = static / "admin_areas"
    tiny_country.write_areas(
        areas, 1, [feature(1, "01", None, square(179, 180)), feature(1, "02", None, square(-180, -179))]
    )
    tiny_country.write_areas(areas, 2, [feature(2, code, code[:2], square(*box)) for code, box in ACROSS.items()])
    text = (static / "stations.csv").read_text()
    (static / "stations.csv").write_text(text.replace("10.02", "179.2").replace("10.12", "-179.8"))
    for period in (10, 20):
        depths = np.linspace(0.2, period / 10, 3600 * 1).reshape(1, 3600)
        grid = {"width": 3600, "height": 1, "transform": from_origin(-180, 1.0, 0.1, 0.1)}
        tiny_country.write_raster(static / "flood_maps" / f"flood_map_XTY_RP{period}.tif", depths, **grid)
    return static


def test_an_area_on_the_other_side_of_180_degrees_that_the_raster_does_not_reach_is_unknown(
    static: Path, tmp_path: Path
) -> None:
    """Three people to a tenth of a degree, from 170 to 180 alone."""
    write_people(across_180(static), np.full((1, 100), 3.0), transform=from_origin(170, 1.0, 0.1, 0.1))
    _, notes = judged(static, tmp_path)
    assert notes == ["population.tif does not reach over 2 areas (02A, 02B): who lives there is unknown, not nobody"]
    assert counted(tmp_path) == pytest.approx({"01A": 15, "01B": 15, "02A": 0, "02B": 0}, rel=1e-4)
    assert unknown(tmp_path) == {"02A", "02B"}


@settings(max_examples=5)
@given(
    left=st.sampled_from([-181.0, -180.0, -179.6, 170.0, 179.3, 179.95, 180.0]), width=st.sampled_from([7, 12, 3600])
)
def test_a_raster_anywhere_about_180_degrees_is_right_or_refused(left: float, width: int) -> None:
    """Three people to a tenth of a degree of wherever it lies: an area has 15, or is unknown, or all is refused."""
    with TemporaryDirectory() as folder:
        static = across_180(tiny_country.write_country(Path(folder) / "static"))
        write_people(static, np.full((1, width), 3.0), transform=from_origin(left, 1.0, 0.1, 0.1))
        refused, _ = judged(static, Path(folder))
        beyond = left < -180.1 or left + width / 10 > 180.1
        assert ("reaches from" in refused) == beyond
        if not refused:
            people = counted(Path(folder))
            for code in set(people) - unknown(Path(folder)):
                assert people[code] == pytest.approx(15, rel=0.05)


def unknown(folder: Path) -> set[str]:
    """Deepest areas whose people are not all known."""
    layers, _ = read_prepared(folder / "prepared", "XTY")
    return {area.place_code for area in layers.level(2) if not area.people_known}


@settings(max_examples=6)
@given(
    first=st.integers(0, 15),
    last=st.integers(1, 20),
    how=st.sampled_from(["cut", "padded", "zeros told"]),
    size=st.sampled_from([0.01, 0.005]),
)
def test_people_of_a_part_of_the_country_are_unknown_elsewhere(first: int, last: int, how: str, size: float) -> None:
    """Ten rows of cells of 0.01 degrees with two people each, one row with none, from column `first` to `last` alone.

    Every area that is covered has its 20 people a column, less the row without; every other one is unknown, or its
    people are the known part.
    """
    first, last = min(first, last - 1), max(first + 1, last)
    fine = round(0.01 / size)
    people = np.full((10 * fine, 20 * fine), 2.0 / fine**2)
    people[:fine] = 0 if how != "padded" else 2.0 / fine**2
    rows = 9 if how != "padded" else 10
    grid = {"nodata": -99999, "transform": from_origin(10.0, 1.0, size, size)}
    with TemporaryDirectory() as folder:
        static = tiny_country.write_country(Path(folder) / "static")
        if how == "cut":
            part = people[:, first * fine : last * fine]
            write_people(static, part, **{**grid, "transform": from_origin(10.0 + first * 0.01, 1.0, size, size)})
        else:
            people[:, : first * fine] = people[:, last * fine :] = -99999
            write_people(static, people, **grid)
        refused, _ = judged(static, Path(folder))
        assert not refused
        for code, (west, east) in {"01A": (0, 5.5), "01B": (5.5, 10), "02A": (10, 15), "02B": (15, 20)}.items():
            covered = max(0.0, min(east, last) - max(west, first))
            assert counted(Path(folder))[code] == pytest.approx(2 * rows * covered, abs=1e-3)
            if how != "padded":
                assert (code in unknown(Path(folder))) == (covered < 0.95 * (east - west))
            else:
                assert (code in unknown(Path(folder))) == (not covered)


@pytest.mark.parametrize("elsewhere", [0, 2])
def test_one_area_without_data_is_unknown_and_one_with_zeros_is_not(
    static: Path, tmp_path: Path, elsewhere: int
) -> None:
    """A hole over 01B and some cells around it, whether the raster writes 0 where nobody lives, as over 02A, or not."""
    people = np.full((10, 20), 2.0)
    people[:, 5:10], people[:, 10:15] = -99999, elsewhere
    write_people(static, people, nodata=-99999)
    _, notes = judged(static, tmp_path)
    assert "population.tif has no data in 1 area (01B): who lives there is unknown, not nobody" in notes
    assert "01B" in unknown(tmp_path)
    assert not unknown(tmp_path) & {"02A", "02B"}


def test_zeros_that_rounding_leaves_do_not_tell_where_nobody_lives(static: Path, tmp_path: Path) -> None:
    """Whole people, no data where nobody has settled, as in the corner 02C of 2 x 3 cells: nobody lives there.

    With 0 written for nobody in as many cells as 02A has, no data there is unknown.
    """
    areas = static / "admin_areas"
    boxes = {"01A": (10, 10.055), "01B": (10.055, 10.1), "02A": (10.1, 10.15), "02B": (10.15, 10.2)}
    features = [feature(2, code, code[:2], square(*box)) for code, box in boxes.items()]
    features += [feature(2, "02C", "02", square(10.18, 10.2, bottom=0.97))]
    tiny_country.write_areas(areas, 2, features)
    people = np.random.default_rng(1).integers(0, 8, (10, 20)).astype(float)
    people[:3, 18:] = -99999
    write_people(static, people, nodata=-99999)
    assert judged(static, tmp_path) == ("", [])
    assert not unknown(tmp_path)
    people[5:, 5:15] = 0
    people[people == 1] = 0
    write_people(static, people, nodata=-99999)
    assert judged(static, tmp_path)[1] == [
        "population.tif has no data in 1 area (02C): who lives there is unknown, not nobody"
    ]


@pytest.mark.parametrize(("a_km2", "refused"), [(1.0, False), (100.0, True)])
def test_people_a_square_kilometre_or_a_hectare_are_doubted_or_refused(
    static: Path, tmp_path: Path, a_km2: float, refused: bool
) -> None:
    """A cell has 1.236 km2 and two people, so 1.6 a km2: 324 in all where 400 are known; a hectare a hundredth."""
    write_people(static, np.full((10, 20), 2 / 1.236 / a_km2))
    write_totals(static, {"01": 200, "02": 200})
    found, notes = judged(static, tmp_path)
    assert found.startswith("population.tif adds up to 3, population_totals.csv to 400 (-99.2%)") == refused
    doubted = ["population.tif adds up to 324, population_totals.csv to 400 (-19.1%)"]
    assert notes == ([] if refused else doubted)


def test_totals_of_some_areas_are_compared_with_those_alone(static: Path, tmp_path: Path) -> None:
    """220 people in 01 and 180 in 02: 01 has its total, 02 none; then one of an area that does not exist beside it."""
    write_people(static, np.full((10, 20), 2.0))
    write_totals(static, {"01": 200})
    assert judged(static, tmp_path) == ("", [])
    write_totals(static, {"01": 200, "07": 1000})
    assert judged(static, tmp_path)[1] == [
        "population.tif: population_totals.csv names 1 area (07), which level 1 has not"
    ]
    write_totals(static, {"01": 100, "02": 300})
    assert not judged(static, tmp_path)[0]
    write_totals(static, {"01": 90, "02": 300})
    said = "population.tif and population_totals.csv differ by more than 2 times in 1 area (01: 200 and 90)"
    assert said in judged(static, tmp_path)[1]


def test_a_total_of_an_area_that_the_raster_does_not_cover_does_not_count(static: Path, tmp_path: Path) -> None:
    write_people(static, np.full((10, 10), 2.0))
    write_totals(static, {"01": 200, "02": 5000})
    assert judged(static, tmp_path) == (
        "",
        ["population.tif does not reach over 2 areas (02A, 02B): who lives there is unknown, not nobody"],
    )


@pytest.mark.parametrize("value", [-9999.0, -3.4028234663852886e38, -np.inf, np.inf])
def test_what_no_count_can_be_is_no_data_and_said(static: Path, tmp_path: Path, value: float) -> None:
    """Twenty cells of 02B (of 50): 80 - 20 * 2 people less in it."""
    people = np.full((10, 20), 2.0)
    people[:, 18:] = value
    write_people(static, people)
    _, notes = judged(static, tmp_path)
    assert notes == [
        "population.tif: 20 cells below 0 or infinite that are not the declared nodata value count as no data"
    ]
    assert counted(tmp_path)["02B"] == pytest.approx(60)


def test_a_value_that_comes_again_and_again_is_doubted(static: Path, tmp_path: Path) -> None:
    """Three cells of 2500 people where nobody else has more than 6: a town, or no value."""
    people = (np.arange(200) % 7).astype(float)
    people[50:53] = 2500
    write_people(static, people.reshape(10, 20))
    said = "population.tif is 2500 in 1.50% of the cells (3 of 200): it may stand for `no value`, and is counted as it "
    assert judged(static, tmp_path) == ("", [f"{said}stands"])


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
        [("uint8", 255), ("int8", 127), ("uint16", 65535), ("int16", 32767), ("int32", 2**31 - 1),
         ("uint32", 2**32 - 1), ("int64", 2**63 - 1), ("float32", 9999), ("float32", 65535),
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


@pytest.mark.parametrize("nodata", [0, None, -1])
def test_a_mask_beside_a_declared_nodata_value_holds(static: Path, tmp_path: Path, nodata: float | None) -> None:
    """Two people a cell in ten rows of 20, of which a mask of its own leaves three."""
    file, valid = static / "population.tif", np.zeros((10, 20), dtype=np.uint8)
    tiny_country.write_raster(file, np.full((10, 20), 2.0), nodata=nodata)
    valid[:3] = 255
    with rasterio.open(file, "r+") as raster:
        raster.write_mask(valid)
    assert judged(static, tmp_path)[0] == ""
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert sum(area.population for area in layers.level(2)) == pytest.approx(120)
