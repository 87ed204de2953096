"""Kinds of flood maps that count the wrong people: `check` and `prepare` judge each alike, none is taken silently."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.depths import DepthFacts, read_depths
from ibf_pipeline.prepare.map_doubts import depth_notes, doubts_about
from ibf_pipeline.prepare.store import read_prepared
from tests.worlds.countries import tiny_country
from tests.worlds.raster_verdicts import judged

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
        "name": name, "cells": 9000, "wet": 1000, "masked": 0, "average": 1.5, "shallow": 300, "deepest": 4.0,
        "varied": True, "digest": hash(name), "blocks": (), "asked": False, "doubts": (),
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


def maps_of(count: int, **changes: Callable[[int], object]) -> dict[float, DepthFacts]:
    """Maps "RP1", "RP2", ... whose facts follow from their number."""
    return {
        float(number): facts(f"RP{number}", **{name: change(number) for name, change in changes.items()})
        for number in range(1, count + 1)
    }


def test_water_too_deep_for_metres_is_one_doubt_over_all_maps() -> None:
    """Gorges of 17 to 20 m; nothing more is said of their steep edge, nor of maps that are doubted by themselves."""
    assert doubts_about(maps_of(5, average=lambda n: 15.0 + n, shallow=lambda n: 0, asked=lambda n: n == 1)) == [
        "RP2, RP3, RP4 and RP5: the water is 17 to 20 m deep on average: are they in metres?"
    ]
    assert doubts_about(maps_of(5, average=lambda n: 15.0)) == []


def test_one_map_of_another_unit_is_one_doubt() -> None:
    said = doubts_about(maps_of(4, average=lambda n: 9.0 if n == 2 else 1.5))
    assert said == ["the water is 1.5 deep on average in RP1, 9 in RP2 and 1.5 in RP3: are all in metres?"]


@pytest.mark.parametrize(
    ("wet", "doubted"),
    [((6100, 6700, 7500), False), ((6100, 6700, 6700), False), ((8000, 8000, 8000), True), ((8000, 7000, 9000), True),
     ((500, 600, 8400), True), ((4000, 5000, 6000), False), ((9000,), True)],
    ids=["grows", "and fills", "stays", "shrinks", "jumps", "not much", "alone"],
)  # fmt: skip
def test_masks_wet_nearly_everywhere_are_doubted_once_where_they_do_not_grow(
    wet: tuple[int, ...], doubted: bool
) -> None:
    """Of 9,000 cells: the box around an atoll is wet so far, and wetter from flood to flood."""
    said = doubts_about(maps_of(len(wet), wet=lambda n: wet[n - 1], varied=lambda n: False, deepest=lambda n: 2.0))
    assert sum("the mask the wrong way round?" in words for words in said) == doubted


def test_the_same_maps_are_one_doubt() -> None:
    """Masks of a plain behind dikes; depths only where not all of several are the same."""
    said = "RP1, RP3 and RP5; RP2 and RP4 are the same, cell by cell"
    assert doubts_about(maps_of(5, digest=lambda n: n % 2)) == [said]
    masks = {"digest": lambda n: 1, "varied": lambda n: False}
    assert doubts_about(maps_of(3, **masks)) == ["RP1, RP2 and RP3 are the same, cell by cell"]
    with pytest.raises(InputInvalid, match="the flood maps of 1, 2, 3 years are the same, cell by cell"):
        doubts_about(maps_of(3, digest=lambda n: 1))


def test_permanent_water_that_covers_every_map_is_refused() -> None:
    """A river that stays in its banks every ten years leaves nothing of the smallest one."""
    assert doubts_about(maps_of(2, masked=lambda n: 1000 if n == 1 else 999)) == []
    with pytest.raises(InputInvalid, match="permanent water covers every wet cell of RP1 and RP2"):
        doubts_about(maps_of(2, masked=lambda n: 1000))


@pytest.mark.parametrize(("each", "doubted"), [(9, False), (10, True)])
def test_few_depths_are_classes_where_each_is_often_there(tmp_path: Path, each: int, doubted: bool) -> None:
    """Three depths in so many cells each: a handful of wet cells has few depths whatever it shows."""
    file, depths = tmp_path / "map.tif", np.zeros(200)
    for place, level in enumerate((0.21, 0.34, 1.27)):
        depths[place * each : (place + 1) * each] = level
    tiny_country.write_raster(file, depths.reshape(10, 20))
    said = ("map.tif: there are no depths but 0.21, 0.34, 1.27: are these classes?",)
    assert read_depths(file, file, 0.1, None).doubts == (said if doubted else ())


def test_the_deepest_cells_of_a_gorge_are_no_value_for_something_else(tmp_path: Path) -> None:
    """One cell of 32.9 m in 200, and two of 31.5 m whose neighbours come near."""
    file, depths = tmp_path / "map.tif", np.linspace(0.2, 32.9, 200)
    depths[-3] = depths[-2]
    tiny_country.write_raster(file, depths.reshape(10, 20))
    assert read_depths(file, file, 0.1, None).doubts == ()


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
