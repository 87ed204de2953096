"""Results come as zip archives from elsewhere: looked at before anything is written, and unpacked under limits."""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.locks import LOCKS, file_lock

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """What an archive may hold at most."""

    bytes: int
    """unpacked"""
    ratio: float
    """unpacked bytes for one packed byte, of the whole archive"""
    files: int


def check_archive(file: Path, limits: ArchiveLimits) -> list[zipfile.ZipInfo]:
    """The files of an archive; InputInvalid for paths that lead outside, links, and archives that blow up.

    A name is refused if it is absolute, holds `..`, a drive or a backslash, or stands twice.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise InputInvalid(
            f"this is not a readable zip archive ({error})", where=file, remedy="delete it and download it again"
        ) from None
    names: set[str] = set()
    for entry in entries:
        problem = _problem(entry, names)
        if problem:
            raise InputInvalid(
                f"the archive holds {entry.filename!r}, {problem}",
                where=file,
                expected="plain files below the archive's own folder",
                remedy="do not unpack it; tell the service",
            )
        names.add(entry.filename)
    size = sum(entry.file_size for entry in entries)
    if size > limits.bytes or len(entries) > limits.files or size > limits.ratio * max(1, file.stat().st_size):
        raise InputInvalid(
            f"the archive would unpack {file.stat().st_size:,} bytes to {size:,} bytes in {len(entries):,} files",
            where=file,
            expected=f"at most {limits.bytes:,} bytes, {limits.files:,} files and {limits.ratio:g} to 1",
            remedy="raise the limits under downloads in destine.yaml if the product is really so large",
        )
    return [entry for entry in entries if not entry.is_dir()]


def unpack(file: Path, folder: Path, limits: ArchiveLimits) -> list[Path]:
    """Unpack a checked archive into a folder, whole or not at all; what really comes out is counted, not believed.

    What was unpacked from this very archive before stays as it is: somebody else may be reading it.
    """
    entries = check_archive(file, limits)
    with file_lock(folder.parent / LOCKS / f"{folder.name}-unpacked"):
        stamp, done = folder.parent / LOCKS / f"{folder.name}.stamp", _stamp(file)
        if not (folder.is_dir() and stamp.is_file() and stamp.read_text(encoding="utf-8") == done):
            stamp.unlink(missing_ok=True)
            again = "delete it and download it again"
            with errors_as(InputInvalid, "the archive is damaged ({})", where=file, remedy=again):
                _unpack(file, folder, entries, limits)
            write_text(stamp, done)
    return [folder / entry.filename for entry in entries]


def _stamp(file: Path) -> str:
    """What tells one state of an archive from another."""
    state = file.stat()
    return f"{state.st_size} bytes, {state.st_mtime_ns} ns"


def _unpack(file: Path, folder: Path, entries: list[zipfile.ZipInfo], limits: ArchiveLimits) -> None:
    partial = folder.with_name(folder.name + ".part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    left = limits.bytes
    try:
        with zipfile.ZipFile(file) as archive:
            for entry in entries:
                target = partial / entry.filename
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as source, target.open("wb") as out:
                    while chunk := source.read(_CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise InputInvalid(f"the archive holds more than {limits.bytes:,} bytes", where=file)
                        out.write(chunk)
    except Exception:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    partial.rename(folder)


def _problem(entry: zipfile.ZipInfo, names: set[str]) -> str:
    name = entry.orig_filename
    path = PurePosixPath(name)
    if "\x00" in name or "\\" in name or re.match(r"[A-Za-z]:", name):
        return "a name that means something else on another system"
    if path.is_absolute() or ".." in path.parts:
        return "a path that leads outside"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a link"
    return "a name that stands twice" if entry.filename in names else ""
