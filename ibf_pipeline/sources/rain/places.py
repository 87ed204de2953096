"""Where files of rain lie: a folder of this machine, or an archive on a network whose files are fetched into the cache.

Names are told by a pattern of strftime, filled with the moment that a run began, or an hour or day of observations.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from ibf_pipeline.discharge.kind import is_set_aside, kind_of
from ibf_pipeline.errors import InputInvalid, InputMissing, turned_into
from ibf_pipeline.io.patience import Patience
from ibf_pipeline.sources.archives import unpacked
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.object_store import FsspecFolder
from ibf_pipeline.sources.remote import RemoteFolder, fetch_file, listed, persistently
from ibf_pipeline.sources.web_folder import WebFolder


class Place(Protocol):
    """Where files lie."""

    @property
    def address(self) -> str:
        """For people, without any credentials."""

    def files(self, at: datetime, pattern: str) -> list[Path]:
        """The files of a moment on this machine, archives unpacked; InputMissing where there are none (yet).

        Raises ServerRefused and ServerUnreachable where they lie on a network.
        """


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder of this machine."""

    name: str
    """of the source"""
    root: Path
    cache: InputCache
    """where archives are unpacked"""

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.root)

    def files(self, at: datetime, pattern: str) -> list[Path]:
        """Those in the folder."""
        folder, name = _told(at, pattern)
        place = self.root / folder
        with turned_into(
            InputInvalid,
            "its files cannot be read: {}",
            where=place,
            expected="a folder and files that this user may read",
            remedy="correct their permissions",
        ):
            there = sorted(place.iterdir()) if place.is_dir() else []
            found = [
                file for file in there if file.is_file() and fnmatchcase(file.name, name) and not is_set_aside(file)
            ]
            return _opened(self.name, self.cache, at, found, place / name)


@dataclass(frozen=True, slots=True)
class UrlPlace:
    """A url of an object store or of a web server that lists its folders."""

    name: str
    root: FsspecFolder | WebFolder
    """without dates"""
    cache: InputCache
    patience: Patience

    @property
    def address(self) -> str:
        """The url."""
        return self.root.address

    def files(self, at: datetime, pattern: str) -> list[Path]:
        """Those of the url, each fetched once and again where its size or tag has changed."""
        folder, name = _told(at, pattern)
        remote = self.root.below(folder)
        with self.cache.held(self.name, at.date()) as kept:
            try:
                found = [self._fetched(remote, at, each, kept / "rain") for each in self._names(remote, at, name)]
            except InputMissing:
                found = []
        return _opened(self.name, self.cache, at, found, f"{remote.address}/{name}")

    def _names(self, remote: RemoteFolder, at: datetime, name: str) -> list[str]:
        """The files that a name may mean; a folder is listed only for wildcards, which many servers forbid."""
        if not any(mark in name for mark in "*?["):
            return [name]
        names = [each for each in listed(remote, at.date(), self.patience) if fnmatchcase(each, name)]
        return [each for each in names if not is_set_aside(Path(each))]

    def _fetched(self, remote: RemoteFolder, at: datetime, name: str, folder: Path) -> Path:
        about = persistently(name, remote.address, self.patience, lambda: remote.describe(at.date(), name))
        edition = hashlib.sha256(f"{remote.address} {about.size} {about.stamp}".encode()).hexdigest()[:12]
        target = folder / edition / name
        if not target.is_file():
            fetch_file(remote, at.date(), name, target, self.patience)
        return target


def _told(at: datetime, pattern: str) -> tuple[str, str]:
    """Folder and name of a moment; wildcards are in the name alone."""
    folder, _, name = at.strftime(pattern).rpartition("/")
    return folder, name


def _opened(source: str, cache: InputCache, at: datetime, found: Sequence[Path], where: object) -> list[Path]:
    """GRIB and netCDF files, those of archives too; what is neither is passed over."""
    kinds = {file: kind_of(file) for file in found if file.stat().st_size}
    loose = [file for file, kind in kinds.items() if kind in ("grib", "netcdf")]
    archives = [file for file, kind in kinds.items() if kind == "archive"]
    if archives:
        with cache.held(source, at.date()) as kept:
            loose += unpacked(archives, loose, kept)[0]
    if not loose:
        others = f"; there is {found[0].name}, which is none or empty" if found else ""
        raise InputMissing(
            f"no rain of {at:%Y-%m-%d %H:%M} UTC" + others,
            where=where,
            expected="GRIB2, netCDF or HDF5 files, or an archive that holds them",
            remedy="run again when it has been delivered, or correct root or url, and files, of the source",
        )
    return loose
