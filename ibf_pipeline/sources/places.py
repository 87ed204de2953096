"""Where files of forecast cycles and of hours lie: a folder of this machine, or an archive on a network whose files are
fetched into the cache.

Names are told by a pattern of strftime, filled with the moment that a run began, or an hour or day of observations.
"""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol

from ibf_pipeline.discharge.kind import is_set_aside
from ibf_pipeline.errors import InputInvalid, InputMissing, turned_into
from ibf_pipeline.io.patience import Patience
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.ftp import FtpFolder
from ibf_pipeline.sources.object_store import FsspecFolder
from ibf_pipeline.sources.remote import RemoteFile, RemoteFolder, fetch_file, listed, persistently
from ibf_pipeline.sources.web_folder import WebFolder


class Place(Protocol):
    """Where files lie. Its answers raise InputInvalid where files may not be read, and ServerRefused and
    ServerUnreachable where they lie on a network."""

    @property
    def name(self) -> str:
        """Of the source."""

    @property
    def cache(self) -> InputCache:
        """Where what was fetched or unpacked is kept."""

    @property
    def address(self) -> str:
        """For people, without any credentials."""

    def names(self, at: datetime, pattern: str) -> list[str]:
        """Names of the files of a moment; none where there are none (yet)."""

    def files(self, at: datetime, pattern: str) -> list[Path]:
        """The files of a moment on this machine; none where there are none (yet)."""

    def close(self) -> None:
        """End its connections."""


@dataclass(frozen=True, slots=True)
class FolderPlace:
    """A folder of this machine."""

    name: str
    root: Path
    cache: InputCache

    @property
    def address(self) -> str:
        """The folder."""
        return str(self.root)

    def names(self, at: datetime, pattern: str) -> list[str]:
        """Those in the folder."""
        return [file.name for file in self.files(at, pattern)]

    def files(self, at: datetime, pattern: str) -> list[Path]:
        """Those in the folder."""
        folder, name = told(at, pattern)
        place = self.root / folder
        with readable(place):
            there = sorted(place.iterdir()) if place.is_dir() else []
            return [
                file for file in there if file.is_file() and fnmatchcase(file.name, name) and not is_set_aside(file)
            ]

    def close(self) -> None:
        """Nothing to end."""


@dataclass(frozen=True, slots=True)
class UrlPlace:
    """A folder of a file server, a url of an object store, or of a web server that lists its folders."""

    name: str
    root: FsspecFolder | WebFolder | FtpFolder
    """without dates"""
    cache: InputCache
    patience: Patience

    @property
    def address(self) -> str:
        """The url."""
        return self.root.address

    def names(self, at: datetime, pattern: str) -> list[str]:
        """Those that are listed; a name without wildcards is asked for by itself, as many servers list nothing."""
        folder, name = told(at, pattern)
        try:
            remote = self.root.below(folder)
            if any(mark in name for mark in "*?["):
                return self._listed(remote, at, name)
            return [self._described(remote, at, name).name]
        except InputMissing:
            return []

    def described(self, at: datetime, pattern: str) -> list[RemoteFile]:
        """What the server says of the files of a moment: size, and tag or time."""
        remote = self.root.below(told(at, pattern)[0])
        return [self._described(remote, at, name) for name in self.names(at, pattern)]

    def files(self, at: datetime, pattern: str) -> list[Path]:
        """Those of the url, each fetched once and again where its size or tag has changed."""
        folder, name = told(at, pattern)
        remote = self.root.below(folder)
        with self.cache.held(self.name, at.date()) as kept:
            try:
                names = self._listed(remote, at, name) if any(mark in name for mark in "*?[") else [name]
                return [self._fetched(remote, at, each, kept) for each in names]
            except InputMissing:
                return []

    def close(self) -> None:
        """Those of the server."""
        self.root.close()

    def _listed(self, remote: RemoteFolder, at: datetime, name: str) -> list[str]:
        names = [each for each in listed(remote, at.date(), self.patience) if fnmatchcase(each, name)]
        return [each for each in names if not is_set_aside(Path(each))]

    def _described(self, remote: RemoteFolder, at: datetime, name: str) -> RemoteFile:
        return persistently(name, remote.address, self.patience, lambda: remote.describe(at.date(), name))

    def _fetched(self, remote: RemoteFolder, at: datetime, name: str, folder: Path) -> Path:
        about = self._described(remote, at, name)
        edition = hashlib.sha256(f"{remote.address} {about.size} {about.stamp}".encode()).hexdigest()[:12]
        target = folder / edition / "files" / name
        if not target.is_file():
            fetch_file(remote, at.date(), name, target, self.patience)
        return target


def told(at: datetime, pattern: str) -> tuple[str, str]:
    """Folder and name of a moment; wildcards are in the name alone."""
    folder, _, name = at.strftime(pattern).rpartition("/")
    return folder, name


def readable(where: object) -> AbstractContextManager[None]:
    """Within it, a file or folder that this user may not read is InputInvalid."""
    return turned_into(
        InputInvalid,
        "its files cannot be read: {}",
        where=where,
        expected="a folder and files that this user may read",
        remedy="correct their permissions",
    )
