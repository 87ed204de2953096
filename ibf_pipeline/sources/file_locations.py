"""Where files of forecast cycles and of hours lie: a folder of this machine, or an archive on a network whose files are
fetched into the cache.

Names are given by a pattern of strftime, filled with the time at which a run began, or an hour or day of observations.
"""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from ibf_pipeline.discharge.file_format import is_set_aside
from ibf_pipeline.errors import InputInvalid, InputMissing, errors_as
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.cache import InputCache
from ibf_pipeline.sources.ftp import FtpFolder
from ibf_pipeline.sources.object_store import FsspecFolder
from ibf_pipeline.sources.remote import RemoteFile, RemoteFolder, fetch_file, list_names, with_retries
from ibf_pipeline.sources.web_folder import WebFolder


@dataclass(frozen=True, slots=True)
class FolderLocation:
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
        folder, name = resolve_pattern(at, pattern)
        place = self.root / folder
        with permission_errors(place):
            there = sorted(place.iterdir()) if place.is_dir() else []
            return [
                file for file in there if file.is_file() and fnmatchcase(file.name, name) and not is_set_aside(file)
            ]

    def close(self) -> None:
        """Nothing to end."""


@dataclass(frozen=True, slots=True)
class UrlLocation:
    """A folder of a file server, a url of an object store, or of a web server that lists its folders."""

    name: str
    root: FsspecFolder | WebFolder | FtpFolder
    """without dates"""
    cache: InputCache
    retry_policy: RetryPolicy

    @property
    def address(self) -> str:
        """The url."""
        return self.root.address

    def names(self, at: datetime, pattern: str) -> list[str]:
        """Those that are listed; a name without wildcards is asked for directly, as many servers list nothing."""
        folder, name = resolve_pattern(at, pattern)
        try:
            remote = self.root.below(folder)
            if any(mark in name for mark in "*?["):
                return self._listed(remote, at, name)
            return [self._described(remote, at, name).name]
        except InputMissing:
            return []

    def described(self, at: datetime, pattern: str) -> list[RemoteFile]:
        """What the server says of the files of a moment: size, and tag or time."""
        remote = self.root.below(resolve_pattern(at, pattern)[0])
        return [self._described(remote, at, name) for name in self.names(at, pattern)]

    def files(self, at: datetime, pattern: str) -> list[Path]:
        """Those of the url, each fetched once and again if its size or tag has changed."""
        folder, name = resolve_pattern(at, pattern)
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
        names = [each for each in list_names(remote, at.date(), self.retry_policy) if fnmatchcase(each, name)]
        return [each for each in names if not is_set_aside(Path(each))]

    def _described(self, remote: RemoteFolder, at: datetime, name: str) -> RemoteFile:
        return with_retries(name, remote.address, self.retry_policy, lambda: remote.describe(at.date(), name))

    def _fetched(self, remote: RemoteFolder, at: datetime, name: str, folder: Path) -> Path:
        about = self._described(remote, at, name)
        revision = hashlib.sha256(f"{remote.address} {about.size} {about.stamp}".encode()).hexdigest()[:12]
        target = folder / revision / "files" / name
        if not target.is_file():
            fetch_file(remote, at.date(), name, target, self.retry_policy)
        return target


FileLocation = FolderLocation | UrlLocation
"""Where files lie. Its answers raise InputInvalid if files may not be read, and ServerRefused and ServerUnreachable if
they lie on a network."""


def resolve_pattern(at: datetime, pattern: str) -> tuple[str, str]:
    """Folder and name of a time; only the name has wildcards."""
    folder, _, name = at.strftime(pattern).rpartition("/")
    return folder, name


def permission_errors(where: object) -> AbstractContextManager[None]:
    """Within it, a file or folder that this user may not read is InputInvalid."""
    return errors_as(
        InputInvalid,
        "its files cannot be read: {}",
        where=where,
        expected="a folder and files that this user may read",
        remedy="correct their permissions",
    )
