"""The open-water rule and what it means on the country's grid."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.control import GroundControlPoint

from ibf_pipeline.domain.observation import DayRange, Verdict
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.satellites.hook.settings import ObservationSettings, OpenWater
from ibf_pipeline.satellites.observation.passes import (
    Unsuitable,
    event_days,
    other_name,
    require_vh,
    scene_of,
    worth_an_order,
)
from ibf_pipeline.satellites.observation.verdict import judge_together, verdict_of
from ibf_pipeline.satellites.observation.water import (
    decibel,
    open_water,
    write_map_water,
    write_observed,
    write_scene_water,
)
from tests.worlds.countries.flood_findings import event
from tests.worlds.countries.scenes import LAND, WET, flooded_top, write_scene

RULE = OpenWater()
DAYS = DayRange(date(2026, 2, 16), date(2026, 2, 20))


def read(file: Path) -> np.ndarray:
    with rasterio.open(file) as data:
        values: np.ndarray = data.read(1)
        return values


@pytest.fixture
def areas(tmp_path: Path) -> Path:
    return write_scene(tmp_path / "areas.tif", np.ones((10, 20)), dtype="uint16")


def test_minus_20_decibel_divides_water_from_land() -> None:
    linear = np.array([0.0099, 0.0101, 0.0, -1.0, 1e-6])  # 0.01 is -20 dB; 1e-6 is -60 dB, below the noise floor
    assert decibel(np.array([0.01, 0.1, 1.0]), RULE).tolist() == [-20, -10, 0]
    assert open_water(decibel(linear, RULE), RULE).tolist() == [True, False, False, False, False]
    assert np.isnan(decibel(linear, RULE)).tolist() == [False, False, True, True, True]
    assert open_water(np.array([-20.1, -19.9]), OpenWater(unit="decibel")).tolist() == [True, False]


def test_a_scene_becomes_a_mask(tmp_path: Path) -> None:
    values = np.array([[WET, LAND, 0.0]])
    write_scene_water(write_scene(tmp_path / "vh.tif", values), RULE, tmp_path / "mask.tif")
    assert read(tmp_path / "mask.tif").tolist() == [[1, 0, 255]]


def test_a_raster_in_decibel_is_not_read_as_linear(tmp_path: Path) -> None:
    scene = write_scene(tmp_path / "vh.tif", np.full((10, 20), -12.0))
    with pytest.raises(InputInvalid, match="unit to decibel"):
        write_scene_water(scene, RULE, tmp_path / "mask.tif")


@pytest.mark.parametrize("dtype", ["uint16", "float32", "float64"])
def test_what_the_scene_declares_as_nodata_was_not_measured(tmp_path: Path, dtype: str) -> None:
    """Amplitudes as whole numbers too; NaN is none in any scene."""
    values = np.array([[0, 1, 2, 9]]) if dtype == "uint16" else np.array([[np.nan, 0.001, 1, 9]])
    scene = write_scene(tmp_path / "vh.tif", values, dtype=dtype, nodata=9)
    write_scene_water(scene, RULE, tmp_path / "mask.tif")
    assert read(tmp_path / "mask.tif").tolist() == [[255, 0 if dtype == "uint16" else 1, 0, 255]]


def test_a_scene_that_was_not_geocoded_is_refused(tmp_path: Path) -> None:
    """It has points on the ground, whose coordinate system is not that of its cells."""
    corners = [(0, 0), (0, 20), (10, 0), (10, 20)]
    points = [GroundControlPoint(row, column, 10 + column / 100, 1 - row / 100) for row, column in corners]
    scene = write_scene(tmp_path / "vh.tif", np.full((10, 20), WET), transform=None, gcps=points)
    with pytest.raises(InputInvalid, match="no coordinate system"):
        write_scene_water(scene, RULE, tmp_path / "mask.tif")


def test_a_flood_map_becomes_a_mask(tmp_path: Path) -> None:
    flood_map = write_scene(tmp_path / "map.tif", np.array([[1, 0, 255]]), dtype="uint8", nodata=255)
    write_map_water(flood_map, 1, tmp_path / "mask.tif")
    assert read(tmp_path / "mask.tif").tolist() == [[1, 0, 255]]


@pytest.mark.parametrize(
    ("dtype", "value"),
    [("uint8", 255), ("uint8", 254), ("uint8", 100), ("int16", -9999), ("int16", -1), ("uint16", 65535),
     ("float32", np.nan)],
)  # fmt: skip
def test_where_a_flood_map_has_no_value_nothing_was_seen_to_be_dry(tmp_path: Path, dtype: str, value: float) -> None:
    """As other services deliver them: the value is not declared as nodata."""
    flood_map = write_scene(tmp_path / "map.tif", np.array([[1, 0, value, 2]]), dtype=dtype, nodata=None)
    write_map_water(flood_map, 1, tmp_path / "mask.tif")
    assert read(tmp_path / "mask.tif").tolist() == [[1, 0, 255, 0]]


def test_a_map_of_0_and_255_has_its_flood_where_it_says(tmp_path: Path) -> None:
    flood_map = write_scene(tmp_path / "map.tif", np.array([[255, 0]]), dtype="uint8", nodata=None)
    write_map_water(flood_map, 255, tmp_path / "mask.tif")
    assert read(tmp_path / "mask.tif").tolist() == [[1, 0]]


def test_a_cell_is_flooded_where_half_of_what_was_seen_is(tmp_path: Path, areas: Path) -> None:
    """Four small cells to a cell of the grid; in the first row 4, 2, 1, 0 of 4 are wet, then none seen."""
    values = np.full((20, 40), LAND)
    values[0:2, 0:2] = WET
    values[0, 2:4] = WET
    values[0, 4] = WET
    values[0:2, 8:10] = 0
    write_scene_water(write_scene(tmp_path / "vh.tif", values, cell=0.005), RULE, tmp_path / "mask.tif")
    write_observed([tmp_path / "mask.tif"], areas, None, 0.5, tmp_path / "observed.tif")
    assert read(tmp_path / "observed.tif")[0, :5].tolist() == [2, 2, 1, 1, 0]
    assert (read(tmp_path / "observed.tif")[1:] == 1).all()


def test_two_passes_and_permanent_water(tmp_path: Path, areas: Path) -> None:
    """West half dry in the first pass; east half in the second, its top row wet; the first column is a lake."""
    west = write_scene(tmp_path / "w.tif", np.zeros((10, 10)), dtype="uint8", nodata=255)
    east_values = np.zeros((10, 10))
    east_values[0] = 1
    east = write_scene(tmp_path / "e.tif", east_values, west=10.1, dtype="uint8", nodata=255)
    lake = np.zeros((10, 20))
    lake[:, 0] = lake[:, 10] = 1
    water = write_scene(tmp_path / "lake.tif", lake, dtype="uint8", nodata=None)
    write_observed([west, east], areas, water, 0.5, tmp_path / "observed.tif")
    assert read(tmp_path / "observed.tif")[0].tolist() == [3] + [1] * 9 + [3] + [2] * 9
    assert read(tmp_path / "observed.tif")[1].tolist() == [3] + [1] * 9 + [3] + [1] * 9


def test_a_scene_in_another_projection(tmp_path: Path, areas: Path) -> None:
    """UTM zone 32 N, 1 km cells around the middle of the country: seen there, not seen elsewhere."""
    from rasterio.transform import from_origin
    from rasterio.warp import transform

    (x,), (y,) = transform("EPSG:4326", "EPSG:32632", [10.1], [0.95])
    scene = write_scene(
        tmp_path / "vh.tif",
        np.full((4, 4), WET),
        crs="EPSG:32632",
        transform=from_origin(x - 2000, y + 2000, 1000, 1000),
    )
    write_scene_water(scene, RULE, tmp_path / "mask.tif")
    write_observed([tmp_path / "mask.tif"], areas, None, 0.5, tmp_path / "observed.tif")
    observed = read(tmp_path / "observed.tif")
    assert observed[4:6, 9:11].tolist() == [[2, 2], [2, 2]]
    assert not observed[:2].any()
    assert not observed[:, :7].any()


def test_days_of_an_event_and_the_pass_of_a_scene() -> None:
    alerted = event("G1", "--wTT---", "max", {"A": 1})
    days = event_days(alerted, date(2026, 2, 14), 3)
    assert (days.first, days.last) == (date(2026, 2, 16), date(2026, 2, 21))
    name = "S1A_IW_GRDH_1SDV_20260217T031245_20260217T031310_063001_07E8A1_1B2C.SAFE"
    assert scene_of(name).start == datetime(2026, 2, 17, 3, 12, 45, tzinfo=UTC)
    assert days.contain(scene_of(name).start)
    require_vh(name, scene_of(name))
    with pytest.raises(Unsuitable, match="polarisation SH"):
        require_vh(name, scene_of(name.replace("SDV", "SSH")))
    with pytest.raises(InputInvalid, match="not a Sentinel-1 GRD"):
        scene_of("S2A_MSIL1C_20230910T050701_N0509_R019_T47VLH_20230910T074321")


def test_one_scene_in_two_formats() -> None:
    """The names end in a checksum of their own; the next slice of the same pass begins where this one stops."""
    plain = "S1A_IW_GRDH_1SDV_20260217T031245_20260217T031310_063001_07E8A1_1B2C.SAFE"
    cog = "S1A_IW_GRDH_1SDV_20260217T031245_20260217T031310_063001_07E8A1_9F00_COG.SAFE"
    following = "S1A_IW_GRDH_1SDV_20260217T031310_20260217T031335_063001_07E8A1_33D1.SAFE"
    other_satellite = plain.replace("S1A", "S1C")
    assert other_name(cog, ["map-1", following, other_satellite, plain]) == plain
    assert other_name(cog, ["map-1", following, other_satellite]) is None
    assert other_name(cog, [plain, cog]) is None


def test_which_classes_are_worth_an_order() -> None:
    medium = event("G1", "--w-----", "med", {"A": 1})
    assert [worth_an_order(medium, lowest) for lowest in ("min", "med", "max", None)] == [True, True, False, False]


@pytest.mark.parametrize(
    ("km2", "share", "day", "kind"),
    [
        (1.0, 0.1, 17, "hit"),
        (0.99, 0.5, 17, "false alarm"),
        (0.99, 0.49, 17, "undecided"),
        (50.0, 1.0, 21, "undecided"),
    ],
)
def test_hit_and_false_alarm(km2: float, share: float, day: int, kind: str) -> None:
    passes = [datetime(2026, 2, day, 3, tzinfo=UTC)]
    assert verdict_of(km2, share, passes, DAYS, ObservationSettings()).kind == kind


@pytest.mark.parametrize(
    ("km2", "share", "kind"), [(50.0, 1.0, "undecided"), (0.99, 0.5, "false alarm"), (0.99, 0.4, "undecided")]
)
def test_water_that_may_be_a_lake_is_no_hit(km2: float, share: float, kind: str) -> None:
    verdict = verdict_of(
        km2, share, [datetime(2026, 2, 17, 3, tzinfo=UTC)], DAYS, ObservationSettings(), lakes_among_it=True
    )
    assert verdict.kind == kind
    assert ("50.0 km2 of water seen, lakes and rivers among it" in verdict.reason) == (km2 == 50)


def test_the_whole_scene(tmp_path: Path, areas: Path) -> None:
    scene = write_scene(tmp_path / "vh.tif", flooded_top(5, fine=4), cell=0.0025)
    write_scene_water(scene, RULE, tmp_path / "mask.tif")
    write_observed([tmp_path / "mask.tif"], areas, None, 0.5, tmp_path / "observed.tif")
    assert [int((read(tmp_path / "observed.tif") == status).sum()) for status in range(4)] == [0, 100, 100, 0]


HIT, FALSE, OPEN = Verdict("hit", "much"), Verdict("false alarm", "little"), Verdict("undecided", "not seen")


@pytest.mark.parametrize(
    ("looks", "share", "kind"),
    [
        ([(FALSE, 0.0)], 0.9, "false alarm"),
        ([(HIT, 5.0), (FALSE, 0.0), (FALSE, 0.1)], 0.9, "hit"),
        ([(OPEN, 0.0), (HIT, 1.0)], 0.2, "hit"),
        ([(OPEN, 0.6), (OPEN, 0.6)], 0.6, "false alarm"),  # 30 % each: patches are not added up, what was seen is
        ([(OPEN, 0.0), (OPEN, 0.0)], 0.4, "undecided"),
        ([(FALSE, 0.0), (OPEN, 0.0)], 0.5, "false alarm"),
        ([(FALSE, 0.0), (OPEN, 1.0)], 0.9, "undecided"),  # 1 km2 and no hit: it may be a lake
        ([(HIT, 1.0), (OPEN, 9.0)], 0.9, "hit"),
    ],
)
def test_several_looks_make_one_verdict(looks: list[tuple[Verdict, float]], share: float, kind: str) -> None:
    assert judge_together(looks, share, ObservationSettings()).kind == kind
