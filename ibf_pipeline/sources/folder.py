"""Forecasts in a folder of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ibf_pipeline.discharge.reader import find_files
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.sources.source import ForecastFiles, require_one_kind


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Forecasts in a folder: `<root>/<YYYYMMDD>/`, netCDF in the FTP layout or GRIB2."""

    name: str
    root: Path
    glofas_version: str | None

    def fetch(self, issue_date: date) -> ForecastFiles:
        """The files of the day's folder; InputInvalid where two forecasts lie in it, of which either may be a part."""
        folder = self.root / f"{issue_date:%Y%m%d}"
        files = find_files(folder)
        if not files:
            raise InputMissing(
                f"no forecast of {issue_date}",
                where=folder,
                expected=f"dis_<NN>_{issue_date:%Y%m%d}00.nc or *.grib2",
                remedy="run again when it has been published, or check the source's root",
            )
        if files[0].suffix != ".nc":
            strangers = sorted(file.name for file in folder.glob("*.nc"))
            require_one_kind([file.name for file in files], strangers, issue_date, folder)
        return ForecastFiles(self.name, tuple(files), self.glofas_version, {"folder": str(folder)})
