"""Flood maps as people have them: `check` and `prepare` judge each the same way, and doubts are in the notes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.depths import read_depths
from ibf_pipeline.prepare.raster_blocks import open_raster
from ibf_pipeline.prepare.store import read_prepared
from tests.worlds.countries import tiny_country
from tests.worlds.raster_verdicts import judged

WATER = {"flood_maps": {"return_periods": [10, 20], "permanent_water": "water.tif"}}
RISING = np.linspace(0.2, 4.0, 200).reshape(10, 20)
"""metres; every cell has its own"""


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return tiny_country.write_country(tmp_path / "static")


def write_map(static: Path, period: int, depths: np.ndarray, **changes: object) -> Path:
    file = static / "flood_maps" / f"flood_map_XTY_RP{period}.tif"
    tiny_country.write_raster(file, depths, **changes)
    return file


def test_one_absurd_depth_is_capped_and_said(static: Path, tmp_path: Path) -> None:
    """Twenty cells are wet in the 10-year map, one of them 401.3 m deep: it counts as wet, and as 300 m deep."""
    depths = np.zeros((10, 20))
    depths[0], depths[0, 7] = 1.5, 401.3
    write_map(static, 10, depths)
    refused, notes = judged(static, tmp_path)
    assert not refused
    assert "flood_map_XTY_RP10.tif: 1 of 20 wet cells are up to 401.3 m deep, taken as 300 m" in notes
    with open_raster(tmp_path / "prepared" / "depth_RP10.tif", "raster") as made:
        assert made.read(1)[0, 6:9].tolist() == [1.5, 300, 1.5]
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert layers.exposure.sel(flood_map=10).sum() == pytest.approx(40), "two people a cell"


@pytest.mark.parametrize(("cells", "depth", "refused"), [(2, 401.3, False), (3, 401.3, True), (1, 1e20, True)])
def test_up_to_one_in_a_thousand_wet_cells_is_capped(tmp_path: Path, cells: int, depth: float, refused: bool) -> None:
    """2,500 wet cells; 1e20 m is no depth in a single one either."""
    depths = np.linspace(0.2, 4.0, 2500).reshape(50, 50)
    depths[0, :cells] = depth
    file = tmp_path / "map.tif"
    tiny_country.write_raster(file, depths, width=50, height=50)
    if refused:
        with pytest.raises(InputInvalid) as caught:
            read_depths(file, file, 0.1, None)
        assert caught.value.found.startswith(f"water {depth:g} deep: {cells} of 2,500 wet cells")
    else:
        assert read_depths(file, file, 0.1, None).wet == 2500


@pytest.mark.parametrize("factor", [10, 100])
def test_depths_in_whole_centimetres_or_decimetres_are_doubted(static: Path, tmp_path: Path, factor: int) -> None:
    """A flat country: at most 2.8 m, so that nothing is deeper than 300."""
    for period, share in ((10, 0.5), (20, 0.7)):
        write_map(static, period, np.round(RISING * share * factor))
    refused, notes = judged(static, tmp_path)
    assert not refused
    assert sum("every depth is a whole number" in note for note in notes) == 2
    assert any("greatest is" in note and "centimetres or decimetres?" in note for note in notes)


def test_a_map_of_another_unit_than_its_neighbour_is_doubted(static: Path, tmp_path: Path) -> None:
    """2.1 m on average in the larger flood; the smaller one is in decimetres, with their decimals."""
    write_map(static, 10, RISING * 0.9 * 10)
    write_map(static, 20, RISING)
    refused, notes = judged(static, tmp_path)
    assert not refused
    assert [note for note in notes if "both in metres" in note] == [
        "the water is 18.9 deep on average in flood_map_XTY_RP10.tif and 2.1 in flood_map_XTY_RP20.tif: are both in "
        "metres?"
    ]
    assert "flood_map_XTY_RP10.tif: the water is 19 m deep on average: is it in metres?" in notes


def test_real_looking_maps_are_not_doubted(static: Path, tmp_path: Path) -> None:
    write_map(static, 10, np.where(RISING > 1, RISING - 0.8, 0))
    write_map(static, 20, RISING)
    assert judged(static, tmp_path) == ("", [])


def test_classes_under_the_name_of_a_map_are_refused(static: Path, tmp_path: Path) -> None:
    write_map(static, 20, (np.arange(200) % 5).reshape(10, 20), dtype="uint8", nodata=0)
    assert judged(static, tmp_path)[0] == "the flood map has no depths but 1, 2, 3, 4: these are classes"


def test_a_mask_whose_dry_cells_are_declared_is_a_map(static: Path, tmp_path: Path) -> None:
    """1 where it is wet: who is in the water is right, however deep it is."""
    for period, rows in ((10, 2), (20, 5)):
        mask = np.full((10, 20), 255)
        mask[:rows] = 1
        write_map(static, period, mask, dtype="uint8", nodata=255)
    assert judged(static, tmp_path) == ("", [])
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert layers.exposure.sum("area").values.tolist() == [pytest.approx([80, 200])]


def test_the_same_map_for_every_return_period_is_refused(static: Path, tmp_path: Path) -> None:
    for period in (10, 20, 50):
        write_map(static, period, RISING)
    refused, _ = judged(static, tmp_path, flood_maps={"return_periods": [10, 20, 50]})
    assert refused == "the flood maps of 10, 20, 50 years are the same, cell by cell"
    said = "flood_map_XTY_RP10.tif and flood_map_XTY_RP20.tif are the same, cell by cell"
    assert judged(static, tmp_path) == ("", [said])


def test_the_same_map_twice_of_three_is_said(static: Path, tmp_path: Path) -> None:
    for period, depths in ((10, RISING * 0.9), (20, RISING), (50, RISING)):
        write_map(static, period, depths)
    refused, notes = judged(static, tmp_path, flood_maps={"return_periods": [10, 20, 50]})
    assert not refused
    assert notes == ["flood_map_XTY_RP20.tif and flood_map_XTY_RP50.tif are the same, cell by cell"]


@pytest.mark.parametrize("others", [(0, 1), (0, 37, 100)])
def test_permanent_water_with_an_undeclared_value_is_refused(
    static: Path, tmp_path: Path, others: tuple[int, ...]
) -> None:
    water = np.zeros((10, 20))
    water[5, : len(others)], water[9] = others, 255
    tiny_country.write_raster(static / "water.tif", water, dtype="uint8")
    assert judged(static, tmp_path, **WATER)[0].startswith("the permanent water is 255 in 10.00% of the cells")


def test_permanent_water_that_goes_over_into_the_sea_is_a_mask(static: Path, tmp_path: Path) -> None:
    """1 on a river and 2 in most of the box, or the share of days with water."""
    water = np.full((10, 20), 2)
    water[:4], water[4] = 0, 1
    for sea in (water, water * 50):
        tiny_country.write_raster(static / "water.tif", sea, dtype="uint8")
        assert judged(static, tmp_path, **WATER)[0] == ""


def test_a_river_that_stays_in_its_banks_in_the_smallest_flood_is_said(static: Path, tmp_path: Path) -> None:
    """Nobody of 400 is in the water at 10 years; at 20 years four rows of 20 cells are, with two people each."""
    water = np.zeros((10, 20))
    water[0] = 1
    tiny_country.write_raster(static / "water.tif", water)
    prepare_floods(tiny_country.country(**WATER), static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert layers.doubts == (
        "permanent water covers 100% of the wet cells of flood_map_XTY_RP10.tif",
        "the flood map of 10 years holds no water inside the country",
    )
    assert layers.exposure.sum("area").values.tolist() == [pytest.approx([0, 160])]


def test_permanent_water_of_0_and_255_is_a_mask(static: Path, tmp_path: Path) -> None:
    water = np.zeros((10, 20))
    water[9] = 255
    tiny_country.write_raster(static / "water.tif", water, dtype="uint8")
    assert judged(static, tmp_path, **WATER)[0] == ""


@settings(max_examples=15)
@given(
    value=st.sampled_from([127, 255, 999, 9999, 32767, 65535, 1e20, 3.4028234663852886e38, 420, 31, 2]),
    cells=st.integers(0, 200),
    factor=st.sampled_from([1, 10, 100]),
    whole=st.booleans(),
)
def test_whatever_stands_in_a_map_check_and_prepare_agree(value: float, cells: int, factor: int, whole: bool) -> None:
    depths = (np.round(RISING * factor) if whole else RISING * factor).ravel()
    depths[:cells] = value
    with TemporaryDirectory() as folder:
        static = tiny_country.write_country(Path(folder) / "static")
        write_map(static, 20, depths.reshape(10, 20))
        judged(static, Path(folder))
