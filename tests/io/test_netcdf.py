"""netCDF files are read and written by one thread at a time, and through one door."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
import xarray as xr

from ibf_pipeline.io.netcdf import FILE_LIBRARIES, netcdf_file, open_netcdf, write_netcdf
from tests.conftest import ROOT

NUMBERS = xr.Dataset({"level": ("station", [1.5, 2.5])})


def is_free() -> bool:
    """Whether another thread could read a file now."""
    taken: list[bool] = []

    def take() -> None:
        taken.append(FILE_LIBRARIES.acquire(blocking=False))
        if taken[0]:
            FILE_LIBRARIES.release()

    other = threading.Thread(target=take)
    other.start()
    other.join()
    return taken[0]


@pytest.mark.parametrize("way", [open_netcdf, netcdf_file])
def test_while_a_file_is_open_no_other_thread_reads_one(
    way: Callable[[Path], AbstractContextManager[object]], tmp_path: Path
) -> None:
    write_netcdf(NUMBERS, tmp_path / "numbers.nc")
    assert is_free()
    with way(tmp_path / "numbers.nc"):
        assert not is_free()
        with open_netcdf(tmp_path / "numbers.nc") as again:  # the same thread may
            assert again["level"].values.tolist() == [1.5, 2.5]
    assert is_free()


def test_nor_while_one_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free: list[bool] = []
    monkeypatch.setattr(xr.Dataset, "to_netcdf", lambda *_, **__: free.append(is_free()))
    write_netcdf(NUMBERS, tmp_path / "numbers.nc")
    assert free == [False]


def test_nothing_else_opens_or_writes_them() -> None:
    door = re.compile(r"\bopen_(?:mf)?dataset\(|\bload_dataset\(|\.to_netcdf\(|\bnetCDF4\.(?:MF)?Dataset\(")
    files = [file for room in ("ibf_pipeline", "flows", "tasks") for file in (ROOT / room).rglob("*.py")]
    through = [str(file.relative_to(ROOT)) for file in files if door.search(file.read_text(encoding="utf-8"))]
    assert through == ["ibf_pipeline/io/netcdf.py"]
