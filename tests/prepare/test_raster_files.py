"""What GDAL reads for a flood map besides the file itself: it belongs to the map, and must say what the map says."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.raster_files import files_behind
from ibf_pipeline.prepare.store import read_prepared
from tests.budget import examples
from tests.worlds.countries import tiny_country
from tests.worlds.raster_verdicts import judged

ROWS = st.integers(2, 9)
WHOLE = (0, 0, 20, 10)
"""column, row, width, height of the tiny country"""
PAM = '<PAMDataset><PAMRasterBand band="1"><NoDataValue>{}</NoDataValue></PAMRasterBand></PAMDataset>'


def source(name: str, part: tuple[int, ...] = WHOLE, kind: str = "SimpleSource", more: str = "") -> str:
    """A file of a virtual raster, shown where it lies."""
    rectangle = 'xOff="{}" yOff="{}" xSize="{}" ySize="{}"'.format(*part)
    return (
        f'<{kind}><SourceFilename relativeToVRT="1">{name}</SourceFilename><SourceBand>1</SourceBand>'
        f"<SrcRect {rectangle}/><DstRect {rectangle}/>{more}</{kind}>"
    )


def virtual(file: Path, *sources: str, mask: str = "") -> Path:
    file.write_text(
        '<VRTDataset rasterXSize="20" rasterYSize="10"><SRS>EPSG:4326</SRS>'
        "<GeoTransform>10, 0.01, 0, 1, 0, -0.01</GeoTransform>"
        f'<VRTRasterBand dataType="Float32" band="1">{"".join(sources)}</VRTRasterBand>{mask}</VRTDataset>'
    )
    return file


@pytest.fixture
def flood_map(tmp_path: Path) -> Path:
    """The 20-year map of the tiny country: two metres in five of ten rows of 20 cells with two people each."""
    return tiny_country.write_country(tmp_path / "static") / "flood_maps" / "flood_map_XTY_RP20.tif"


def write_mask(file: Path, rows: int) -> None:
    """A `.msk` beside the map, which leaves so many rows."""
    valid = np.zeros((10, 20), dtype=np.uint8)
    valid[:rows] = 255
    with rasterio.Env(GDAL_TIFF_INTERNAL_MASK=False), rasterio.open(file, "r+") as raster:
        raster.write_mask(valid)
    assert file.with_name(f"{file.name}.msk").is_file()


def world_file(flood_map: Path) -> Callable[[], None]:
    """Coordinates in a file beside the map: moved north by a row, it is on another grid."""
    values = np.zeros((10, 20))
    values[:5] = 2.0
    with rasterio.open(flood_map, "w", driver="GTiff", width=20, height=10, count=1, dtype="float32") as out:
        out.write(values.astype(np.float32), 1)
    flood_map.with_name(f"{flood_map.name}.aux.xml").write_text("<PAMDataset><SRS>EPSG:4326</SRS></PAMDataset>")
    place = flood_map.with_suffix(".tfw")
    place.write_text("0.01\n0\n0\n-0.01\n10.005\n0.995\n")
    return lambda: place.write_text(place.read_text().replace("0.995", "1.005")) and None


def mask_beside(flood_map: Path) -> Callable[[], None]:
    write_mask(flood_map, 2)
    return lambda: write_mask(flood_map, 3)


def mask_of_a_tile(flood_map: Path) -> Callable[[], None]:
    """Used by the virtual raster over it."""
    tile = flood_map.rename(flood_map.with_name("a.tif"))
    write_mask(tile, 2)
    virtual(flood_map, source("a.tif", kind="ComplexSource", more="<UseMaskBand>true</UseMaskBand>"))
    return lambda: write_mask(tile, 3)


def mask_of_a_nested_one(flood_map: Path) -> Callable[[], None]:
    """The mask of the virtual raster is the mask of a virtual raster, whose own lies in a third file."""
    flood_map.rename(flood_map.with_name("a.tif"))
    valid = flood_map.with_name("valid.tif")
    rows = np.zeros((10, 20))
    rows[:2] = 255
    tiny_country.write_raster(valid, rows, dtype="uint8")
    inner = f'<MaskBand><VRTRasterBand dataType="Byte">{source("valid.tif")}</VRTRasterBand></MaskBand>'
    virtual(flood_map.with_name("inner.vrt"), source("a.tif"), mask=inner)
    outer = source("inner.vrt").replace("<SourceBand>1<", "<SourceBand>mask,1<")
    mask = f'<MaskBand><VRTRasterBand dataType="Byte">{outer}</VRTRasterBand></MaskBand>'
    virtual(flood_map, source("inner.vrt"), mask=mask)

    def change() -> None:
        rows[2] = 255
        tiny_country.write_raster(valid, rows, dtype="uint8")

    return change


@pytest.mark.parametrize(
    ("arrange", "before", "after"),
    [
        (mask_beside, 80, 120),
        (mask_of_a_tile, 80, 120),
        (mask_of_a_nested_one, 80, 120),
        (world_file, 200, "another grid"),
    ],
)
def test_whatever_is_read_for_a_map_belongs_to_it(
    flood_map: Path, tmp_path: Path, arrange: Callable[[Path], Callable[[], None]], before: float, after: float | str
) -> None:
    """People in the water before and after the file beside it changed: 40 a row."""
    static, prepared, country = tmp_path / "static", tmp_path / "prepared", tiny_country.country()
    change = arrange(flood_map)

    def people() -> float:
        layers, _ = read_prepared(prepared, "XTY")
        return float(layers.exposure.sel(flood_map=20).sum())

    prepare_floods(country, static, prepared)
    assert people() == pytest.approx(before)
    assert prepare_floods(country, static, prepared) == ()
    change()
    if isinstance(after, str):
        with pytest.raises(InputInvalid, match=after):
            prepare_floods(country, static, prepared)
        return
    assert "depth_RP20" in prepare_floods(country, static, prepared)
    assert people() == pytest.approx(after)


def test_an_index_of_tiles_is_refused(flood_map: Path, tmp_path: Path) -> None:
    """GDAL reads the tiles of such an index and names none of them."""
    tile = flood_map.rename(flood_map.with_name("a.tif"))
    square = [[10, 0.9], [10.2, 0.9], [10.2, 1], [10, 1], [10, 0.9]]
    feature = {
        "type": "Feature", "properties": {"location": str(tile)},
        "geometry": {"type": "Polygon", "coordinates": [square]},
    }  # fmt: skip
    index = tmp_path / "index.geojson"
    index.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    flood_map.write_text(
        f"<GDALTileIndexDataset><IndexDataset>{index}</IndexDataset><LocationField>location</LocationField>"
        "<ResX>0.01</ResX><ResY>0.01</ResY><BandCount>1</BandCount><DataType>Float32</DataType></GDALTileIndexDataset>"
    )
    with pytest.raises(InputInvalid, match=r"an index of other files, or a service \(GDAL's GTI\)"):
        files_behind(flood_map)


def test_two_editions_behind_a_virtual_raster_are_refused(flood_map: Path, tmp_path: Path) -> None:
    """As `gdalbuildvrt map.vrt *.tif` makes it of a folder with both: the last name in text order would win."""
    new = flood_map.rename(flood_map.with_name("ID100_N10_E10.tif"))
    old = np.zeros((10, 20))
    old[:6] = 3.0
    tiny_country.write_raster(new.with_name("ID99_N10_E10.tif"), old)
    virtual(flood_map, source("ID100_N10_E10.tif"), source("ID99_N10_E10.tif"))
    refused, _ = judged(tmp_path / "static", tmp_path)
    assert refused.startswith(
        "ID100_N10_E10.tif and ID99_N10_E10.tif lie one above the other and differ in 120 of the 120 cells"
    )


@pytest.mark.parametrize("known", ["0", "nodata", "passed over"])
def test_a_tile_that_is_dry_where_another_is_wet_is_another_edition(
    flood_map: Path, tmp_path: Path, known: str
) -> None:
    """Five wet rows, and a file that knows all of them to be dry; or knows nothing there, which the other one does."""
    wet = flood_map.rename(flood_map.with_name("a.tif"))
    tiny_country.write_raster(wet.with_name("b.tif"), np.zeros((10, 20)), nodata=0 if known == "nodata" else -9999)
    over = "" if known == "0" else "<NODATA>0</NODATA>"
    virtual(flood_map, source("a.tif"), source("b.tif", kind="ComplexSource", more=over))
    said = "a.tif and b.tif lie one above the other and differ in 100 of the 100 cells that both know and one shows as"
    refused, _ = judged(tmp_path / "static", tmp_path)
    assert refused.startswith(said) if known == "0" else not refused
    if known != "0":
        layers, _ = read_prepared(tmp_path / "prepared", "XTY")
        assert layers.exposure.sel(flood_map=20).sum() == pytest.approx(200)


@pytest.mark.parametrize("parts", [((0, 0, 10, 10), (10, 0, 10, 10)), (WHOLE, WHOLE)], ids=["beside", "twice"])
def test_tiles_that_agree_are_one_map(flood_map: Path, tmp_path: Path, parts: tuple[tuple[int, ...], ...]) -> None:
    flood_map.rename(flood_map.with_name("a.tif"))
    virtual(flood_map, *(source("a.tif", part) for part in parts))
    assert judged(tmp_path / "static", tmp_path)[0] == ""
    layers, _ = read_prepared(tmp_path / "prepared", "XTY")
    assert layers.exposure.sel(flood_map=20).sum() == pytest.approx(200)


def test_nodata_of_one_tile_that_the_virtual_raster_does_not_know_is_refused(flood_map: Path, tmp_path: Path) -> None:
    """The western tile declares 9 and the eastern one nothing: 9 m would be handed out for what is not known."""
    tile = flood_map.rename(flood_map.with_name("east.tif"))
    depths = np.zeros((10, 20))
    depths[:5], depths[5:] = 2.0, 9
    tiny_country.write_raster(tile.with_name("west.tif"), depths, nodata=9)
    virtual(flood_map, source("west.tif", (0, 0, 10, 10)), source("east.tif", (10, 0, 10, 10)))
    said = "west.tif declares 9 as its nodata value, and the virtual flood map over it takes no notice of that"
    assert judged(tmp_path / "static", tmp_path)[0] == said
    known = source("west.tif", (0, 0, 10, 10), "ComplexSource", "<NODATA>9</NODATA>")
    virtual(flood_map, known, source("east.tif", (10, 0, 10, 10)))
    assert judged(tmp_path / "static", tmp_path)[0] == ""


def test_a_mask_of_a_tile_that_the_virtual_raster_does_not_use_is_refused(flood_map: Path, tmp_path: Path) -> None:
    tile = flood_map.rename(flood_map.with_name("a.tif"))
    write_mask(tile, 2)
    virtual(flood_map, source("a.tif"))
    assert judged(tmp_path / "static", tmp_path)[0].startswith("a.tif declares a mask, and the virtual flood map over")


def wet(rows: int) -> np.ndarray:
    depths = np.zeros((10, 20))
    depths[:rows] = 2.0
    return depths


def in_the_water(folder: Path) -> float:
    layers, _ = read_prepared(folder / "prepared", "XTY")
    return float(layers.exposure.sel(flood_map=20).sum())


@settings(max_examples=examples(4, 40))
@given(nested=st.integers(0, 3), rows=st.tuples(ROWS, ROWS), same_time=st.booleans())
def test_a_tile_replaced_behind_whatever_lies_over_it(nested: int, rows: tuple[int, int], same_time: bool) -> None:
    """Twenty cells a row with two people each, in a file behind so many virtual rasters."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        static = tiny_country.write_country(folder / "static")
        top = static / "flood_maps" / "flood_map_XTY_RP20.tif"
        tile = below = top.rename(top.with_name("tile.tif")) if nested else top
        before = tile.stat()
        for number in range(nested):
            below = virtual(top if number == nested - 1 else top.with_name(f"{number}.vrt"), source(below.name))
        for count in rows:
            tiny_country.write_raster(tile, wet(count))
            if same_time:
                os.utime(tile, ns=(before.st_atime_ns, before.st_mtime_ns))
            assert judged(static, folder)[0] == ""
            assert in_the_water(folder) == pytest.approx(40 * count)


