"""Files of our own: each is there whole or not at all, and what stands in the way of writing it becomes one error."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import WriteFailed

NOTHING_PUBLISHED = "make free disk space or correct the permissions, then run again; nothing was published of this"
RESUME = "make free disk space or correct the permissions, then resume the run"
ABANDONED_SECONDS: Final = 86_400.0
"""what was begun so long ago and not written to since was begun by a process that was killed"""


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """A path beside `file` to write to; where the block ends well, what is there takes the name of `file`.

    So readers find the whole new file or what was there before, also after a power cut. Each writer has a path of its
    own, and the last one wins. The folder is made where it is not there. A block that fails leaves nothing behind;
    what a killed process left is removed by whoever writes into the folder a day later. Raises WriteFailed as
    `writing`.
    """
    partial = file.with_name(f".{file.name}.{secrets.token_hex(4)}.part")
    with writing(file):
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
    """Write a file, whole or not at all."""
    with whole(file) as partial:
        partial.write_bytes(content)


def write_text(file: Path, text: str) -> None:
    """Write a text in UTF-8, its line ends as they are, whole or not at all."""
    write_bytes(file, text.encode())


def _remove_abandoned(folder: Path) -> None:
    for left in folder.glob(f".*.{'[0-9a-f]' * 8}.part"):
        with suppress(OSError):  # another writer's, that is done by now
            if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
                left.unlink()


@contextmanager
def writing(file: Path, remedy: str = NOTHING_PUBLISHED) -> Iterator[None]:
    """WriteFailed, naming the file, where the operating system or a raster or netCDF library cannot write.

    Only writing belongs inside: a library's error does not tell whether reading or writing failed. A WriteFailed of a
    file within passes, with the remedy of the outer one where that is a special one.
    """
    try:
        yield
    except WriteFailed as error:
        if remedy == NOTHING_PUBLISHED:
            raise
        raise WriteFailed(error.found, where=error.where, expected=error.expected, remedy=remedy) from error
    except (OSError, RuntimeError) as error:  # netCDF4 has RuntimeError, rasterio an OSError without a number
        reason = getattr(error, "strerror", None) or " ".join(str(error).split()) or type(error).__name__
        raise write_failed(file, reason, remedy) from error


def write_failed(file: Path, reason: str, remedy: str = NOTHING_PUBLISHED) -> WriteFailed:
    """The error for a file that could not be written, or that does not read back as it was written."""
    return WriteFailed(
        f"the file could not be written ({reason})",
        where=file,
        expected="free disk space and a folder that may be written to",
        remedy=remedy,
    )


def sync_folder(folder: Path) -> None:
    """Wait until a folder's entries are on disk: a new or renamed file survives a power cut only then.

    Raises WriteFailed as `writing`.
    """
    with writing(folder):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
