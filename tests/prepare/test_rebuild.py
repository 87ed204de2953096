"""Prepare makes again what changed and nothing else; an interrupted one goes on; nothing half-written counts."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare import parts, stamp
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.parts import BuildStep
from ibf_pipeline.prepare.store import read_prepared
from tests.worlds.countries import tiny_country

ALL = (
    "boundaries", "stations", "depth_RP10", "depth_RP20", "layer_population_affected", "total_population_affected",
    "counts_population_affected_RP10", "counts_population_affected_RP20", "areas", "wet_RP10", "wet_RP20", "tables",
)  # fmt: skip
COUNTS = ("counts_population_affected_RP10", "counts_population_affected_RP20")


@pytest.fixture
def static(tmp_path: Path) -> Path:
    return tiny_country.write_country(tmp_path / "static")


@pytest.fixture
def folder(static: Path, tmp_path: Path) -> Path:
    """A prepared country."""
    assert prepare_floods(tiny_country.country(), static, tmp_path / "prepared") == ALL
    return tmp_path / "prepared"


def test_layers_of_an_earlier_version_are_made_anew(
    static: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All parts: an earlier format was judged by other rules, so nothing of it may be taken over."""
    with monkeypatch.context() as earlier:
        for module in (parts, stamp):
            earlier.setattr(module, "LAYERS_FORMAT", stamp.LAYERS_FORMAT - 1)
        assert prepare_floods(tiny_country.country(), static, tmp_path / "prepared") == ALL
    assert prepare_floods(tiny_country.country(), static, tmp_path / "prepared") == ALL
    assert prepare_floods(tiny_country.country(), static, tmp_path / "prepared") == ()


def mapping(static: Path) -> None:
    file = static / "station_admin_mapping.csv"
    file.write_text(file.read_text().replace("3,no_station,02B", "3,G2,02B"))


def thresholds(static: Path) -> None:
    entries = [tiny_country.thresholds("G1", p5=51), tiny_country.thresholds("G2")]
    (static / "thresholds.json").write_text(json.dumps(entries))


def stations(static: Path) -> None:
    file = static / "stations.csv"
    file.write_text(file.read_text().replace("Upper", "Lower"))


def population(static: Path) -> None:
    tiny_country.write_raster(static / "population.tif", np.full((10, 20), 3.0))


def first_map(static: Path) -> None:
    tiny_country.write_raster(static / "flood_maps" / "flood_map_XTY_RP10.tif", np.full((10, 20), 0.5))


def second_map(static: Path) -> None:
    tiny_country.write_raster(static / "flood_maps" / "flood_map_XTY_RP20.tif", np.full((10, 20), 3.0))


def upper_boundaries(static: Path) -> None:
    file = static / "admin_areas" / "adm1.geojson"
    file.write_text(file.read_text().replace("Area 01", "North"))


def deepest_names(static: Path) -> None:
    file = static / "admin_areas" / "adm2.geojson"
    file.write_text(file.read_text().replace("Area 01A", "Riverside"))


def deepest_boundaries(static: Path) -> None:
    file = static / "admin_areas" / "adm2.geojson"
    file.write_text(file.read_text().replace("10.055", "10.065"))


@pytest.mark.parametrize(
    ("change", "rebuilt"),
    [
        (mapping, ("tables",)),
        (thresholds, ("tables",)),
        (stations, ("stations", "tables")),
        (population, ("layer_population_affected", "total_population_affected", *COUNTS, "tables")),
        (first_map, ("depth_RP10", COUNTS[0], "wet_RP10", "tables")),
        (second_map, ("depth_RP20", COUNTS[1], "wet_RP20", "tables")),
        (upper_boundaries, ("boundaries", "tables")),
        (deepest_names, ("boundaries", "tables")),
        (
            deepest_boundaries,
            ("boundaries", "stations", "total_population_affected", *COUNTS, "areas", "wet_RP10", "wet_RP20", "tables"),
        ),
    ],
)
def test_a_changed_input_rebuilds_only_what_is_made_of_it(
    static: Path, folder: Path, tmp_path: Path, change: Callable[[Path], None], rebuilt: tuple[str, ...]
) -> None:
    """And what comes out is what a build from nothing makes."""
    change(static)
    assert prepare_floods(tiny_country.country(), static, folder) == rebuilt
    prepare_floods(tiny_country.country(), static, tmp_path / "fresh")
    for name in ("country.json", "wet_blocks.npy"):
        assert (folder / name).read_bytes() == (tmp_path / "fresh" / name).read_bytes()
    patched, fresh = (read_prepared(place, "XTY")[0] for place in (folder, tmp_path / "fresh"))
    assert patched.exposure.equals(fresh.exposure)
    assert patched.thresholds.equals(fresh.thresholds)


