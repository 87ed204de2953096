"""What lies beside a raster and decides what it says comes with it: from a URL, and from a static source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.shutil import copy as gdal_copy

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.static.fetch import Origins, fetch_static
from ibf_pipeline.static.local_copy import refresh_copy
from ibf_pipeline.static.origin import OriginFolder
from tests.worlds.countries import tiny_country
from tests.worlds.services.web_archive import Archive, running

HASTY = RetryPolicy(attempts=2, sleep=lambda seconds: None)
NODATA = "<PAMDataset><PAMRasterBand band='1'><NoDataValue>9</NoDataValue></PAMRasterBand></PAMDataset>"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    (tmp_path / "root").mkdir()
    with running(tmp_path / "root") as server:
        yield server


def half_counted(file: Path) -> None:
    """Two people a cell, and a 9 in each of 50 cells that stands for `no value`."""
    people = np.full((10, 20), 2.0)
    people[:, :5] = 9
    tiny_country.write_raster(file, people)


def people(static: Path, folder: Path) -> float:
    prepare_floods(tiny_country.country(), static, folder)
    layers, _ = read_prepared(folder, "XTY")
    return round(sum(area.population for area in layers.level(1)), 3)


def test_sidecars_behind_a_url_come_and_go_with_it(tmp_path: Path, archive: Archive) -> None:
    """150 cells of two people; without the sidecar, which comes a day later and goes again, 50 of nine as well."""
    source = tiny_country.write_country(archive.root / "XTY")
    half_counted(source / "population.tif")
    country, copy = tiny_country.country(static=f"{archive.url}/XTY"), tmp_path / "copy"
    for there, expected in ((False, 750), (True, 300), (False, 750)):
        if there:
            (source / "population.tif.aux.xml").write_text(NODATA)
        else:
            (source / "population.tif.aux.xml").unlink(missing_ok=True)
        assert refresh_copy(country, copy, HASTY) == ""
        assert (copy / "population.tif.aux.xml").is_file() == there
        assert people(copy, tmp_path / "prepared") == expected


def test_a_virtual_raster_behind_a_url_is_refused_by_its_parts(tmp_path: Path, archive: Archive) -> None:
    source = tiny_country.write_country(archive.root / "XTY")
    virtual(source / "population.tif")
    copy = tmp_path / "copy"
    refresh_copy(tiny_country.country(static=f"{archive.url}/XTY"), copy, HASTY)
    with pytest.raises(InputInvalid, match=r"it reads .*tile\.tif, which is not there"):
        prepare_floods(tiny_country.country(), copy, tmp_path / "prepared")


def virtual(raster: Path) -> None:
    tile = raster.rename(raster.with_name("tile.tif"))
    gdal_copy(str(tile), str(raster), driver="VRT")
    raster.write_text(
        raster.read_text().replace(str(tile), tile.name).replace('relativeToVRT="0"', 'relativeToVRT="1"')
    )


@pytest.mark.parametrize("remote", [False, True])
def test_a_fetched_population_brings_its_sidecar(remote: bool, tmp_path: Path, archive: Archive) -> None:
    half_counted(archive.root / "people.tif")
    (archive.root / "people.tif.aux.xml").write_text(NODATA)
    place = OriginFolder(archive.url if remote else str(archive.root), tmp_path / "cache", retry_policy=HASTY)
    static = tiny_country.write_country(tmp_path / "static")
    (static / "population.tif").unlink()
    fetch_static(tiny_country.country(), static, Origins(population=(place, "people.tif")), None, print, refresh=False)
    assert people(static, tmp_path / "prepared") == 300


def test_a_fetched_population_in_parts_is_refused(tmp_path: Path) -> None:
    half_counted(tmp_path / "people.tif")
    virtual(tmp_path / "people.tif")
    static = tiny_country.write_country(tmp_path / "static")
    (static / "population.tif").unlink()
    places = Origins(population=(OriginFolder(str(tmp_path), tmp_path / "cache"), "people.tif"))
    with pytest.raises(InputInvalid, match="a virtual raster, whose parts lie elsewhere"):
        fetch_static(tiny_country.country(), static, places, None, print, refresh=False)
    with rasterio.open(tmp_path / "people.tif") as raster:
        assert raster.driver == "VRT"
