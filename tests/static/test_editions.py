"""Flood hazard tiles of several editions in one folder: told by numbers, by where they lie, and by the water."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rasterio.transform import from_origin

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.static.editions import numbering_doubt, require_one_edition, seam_doubts
from ibf_pipeline.static.fetch import Origins, fetch_static
from ibf_pipeline.static.flood_maps import obtain_flood_map
from ibf_pipeline.static.origin import OriginFolder
from tests.worlds.countries import tiny_country

WEST, EAST, SOUTH = (10, 0), (10, 10), (0, 0)
"""(top, left) of three neighbours"""
NEIGHBOURS = (9.7, 0.3, 10.3, 0.9)
"""a country on both sides of 10 E"""


def named(number: int, corner: tuple[int, int], period: int = 10) -> str:
    return f"ID{number}_N{corner[0]}_E{corner[1]}_RP{period}_depth.tif"


def write_tile(root: Path, number: int, corner: tuple[int, int], depth: float, **changes: object) -> str:
    """A coarse tile whose water gets deeper from west to east by as much as it does from one tile to the next."""
    left = float(str(changes.pop("left", corner[1])))
    values = depth + np.linspace(0, 0.5, 110)[None, :] * np.ones((100, 1))
    name = named(number, corner)
    width = int(str(changes.pop("width", 100)))
    tiny_country.write_raster(
        root / "RP10" / name, values[:, :width], width=width, height=100,
        transform=from_origin(left, corner[0], 0.1, 0.1), **changes,
    )  # fmt: skip
    return name


@pytest.mark.parametrize(
    ("tiles", "words"),
    [
        ({10: {WEST: named(99, WEST)}, 20: {WEST: named(100, WEST)}}, "one place, two numbers"),
        ({10: {WEST: named(118, WEST), SOUTH: named(118, SOUTH)}}, "one number, two places"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(
    tiles: dict[float, dict[tuple[int, int], str]], words: str
) -> None:
    with pytest.raises(InputInvalid) as caught:
        require_one_edition(tiles, "somewhere")
    assert caught.value.found.endswith(f"are of two editions: {words}")
    assert all(name in caught.value.found for of_period in tiles.values() for name in of_period.values())


@pytest.mark.parametrize(
    ("numbers", "doubted"),
    [((118, 119, 126), False), ((117, 119, 126), True), ((1, 3, 2), False), ((5, 4, 3), False)],
    ids=["the JRC's", "the northern one of an earlier edition", "row by row", "backwards"],
)
def test_tiles_one_below_the_other_follow_each_other(numbers: tuple[int, int, int], doubted: bool) -> None:
    corners = (WEST, SOUTH, EAST)
    tiles = {corner: named(number, corner) for corner, number in zip(corners, numbers, strict=True)}
    assert bool(numbering_doubt(tiles)) == doubted
    assert not doubted or numbering_doubt(tiles).startswith(f"{tiles[WEST]} and {tiles[SOUTH]} lie side by side")


@pytest.mark.parametrize(("east", "doubted"), [(1.5, False), (4.0, True)])
def test_water_that_does_not_go_on_where_tiles_meet_is_doubted(tmp_path: Path, east: float, doubted: bool) -> None:
    """The western tile is 1.45 m deep at its eastern edge, and 100 cells long there; the country has 60 of them."""
    names = {WEST: write_tile(tmp_path, 118, WEST, 1.0), EAST: write_tile(tmp_path, 126, EAST, east)}
    target, bounds = tmp_path / "map.tif", (9.0, 2.0, 11.0, 8.0)
    obtain_flood_map(OriginFolder(str(tmp_path), tmp_path), 10, names.values(), bounds, target)
    said = seam_doubts(target, names)
    assert len(said) == doubted
    if doubted:
        assert said[0].startswith(
            f"the water is 2.5 m deeper on one side of the edge between {names[WEST]} and {names[EAST]}"
        )


def test_the_doubt_of_fetched_tiles_stands_in_what_a_run_reads(tmp_path: Path) -> None:
    """Both tiles have water along their edge of 10 cells of the country, of two editions by their numbers."""
    root, static = tmp_path / "jrc", tiny_country.write_country(tmp_path / "static")
    for period in (10, 20):
        (static / "flood_maps" / f"flood_map_XTY_RP{period}.tif").unlink()
        for number, corner in ((125, (10, 10)), (127, (0, 10))):
            values = np.full((1000, 1000), period / 10.0)
            tiny_country.write_raster(
                root / f"RP{period}" / named(number, corner, period), values, width=1000, height=1000,
                transform=from_origin(corner[1], corner[0], 0.01, 0.01), compress="deflate",
            )  # fmt: skip
    country = tiny_country.country()
    areas = [tiny_country.feature(1, "01", None, tiny_country.square(10, 10.2, 1.0, -0.2))]
    tiny_country.write_areas(static / "admin_areas", 1, areas)
    parts = {"01A": (1.0, 0.5), "01B": (0.5, -0.2)}
    areas = [tiny_country.feature(2, c, "01", tiny_country.square(10, 10.2, *edges)) for c, edges in parts.items()]
    tiny_country.write_areas(static / "admin_areas", 2, areas)
    (static / "station_admin_mapping.csv").write_text(",glofasStation,placeCode\n0,G1,01A\n1,G2,01B\n")
    tiny_country.write_raster(static / "population.tif", np.full((120, 20), 2.0), height=120)
    said: list[str] = []
    fetch_static(country, static, Origins(flood_maps=OriginFolder(str(root), tmp_path / "cache")), None, said.append)
    doubt = f"{named(125, (10, 10))} and {named(127, (0, 10))} lie side by side and are not numbered so"
    assert any(doubt in line for line in said if line.startswith("CHECK: "))
    prepare_floods(country, static, tmp_path / "prepared")
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert any(note.startswith(doubt) for note in layers.findings)
    assert prepare_floods(country, static, tmp_path / "prepared") == ()


def elsewhere(root: Path) -> str:
    return write_tile(root, 118, WEST, 1.0, left=5.0)


def narrow(root: Path) -> str:
    return write_tile(root, 118, WEST, 1.0, width=60)


@pytest.mark.parametrize(("tile", "reach"), [(elsewhere, "from 5 to 15 E"), (narrow, "from 0 to 6 E")])
def test_a_tile_that_lies_elsewhere_than_its_name_says_is_refused(
    tmp_path: Path, tile: Callable[[Path], str], reach: str
) -> None:
    name = tile(tmp_path)
    with pytest.raises(InputInvalid, match=f"the tile reaches {reach}"):
        obtain_flood_map(OriginFolder(str(tmp_path), tmp_path), 10, [name], NEIGHBOURS, tmp_path / "map.tif")
    assert not (tmp_path / "map.tif").exists()


@pytest.mark.parametrize(("east", "refused"), [(1.45, False), (4.0, True)])
def test_tiles_that_overlap_and_differ_are_refused_with_both_names(tmp_path: Path, east: float, refused: bool) -> None:
    """The western tile reaches one column over 10 E, and is 1.46 m deep there."""
    names = [write_tile(tmp_path, 118, WEST, 1.0, width=101), write_tile(tmp_path, 126, EAST, east)]
    place, target = OriginFolder(str(tmp_path), tmp_path), tmp_path / "map.tif"
    if not refused:
        assert obtain_flood_map(place, 10, names, NEIGHBOURS, target) == names
        return
    with pytest.raises(InputInvalid) as caught:
        obtain_flood_map(place, 10, names, NEIGHBOURS, target)
    assert caught.value.found.startswith(f"{names[0]} and {names[1]} overlap and differ in 6 of 6 cells")
    assert not target.exists()
