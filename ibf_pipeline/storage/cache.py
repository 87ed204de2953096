"""A limit for the local copies of what is in the store: the least recently used ones are deleted."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.lease import holders, lease
from ibf_pipeline.storage.copies import COMPLETE_MARK
from ibf_pipeline.storage.file_sets import FileEntry, FileSet, every_set

log = logging.getLogger(__name__)

_KEEP_SECONDS: Final = 3600.0
"""since its last use, a copy is left alone: somebody may be reading it"""


@dataclass(frozen=True, slots=True)
class Copy:
    """A folder whose files are, or were, those of a set in the store."""

    folder: Path
    keys: Mapping[str, str]
    """of the files that are there, in the store, by name"""
    size: int
    """bytes of them"""
    used: float
    """seconds since 1970"""


def make_room(database: Database, runs: Path, largest: int, now: float | None = None) -> int:
    """Delete local copies below the folder of the runs until they have at most `largest` bytes together.

    A file is deleted only if the store has it with the same content, no run of its country is at work, and it was not
    used within an hour. Marks, journals and whatever else lies beside stay.

    Returns
    -------
    int
        Bytes that were deleted.
    """
    copies = sorted(_copies(runs), key=lambda each: each.used)
    size, at, deleted = sum(each.size for each in copies), time.time() if now is None else now, 0
    if size <= largest:
        return 0
    stored = {each.key: (kept, each) for kept in every_set(database, there=True) for each in kept.files}
    for copy in copies:
        if size - deleted <= largest or at - copy.used < _KEEP_SECONDS:
            break
        deleted += _delete(database, copy, stored)
    if deleted:
        log.info("cache: deleted local copies of %.1f MB that are in the store", deleted / 1e6)
    return deleted


def _copies(runs: Path) -> Iterator[Copy]:
    for mark in runs.rglob(COMPLETE_MARK):
        with suppress(OSError):  # deleted meanwhile
            folder = mark.parent
            keys = {name: key for name, key in read_json_or_empty(mark).items() if (folder / name).is_file()}
            yield Copy(folder, keys, sum((folder / name).stat().st_size for name in keys), mark.stat().st_mtime)


def _delete(database: Database, copy: Copy, stored: Mapping[str, tuple[FileSet, FileEntry]]) -> int:
    """Bytes that were deleted of a copy; none if somebody may be at work with it, or the store does not have it."""
    here = {name: stored[key] for name, key in copy.keys.items() if key in stored}
    names = {kept.lease_name for kept, _ in here.values()}
    if len(names) != 1 or any(line.startswith(f"{name}/") for name in names for line in holders(database)):
        return 0  # the latter: an operator decides about a revision
    (of,) = names
    try:
        with lease(database, of, "make room on the disk"):
            if (copy.folder / COMPLETE_MARK).stat().st_mtime != copy.used:
                return 0
            return sum(_removed(copy.folder / name, file) for name, (_, file) in here.items())
    except (ForbiddenByRule, FileNotFoundError):
        return 0


def _removed(file: Path, kept: FileEntry) -> int:
    """Delete a file that is the one in the store; its bytes."""
    if file.stat().st_size != kept.size or sha256(file) != kept.sha256:
        return 0
    file.unlink()
    with suppress(OSError):
        file.parent.rmdir()  # if nothing else is in it
    return kept.size
