"""The fictional islands: the script makes the committed files again, and they are what typhoon needs."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
import xarray as xr

from ibf_pipeline.check.files import check_files
from ibf_pipeline.tracks.reader import read_tracks
from tests.conftest import ROOT
from tests.worlds.countries.demo_islands import (
    COUNTRY,
    PROVINCES,
    REGIONS,
    demo_country,
    make_demo_islands,
    write_demo_tracks,
)

COMMITTED = ROOT / "data" / "fixtures" / COUNTRY


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    static = make_demo_islands(tmp_path_factory.mktemp("islands") / COUNTRY)
    write_demo_tracks(static)
    return static


def names(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_the_script_makes_the_committed_files_again(rebuilt: Path) -> None:
    assert names(rebuilt) == names(COMMITTED)
    for name in sorted(names(rebuilt)):
        made, committed = rebuilt / name, COMMITTED / name
        if made.suffix == ".geojson":
            left, right = gpd.read_file(made), gpd.read_file(committed)
            assert left.drop(columns="geometry").equals(right.drop(columns="geometry"))
            assert shapely.equals_exact(left.geometry.values, right.geometry.values, tolerance=1e-3).all()
        elif made.suffix == ".tif":
            with rasterio.open(made) as left, rasterio.open(committed) as right:
                assert np.abs(left.read(1) - right.read(1)).max() < 0.11
        elif made.suffix == ".bufr":
            xr.testing.assert_allclose(read_tracks([made]), read_tracks([committed]), atol=0.02)
        else:
            assert made.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8")


def test_the_fixtures_are_small_and_say_where_they_come_from() -> None:
    assert sum(file.stat().st_size for file in COMMITTED.rglob("*") if file.is_file()) < 400_000
    assert "do not exist" in (COMMITTED / "ORIGIN.md").read_text(encoding="utf-8")


def test_the_islands_can_be_prepared_and_nothing_of_them_is_doubtful() -> None:
    found, data = check_files(demo_country(), COMMITTED)
    said = [one.found for one in found if one.level in ("error", "warning")]
    assert said == ["triggers by damage without calibration: houses_damaged 1500 (country)"]
    codes = data.place_codes()[3]
    assert len(codes) == 23
    assert {code[:6] for code in codes} == set(PROVINCES)
    assert {code[:4] for code in codes} == set(REGIONS)
