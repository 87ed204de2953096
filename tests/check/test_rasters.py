"""What `check` says about rasters; `prepare` refuses what is an error here, and takes what is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from ibf_pipeline.check.country import check_static
from ibf_pipeline.check.finding import Finding
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.build import prepare_floods
from tests.worlds.countries import tiny_country

WATER = {"flood_maps": {"return_periods": [10, 20], "permanent_water": "water.tif"}}
PEOPLE = np.full((10, 20), 2.0)


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return tiny_country.write_country(tmp_path / "static")


def flood_map(static: Path, period: int) -> Path:
    return static / "flood_maps" / f"flood_map_XTY_RP{period}.tif"


def found(static: Path, level: str, **changes: Any) -> list[str]:
    findings: list[Finding] = check_static(tiny_country.country(**changes), static)[0]
    return [finding.found for finding in findings if (finding.level, finding.subject) == (level, "rasters")]


def refused(static: Path, tmp_path: Path, **changes: Any) -> str:
    """What `prepare` says; "" where it takes the country."""
    try:
        prepare_floods(tiny_country.country(**changes), static, tmp_path / "prepared")
    except InputInvalid as error:
        return error.found
    return ""


def in_centimetres(file: Path) -> None:
    tiny_country.write_raster(file, np.full((10, 20), 420.0))


def infinite(file: Path) -> None:
    tiny_country.write_raster(file, np.full((10, 20), np.inf))


def cut_off(file: Path) -> None:
    tiny_country.write_raster(file, np.random.default_rng(0).random((10, 20)))
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])


def scaled(file: Path) -> None:
    with rasterio.open(file, "r+") as raster:
        raster.scales = (0.01,)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (in_centimetres, "water 420 deep"),
        (infinite, "water inf deep"),
        (cut_off, "the flood map is damaged"),
        (scaled, "the flood map declares scale 0.01 and offset 0"),
    ],
)
def test_pixels_that_prepare_refuses(static: Path, tmp_path: Path, damage: Any, said: str) -> None:
    damage(flood_map(static, 20))
    (text,) = found(static, "error")
    assert said in text
    assert refused(static, tmp_path).startswith(said)


def test_maps_that_are_dry_or_exchanged(static: Path) -> None:
    """20 cells of the 10-year map are wet, 100 of the 20-year one; 0.05 m is dry land."""
    small, large = flood_map(static, 10), flood_map(static, 20)
    small.rename(static / "other.tif")
    large.rename(small)
    (static / "other.tif").rename(large)
    assert "flood_map_XTY_RP10.tif is wetter than flood_map_XTY_RP20.tif: 100 against 20 cells" in found(
        static, "warning"
    )
    tiny_country.write_raster(large, np.full((10, 20), 0.05))
    assert "flood_map_XTY_RP20.tif has no wet cell" in found(static, "warning")
    assert found(static, "error") == []


@pytest.mark.parametrize("name", ["flood_map", "population"])
def test_a_raster_of_two_bands_is_an_error_as_for_prepare(name: str, static: Path, tmp_path: Path) -> None:
    file = flood_map(static, 20) if name == "flood_map" else static / "population.tif"
    tiny_country.write_raster(file, np.ones((10, 20)), count=2)
    (text,) = found(static, "error")
    assert "has 2 bands" in text
    assert "has 2 bands" in refused(static, tmp_path)


@pytest.mark.parametrize(
    ("rows", "level", "said"),
    [
        (5, "error", "permanent water covers every wet cell of flood_map_XTY_RP10.tif and flood_map_XTY_RP20.tif"),
        (1, "warning", "water.tif covers 100% of the wet cells of flood_map_XTY_RP10.tif"),
        (0.9, "warning", "water.tif covers 90% of the wet cells of flood_map_XTY_RP10.tif"),
        (0.1, "fine", "water.tif covers at most 10% of a flood map's wet cells"),
    ],
)
def test_permanent_water(static: Path, tmp_path: Path, rows: float, level: str, said: str) -> None:
    """The 10-year flood is the first row, of 20 cells; the 20-year one has five."""
    water = np.zeros((10, 20))
    water.ravel()[: round(20 * rows)] = 1
    tiny_country.write_raster(static / "water.tif", water)
    assert said in " ".join(found(static, level, **WATER))
    assert bool(refused(static, tmp_path, **WATER)) == (level == "error")


def test_one_undeclared_nodata_value_of_all_maps_is_one_error_and_one_warning(static: Path) -> None:
    for period in (10, 20):
        depths = np.full((10, 20), 1e20)
        depths[:2] = np.random.default_rng(period).random((2, 20)) * 3
        tiny_country.write_raster(flood_map(static, period), depths)
    (error,) = found(static, "error")
    assert error.startswith(f"{flood_map(static, 10)}: the flood map is 1")
    assert error.endswith("; the same in flood_map_XTY_RP20.tif")
    warnings = [text for text in found(static, "warning") if "nodata" in text]
    assert warnings == ["flood_map_XTY_RP10.tif, flood_map_XTY_RP20.tif declare no nodata value"]


def test_each_doubt_about_people_has_its_own_remedy(static: Path) -> None:
    tiny_country.write_raster(static / "population.tif", PEOPLE, nodata=-99999)
    totals = static / "population_totals.csv"
    totals.write_text("adminLevel,placeCode,value\n1,01,200\n1,02,240\n1,99,5\n")
    said = {one.found: one.remedy for one in check_static(tiny_country.country(), static)[0]}
    (unknown,) = [remedy for text, remedy in said.items() if "which level 1 has not" in text]
    (apart,) = [remedy for text, remedy in said.items() if text.startswith("population.tif adds up to 400")]
    assert unknown == "take population_totals.csv and the boundaries from one edition, and keep place codes as text"
    assert apart == "take raster and totals of one year, and of the same boundaries"


def test_permanent_water_on_another_grid_or_of_no_raster(static: Path, tmp_path: Path) -> None:
    tiny_country.write_raster(static / "water.tif", np.zeros((5, 20)), height=5)
    (text,) = found(static, "error", **WATER)
    assert "the permanent water is on another grid (20 x 5 cells" in text
    assert refused(static, tmp_path, **WATER).startswith("the permanent water is on another grid")
    (static / "water.tif").write_bytes(b"xyz")
    (text,) = found(static, "error", **WATER)
    assert "the permanent water cannot be read" in text
    tiny_country.write_raster(static / "water.tif", np.zeros((10, 20)))
    assert "water.tif declares no nodata value" in found(static, "warning", **WATER)


@pytest.mark.parametrize(
    ("changes", "said", "by_prepare"),
    [
        ({"transform": from_origin(10.0, 1.0, 0.01, 0.01), "width": 40}, "", ""),
        ({"transform": rasterio.Affine(0.01, 0, 10, 0, 0.01, 0.9)}, "", ""),
        ({"crs": "EPSG:3857"}, "population.tif and the boundaries do not overlap", "the population raster"),
        (
            {"transform": from_origin(110.0, 1.0, 0.01, 0.01)},
            "population.tif and the boundaries do not overlap",
            "the population raster has no value above 0 in the country",
        ),
    ],
    ids=["twice as wide", "south up", "degrees called metres", "far away"],
)
def test_where_the_population_lies(
    static: Path, tmp_path: Path, changes: dict[str, Any], said: str, by_prepare: str
) -> None:
    values = np.full((10, changes.get("width", 20)), 2.0)
    tiny_country.write_raster(static / "population.tif", values, nodata=-99999, **changes)
    errors = found(static, "error")
    assert (said in " ".join(errors)) if said else errors == []
    answer = refused(static, tmp_path)
    assert answer.startswith(by_prepare) if by_prepare else answer == ""


def test_flood_maps_that_are_shifted_lose_people(static: Path, tmp_path: Path) -> None:
    """A tenth of a degree to the east: half of the country lies beyond the maps."""
    for period in (10, 20):
        tiny_country.write_raster(
            flood_map(static, period), np.full((10, 20), period / 10), transform=from_origin(10.1, 1.0, 0.01, 0.01)
        )
    (text,) = found(static, "error")
    assert "the population raster adds up to 360, on the grid of the flood maps to 180" in text
    assert refused(static, tmp_path).startswith("the population raster adds up to 360")
