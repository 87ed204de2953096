"""A folder that machines share: the newest set in the store counts, and one machine at a time renews it."""

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

from ibf_pipeline.errors import ForbiddenByRule, IbfError
from ibf_pipeline.io.atomic_files import write_errors, write_text
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.transfers import transfer_all
from ibf_pipeline.records.lease import lease
from ibf_pipeline.storage.file_sets import FileEntry, FileSet
from ibf_pipeline.storage.store_location import StoreLocation

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 5.0
"""seconds between two looks whether another machine is done"""


@dataclass(frozen=True, slots=True)
class SharedFolder(StoreLocation):
    """A folder in which several machines work, one after the other."""

    @property
    def times(self) -> str:
        """Name of a file in each set: when its files were written, in nanoseconds; rules ask when a forecast arrived.

        Several shared folders may lie in one folder.
        """
        return f".times-{hashlib.sha256(self.name.encode()).hexdigest()[:8]}.json"

    @contextmanager
    def exclusive(self, purpose: str, busy_error: IbfError | None = None) -> Iterator[None]:
        """Wait until no other machine is at work there, and keep others out until the block ends.

        `busy_error` is raised at once if another machine is at work; without it, the other one is waited for.
        """
        with ExitStack() as stack:
            pause = 0.0
            while not self._entered(stack, purpose, busy_error, is_told=pause > 0):
                pause = min(max(_FIRST_PAUSE, 1.5 * pause), _LONGEST_PAUSE)
                time.sleep(pause)
            yield

    def text_of(self, kept: FileSet, name: str) -> str | None:
        """A text of a set; None if the set does not have it. StoreUnavailable or InputInvalid as `FileStore.get`."""
        file = kept.file(name)
        if file is None:
            return None
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "text"
            self.sharing.store.get(file.key, target, file.sha256)
            return target.read_text(encoding="utf-8")

    def bring(self, kept: FileSet, folder: Path, names: Iterable[str] | None = None) -> None:
        """Write files of a set into a folder, all if no names are given, with the times that they had.

        StoreUnavailable or InputInvalid as `FileStore.get`: the folder may then have some of them.
        """
        wanted = {self.times, *(each.name for each in kept.files)} if names is None else {self.times, *names}

        def get(file: FileEntry) -> None:
            self.sharing.store.get(file.key, folder / file.name, file.sha256)

        transfer_all(get, [each for each in kept.files if each.name in wanted])
        with write_errors(folder):
            for name, time_ns in read_json_or_empty(folder / self.times).items():
                if name in wanted:
                    with suppress(FileNotFoundError):
                        os.utime(folder / name, ns=(time_ns, time_ns))

    def share(
        self, folder: Path, names: Sequence[str], known: Iterable[FileEntry] = ()
    ) -> tuple[int, tuple[FileEntry, ...]]:
        """Put these files of a folder into the store and record them as the newest set; `known` are there already.

        Returns
        -------
        tuple of (int, tuple of FileEntry)
            Row of the set, and its files.

        Raises
        ------
        StoreUnavailable
            If a file cannot be put there; the set before then stays the newest.
        LeaseLost
            If another machine has taken over meanwhile; the same.
        """
        there = {each.name: each for each in known}
        times = {name: (folder / name).stat().st_mtime_ns for name in names}
        write_text(folder / self.times, json.dumps(times))
        with lease(self.sharing.database, self.name, "is sharing files of") as held:
            files = self.put(folder, [self.times, *(name for name in names if name not in there)], there.values())
            files += tuple(there[name] for name in names if name in there)
            with self.sharing.database.transaction() as connection:
                held.fence_off(connection)
                row = self.record(connection, files)
        return row, files

    def _entered(self, stack: ExitStack, purpose: str, busy_error: IbfError | None, *, is_told: bool) -> bool:
        try:
            stack.enter_context(lease(self.sharing.database, self.name, purpose))
        except ForbiddenByRule as error:
            if busy_error is not None:
                raise busy_error from None
            if not is_told:
                log.info("waiting for %s: %s", self.name, error.found)
            return False
        return True
