"""What a block of flash floods keeps beside its events."""

import numpy as np
import pytest
import xarray as xr

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.flash_floods import (
    KeptAsset,
    read_assets_kept,
    read_rain_kept,
    write_assets_kept,
    write_rain_kept,
)
from tests.worlds.countries.two_valleys import found, rain


@pytest.mark.parametrize("wet", [{"A1": {4: 82.5}}, [{"A1": {4: 82.5}}, {"A1": {5: 3.25}}]])
def test_rain_comes_back_as_it_was_written(tmp_path, wet):
    written = rain(wet, missing={"B1": [30, 31]}, step=3)

    write_rain_kept(tmp_path, written)
    read = read_rain_kept(tmp_path)

    xr.testing.assert_equal(read, written)
    assert {name: read.attrs[name] for name in written.attrs} == written.attrs
    assert (read["observed"].dtype, read["origin"].dtype) == (np.dtype(bool), np.dtype("int8"))


def test_kept_rain_makes_the_same_findings(tmp_path):
    written = rain({"A1": dict.fromkeys(range(5, 9), 20.5)}, missing={"B1": [30, 31]})
    write_rain_kept(tmp_path, written)

    assert found(read_rain_kept(tmp_path)) == found(written)


def test_damaged_and_lacking_rain_is_said_with_its_file(tmp_path):
    with pytest.raises(InputInvalid, match=r"rain\.nc"):
        read_rain_kept(tmp_path)
    (tmp_path / "rain.nc").write_bytes(b"CDF no more")
    with pytest.raises(InputInvalid, match="the kept rain cannot be read"):
        read_rain_kept(tmp_path)


def test_exposed_assets_and_all_gauges_are_kept(tmp_path):
    block = found(rain({"A1": dict.fromkeys(range(5, 9), 20.5)}))
    assets = [
        KeptAsset("schools", "16", "Saint-Étienne", -13.5, 33.25, "A1"),
        KeptAsset("schools", "9", "dry", -13.5, 33.25, "B1"),
        KeptAsset("roads", "16", "dry road of the same number", -13.5, 33.25, "A1", "LINESTRING (33 -13, 34 -13)"),
        KeptAsset("roads", "120", "M1", -13.5, 33.25, "A1", "LINESTRING (33 -13, 34 -13)"),
        KeptAsset("gauges", "G1", "Bridge", -13.5, 33.25),
    ]

    write_assets_kept(tmp_path, block, iter(assets))

    kept = read_assets_kept(tmp_path)
    assert set(kept) == {("schools", "16"), ("roads", "120"), ("gauges", "G1")}
    assert kept["schools", "16"] == assets[0]
    assert kept["roads", "120"] == assets[3]


def test_a_block_that_kept_no_assets_has_none_and_damage_is_said(tmp_path):
    assert read_assets_kept(tmp_path) == {}
    (tmp_path / "assets.json").write_text('[{"category": 3}]')
    with pytest.raises(InputInvalid, match=r"assets\.json"):
        read_assets_kept(tmp_path)
