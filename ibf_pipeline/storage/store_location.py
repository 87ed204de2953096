"""What a folder is called on every machine, and the sets of files that it has in the store."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.transfers import transfer_all
from ibf_pipeline.records.schema import KEPT_FILES
from ibf_pipeline.storage.file_sets import FileEntry, FileSet, FileSetKind, sets_of
from ibf_pipeline.storage.notes import owner_of


@dataclass(frozen=True, slots=True)
class SharedStorage:
    """The records and the store of an installation of several machines."""

    database: Database
    store: FileStore


@dataclass(frozen=True, slots=True)
class StoreLocation:
    """A folder's place in the store and the records: its files are put there completely, then recorded."""

    sharing: SharedStorage
    name: str
    """such as `UGA/floods/2026-02-15` or `prepared/floods/UGA`"""
    kind: FileSetKind
    country: str = ""
    """empty for what several share"""

    def newest(self) -> FileSet | None:
        """The newest set of files, pruned or not; None if there never was one."""
        return next(iter(sets_of(self.sharing.database, self.name)), None)

    def sets(self, most: int = 1) -> list[FileSet]:
        """The newest sets that were not pruned, newest first."""
        return sets_of(self.sharing.database, self.name, most, there=True)

    def put(self, folder: Path, names: Iterable[str], known: Iterable[FileEntry] = ()) -> tuple[FileEntry, ...]:
        """Put files of a folder into the store under new keys; equal content once, and not what `known` has there.

        Every key tells the installation (`owner_of`).

        Raises
        ------
        StoreUnavailable
            If a file cannot be put there; nothing is recorded then.
        """
        store = self.sharing.store
        found = {name: (sha256(folder / name), (folder / name).stat().st_size) for name in names}
        same = {each.key: each for each in known if (each.sha256, each.size) in found.values()}
        keys = dict[tuple[str, int], str]()

        def look(each: FileEntry) -> None:
            if store.has(each.key, each.size):
                keys[each.sha256, each.size] = each.key

        transfer_all(look, same.values())
        at = f"{self.name}/{datetime.now(UTC):%Y%m%dT%H%M%S}-{owner_of(self.sharing.database)}-{secrets.token_hex(3)}"
        new: dict[tuple[str, int], str] = {}
        for name, content in found.items():
            if content not in keys:
                new.setdefault(content, name)
        transfer_all(lambda name: store.put(folder / name, f"{at}/{name}"), new.values())
        keys |= {content: f"{at}/{name}" for content, name in new.items()}
        return tuple(FileEntry(name, keys[digest, size], size, digest) for name, (digest, size) in found.items())

    def record(self, connection: Connection, files: Sequence[FileEntry], revision: int | None = None) -> int:
        """Record these files as the newest set, in the caller's transaction; returns the number of the row."""
        values = {
            "place": self.name,
            "kind": self.kind,
            "country": self.country,
            "revision": revision,
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "bytes": sum(each.size for each in files),
            "files": json.dumps([asdict(each) for each in files], ensure_ascii=False),
        }
        return int(connection.execute(KEPT_FILES.insert().values(**values).returning(KEPT_FILES.c.id)).scalar_one())
