"""Files of our own: each is there completely or not at all, and every reason why writing fails becomes one error."""

from __future__ import annotations

import json
import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.errors import WriteFailed

_NOTHING_PUBLISHED = "make free disk space or correct the permissions, then run again; nothing was published of this"
RESUME = "make free disk space or correct the permissions, then resume the run"
ABANDONED_SECONDS: Final = 86_400.0
"""what was begun so long ago and not written to since was begun by a process that was killed"""


@contextmanager
def atomic_path(file: Path) -> Iterator[Path]:
    """A path beside `file` to write to; when the block ends without an error, what is there takes the name of `file`.

    Readers see the complete new file or the one before, also after a power cut. Each writer has its own
    path, and the last one wins. A block that fails leaves nothing behind. What a killed process left is removed by the
    first writer into the same folder a day later.

    Parameters
    ----------
    file : Path
        The final name. Its folder is made if it does not exist.

    Yields
    ------
    Path
        Where to write.

    Raises
    ------
    WriteFailed
        If the file cannot be written (disk full, no permission, a raster or netCDF library that fails).
    """
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    with write_errors(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(file.parent)
        try:
            yield partial
            with partial.open("rb") as stream:
                os.fsync(stream.fileno())
            partial.replace(file)
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def write_bytes(file: Path, content: bytes) -> None:
    """Write a file, completely or not at all.

    Raises
    ------
    WriteFailed
        As `atomic_path`.
    """
    with atomic_path(file) as partial:
        partial.write_bytes(content)


def write_text(file: Path, text: str) -> None:
    """Write a text in UTF-8 with its line ends as they are, completely or not at all.

    Raises
    ------
    WriteFailed
        As `atomic_path`.
    """
    write_bytes(file, text.encode())


def _remove_abandoned(folder: Path) -> None:
    for left in folder.glob(f".*.{'[0-9a-f]' * 8}.part"):
        with suppress(OSError):  # another writer's, that is done by now
            if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
                left.unlink()


@contextmanager
def write_errors(file: Path, remedy: str = _NOTHING_PUBLISHED) -> Iterator[None]:
    """Within it, an error of the operating system, a raster or a netCDF library becomes WriteFailed.

    Only writing belongs inside: a library's error does not say whether reading or writing failed.

    Parameters
    ----------
    file : Path
        What the error names.
    remedy : str
        What an operator can do. A WriteFailed from inside keeps its own, unless this one is not the usual one.

    Raises
    ------
    WriteFailed
        Naming `file` and the reason.
    """
    try:
        yield
    except WriteFailed as error:
        if remedy == _NOTHING_PUBLISHED:
            raise
        raise WriteFailed(error.found, where=error.where, expected=error.expected, remedy=remedy) from error
    except (OSError, RuntimeError) as error:  # netCDF4 has RuntimeError, rasterio an OSError without a number
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise write_failed(file, reason, remedy) from error


def write_failed(file: Path, reason: str, remedy: str = _NOTHING_PUBLISHED) -> WriteFailed:
    """The error for a file that could not be written, or that does not read back as it was written."""
    return WriteFailed(
        f"the file could not be written ({reason})",
        where=file,
        expected="free disk space and a folder that may be written to",
        remedy=remedy,
    )


def sync_folder(folder: Path) -> None:
    """Wait until the entries of a folder are on disk: only then does a new or renamed file survive a power cut.

    Raises
    ------
    WriteFailed
        If the system cannot do that.
    """
    with write_errors(folder):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, completely or not at all.

    Raises
    ------
    WriteFailed
        As `atomic_path`.
    """
    write_text(file, as_json(content))


def as_json(content: Mapping[str, Any]) -> str:
    r"""JSON as people read it: indented, with dates in ISO 8601 and paths as text.

    >>> as_json({"day": date(2026, 2, 15)})
    '{\n "day": "2026-02-15"\n}'
    """
    return json.dumps(content, indent=1, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
