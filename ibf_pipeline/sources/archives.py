"""Forecasts in the archives that they were delivered in: zip, tar, gzip, bzip2 and xz, unpacked into the cache."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.discharge.file_format import format_of, is_set_aside
from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.atomic_files import atomic_path
from ibf_pipeline.io.digest import sha256

_DEEPEST: Final = 3
"""archives in each other; what lies deeper is named and not opened"""
_SINGLE: Final[Mapping[bytes, Callable[..., Any]]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\x00": lzma.open,
}
"""first bytes of one compressed file -> what opens it"""


def unpacked(archives: Iterable[Path], loose: Sequence[Path], folder: Path) -> tuple[list[Path], list[str]]:
    """The GRIB and netCDF files of archives, unpacked below `folder`, each content once and none that lies there loose;
    and names of what else is in them, as `archive/name`.

    They keep the archive's time stamp. An archive that was unpacked before is not unpacked again.
    Raises InputInvalid if an archive is damaged, WriteFailed if the disk is full.
    """
    known = {sha256(file) for file in loose}
    found: list[Path] = []
    others: list[str] = []
    for archive in archives:
        for file, name in _inside(archive, folder, archive.name):
            if is_set_aside(file) or format_of(file) not in ("grib", "netcdf"):
                others.append(name)
            elif (digest := sha256(file)) not in known:
                known.add(digest)
                found.append(file)
    return found, others


def _inside(archive: Path, folder: Path, name: str, depth: int = 1) -> Iterator[tuple[Path, str]]:
    """Every file in an archive, and in the archives in it, with its name in words."""
    for file in _unpack(archive, folder):
        inside = f"{name}/{file.name}"
        if format_of(file) == "archive" and depth < _DEEPEST:
            yield from _inside(file, file.parent.with_name(file.parent.name + ".inside"), inside, depth + 1)
        else:
            yield file, inside


def _unpack(archive: Path, folder: Path) -> list[Path]:
    about = archive.stat()
    target = folder / f"{archive.name}-{about.st_size}-{about.st_mtime_ns}"
    if not target.is_dir():
        partial = target.with_name(target.name + ".part")
        shutil.rmtree(partial, ignore_errors=True)
        with _damaged(archive):
            for number, (name, content) in enumerate(_files(archive)):
                plain = Path(name.replace("\\", "/")).name
                place = partial / plain
                with (
                    atomic_path(partial / f"{number}-{plain}" if place.exists() else place) as out,
                    out.open("wb") as stream,
                ):
                    shutil.copyfileobj(_Content(content, archive), stream)
        partial.mkdir(parents=True, exist_ok=True)
        for file in partial.iterdir():
            os.utime(file, ns=(about.st_mtime_ns, about.st_mtime_ns))
        partial.rename(target)
    return sorted(target.iterdir())


@dataclass(frozen=True, slots=True)
class _Content:
    """A file in an archive; if it cannot be read, the disk that it is written to is not to blame."""

    stream: Any
    archive: Path

    def read(self, size: int = -1, /) -> bytes:
        with _damaged(self.archive):
            content: bytes = self.stream.read(size)
            return content


def _damaged(archive: Path) -> AbstractContextManager[None]:
    return errors_as(
        InputInvalid,
        "the archive cannot be read: {}",
        where=archive,
        expected="a whole zip, tar, gzip, bzip2 or xz file",
        remedy="it is damaged or was cut off: delete it and fetch it again",
    )


def _files(archive: Path) -> Iterator[tuple[str, Any]]:
    """Name and content of every file in an archive."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for entry in packed.infolist():
                if not entry.is_dir():
                    with packed.open(entry) as content:
                        yield entry.filename, content
    elif tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and (inside := tar.extractfile(member)) is not None:
                    yield member.name, inside
    else:
        with archive.open("rb") as stream:
            head = stream.read(6)
        opener = next((opener for mark, opener in _SINGLE.items() if head.startswith(mark)), gzip.open)
        with opener(archive) as single:
            yield archive.stem, single