@settings(max_examples=examples(4, 40))
@given(
    rows=st.tuples(ROWS, ROWS),
    widths=st.tuples(st.integers(10, 20), st.integers(10, 20)),
    deeper=st.sampled_from([0, 1]),
)
def test_tiles_of_two_editions_are_one_map_or_refused(
    rows: tuple[int, int], widths: tuple[int, int], deeper: int
) -> None:
    """One from the west and one from the east, so many of 20 columns wide; two people a cell."""
    both = sum(widths) - 20
    with TemporaryDirectory() as name:
        folder = Path(name)
        static = tiny_country.write_country(folder / "static")
        top = static / "flood_maps" / "flood_map_XTY_RP20.tif"
        top.unlink()
        for tile, depths in (("west.tif", wet(rows[0])), ("east.tif", wet(rows[1]) * (1 + deeper))):
            tiny_country.write_raster(top.with_name(tile), depths)
        parts = ((0, 0, widths[0], 10), (20 - widths[1], 0, widths[1], 10))
        virtual(top, source("west.tif", parts[0]), source("east.tif", parts[1]))
        refused, _ = judged(static, folder)
        assert ("lie one above the other and differ in" in refused) == bool(both and (deeper or rows[0] != rows[1]))
        if not refused:
            assert in_the_water(folder) == pytest.approx(2 * rows[0] * (widths[0] - both) + 2 * rows[1] * widths[1])


