"""A folder that is written once, and what must survive it: its files in the store, and short texts in the records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from ibf_pipeline.errors import InputMissing, WriteFailed
from ibf_pipeline.io.atomic_files import write_errors, write_text
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.sql import Database
from ibf_pipeline.storage.copies import COMPLETE_MARK, fetch_copies, mark
from ibf_pipeline.storage.file_sets import ALWAYS, FileEntry, FileSet, FileSetKind
from ibf_pipeline.storage.notes import keep_note, note_of
from ibf_pipeline.storage.store_location import SharedStorage, StoreLocation

log = logging.getLogger(__name__)

_OF_ITS_MACHINE = (*ALWAYS, "plan.jsonl")
"""names of files that lie only where a run or a revision was made, of earlier versions, too"""


@dataclass(frozen=True, slots=True)
class StoredFolder:
    """Files of one kind. With a store the folder is a cache of the newest set, and may be deleted."""

    name: str
    """such as `UGA/floods/2026-02-15`"""
    kind: FileSetKind
    country: str
    folder: Path
    records: Callable[[], Database]
    store: FileStore | None = None
    _final: list[FileSet] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def _stored(self) -> StoreLocation | None:
        if self.store is None:
            return None
        return StoreLocation(SharedStorage(self.records(), self.store), self.name, self.kind, self.country)

    def newest(self) -> FileSet | None:
        """The newest set of files in the store, pruned or not; None if there never was one, and without a store.

        The set of a revision never changes: the records are asked once.
        """
        if self._final:
            return self._final[0]
        stored = self._stored
        kept = None if stored is None else stored.newest()
        if self.kind == "revision" and kept is not None and kept.pruned is None:
            self._final.append(kept)
        return kept

    def has(self, name: str) -> bool:
        """Whether a file is here or can be fetched."""
        kept = self.newest()
        if kept is None:
            return (self.folder / name).is_file()
        return kept.has(name)

    def file(self, name: str) -> Path:
        """Where a file is; it is fetched if it is not on this machine.

        Raises
        ------
        InputMissing
            If it is only on another machine, or was deleted from the store.
        StoreUnavailable
            If it cannot be fetched.
        """
        return self.files([name])[0]

    def files(self, names: Sequence[str]) -> list[Path]:
        """The same for several files, fetched together."""
        kept = self.newest()
        if kept is not None and self.store is not None:
            return fetch_copies(self.store, kept, self.folder, names)
        if not self.is_local():
            self.require_local()
        return [self.folder / name for name in names]

    def is_local(self) -> bool:
        """Whether its files were made on this machine, complete or not.

        An empty folder was made by an operator, who says so. Texts that come later are written on any machine.
        """
        if not self.folder.is_dir():
            return False
        return any((self.folder / name).is_file() for name in _OF_ITS_MACHINE) or not any(self.folder.iterdir())

    def fetch_all(self) -> Path:
        """The folder, after every file was fetched."""
        kept = self.newest()
        if kept is not None and self.store is not None:
            fetch_copies(self.store, kept, self.folder)
        return self.folder

    def require_local(self) -> None:
        """InputMissing if the records are shared with other machines: files that are not here are then there."""
        if self.store is None and self.records().is_file:
            return
        raise InputMissing(
            f"the files of {self.name} are on the disk of another machine, or nowhere any more",
            where=self.folder,
            expected="files on this machine or in a store that all machines share",
            remedy="name a store (store.url in settings.yaml) and run `ibf-pipeline records take-over` on the machine "
            "that made them, or do it there; where they are lost, make this folder, empty: they then count as damaged",
        )

    def put(
        self, source: Path, names: Iterable[str] | None = None, known: Iterable[FileEntry] = ()
    ) -> tuple[FileEntry, ...]:
        """Put files of a folder into the store, all if no names are given; nothing without a store.

        What the newest set or `known` has is not put again. StoreUnavailable as `StoreLocation.put`.
        """
        stored, before = self._stored, self.newest()
        if stored is None:
            return ()
        known = [*known, *(before.files if before is not None and before.pruned is None else ())]
        return stored.put(source, below(source) if names is None else names, known)

    def record(self, connection: Connection, files: Sequence[FileEntry], revision: int | None = None) -> None:
        """Record these files as the newest set, in the caller's transaction."""
        stored = self._stored
        if stored is not None:
            stored.record(connection, files, revision)

    def mark_local(self, files: Sequence[FileEntry]) -> None:
        """Note that these files of the store are in the folder; if that fails, they are fetched again.

        They need not be the newest set: another machine may have put newer ones since these were recorded.
        """
        if self.store is not None:
            try:
                mark(self.folder, files)
            except WriteFailed as error:
                log.warning("%s: %s", self.name, error)

    def note(self, name: str) -> str | None:
        """A short text about the place; None if there is none. Earlier versions had it only in the folder."""
        noted = note_of(self.records(), self.name, name)
        file = self.folder / name
        if noted is None and file.is_file():
            return file.read_text(encoding="utf-8")
        return noted

    def keep_note(self, name: str, text: str, remedy: str = "") -> None:
        """Store a short text in the records and, for people, in the folder; WriteFailed if either cannot take it."""
        keep_note(self.records(), self.name, name, text)
        with write_errors(self.folder / name, *([remedy] if remedy else [])):
            write_text(self.folder / name, text)


def below(folder: Path) -> list[str]:
    """Names of the files below a folder, without those that belong to this machine only."""
    found = (file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file())
    return [name.as_posix() for name in found if name.name != COMPLETE_MARK and not name.name.endswith(".part")]
