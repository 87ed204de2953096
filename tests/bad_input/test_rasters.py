"""Flood maps and population of another grid, coordinate system or file: brought onto the grid, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin
from rasterio.warp import transform_bounds

from ibf_pipeline.check.country import check_static
from ibf_pipeline.check.finding import Finding
from ibf_pipeline.config.configuration import load
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.report.headline import headline
from tests.worlds.countries import tiny_country
from tests.worlds.countries.tiny_day import TinyDay

PEOPLE = np.full((10, 20), 2.0)


def flood_map(day: TinyDay, period: int = 20) -> Path:
    return day.static / "flood_maps" / f"flood_map_XTY_RP{period}.tif"


def population(day: TinyDay) -> dict[str, float]:
    """People of each level-2 area after `prepare`."""
    assert day.flow(publish=False).is_completed()
    layers, _ = read_prepared(day.prepared, "XTY")
    return {area.place_code: area.population for area in layers.level(2)}


def test_a_flood_map_missing_for_a_listed_return_period(day: TinyDay) -> None:
    day.configure(flood_maps={"return_periods": [10, 20, 50]})
    error = day.refused(InputInvalid)
    assert error.found == "static data of XTY are missing: flood_maps/flood_map_XTY_RP50.tif"
    assert error.where == str(day.static)


@pytest.mark.parametrize(
    "transform",
    [from_origin(10.0, 1.0, 0.02, 0.02), from_origin(10.003, 1.0, 0.01, 0.01), from_origin(10.0, 1.01, 0.01, 0.01)],
    ids=["coarser", "shifted by a third of a cell", "a row further north"],
)
def test_a_flood_map_on_another_grid(day: TinyDay, transform: rasterio.Affine) -> None:
    tiny_country.write_raster(flood_map(day), np.ones((10, 20)), transform=transform)
    error = day.refused(InputInvalid)
    assert error.found.startswith("the flood map is on another grid (20 x 10 cells of")
    assert error.where == str(flood_map(day))
    assert "20 x 10 cells of 0.01 degrees from (10.000000, 1.000000)" in error.expected


def test_a_flood_map_of_another_size(day: TinyDay) -> None:
    tiny_country.write_raster(flood_map(day), np.ones((5, 20)), height=5)
    assert "20 x 5 cells" in day.refused(InputInvalid).found


@pytest.mark.parametrize(("period", "crs"), [(20, "EPSG:3857"), (10, "EPSG:32636"), (20, None)])
def test_a_flood_map_in_another_coordinate_system(day: TinyDay, period: int, crs: str | None) -> None:
    tiny_country.write_raster(flood_map(day, period), np.ones((10, 20)), crs=crs)
    error = day.refused(InputInvalid)
    assert error.found == f"the flood map is in {crs or 'no named coordinate system'}"
    assert (error.where, error.expected) == (str(flood_map(day, period)), "EPSG:4326")


def test_a_flood_map_that_is_upside_down(day: TinyDay) -> None:
    tiny_country.write_raster(flood_map(day), np.ones((10, 20)), transform=rasterio.Affine(0.01, 0, 10, 0, 0.01, 0.9))
    assert day.refused(InputInvalid).found == "the flood map is rotated or upside down"


def test_a_flood_map_in_centimetres(day: TinyDay) -> None:
    tiny_country.write_raster(flood_map(day), np.full((10, 20), 420.0))
    error = day.refused(InputInvalid)
    assert error.found == "water 420 deep: 200 of 200 wet cells are deeper than 300 m"
    assert error.expected == "metres, at most 300 but for single cells (0.1% of the wet ones)"


@pytest.mark.parametrize("keep", [0, 100, 0.5], ids=["empty", "header only", "half of it"])
def test_a_flood_map_that_was_cut_off_is_named_itself(day: TinyDay, keep: float) -> None:
    """And not the first flood map, whose grid is read at the same time."""
    rng = np.random.default_rng(0)
    tiny_country.write_raster(flood_map(day), rng.random((10, 20)))
    content = flood_map(day).read_bytes()
    flood_map(day).write_bytes(content[: int(keep if keep >= 1 else keep * len(content))])
    error = day.refused(InputInvalid)
    assert error.where == str(flood_map(day))
    assert error.expected == "a whole GeoTIFF"


def test_a_web_page_saved_as_a_raster(day: TinyDay) -> None:
    (day.static / "population.tif").write_text("<html><h1>503 Service Unavailable</h1></html>")
    error = day.refused(InputInvalid)
    assert error.found.startswith("the population raster cannot be read")
    assert error.where.endswith("population.tif")


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("flood_maps/flood_map_XTY_RP10.tif", "flood map"),
        ("flood_maps/flood_map_XTY_RP20.tif", "flood map"),
        ("population.tif", "population raster"),
    ],
)
def test_a_raster_of_two_bands(day: TinyDay, name: str, what: str) -> None:
    """All of it is in the second one: nobody could tell which band is meant."""
    with rasterio.open(day.static / name, "w", **{**tiny_country.PROFILE, "count": 2}) as out:
        out.write(np.ones((10, 20), dtype="float32"), 2)
    error = day.refused(InputInvalid)
    assert (error.found, error.where, error.expected) == (f"the {what} has 2 bands", str(day.static / name), "one band")


def test_a_flood_map_without_water_is_said_so(day: TinyDay) -> None:
    tiny_country.write_raster(flood_map(day, 10), np.full((10, 20), 0.05))
    assert "the flood map of 10 years holds no water inside the country" in day.findings().notes


@pytest.mark.parametrize("nodata", [-99999.0, None, float("nan")], ids=["declared", "undeclared", "NaN"])
def test_population_nodata_counts_nobody(day: TinyDay, nodata: float | None) -> None:
    """The last row has no data: 18 cells of 01A (5.5 columns, 9 rows) hold 99 people, whatever the marker is."""
    people = PEOPLE.copy()
    people[9, :] = -99999 if nodata is None else nodata
    tiny_country.write_raster(day.static / "population.tif", people, nodata=nodata)
    assert population(day) == pytest.approx({"01A": 99, "01B": 81, "02A": 90, "02B": 90}, rel=1e-6)


def test_population_nodata_does_not_leak_where_the_raster_is_brought_onto_the_grid(day: TinyDay) -> None:
    """Cells of half the size, half a person each, the southern half without data: 200 people are left."""
    people = np.full((20, 40), 0.5)
    people[10:, :] = -99999
    tiny_country.write_raster(
        day.static / "population.tif", people, width=40, height=20, transform=from_origin(10.0, 1.0, 0.005, 0.005),
        nodata=-99999,
    )  # fmt: skip
    assert population(day) == pytest.approx({"01A": 55, "01B": 45, "02A": 50, "02B": 50}, rel=1e-5)


@pytest.mark.parametrize(
    ("cell", "left", "top", "shape"),
    [
        (0.0025, 10.0, 1.0, (40, 80)),
        (0.004, 10.0, 1.0, (25, 50)),
        (0.02, 10.0, 1.0, (5, 10)),
        (0.01, 10.004, 0.997, (9, 19)),
        (0.03, 10.01, 0.99, (2, 6)),
    ],
    ids=["a quarter", "not a multiple", "double", "shifted", "triple and shifted"],
)
def test_population_on_another_grid_keeps_total_and_place(
    day: TinyDay, cell: float, left: float, top: float, shape: tuple[int, int]
) -> None:
    """Every cell of 0.01 degrees holds 2 people, so 0.0001 square degrees do: each area gets its share of the raster.

    A shift by half a cell would move 10 people across the border of an area.
    """
    each = 2 * (cell / 0.01) ** 2
    tiny_country.write_raster(
        day.static / "population.tif", np.full(shape, each), width=shape[1], height=shape[0],
        transform=from_origin(left, top, cell, cell),
    )  # fmt: skip
    right, bottom = left + cell * shape[1], top - cell * shape[0]
    borders = {"01A": (10, 10.055), "01B": (10.055, 10.1), "02A": (10.1, 10.15), "02B": (10.15, 10.2)}
    expected = {
        code: 2e4 * (min(east, right) - max(west, left)) * (min(1.0, top) - max(0.9, bottom))
        for code, (west, east) in borders.items()
    }
    found = population(day)
    assert sum(found.values()) == pytest.approx(each * shape[0] * shape[1], rel=1e-4)
    for code, people in expected.items():
        assert found[code] == pytest.approx(people, abs=0.5 * each / (cell / 0.01)), "at most what straddles a cell"


@pytest.mark.parametrize(("crs", "metres"), [("EPSG:3857", 300.0), ("EPSG:32632", 250.0)])
def test_population_in_another_coordinate_system_keeps_total_and_place(day: TinyDay, crs: str, metres: float) -> None:
    """All 1000 people live in the quarter 02B: afterwards they still do, but for those in cells across its border."""
    west, south, east, north = transform_bounds("EPSG:4326", crs, 10.155, 0.905, 10.195, 0.995)
    shape = (int((north - south) / metres), int((east - west) / metres))
    tiny_country.write_raster(
        day.static / "population.tif", np.full(shape, 1000 / (shape[0] * shape[1])), width=shape[1], height=shape[0],
        crs=crs, transform=from_origin(west, north, metres, metres), nodata=-99999,
    )  # fmt: skip
    found = population(day)
    assert sum(found.values()) == pytest.approx(1000, rel=5e-3)
    assert found["02B"] == pytest.approx(1000, rel=5e-3)


def test_population_that_the_flood_maps_do_not_cover_is_refused(day: TinyDay) -> None:
    """The country and its people reach twice as far east as the flood maps: half of them would be lost."""
    areas, square = day.static / "admin_areas", tiny_country.square
    sides = {"01": square(10, 10.1), "02": square(10.1, 10.4)}
    tiny_country.write_areas(areas, 1, [tiny_country.feature(1, code, None, side) for code, side in sides.items()])
    borders = {"01A": (10, 10.055), "01B": (10.055, 10.1), "02A": (10.1, 10.15), "02B": (10.15, 10.4)}
    features = [tiny_country.feature(2, code, code[:2], square(*edges)) for code, edges in borders.items()]
    tiny_country.write_areas(areas, 2, features)
    tiny_country.write_raster(day.static / "population.tif", np.full((10, 40), 2.0), width=40)
    error = day.refused(InputInvalid)
    assert error.found == "the population raster adds up to 800, on the grid of the flood maps to 400"
    assert error.expected == "a difference of at most 0.5%"


def test_people_beyond_the_country_do_not_count_and_are_no_reason_to_refuse_it(day: TinyDay) -> None:
    """Twice as wide as the country: its 400 people, and 400 neighbours."""
    tiny_country.write_raster(day.static / "population.tif", np.full((10, 40), 2.0), width=40)
    assert population(day) == pytest.approx({"01A": 110, "01B": 90, "02A": 100, "02B": 100}, rel=1e-5)


def test_a_run_says_whose_people_are_unknown_and_which_depths_were_capped(day: TinyDay) -> None:
    """The raster ends at the middle of the country, and one cell of the smaller flood is 401.3 m deep."""
    tiny_country.write_raster(day.static / "population.tif", np.full((10, 10), 2.0), width=10)
    depths = np.zeros((10, 20))
    depths[0], depths[0, 3] = 1.5, 401.3
    tiny_country.write_raster(flood_map(day, 10), depths)
    notes = day.findings().notes
    assert "population.tif does not reach over 2 areas (02A, 02B): who lives there is unknown, not nobody" in notes
    assert "flood_map_XTY_RP10.tif: 1 of 20 wet cells are up to 401.3 m deep, taken as 300 m" in notes


def test_an_event_says_at_least_where_not_all_of_its_people_are_known(day: TinyDay) -> None:
    """Two people in each of four wet cells of 01A; of 5.5 columns of 01A and all of 01B the raster has no others."""
    tiny_country.write_raster(day.static / "population.tif", np.full((10, 4), 2.0), width=4)
    found = day.findings()
    (event,) = found.events
    assert event.trigger
    assert (event.people, event.people_known) == (8, False)
    rows = {area.place_code: (area.people, area.people_known, area.share) for area in event.areas}
    assert rows == {"01": (8, False, None), "01A": (8, False, None), "01B": (0, False, None)}
    said = (
        "event G1: who lives in 2 of its 2 areas (01A, 01B) is not or not wholly known; the portal takes numbers only"
    )
    assert f"{said} and shows the 8 affected who are known" in found.notes
    assert [doubt for doubt in found.doubts if "who lives" in doubt] == [
        "population.tif does not reach over 4 areas (01A: 73% covered, 01B, 02A, 02B): who lives there is unknown, not "
        "nobody"
    ]
    assert "At least 8 people live where the water may be" in headline(found)


@pytest.mark.parametrize("name", ["population.tif", "flood_maps/flood_map_XTY_RP20.tif"])
def test_values_that_are_to_be_scaled_are_refused(day: TinyDay, name: str) -> None:
    """200 as centimetres, with the scale 0.01 declared, is 2 m; taken as it stands it would be 200 m."""
    tiny_country.write_raster(day.static / name, np.full((10, 20), 200.0))
    with rasterio.open(day.static / name, "r+") as raster:
        raster.scales = (0.01,)
    error = day.refused(InputInvalid)
    assert error.found.endswith("declares scale 0.01 and offset 0")
    assert error.where == str(day.static / name)


@pytest.mark.parametrize(
    ("values", "changes", "said"),
    [
        (np.zeros((10, 20)), {}, "the population raster has no value above 0"),
        (np.eye(1, 200).reshape(10, 20) * 2147483647, {}, "2.14748e+09 people in one cell"),
        (np.eye(10, 20) * 2147483647, {}, "the population raster is 2147483648 in 5.00% of the cells (10 of 200)"),
        (np.eye(10, 20) * 2147483647, {"nodata": 2147483647}, "the population raster has no value above 0"),
        (PEOPLE, {"crs": None}, "the population raster is in no named coordinate system"),
        (PEOPLE, {"transform": from_origin(-70.0, 1.0, 0.01, 0.01)}, "the population raster has no value above 0"),
    ],
    ids=["nobody", "too many", "nodata not declared", "only nodata", "no coordinate system", "another country"],
)
def test_a_population_that_cannot_be_this_countrys(
    day: TinyDay, values: np.ndarray, changes: dict[str, object], said: str
) -> None:
    tiny_country.write_raster(day.static / "population.tif", values, **changes)
    assert day.refused(InputInvalid).found.startswith(said)


def half_counted(dtype: str, value: float) -> np.ndarray:
    """Two people a cell in the upper half, `value` in the lower one, where nobody was counted."""
    people = np.full((10, 20), 2, dtype=dtype)
    people[5:] = value
    return people


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("uint8", 255), ("int8", 127), ("uint16", 65535), ("int16", 32767), ("uint32", 2**32 - 1), ("int32", 2**31 - 1),
     ("int64", 2**63 - 1), ("uint64", 2**64 - 1), ("float32", 9999), ("uint16", 10_000), ("float32", 65535)],
)  # fmt: skip
def test_undeclared_nodata_among_people_is_refused(day: TinyDay, dtype: str, value: float) -> None:
    """200 people would be 200 and a hundred times the value."""
    tiny_country.write_raster(day.static / "population.tif", half_counted(dtype, value), dtype=dtype)
    error = day.refused(InputInvalid)
    assert error.found.startswith(f"the population raster is {value} in 50.00% of the cells (100 of 200)")
    assert error.where == str(day.static / "population.tif")
    assert f"`rio edit-info --nodata {value} FILE`" in error.remedy
    (said,) = [finding for finding in checked(day) if finding.level == "error"]
    assert error.found in said.found


@pytest.mark.parametrize(("dtype", "value"), [("uint8", 255), ("uint16", 65535), ("float32", 9999)])
def test_the_same_value_declared_is_nobody(day: TinyDay, dtype: str, value: float) -> None:
    tiny_country.write_raster(day.static / "population.tif", half_counted(dtype, value), dtype=dtype, nodata=value)
    assert sum(population(day).values()) == pytest.approx(200)


@pytest.mark.parametrize(
    ("dtype", "value", "share"),
    [("uint8", 255, "90.00% of the cells (180 of 200)"), ("uint16", 65535, "90.00% of the cells (180 of 200)"),
     ("uint8", 2, "90.00% of the cells (180 of 200)"), ("float32", 99, "90.00% of the cells (180 of 200)")],
)  # fmt: skip
def test_a_mask_whose_nodata_is_not_declared_is_no_flood(day: TinyDay, dtype: str, value: float, share: str) -> None:
    """1 in the wet top row, the value everywhere else: the whole country would be in the water."""
    mask = np.full((10, 20), float(value))
    mask[0] = 1
    tiny_country.write_raster(flood_map(day), mask.astype(dtype), dtype=dtype)
    error = day.refused(InputInvalid)
    assert error.found.startswith(f"the flood map is {value:g} in {share}")
    assert error.where == str(flood_map(day))
    (said,) = [finding for finding in checked(day) if finding.level == "error"]
    assert error.found in said.found


@pytest.mark.parametrize("name", ["population.tif", "flood_maps/flood_map_XTY_RP10.tif"])
def test_what_lies_beyond_the_disk_is_refused_by_check_as_by_prepare(day: TinyDay, name: str) -> None:
    """A virtual raster over an address inside another: GDAL reads it, and nobody could tell when it changes."""
    raster = day.static / name
    tile = raster.rename(raster.with_name("tile.tif"))
    raster.write_text(
        '<VRTDataset rasterXSize="20" rasterYSize="10"><SRS>EPSG:4326</SRS>'
        "<GeoTransform>10, 0.01, 0, 1, 0, -0.01</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1"><NoDataValue>-99999</NoDataValue><SimpleSource>'
        f"<SourceFilename>vrt://{tile}?bands=1</SourceFilename><SourceBand>1</SourceBand>"
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )
    error = day.refused(InputInvalid)
    assert error.found.startswith("it reads ")
    assert error.where == str(raster)
    (said,) = [finding for finding in checked(day) if finding.level == "error"]
    assert error.found in said.found


def checked(day: TinyDay) -> list[Finding]:
    """What `check` says of the country's rasters."""
    findings, _ = check_static(load(day.config).country("XTY"), day.static)
    return [finding for finding in findings if finding.subject == "rasters"]