def in_place(flood_map: Path) -> None:
    """As `rsync -t` and `unzip` write it: another content of the same size, at the time of the old one."""
    before = flood_map.stat()
    depths = np.zeros((10, 20))
    depths[:7] = 2.0
    tiny_country.write_raster(flood_map, depths)
    os.utime(flood_map, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert flood_map.stat().st_size == before.st_size


def another_link(flood_map: Path) -> None:
    """A link to the edition in use, pointed to another one of the same size and time."""
    other = flood_map.with_name("new.tif")
    shutil.copy2(flood_map.resolve(), other)
    in_place(other)
    flood_map.unlink()
    flood_map.symlink_to(other)


@pytest.mark.parametrize("replace", [in_place, another_link])
def test_another_edition_of_the_same_size_and_time_is_another_map(
    flood_map: Path, tmp_path: Path, replace: Callable[[Path], None]
) -> None:
    """Seven wet rows instead of five: 280 people instead of 200."""
    static, prepared, country = tmp_path / "static", tmp_path / "prepared", tiny_country.country()
    if replace is another_link:
        old = flood_map.rename(flood_map.with_name("old.tif"))
        flood_map.symlink_to(old)
    prepare_floods(country, static, prepared)
    assert prepare_floods(country, static, prepared) == ()
    replace(flood_map)
    assert "depth_RP20" in prepare_floods(country, static, prepared)
    layers, _ = read_prepared(prepared, "XTY")
    assert layers.exposure.sel(flood_map=20).sum() == pytest.approx(280)
