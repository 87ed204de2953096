"""Prepared layers and kept findings that were damaged after they were written."""

from __future__ import annotations

from pathlib import Path

import pytest

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.prepare.store import read_prepared
from ibf_pipeline.runs.extents import write_extent
from ibf_pipeline.runs.findings import read_forecast
from tests.worlds.countries.tiny_day import TinyDay

LAYERS = ["country.json", "tables.nc", "wet_blocks.npy", "areas.tif", "depth_RP10.tif"]


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("keep", [None, 30], ids=["missing", "cut off"])
def test_a_layer_that_lost_bytes_is_made_again_by_the_next_run(
    prepared_day: TinyDay, name: str, keep: int | None
) -> None:
    file = prepared_day.prepared / name
    content = file.read_bytes()
    file.unlink() if keep is None else file.write_bytes(content[:keep])
    prepared_day.findings()
    assert file.stat().st_size == len(content)


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("keep", [None, 0, 30], ids=["missing", "empty", "cut off"])
def test_a_damaged_layer_is_named_with_the_remedy(
    prepared_day: TinyDay, name: str, keep: int | None, tmp_path: Path
) -> None:
    """Whoever reads layers without preparing them first."""
    file = prepared_day.prepared / name
    content = file.read_bytes()
    file.unlink() if keep is None else file.write_bytes(content[:keep])
    with pytest.raises(InputInvalid) as caught:
        _read_and_write(prepared_day.prepared, tmp_path / "extent.tif")
    assert caught.value.where in (str(file), str(prepared_day.prepared))
    assert caught.value.expected == "the layers as `prepare` wrote them"
    assert "run `ibf-pipeline prepare" in caught.value.remedy


def _read_and_write(prepared: Path, extent: Path) -> None:
    _, tiles = read_prepared(prepared, "XTY")
    write_extent({"01A": 10.0}, tiles, extent)


def test_layers_that_were_never_prepared(tmp_path: Path) -> None:
    with pytest.raises(InputMissing, match="XTY is not prepared"):
        read_prepared(tmp_path, "XTY")


@pytest.mark.parametrize("keep", [0, 500])
def test_a_kept_forecast_that_was_cut_off(prepared_day: TinyDay, keep: int) -> None:
    file = prepared_day.run_folder.path / "forecast.nc"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(InputInvalid, match="the kept forecast cannot be read"):
        read_forecast(file)


def test_a_run_without_its_manifest_is_no_run(prepared_day: TinyDay) -> None:
    run = prepared_day.run_folder
    (run.path / "manifest.json").unlink()
    assert not run.is_whole
    with pytest.raises(InputMissing, match="no finished run of XTY for 2026-02-15"):
        run.findings()
