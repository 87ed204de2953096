"""A limit for the local copies of what is in the store: those that were not used for longest are deleted."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.notes import read_note
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.lease import holders, lease
from ibf_pipeline.records.schema import KEPT
from ibf_pipeline.storage.kept import MARK, KeptFile
from ibf_pipeline.storage.retention import row_of

log = logging.getLogger(__name__)

KEEP_SECONDS: Final = 3600.0
"""since its last use, a copy is left alone: somebody may be reading it"""


@dataclass(frozen=True, slots=True)
class Copy:
    """A folder whose files are, or were, those of a set in the store."""

    folder: Path
    names: tuple[str, ...]
    """of the set's files that are there"""
    size: int
    """bytes of them"""
    used: float
    """seconds since 1970"""


def make_room(database: Database, roots: Sequence[Path], largest: int, now: float | None = None) -> int:
    """Delete local copies below these folders until they have at most `largest` bytes together; bytes deleted.

    Only a file that is in the store with the same content is deleted, and none of a country that is at work, or that
    was used within an hour. Marks, journals and whatever else lies beside stays.
    """
    copies = sorted(_copies(roots), key=lambda each: each.used)
    size, moment, deleted = sum(each.size for each in copies), time.time() if now is None else now, 0
    for copy in copies:
        if size - deleted <= largest or moment - copy.used < KEEP_SECONDS:
            break
        deleted += _delete(database, copy)
    if deleted:
        log.info("cache: deleted local copies of %.1f MB that are in the store", deleted / 1e6)
    return deleted


def _copies(roots: Sequence[Path]) -> Iterator[Copy]:
    for mark in (mark for root in roots for mark in root.rglob(MARK)):
        with suppress(OSError):  # deleted meanwhile
            folder = mark.parent
            sizes = {
                name: (folder / name).stat().st_size
                for name in read_note(mark).get("names", ())
                if (folder / name).is_file()
            }
            yield Copy(folder, tuple(sizes), sum(sizes.values()), mark.stat().st_mtime)


def _delete(database: Database, copy: Copy) -> int:
    """Bytes that were deleted of a copy; none where somebody may be at work with it, or the store has it not."""
    wanted = select(KEPT).where(KEPT.c.id == read_note(copy.folder / MARK).get("row"), KEPT.c.pruned.is_(None))
    row = next(map(row_of, database.rows(wanted)), None)
    if row is None or any(line.startswith(f"{row.lease_name}/") for line in holders(database)):
        return 0  # the latter: a person decides about a revision
    try:
        with lease(database, row.lease_name, "make room on the disk"):
            if (copy.folder / MARK).stat().st_mtime != copy.used:
                return 0
            return sum(_removed(copy.folder, file) for file in row.files if file.name in copy.names)
    except (ForbiddenByRule, FileNotFoundError):
        return 0


def _removed(folder: Path, kept: KeptFile) -> int:
    """Delete a file that is the one in the store; its bytes."""
    file = folder / kept.name
    if not file.is_file() or file.stat().st_size != kept.size or sha256(file) != kept.sha256:
        return 0
    file.unlink()
    with suppress(OSError):
        file.parent.rmdir()  # where nothing else is in it
    return kept.size
