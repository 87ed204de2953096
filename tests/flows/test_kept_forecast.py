"""The forecast of the day before, read by looks at several countries at the same time."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from flows.wiring import inputs_fetch
from ibf_pipeline.config.configuration import Configuration
from ibf_pipeline.io.netcdf import FILE_LIBRARIES


def test_nobody_else_reads_files_meanwhile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The libraries of netCDF know no threads: two that read at once end the process of the sensor."""
    others = list[bool]()

    def read(file: Path) -> str:
        other = threading.Thread(target=lambda: others.append(FILE_LIBRARIES.acquire(blocking=False)))
        other.start()
        other.join()
        return file.name

    kept: Any = SimpleNamespace(has=lambda _: True)
    run = SimpleNamespace(is_whole=True, kept=kept, file=lambda name: tmp_path / str(name))
    monkeypatch.setattr(inputs_fetch, "run_folder", lambda *_: run)
    monkeypatch.setattr(inputs_fetch, "read_forecast", read)
    found = inputs_fetch.forecast_of_before(cast(Configuration, None), "XDM", date(2026, 2, 15))
    assert (found, others) == ("forecast.nc", [False])
