"""Forecasts in a folder of this machine."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ibf_pipeline.discharge.file_format import FileFormat, format_of, is_set_aside
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.sources.archives import unpacked
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.source import ForecastFiles, require_one_kind, shorten_names

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FolderSource:
    """Forecasts in a folder: `<root>/<YYYYMMDD>/`, netCDF or GRIB2 under any name, or the archive they came in."""

    name: str
    root: Path
    glofas_version: str | None
    cache: InputCache | None = None
    """where archives are unpacked"""

    def fetch(self, issue_date: date) -> ForecastFiles:
        """The files of the day's folder; InputInvalid if two forecasts lie in it, of which either may be a part.

        What lies there and is not a forecast is named in the log and in the files' origin.
        """
        folder = self.root / f"{issue_date:%Y%m%d}"
        kinds, others = _sorted_out(folder)
        kinds, inside = self._with_archives(kinds, folder, issue_date)
        others += inside
        gribs, members = ([file for file, kind in kinds.items() if kind == wanted] for wanted in ("grib", "netcdf"))
        if not gribs and not members:
            raise InputMissing(
                f"no forecast of {issue_date}" + (f"; there is {shorten_names(others)}" if others else ""),
                where=folder,
                expected="GRIB2 or netCDF files of one issue date, or the archive that holds them",
                remedy="run again when it has been published, or check the source's root",
            )
        require_one_kind([file.name for file in gribs], [file.name for file in members], issue_date, folder)
        origin: dict[str, object] = {"folder": str(folder)}
        if others:
            log.warning(
                "%s: %s of %s is not used: no GRIB, netCDF or archive", self.name, shorten_names(others), folder
            )
            origin["not_used"] = others
        return ForecastFiles(self.name, tuple(gribs or members), self.glofas_version, origin, loose=True)

    def _with_archives(
        self, kinds: dict[Path, FileFormat], folder: Path, issue_date: date
    ) -> tuple[dict[Path, FileFormat], list[str]]:
        """The loose files and those of archives; names of what else is in these."""
        archives = [file for file, kind in kinds.items() if kind == "archive"]
        loose: dict[Path, FileFormat] = {file: kind for file, kind in kinds.items() if kind != "archive"}
        if not archives:
            return loose, []
        if self.cache is None:
            raise InputInvalid(
                f"{archives[0].name} is an archive",
                where=folder,
                expected="GRIB2 or netCDF files",
                remedy="unpack it",
            )
        with self.cache.held(self.name, issue_date) as cached:
            files, others = unpacked(archives, list(loose), cached)
        return loose | {file: kind for file in files if (kind := format_of(file)) is not None}, others


def _sorted_out(folder: Path) -> tuple[dict[Path, FileFormat], list[str]]:
    """Files of a kind that may hold a forecast, and the names of all that lies there besides."""
    kinds: dict[Path, FileFormat] = {}
    others: list[str] = []
    for file in sorted(folder.iterdir()) if folder.is_dir() else ():
        kind = None if is_set_aside(file) else format_of(file)
        if kind is None:
            others.append(file.name)
        else:
            kinds[file] = kind
    return kinds, others
