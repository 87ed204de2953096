"""A limit for the local copies of what is in the store: those that were not used for longest are deleted."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
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
from ibf_pipeline.storage.retention import Row, row_of

log = logging.getLogger(__name__)

KEEP_SECONDS: Final = 3600.0
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


def make_room(database: Database, roots: Sequence[Path], largest: int, now: float | None = None) -> int:
    """Delete local copies below these folders until they have at most `largest` bytes together; bytes deleted.

    Only a file that is in the store with the same content is deleted, and none of a country that is at work, or that
    was used within an hour. Marks, journals and whatever else lies beside stays.
    """
    copies = sorted(_copies(roots), key=lambda each: each.used)
    size, moment, deleted = sum(each.size for each in copies), time.time() if now is None else now, 0
    if size <= largest:
        return 0
    rows = map(row_of, database.rows(select(KEPT).where(KEPT.c.pruned.is_(None))))
    stored = {each.key: (row, each) for row in rows for each in row.files}
    for copy in copies:
        if size - deleted <= largest or moment - copy.used < KEEP_SECONDS:
            break
        deleted += _delete(database, copy, stored)
    if deleted:
        log.info("cache: deleted local copies of %.1f MB that are in the store", deleted / 1e6)
    return deleted


def _copies(roots: Sequence[Path]) -> Iterator[Copy]:
    for mark in (mark for root in roots for mark in root.rglob(MARK)):
        with suppress(OSError):  # deleted meanwhile
            folder = mark.parent
            keys = {name: key for name, key in read_note(mark).items() if (folder / name).is_file()}
            yield Copy(folder, keys, sum((folder / name).stat().st_size for name in keys), mark.stat().st_mtime)


def _delete(database: Database, copy: Copy, stored: Mapping[str, tuple[Row, KeptFile]]) -> int:
    """Bytes that were deleted of a copy; none where somebody may be at work with it, or the store has it not."""
    here = {name: stored[key] for name, key in copy.keys.items() if key in stored}
    names = {row.lease_name for row, _ in here.values()}
    if len(names) != 1 or any(line.startswith(f"{name}/") for name in names for line in holders(database)):
        return 0  # the latter: a person decides about a revision
    (of,) = names
    try:
        with lease(database, of, "make room on the disk"):
            if (copy.folder / MARK).stat().st_mtime != copy.used:
                return 0
            return sum(_removed(copy.folder / name, file) for name, (_, file) in here.items())
    except (ForbiddenByRule, FileNotFoundError):
        return 0


def _removed(file: Path, kept: KeptFile) -> int:
    """Delete a file that is the one in the store; its bytes."""
    if file.stat().st_size != kept.size or sha256(file) != kept.sha256:
        return 0
    file.unlink()
    with suppress(OSError):
        file.parent.rmdir()  # where nothing else is in it
    return kept.size