def test_a_changed_minimum_depth_rebuilds_floods_but_not_people_on_the_grid(static: Path, folder: Path) -> None:
    deeper = tiny_country.country(flood_maps={"return_periods": [10, 20], "minimum_depth": 0.01})
    depths = ("depth_RP10", "depth_RP20")
    assert prepare_floods(deeper, static, folder) == (*depths, *COUNTS, "wet_RP10", "wet_RP20", "tables")
    layers, _ = read_prepared(folder, "XTY")
    assert layers.exposure.sel(area="01A", flood_map=10).item() == pytest.approx(22), "two rows are wet now, 11 each"


def test_a_return_period_more_is_one_map_more_and_one_less_leaves_nothing_behind(static: Path, folder: Path) -> None:
    tiny_country.write_raster(static / "flood_maps" / "flood_map_XTY_RP50.tif", np.full((10, 20), 4.0))
    more = tiny_country.country(flood_maps={"return_periods": [10, 20, 50]})
    assert prepare_floods(more, static, folder) == (
        "depth_RP50",
        "counts_population_affected_RP50",
        "wet_RP50",
        "tables",
    )
    assert prepare_floods(tiny_country.country(), static, folder) == ("tables",)
    assert not [path.name for path in folder.rglob("*RP50*")]


def test_an_unchanged_country_is_left_alone(static: Path, folder: Path) -> None:
    steps: list[BuildStep] = []
    assert prepare_floods(tiny_country.country(), static, folder, steps.append) == ()
    assert steps == []


def test_newer_files_of_the_same_content_are_hashed_once(static: Path, folder: Path) -> None:
    os.utime(static / "population.tif", (1, 1))
    assert prepare_floods(tiny_country.country(), static, folder) == ()
    stamp = json.loads((folder / "stamp.json").read_text())
    assert stamp["inputs"]["population.tif"]["modified"] == 1_000_000_000


def test_a_prepared_raster_that_was_damaged_since_is_made_again(static: Path, folder: Path) -> None:
    """Same size, other bytes; a copy of the folder, with the same bytes at other times, is hashed once."""
    os.utime(folder / "areas.tif", (1, 1))
    assert prepare_floods(tiny_country.country(), static, folder) == ()
    assert json.loads((folder / "stamp.json").read_text())["outputs"]["areas.tif"]["modified"] == 1_000_000_000
    file = folder / "depth_RP10.tif"
    good = file.read_bytes()
    file.write_bytes(good[:-8] + bytes(8))
    assert prepare_floods(tiny_country.country(), static, folder) == ("depth_RP10",)
    assert file.read_bytes() == good


def prepare_until_killed(root: Path, at: str) -> int:
    """Prepare in a process of its own, which is killed at a step; its exit status."""

    def progress(step: BuildStep) -> None:
        if step.words == at:
            os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:
        try:
            prepare_floods(tiny_country.country(), root / "static", root / "prepared", progress)
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


@pytest.mark.parametrize(
    ("at", "left"),
    [
        ("boundaries", ALL),
        ("flood map of 20 years", ALL[3:]),
        ("population_affected by area and return period", ALL[5:]),
        ("tables of a day", ALL[-1:]),
    ],
)
def test_a_killed_prepare_goes_on_from_its_finished_parts(
    static: Path, tmp_path: Path, at: str, left: tuple[str, ...]
) -> None:
    assert prepare_until_killed(tmp_path, at) == -signal.SIGKILL
    assert not (tmp_path / "prepared").exists()
    steps: list[BuildStep] = []
    assert prepare_floods(tiny_country.country(), static, tmp_path / "prepared", steps.append) == left
    assert [step.number for step in steps] == list(range(1, 10))
    assert {step.of for step in steps} == {9}
    assert at not in [step.words for step in steps if step.kept]
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert layers.exposure.sel(area="01A").values.round(4).tolist() == [[11, 55]]


