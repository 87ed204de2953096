"""What a file is, by its first bytes: names are whatever people gave it."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

FileFormat = Literal["grib", "netcdf", "archive"]
GRIB_NAMES: Final = (".grib2", ".grib", ".grb2", ".grb")
_NAMES: Final[dict[FileFormat, tuple[str, ...]]] = {
    "grib": GRIB_NAMES,
    "netcdf": (".nc", ".nc4"),
    "archive": (".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz"),
}
_MARKS: Final[tuple[tuple[int, bytes, FileFormat], ...]] = (
    (0, b"GRIB", "grib"),
    (0, b"\x89HDF\r\n\x1a\n", "netcdf"),
    (0, b"CDF", "netcdf"),
    (0, b"PK\x03\x04", "archive"),
    (0, b"\x1f\x8b", "archive"),
    (0, b"BZh", "archive"),
    (0, b"\xfd7zXZ\x00", "archive"),
    (257, b"ustar", "archive"),
)
_LONGEST: Final = 262


def format_of(file: Path) -> FileFormat | None:
    """By the file's content; by its name if the content says nothing, as in a damaged file or a folder."""
    head = b""
    if file.is_file():
        with file.open("rb") as stream:
            head = stream.read(_LONGEST)
    for place, mark, kind in _MARKS:
        if head[place : place + len(mark)] == mark:
            return kind
    promised = (kind for kind, endings in _NAMES.items() if file.name.lower().endswith(endings))
    return next(promised, None)


def is_grib_name(name: str) -> bool:
    """Whether a name promises GRIB, if nobody has looked at the content yet: on a server."""
    return name.lower().endswith(GRIB_NAMES)


def is_set_aside(file: Path) -> bool:
    """Hidden files and those that somebody is still writing, by the names that downloads give them."""
    return file.name.startswith((".", "~")) or file.suffix.lower() in (".part", ".partial", ".crdownload", ".tmp")
