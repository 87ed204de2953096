"""A folder that machines share: the newest set of its place in the store counts, one machine at a time renews it."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from ibf_pipeline.errors import ForbiddenByRule, IbfError
from ibf_pipeline.io.notes import read_note
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.store import Store, together
from ibf_pipeline.io.writing import write_text, writing
from ibf_pipeline.records.lease import lease
from ibf_pipeline.records.schema import KEPT
from ibf_pipeline.storage.kept import KeptFile, KeptSet, Kind, put_files, record_files
from ibf_pipeline.storage.notes import owner_of

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
"""seconds between two looks whether another machine is done"""


@dataclass(frozen=True, slots=True)
class Sharing:
    """The records and the store of an installation of several machines."""

    database: Database
    store: Store


@dataclass(frozen=True, slots=True)
class SharedPlace:
    """What a folder is for all machines."""

    sharing: Sharing
    place: str
    """such as `prepared/floods/UGA`"""
    kind: Kind
    country: str = ""
    """empty for what several share"""

    @property
    def times(self) -> str:
        """Name of a file of each set: when its files were written, in nanoseconds; rules ask when a forecast arrived.

        Several places may lie in one folder.
        """
        return f".times-{hashlib.sha256(self.place.encode()).hexdigest()[:8]}.json"

    @contextmanager
    def alone(self, purpose: str, instead: IbfError | None = None) -> Iterator[None]:
        """Wait until no other machine is at work there, and keep others away until the block ends.

        `instead` is raised where there is another one: nobody is waited for then.
        """
        with ExitStack() as stack:
            pause = 0.0
            while not self._entered(stack, purpose, instead, is_told=pause > 0):
                pause = min(max(_FIRST_PAUSE, 1.5 * pause), _LONGEST_PAUSE)
                time.sleep(pause)
            yield

    def sets(self, most: int = 1) -> list[KeptSet]:
        """The newest sets whose files are still there, newest first."""
        wanted = select(KEPT).where(KEPT.c.place == self.place, KEPT.c.pruned.is_(None))
        return [
            KeptSet(row.id, row.place, row.kind, row.at, tuple(KeptFile(**each) for each in json.loads(row.files)))
            for row in self.sharing.database.rows(wanted.order_by(KEPT.c.id.desc()).limit(most))
        ]

    def text_of(self, kept: KeptSet, name: str) -> str | None:
        """A text of a set; None where it has none of this name. StoreUnavailable or InputInvalid as `Store.get`."""
        file = kept.file(name)
        if file is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "text"
            self.sharing.store.get(file.key, target, file.sha256)
            return target.read_text(encoding="utf-8")

    def bring(self, kept: KeptSet, folder: Path, names: Iterable[str] | None = None) -> None:
        """Write files of a set into a folder, all where no names are given, with the times that they had.

        StoreUnavailable or InputInvalid as `Store.get`: the folder may then have some of them.
        """
        wanted = {self.times, *(each.name for each in kept.files)} if names is None else {self.times, *names}

        def get(file: KeptFile) -> None:
            self.sharing.store.get(file.key, folder / file.name, file.sha256)

        together(get, [each for each in kept.files if each.name in wanted])
        with writing(folder):
            for name, time_ns in read_note(folder / self.times).items():
                if name in wanted:
                    with suppress(FileNotFoundError):
                        os.utime(folder / name, ns=(time_ns, time_ns))

    def put(
        self, folder: Path, names: Sequence[str], known: Iterable[KeptFile] = ()
    ) -> tuple[int, tuple[KeptFile, ...]]:
        """Let the place have these files of a folder; those of `known` are there already. Row, and what it lists.

        StoreUnavailable where one could not be put, LeaseLost where another machine has taken over meanwhile: the place
        then has what it had.
        """
        there = {each.name: each for each in known}
        times = {name: (folder / name).stat().st_mtime_ns for name in names}
        write_text(folder / self.times, json.dumps(times))
        with lease(self.sharing.database, self.place, "is sharing files of") as held:
            new = [self.times, *(name for name in names if name not in there)]
            owner = owner_of(self.sharing.database)
            files = put_files(self.sharing.store, owner, self.place, folder, new, there.values())
            files += tuple(there[name] for name in names if name in there)
            with self.sharing.database.transaction() as connection:
                held.fence_off(connection)
                row = record_files(connection, self.place, self.kind, self.country, files)
        return row, files

    def _entered(self, stack: ExitStack, purpose: str, instead: IbfError | None, *, is_told: bool) -> bool:
        try:
            stack.enter_context(lease(self.sharing.database, self.place, purpose))
        except ForbiddenByRule as error:
            if instead is not None:
                raise instead from None
            if not is_told:
                log.info("waiting for %s: %s", self.place, error.found)
            return False
        return True
