"""Kinds of flood maps that count the wrong people: `check` and `prepare` judge each alike, none is taken silently."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ibf_pipeline.prepare.depths import DepthFacts, read_depths
from ibf_pipeline.prepare.map_doubts import depth_notes, doubts_about
from ibf_pipeline.prepare.store import read_prepared
from tests.worlds.countries import tiny_country
from tests.worlds.judged import judged

PERIODS = (10, 20)
GROUND = np.linspace(0.0, 3.9, 200).reshape(10, 20)
"""metres above the river, rising from the north; so many people a row: 40"""


def write_maps(static: Path, maps: Mapping[int, np.ndarray], **changes: object) -> None:
    for period, values in maps.items():
        file = static / "flood_maps" / f"flood_map_XTY_RP{period}.tif"
        tiny_country.write_raster(file, values, **changes)


def judged_maps(folder: Path, maps: Mapping[int, np.ndarray], **changes: object) -> tuple[str, list[str]]:
    """Of the tiny country with these maps: what is refused, and what is noted."""
    static = tiny_country.write_country(folder / "static")
    write_maps(static, maps, **changes)
    return judged(static, folder, flood_maps={"return_periods": list(maps)})


def in_the_water(folder: Path) -> list[float]:
    """People, of each return period."""
    layers, _ = read_prepared(folder / "prepared", "XTY")
    counted: list[float] = layers.exposure.sum(("indicator", "area")).values.round(3).tolist()
    return counted


MARKS = st.sampled_from([0, 1, 2, 3, 9, 15, 99, 100, 127, 128, 254, 255])


@settings(max_examples=10)
@given(
    wet=MARKS.filter(bool), dry=MARKS, rows=st.tuples(st.integers(1, 3), st.integers(4, 7)),
    dtype=st.sampled_from(["uint8", "uint16", "int32", "float32"]), declared=st.booleans(),
)  # fmt: skip
def test_a_mask_is_right_refused_or_doubted(
    wet: int, dry: int, rows: tuple[int, int], dtype: str, declared: bool
) -> None:
    """`rows` of 20 cells with two people each are wet at 10 and 20 years, whatever stands for wet and for dry."""
    assume(wet != dry)  # declared as nodata, there is no mask at all
    maps = {}
    for period, count in zip(PERIODS, rows, strict=True):
        maps[period] = np.full((10, 20), float(dry))
        maps[period][:count] = wet
    with TemporaryDirectory() as folder:
        refused, notes = judged_maps(Path(folder), maps, dtype=dtype, nodata=dry if declared else None)
        right = [40.0 * count for count in rows]
        assert refused or notes or in_the_water(Path(folder)) == pytest.approx(right)
        if dry == 0 and wet == 1:
            assert not refused
            assert in_the_water(Path(folder)) == pytest.approx(right)


def test_masks_the_wrong_way_round_are_refused(tmp_path: Path) -> None:
    maps = {period: np.ones((10, 20)) for period in PERIODS}
    maps[10][:3], maps[20][:5] = 0, 0
    refused, _ = judged_maps(tmp_path, maps, dtype="uint8")
    assert refused.startswith("the wet area shrinks with every return period (140 cells of 10 years, 100 cells of 20")


@pytest.mark.parametrize("classes", [(1, 2), (2, 1), (1, 2, 3)])
def test_dry_land_that_is_a_class_of_its_own_is_refused(tmp_path: Path, classes: tuple[int, ...]) -> None:
    """0 = no data, 1 = dry, 2 = water: everybody would be in the water."""
    values = np.full((10, 20), classes[0])
    values[:4], values[9] = classes[1], classes[-1]
    refused, _ = judged_maps(tmp_path, {10: values, 20: values}, dtype="uint8", nodata=0)
    assert "these are classes" in refused


def test_a_mask_beside_declared_dry_cells_holds(tmp_path: Path) -> None:
    """Nodata is 0, and a mask of its own shows one of five wet rows only: 20 cells with two people each."""
    static = tiny_country.write_country(tmp_path / "static")
    file = static / "flood_maps" / "flood_map_XTY_RP20.tif"
    depths = np.zeros((10, 20))
    depths[:5] = 2.0
    tiny_country.write_raster(file, depths, nodata=0)
    valid = np.zeros((10, 20), dtype=np.uint8)
    valid[:1] = 255
    with rasterio.open(file, "r+") as raster:
        raster.write_mask(valid)
    assert judged(static, tmp_path)[0] == ""
    assert in_the_water(tmp_path)[1] == pytest.approx(40)


@settings(max_examples=10)
@given(
    factor=st.sampled_from([10, 100, 1000]), whole=st.booleans(), deepest=st.floats(0.8, 8.0),
    which=st.sampled_from([(10,), (20,), PERIODS]),
)  # fmt: skip
def test_another_unit_is_never_taken_silently(factor: int, whole: bool, deepest: float, which: tuple[int, ...]) -> None:
    """Decimetres, centimetres and millimetres, in one map or in all; whole numbers or with decimals.

    Decimetres in all maps are shallow enough to be metres where the country is flat, so these are left out.
    """
    if factor == 10 and not whole and (which == PERIODS or deepest < 2):
        return
    maps = {}
    for period, rise in ((10, 0.0), (20, 0.2)):
        depths = np.maximum(deepest * (1 - GROUND / 3.9) + rise, 0.0)
        depths = depths * factor if period in which else depths
        maps[period] = np.round(depths) if whole and period in which else depths
    with TemporaryDirectory() as folder:
        refused, notes = judged_maps(Path(folder), maps)
    assert refused or notes
    assert "a_nodata" not in refused


@settings(max_examples=25)
@given(
    reach=st.integers(3, 30), stage=st.floats(1.0, 12.0), rise=st.floats(0.1, 2.5), seed=st.integers(0, 99),
    cut=st.sampled_from([0.0, 0.1]),
)  # fmt: skip
def test_metres_are_not_doubted_in_whatever_valley(
    reach: int, stage: float, rise: float, seed: int, cut: float
) -> None:
    """Rough valleys, the water of which reaches 3 cells (a gorge) to 30 (a plain) far; `cut` as some services do."""
    slope = stage / reach
    side = np.abs(np.arange(121) - 60)[None, :] * slope
    ground = side + np.random.default_rng(seed).uniform(0, slope + 0.2, (40, 121))
    found = {}
    with TemporaryDirectory() as folder:
        for period, level in ((10, stage), (100, stage + rise / 2), (500, stage + rise)):
            depths = np.maximum(level - ground, 0.0)
            file = Path(folder) / f"RP{period}.tif"
            tiny_country.write_raster(file, np.where(depths < cut, 0, depths), width=121, height=40)
            found[period] = read_depths(file, file, 0.1, None)
    assert depth_notes(found) == []


def facts(name: str, **changes: object) -> DepthFacts:
    content: dict[str, object] = {
        "name": name, "wet": 1000, "masked": 0, "average": 1.5, "shallow": 300, "deepest": 4.0, "varied": True,
        "digest": hash(name), "blocks": (), "doubts": (),
    }  # fmt: skip
    return DepthFacts(**{**content, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("shallow", "rise", "doubted"), [(19, 0, True), (20, 0, False), (99, 3.1, True), (99, 3, False), (100, 9, False)]
)
def test_water_without_an_edge_is_in_another_unit(shallow: int, rise: float, doubted: bool) -> None:
    """Of 1,000 wet cells so many are shallower than 1 m, and the water rises by `rise` metres from 10 to 500 years."""
    maps = {10: facts("a", shallow=shallow, average=5.0), 500: facts("b", shallow=shallow, average=5.0 + rise)}
    assert any("decimetres or centimetres?" in words for words in doubts_about(maps)) == doubted


@pytest.mark.parametrize(("average", "doubted"), [(0.74, True), (0.75, False), (5.25, False), (5.26, True)])
def test_a_larger_flood_is_neither_much_shallower_nor_much_deeper(average: float, doubted: bool) -> None:
    """Than 1.5 m on average; a map in feet beside one in metres is 3.3 times as deep, or as shallow."""
    said = doubts_about({10: facts("a"), 20: facts("b", average=average)})
    assert any("both in metres" in words for words in said) == doubted


def test_shares_of_cells_are_no_depths() -> None:
    said = doubts_about({10: facts("a", deepest=0.9, average=0.4), 20: facts("b", deepest=1.0, average=0.5)})
    assert any(words.startswith("no flood map is deeper than 1: ") for words in said)


def test_a_larger_flood_that_lacks_a_part_of_the_country(tmp_path: Path) -> None:
    """Two blocks; the eastern one is wet at 10 years and dry at 20, whose western one has more water than both."""
    small, large = np.zeros((40, 600)), np.zeros((40, 600))
    small[:10], large[:, :512] = np.linspace(0.2, 3, 6000).reshape(10, 600), 1.7
    facts_of = {}
    for period, depths in ((10, small), (20, large)):
        file = tmp_path / f"RP{period}.tif"
        tiny_country.write_raster(file, depths, width=600, height=40)
        facts_of[period] = read_depths(file, file, 0.1, None)
    (said,) = [words for words in doubts_about(facts_of) if "is dry where" in words]
    assert said.startswith("RP20.tif is dry where RP10.tif has water, in 1 of 2 blocks, most around 0.80, 15.56: ")


@pytest.mark.parametrize("unit", ["cm", "centimetre", "decimeters", "ft", "%"])
def test_a_declared_unit_other_than_metres_is_refused(tmp_path: Path, unit: str) -> None:
    static = tiny_country.write_country(tmp_path / "static")
    with rasterio.open(static / "flood_maps" / "flood_map_XTY_RP20.tif", "r+") as raster:
        raster.units = (unit,)
    assert judged(static, tmp_path)[0] == f"the flood map declares its unit as {unit}"


@pytest.mark.parametrize("unit", ["m", "metre", "Meters"])
def test_declared_metres_are_metres(tmp_path: Path, unit: str) -> None:
    static = tiny_country.write_country(tmp_path / "static")
    with rasterio.open(static / "flood_maps" / "flood_map_XTY_RP20.tif", "r+") as raster:
        raster.units = (unit,)
    assert judged(static, tmp_path) == ("", [])
