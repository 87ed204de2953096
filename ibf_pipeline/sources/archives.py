"""Forecasts in the archives that they were delivered in: zip, gzip and tar, unpacked into the cache."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

from ibf_pipeline.discharge.kind import kind_of
from ibf_pipeline.errors import InputInvalid, turned_into
from ibf_pipeline.io.writing import whole


def unpacked(archives: Iterable[Path], loose: Sequence[Path], folder: Path) -> list[Path]:
    """The GRIB and netCDF files of archives, unpacked below `folder`, each content once and none that lies there loose.

    They keep the archive's time stamp. An archive that was unpacked before is not unpacked again.
    Raises InputInvalid where an archive is damaged, WriteFailed where the disk is full.
    """
    known = {_digest(file) for file in loose}
    found: list[Path] = []
    for archive in archives:
        for file in _unpack(archive, folder):
            digest = _digest(file)
            if kind_of(file) in ("grib", "netcdf") and digest not in known:
                known.add(digest)
                found.append(file)
    return found


def _unpack(archive: Path, folder: Path) -> list[Path]:
    about = archive.stat()
    target = folder / f"{archive.name}-{about.st_size}-{about.st_mtime_ns}"
    if not target.is_dir():
        damaged = turned_into(
            InputInvalid,
            "the archive cannot be read: {}",
            where=archive,
            expected="a whole zip, gzip or tar file",
            remedy="it is damaged or was cut off: delete it and fetch it again",
        )
        partial = target.with_name(target.name + ".part")
        shutil.rmtree(partial, ignore_errors=True)
        with damaged:
            for number, (name, content) in enumerate(_files(archive)):
                plain = Path(name.replace("\\", "/")).name
                place = partial / plain
                with whole(partial / f"{number}-{plain}" if place.exists() else place) as out, out.open("wb") as stream:
                    shutil.copyfileobj(content, stream)
        partial.mkdir(parents=True, exist_ok=True)
        for file in partial.iterdir():
            os.utime(file, ns=(about.st_mtime_ns, about.st_mtime_ns))
        partial.rename(target)
    return sorted(target.iterdir())


def _files(archive: Path) -> Iterator[tuple[str, IO[bytes] | gzip.GzipFile]]:
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
        with gzip.open(archive) as single:
            yield archive.stem, single


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
