"""Static data to tables: exact fractions, totals kept, rebuilt only where something changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
import rioxarray
from rasterio.transform import from_origin

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.runs.extents import write_extent, write_extents
from tests.worlds.countries import tiny_country


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return tiny_country.write_country(tmp_path / "static")


def test_people_by_area_and_return_period_are_exact(static: Path, tmp_path: Path) -> None:
    """Nine rows have two people a cell; a row of 01A has 5.5 cells, of 01B 4.5: 11 and 9 people."""
    assert prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    table = layers.exposure.sel(indicator="population_affected")
    by_area = {code: table.sel(area=code).values.round(4).tolist() for code in ("01A", "01B", "02A", "02B")}
    assert by_area == {"01A": [11, 55], "01B": [9, 45], "02A": [10, 50], "02B": [10, 50]}
    population = {code: round(area.population, 4) for code, area in layers.areas.items()}
    assert population == {"01": 180, "02": 180, "01A": 99, "01B": 81, "02A": 90, "02B": 90}
    assert float(table.sum("area").sel(flood_map=10)) == pytest.approx(40), "shared borders neither lose nor double"


def test_text_stays_text_and_parents_come_from_the_boundaries(static: Path, tmp_path: Path) -> None:
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert layers.mapping == {"G1": ("01A", "01B"), "G2": ("02A",)}
    assert layers.areas["02B"].parent == "02"
    assert [station.name for station in layers.stations] == ["Upper", "Na"]
    assert layers.thresholds.sel(station="G2", return_period=5).item() == 50


def test_an_extent_is_the_map_inside_the_wet_areas_and_0_elsewhere(static: Path, tmp_path: Path) -> None:
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    _, tiles = read_prepared(tmp_path / "prepared", "XTY")
    wet = write_extent({"01A": 20.0, "02A": 10.0}, tiles, tmp_path / "flood_extent_3-day_XTY.tif")
    with rioxarray.open_rasterio(tmp_path / "flood_extent_3-day_XTY.tif") as raster:
        depth = raster.values[0]
        assert (raster.rio.crs.to_epsg(), str(raster.dtype), raster.rio.nodata) == (4326, "float32", 0)
        assert raster.rio.transform() == tiny_country.PROFILE["transform"]
    expected = np.zeros((10, 20))
    expected[:5, :6] = 2.0  # the centre of the sixth column, 10.055, lies on the border and belongs to one side
    expected[0, 10:15] = 1.0
    assert np.array_equal(depth[:, [0, 1, 2, 3, 4, 6, 7, 8, 9]], expected[:, [0, 1, 2, 3, 4, 6, 7, 8, 9]])
    assert np.array_equal(depth[:, 10:], expected[:, 10:])
    assert wet == np.count_nonzero(depth)


def test_lead_times_with_the_same_areas_share_one_raster(static: Path, tmp_path: Path) -> None:
    """Upstream alone, both, both again, both at a higher return period, nothing twice."""
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    _, tiles = read_prepared(tmp_path / "prepared", "XTY")
    days = [{"01A": 20.0}, {"01A": 20.0, "02A": 10.0}, {"02A": 10.0, "01A": 20.0}, {"01A": 20.0, "02A": 20.0}, {}, {}]
    files = {day: tmp_path / f"day_{day}.tif" for day in range(len(days))}
    cells = write_extents(dict(enumerate(days)), tiles, files)
    for day, wet in enumerate(days):
        alone = tmp_path / f"alone_{day}.tif"
        assert cells[day] == write_extent(wet, tiles, alone)
        assert files[day].read_bytes() == alone.read_bytes(), day
    assert cells[1] == cells[2] == cells[0] + 5
    assert cells[3] > cells[1] > cells[0] > cells[4] == cells[5] == 0
    assert sorted(path.name for path in tmp_path.glob("*.part")) == []


def test_an_empty_extent_is_a_raster_of_zeros_on_the_same_grid(static: Path, tmp_path: Path) -> None:
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    _, tiles = read_prepared(tmp_path / "prepared", "XTY")
    assert write_extent({}, tiles, tmp_path / "empty.tif") == 0
    with rasterio.open(tmp_path / "empty.tif") as raster:
        assert (raster.width, raster.height) == (20, 10)
        assert not raster.read(1).any()


def test_permanent_water_is_no_flood_and_nobody_lives_there(static: Path, tmp_path: Path) -> None:
    water = np.zeros((10, 20))
    water[0, :3] = 1
    tiny_country.write_raster(static / "water.tif", water)
    maps = {"return_periods": [10, 20], "permanent_water": "water.tif"}
    prepare_floods(tiny_country.country(flood_maps=maps), static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert layers.exposure.sel(area="01A").values.round(4).tolist() == [[11 - 6, 55 - 6]]


def test_permanent_water_that_leaves_no_flood_is_refused(static: Path, tmp_path: Path) -> None:
    tiny_country.write_raster(static / "water.tif", np.full((10, 20), 255), dtype="uint8")
    maps = {"return_periods": [10, 20], "permanent_water": "water.tif"}
    with pytest.raises(InputInvalid, match="permanent water covers every wet cell of flood_map_XTY_RP10"):
        prepare_floods(tiny_country.country(flood_maps=maps), static, tmp_path / "prepared")


def test_a_further_layer_is_counted_under_its_indicator(static: Path, tmp_path: Path) -> None:
    tiny_country.write_raster(static / "children.tif", np.full((10, 20), 0.5))
    people = {"further_layers": [{"indicator": "exposed_pop_u18", "raster": "children.tif"}]}
    prepare_floods(tiny_country.country(people=people), static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    children = layers.exposure.sel(indicator="exposed_pop_u18", area="02A")
    assert children.values.round(4).tolist() == [2.5, 12.5]


@pytest.mark.parametrize(("cell", "each"), [(0.005, 0.5), (0.02, 8.0)])
def test_a_finer_or_coarser_population_keeps_its_total(static: Path, tmp_path: Path, cell: float, each: float) -> None:
    """Two people a 0.01 degree cell are half a person a quarter of it, or eight people four of them."""
    shape = (round(0.1 / cell), round(0.2 / cell))
    tiny_country.write_raster(
        static / "population.tif", np.full(shape, each), width=shape[1], height=shape[0],
        transform=from_origin(10.0, 1.0, cell, cell), nodata=-99999,
    )  # fmt: skip
    prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert sum(area.population for area in layers.level(1)) == pytest.approx(400, rel=1e-5)
    assert float(layers.exposure.sum("area").sel(flood_map=10).item()) == pytest.approx(40, rel=1e-4)


def test_unchanged_inputs_are_not_built_again_and_changed_ones_are(static: Path, tmp_path: Path) -> None:
    folder = tmp_path / "prepared"
    assert prepare_floods(tiny_country.country(), static, folder)
    assert not prepare_floods(tiny_country.country(), static, folder)
    stations = static / "stations.csv"
    stations.write_text(stations.read_text())  # newer, the same content
    assert not prepare_floods(tiny_country.country(), static, folder)
    stations.write_text(stations.read_text().replace("Upper", "Lower"))
    assert prepare_floods(tiny_country.country(), static, folder)
    assert prepare_floods(
        tiny_country.country(flood_maps={"return_periods": [10, 20], "minimum_depth": 0.5}), static, folder
    )


@contextmanager
def nobody(folder: Path) -> Iterator[None]:
    """Without the rights of root, to whom no file is closed; the folder is theirs."""
    if os.geteuid() != 0:
        yield
        return
    os.chown(folder, 65534, -1)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("name", ["thresholds.json", "stations.csv", "population.tif", "admin_areas/adm2.geojson"])
def test_a_file_that_may_not_be_read_is_named(name: str) -> None:
    with TemporaryDirectory() as root:
        static = tiny_country.write_country(Path(root) / "static")
        (static / name).chmod(0)
        with nobody(Path(root)), pytest.raises(InputInvalid) as raised:
            prepare_floods(tiny_country.country(), static, Path(root) / "prepared")
        assert (raised.value.found, raised.value.where) == (
            "the file cannot be read (Permission denied)", str(static / name)
        )  # fmt: skip
        assert raised.value.remedy == "give the user that runs the pipeline the right to read it"
