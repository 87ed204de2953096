"""Files of our own: what stands in the way of writing them becomes one error."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ibf_pipeline.errors import WriteFailed

NOTHING_PUBLISHED = "make free disk space or correct the permissions, then run again; nothing was published of this"
RESUME = "make free disk space or correct the permissions, then resume the run"


@contextmanager
def writing(file: Path, remedy: str = NOTHING_PUBLISHED) -> Iterator[None]:
    """WriteFailed, naming the file, where the operating system or a raster or netCDF library cannot write.

    Only writing belongs inside: a library's error does not tell whether reading or writing failed.
    """
    try:
        yield
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
    """Wait until a folder's entries are on disk: a new or renamed file survives a power cut only then."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