@pytest.mark.parametrize("damage", ["cut off", "bytes changed", "note missing", "note cut off"])
def test_nothing_half_written_is_taken_for_whole(static: Path, folder: Path, tmp_path: Path, damage: str) -> None:
    """As a power failure may leave an interrupted build: files of any content, with or without their note."""
    partial = tmp_path / "prepared.part"
    folder.rename(partial)
    (partial / "stamp.json").unlink()
    file, note = partial / "depth_RP20.tif", partial / "parts" / "depth_RP20.json"
    content = file.read_bytes()
    if damage == "cut off":
        file.write_bytes(content[:100])
    elif damage == "bytes changed":
        file.write_bytes(content[:-8] + bytes(8))
    elif damage == "note missing":
        note.unlink()
    else:
        note.write_text(note.read_text()[:20])
    built = prepare_floods(tiny_country.country(), static, folder)
    assert built == ("depth_RP20",), "the same depths again, so what was made of them stays"
    assert (folder / "depth_RP20.tif").read_bytes() == content


def test_an_input_that_changes_meanwhile_is_not_stamped(static: Path, tmp_path: Path) -> None:
    def progress(step: BuildStep) -> None:
        if step.words == "tables of a day":
            population(static)

    with pytest.raises(InputInvalid, match=r"population\.tif changed while the country was prepared"):
        prepare_floods(tiny_country.country(), static, tmp_path / "prepared", progress)
    assert not (tmp_path / "prepared").exists()
    assert "total_population_affected" in prepare_floods(tiny_country.country(), static, tmp_path / "prepared")


def test_two_at_a_time_build_once(static: Path, tmp_path: Path) -> None:
    built: list[tuple[str, ...]] = []
    begun = threading.Event()

    def slow(step: BuildStep) -> None:
        begun.set()
        time.sleep(0.02)

    country, folder = tiny_country.country(), tmp_path / "prepared"
    first = threading.Thread(target=lambda: built.append(prepare_floods(country, static, folder, slow)))
    first.start()
    assert begun.wait(10)
    built.append(prepare_floods(country, static, folder))
    first.join()
    assert sorted(built) == [(), ALL]


PAM = '<PAMDataset><PAMRasterBand band="1"><NoDataValue>2</NoDataValue></PAMRasterBand></PAMDataset>'
"""a sidecar that declares 2 as the nodata value"""


def virtual(file: Path, source: str) -> None:
    """A virtual raster of the tiny country over another file, which lies below the same folder."""
    file.write_text(
        '<VRTDataset rasterXSize="20" rasterYSize="10"><SRS>EPSG:4326</SRS>'
        "<GeoTransform>10, 0.01, 0, 1, 0, -0.01</GeoTransform>"
        '<VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{source}</SourceFilename><SourceBand>1</SourceBand>'
        "</SimpleSource></VRTRasterBand></VRTDataset>"
    )


def exposed(folder: Path, period: float) -> float:
    """People in the water of a flood map, in the whole country."""
    layers, _ = read_prepared(folder, "XTY")
    return float(layers.exposure.sel(indicator="population_affected", flood_map=period).sum())


@pytest.fixture
def tile(static: Path) -> Path:
    """The tile behind the 20-year map, which is a virtual raster over a virtual raster."""
    map_20 = static / "flood_maps" / "flood_map_XTY_RP20.tif"
    tiles = static.parent / "tiles"
    tiles.mkdir()
    map_20.rename(tiles / "a.tif")
    virtual(tiles / "mosaic.vrt", "a.tif")
    virtual(map_20, "../../tiles/mosaic.vrt")
    return tiles / "a.tif"


