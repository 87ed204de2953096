"""A folder of this machine, and what must outlive it: its files in the store, and short texts in the records."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection

from ibf_pipeline.errors import InputMissing, WriteFailed
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.store import Store
from ibf_pipeline.io.writing import write_text, writing
from ibf_pipeline.storage.kept import (
    ALWAYS,
    MARK,
    KeptFile,
    KeptSet,
    Kind,
    bring,
    kept_of,
    mark,
    put_files,
    record_files,
)
from ibf_pipeline.storage.notes import keep_note, note_of, owner_of

log = logging.getLogger(__name__)

_OF_ITS_MACHINE = (*ALWAYS, "plan.jsonl")
"""names of files that lie only where a run or a revision was made, of earlier versions, too"""


@dataclass(frozen=True, slots=True)
class Place:
    """Files of one kind. With a store the folder is a cache of the newest set that was kept, and may vanish."""

    name: str
    """such as `UGA/floods/2026-02-15`"""
    kind: Kind
    country: str
    folder: Path
    records: Callable[[], Database]
    store: Store | None = None
    _final: list[KeptSet] = field(default_factory=list, init=False, repr=False, compare=False)

    def newest(self) -> KeptSet | None:
        """The files that the place has in the store; None where none were ever put there, and without a store.

        Those of a revision never change: the records are asked once.
        """
        if self.store is None or self._final:
            return next(iter(self._final), None)
        kept = kept_of(self.records(), self.name)
        if self.kind == "revision" and kept is not None and kept.pruned is None:
            self._final.append(kept)
        return kept

    def has(self, name: str) -> bool:
        """Whether a file is here or can be brought."""
        kept = self.newest()
        if kept is None:
            return (self.folder / name).is_file()
        return kept.has(name)

    def file(self, name: str) -> Path:
        """Where a file is, brought where it was not on this machine.

        InputMissing where it is on another machine alone, or was deleted from the store; StoreUnavailable.
        """
        return self.files([name])[0]

    def files(self, names: Sequence[str]) -> list[Path]:
        """The same for several, brought together."""
        kept = self.newest()
        if kept is not None and self.store is not None:
            return bring(self.store, kept, self.folder, names)
        if not self.is_of_this_machine():
            self.require_on_this_machine()
        return [self.folder / name for name in names]

    def is_of_this_machine(self) -> bool:
        """Whether its files are of this machine, whole or not. One that is empty was made by a person, who says so;
        words of what came later are written on any machine.
        """
        if not self.folder.is_dir():
            return False
        return any((self.folder / name).is_file() for name in _OF_ITS_MACHINE) or not any(self.folder.iterdir())

    def whole(self) -> Path:
        """The folder with every file of the place."""
        kept = self.newest()
        if kept is not None and self.store is not None:
            bring(self.store, kept, self.folder)
        return self.folder

    def require_on_this_machine(self) -> None:
        """InputMissing where the records are shared with other machines, so that files that are not here are there."""
        if self.store is None and self.records().is_file:
            return
        raise InputMissing(
            f"the files of {self.name} are on the disk of another machine, or nowhere any more",
            where=self.folder,
            expected="files on this machine or in a store that all machines share",
            remedy="name a store (store.url in settings.yaml) and run `ibf-pipeline records take-over` on the machine "
            "that made them, or do it there; where they are lost, make this folder, empty: they then count as damaged",
        )

    def put(self, source: Path, names: Iterable[str] | None = None, known: Sequence[KeptFile] = ()) -> list[KeptFile]:
        """Put files of a folder into the store, all where no names are given; nothing without a store.

        What the place has already, or `known` has, is not put again. StoreUnavailable.
        """
        if self.store is None:
            return []
        before = self.newest()
        names = below(source) if names is None else names
        known = [*known, *(before.files if before is not None and before.pruned is None else ())]
        return list(put_files(self.store, owner_of(self.records()), self.name, source, names, known))

    def record(self, connection: Connection, files: Sequence[KeptFile], revision: int | None = None) -> None:
        """Let the place have these files from now on, in the transaction of whoever may say so."""
        if self.store is not None:
            record_files(connection, self.name, self.kind, self.country, files, revision)

    def is_here(self, files: Sequence[KeptFile]) -> None:
        """Note that these files of the store are in the folder. What cannot be noted is brought again.

        Not the newest of the place: another machine may have put newer ones since these were recorded.
        """
        if self.store is not None:
            try:
                mark(self.folder, files)
            except WriteFailed as error:
                log.warning("%s: %s", self.name, error)

    def note(self, name: str) -> str | None:
        """A short text about the place; None where there is none. Earlier versions had it in its folder alone."""
        noted = note_of(self.records(), self.name, name)
        file = self.folder / name
        if noted is None and file.is_file():
            return file.read_text(encoding="utf-8")
        return noted

    def keep_note(self, name: str, text: str, remedy: str = "") -> None:
        """Let the place have a short text, in the records and, for people, in its folder; WriteFailed."""
        keep_note(self.records(), self.name, name, text)
        with writing(self.folder / name, *([remedy] if remedy else [])):
            write_text(self.folder / name, text)


def below(folder: Path) -> list[str]:
    """Names of the files below a folder, but those that are only of this machine."""
    found = (file.relative_to(folder) for file in sorted(folder.rglob("*")) if file.is_file())
    return [name.as_posix() for name in found if name.name != MARK and not name.name.endswith(".part")]
