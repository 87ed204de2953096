"""The rasters of a block of flash floods: 18 of them always, each with the floods that are sent at its lead time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.windows import Window

from ibf_pipeline.hazards.flash_floods.extents import extents_of
from ibf_pipeline.hazards.flash_floods.findings import FlashFloodFindings
from ibf_pipeline.prepare.extent_tiles import FloodTiles
from ibf_pipeline.prepare.flash_floods.build import prepare_flash_floods
from ibf_pipeline.prepare.national_grid import national_grid
from ibf_pipeline.prepare.raster_blocks import new_raster
from ibf_pipeline.runs.extents import write_extent
from ibf_pipeline.runs.rasters import make_rasters
from tests.worlds.countries import flash_files, two_valleys


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("rasters")
    prepare_flash_floods(flash_files.country(), flash_files.write_country(place / "static"), place / "prepared")
    return place / "prepared"


def block(scenarios: dict[str, str]) -> FlashFloodFindings:
    """Alpha's event of the toy at +3 h, its floods those of the small library."""
    found = two_valleys.found(two_valleys.rain({"A1": {3: 80}}))
    event = replace(two_valleys.only(found), scenarios=scenarios)
    return replace(found, events=(event,), extents=extents_of((event,), "XTV"))


def values(folder: Path, hour: int) -> np.ndarray:
    with rasterio.open(folder / f"flood_extent_{hour}-hour_XTV.tif") as raster:
        assert (raster.dtypes[0], raster.nodata, raster.crs.to_epsg()) == ("float32", 0, 4326)
        return raster.read(1)


def test_every_lead_time_has_its_raster_and_one_has_water(prepared: Path, tmp_path: Path) -> None:
    make_rasters(block({"A1": "10mm_1hr", "A2": "20mm_1hr"}), prepared, tmp_path)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 18
    wet = values(tmp_path, 3)
    assert wet.shape == (4, 8)
    assert wet[0].tolist() == [0.5, 0, 1, 0, 0, 0, 0, 0]
    assert not values(tmp_path, 48).any()
    assert len({file.read_bytes() for file in files}) == 2, "those without water are one and the same"


def test_a_scenario_that_the_library_has_no_more_is_not_drawn(prepared: Path, tmp_path: Path) -> None:
    make_rasters(block({"A1": "80mm_4hr", "A2": "20mm_1hr"}), prepared, tmp_path)
    assert values(tmp_path, 3)[0].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]


def test_rasters_of_malawis_size_are_small(tmp_path: Path) -> None:
    """At 3 arc-seconds, 36 million cells: empty, a few kB; with a district of 40 x 40 km wet everywhere, below 1 MB."""
    grid = national_grid((32.67, -17.13, 35.92, -9.36), 3)
    assert (grid.width, grid.height) == (3900, 9324)
    block, depth = Window(1024, 1024, 512, 512), np.random.default_rng(0).gamma(2, 0.5, (512, 512)).round(1) + 0.1
    with (
        new_raster(tmp_path / "areas.tif", grid, "uint16") as areas,
        new_raster(tmp_path / "d.tif", grid, "float32") as d,
    ):
        areas.write(np.ones((512, 512)), block)
        d.write(depth, block)
    wet = np.array([[2, 2, 0, 0]])
    tiles = FloodTiles(areas=tmp_path / "areas.tif", depths={"a": tmp_path / "d.tif"}, wet=wet, place_codes=("A1",))
    assert write_extent({}, tiles, tmp_path / "empty.tif") == 0
    assert write_extent({"A1": "a"}, tiles, tmp_path / "full.tif") == 512 * 512
    empty, full = ((tmp_path / name).stat().st_size for name in ("empty.tif", "full.tif"))
    assert empty < 5_000
    assert full < 1_000_000