def test_a_tile_behind_a_virtual_raster_is_part_of_it(static: Path, tile: Path, tmp_path: Path) -> None:
    """Five rows of 20 cells with two people each are wet, then seven: 200 and 280 people."""
    prepared = tmp_path / "prepared"
    assert prepare_floods(tiny_country.country(), static, prepared) == ALL
    assert exposed(prepared, 20) == pytest.approx(200)
    assert prepare_floods(tiny_country.country(), static, prepared) == ()
    wetter = np.zeros((10, 20))
    wetter[:7, :] = 2.0
    tiny_country.write_raster(tile, wetter)
    assert prepare_floods(tiny_country.country(), static, prepared) == (
        "depth_RP20", "counts_population_affected_RP20", "wet_RP20", "tables"
    )  # fmt: skip
    assert exposed(prepared, 20) == pytest.approx(280)


def test_a_sidecar_that_appears_changes_and_goes_is_part_of_the_raster(
    static: Path, folder: Path, tmp_path: Path
) -> None:
    """It takes 2 m for nodata: nobody is in the water of the 20-year map as long as it is there."""
    sidecar = static / "flood_maps" / "flood_map_XTY_RP20.tif.aux.xml"
    assert exposed(folder, 20) == pytest.approx(200)
    sidecar.write_text(PAM)
    assert "depth_RP20" in prepare_floods(tiny_country.country(), static, folder)
    assert exposed(folder, 20) == 0
    assert prepare_floods(tiny_country.country(), static, folder) == ()
    sidecar.write_text(PAM.replace("<NoDataValue>2<", "<NoDataValue>9<"))
    assert "depth_RP20" in prepare_floods(tiny_country.country(), static, folder)
    assert exposed(folder, 20) == pytest.approx(200)
    sidecar.unlink()
    assert "depth_RP20" in prepare_floods(tiny_country.country(), static, folder)
    assert exposed(folder, 20) == pytest.approx(200)


def test_the_mask_of_a_virtual_raster_is_part_of_it(static: Path, tile: Path, tmp_path: Path) -> None:
    """It leaves one of five wet rows of 20 cells with two people each, then two: 40 and 80 people."""
    map_20 = static / "flood_maps" / "flood_map_XTY_RP20.tif"
    source = (
        map_20.read_text()
        .partition("<SimpleSource>")[2]
        .partition("</SimpleSource>")[0]
        .replace("mosaic.vrt", "m&amp;.tif")
    )
    mask = f'<MaskBand><VRTRasterBand dataType="Byte"><SimpleSource>{source}</SimpleSource></VRTRasterBand></MaskBand>'
    map_20.write_text(map_20.read_text().replace("</VRTDataset>", f"{mask}</VRTDataset>"))
    valid = np.zeros((10, 20))
    for rows, people in ((1, 40), (2, 80)):
        valid[:rows] = 255
        tiny_country.write_raster(tile.with_name("m&.tif"), valid, dtype="uint8")
        assert "depth_RP20" in prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
        assert exposed(tmp_path / "prepared", 20) == pytest.approx(people)
        assert prepare_floods(tiny_country.country(), static, tmp_path / "prepared") == ()


def test_a_tile_that_is_gone_is_named(static: Path, tile: Path, tmp_path: Path) -> None:
    assert prepare_floods(tiny_country.country(), static, tmp_path / "prepared") == ALL
    tile.unlink()
    with pytest.raises(InputInvalid, match=r"flood_map_XTY_RP20.tif: it reads .*tiles/a.tif, which is not there"):
        prepare_floods(tiny_country.country(), static, tmp_path / "prepared")


def test_a_tile_beyond_the_disk_is_refused(static: Path, tile: Path, tmp_path: Path) -> None:
    map_20 = static / "flood_maps" / "flood_map_XTY_RP20.tif"
    map_20.write_text(map_20.read_text().replace('"1">../../tiles/mosaic.vrt', '"0">/vsicurl/http://127.0.0.1:9/a.tif'))
    with pytest.raises(InputInvalid, match=r"it reads /vsicurl/http://127.0.0.1:9/a.tif"):
        prepare_floods(tiny_country.country(), static, tmp_path / "prepared")
