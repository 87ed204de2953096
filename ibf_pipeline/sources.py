"""Where forecasts come from. Each source answers with the files of one issue date, or says that they are not there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from ibf_pipeline.discharge.reader import find_files
from ibf_pipeline.errors import InputMissing


@dataclass(frozen=True, slots=True)
class ForecastFiles:
    """The files of one issue date."""

    source: str
    """name in the settings"""
    files: tuple[Path, ...]
    glofas_version: str | None
    """declared by the source for files that carry none"""


class Source(Protocol):
    """A way to obtain forecasts."""

    def fetch(self, issue_date: date) -> ForecastFiles:
        """The files of an issue date; InputMissing where they are not there yet."""
        ...


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Forecasts in a folder: `<root>/<YYYYMMDD>/`, netCDF in the FTP layout or GRIB2."""

    name: str
    root: Path
    glofas_version: str | None

    def fetch(self, issue_date: date) -> ForecastFiles:
        """The files of the day's folder."""
        folder = self.root / f"{issue_date:%Y%m%d}"
        files = find_files(folder)
        if not files:
            raise InputMissing(
                f"no forecast of {issue_date}",
                where=folder,
                expected=f"dis_<NN>_{issue_date:%Y%m%d}00.nc or *.grib2",
                remedy="run again when it has been published, or check the source's root",
            )
        return ForecastFiles(self.name, tuple(files), self.glofas_version)


def fetch_first(sources: list[Source], issue_date: date) -> ForecastFiles:
    """The forecast from the first source that has it; InputMissing naming every source where none has."""
    missing: list[InputMissing] = []
    for source in sources:
        try:
            return source.fetch(issue_date)
        except InputMissing as error:
            missing.append(error)
    if len(missing) == 1:
        raise missing[0]
    raise InputMissing(
        "; ".join(f"{error.where}: {error.found}" for error in missing) or "no source is configured",
        where=", ".join(str(getattr(source, "name", "")) for source in sources) or "sources",
        expected=f"a forecast of {issue_date}",
        remedy="run again when it has been published",
    )
