"""Fetching into a static folder, part by part: what stays, what is new, and what could not be had."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ibf_pipeline.errors import IbfError, WriteFailed
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.prepare.fetch_records import read_fetch_records, write_fetch_record

Say = Callable[[str], None]


class FetchJob:
    """Knows which files of the folder are ours, what each part of them cost, and which part could not be had."""

    def __init__(
        self,
        folder: Path,
        say: Say,
        *,
        refresh: bool,
        arrived: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`arrived`: bytes that were fetched so far; `clock`: seconds."""
        self.folder = folder
        self.say = say
        self.written: list[str] = []
        self._refresh = refresh
        self._arrived = arrived
        self._clock = clock
        self._failed: dict[str, IbfError] = {}
        self._skipped: set[str] = set()

    def run_part(self, name: str, work: Callable[[], None], *, after: Sequence[str] = ()) -> None:
        """Do a part of the work and say what it cost; its error waits, so that the other parts are tried, too.

        A part is not tried if one of those that it comes `after` could not be had.
        """
        lacking = [other for other in after if other in self._failed or other in self._skipped]
        if lacking:
            self.say(f"{name}: not tried without the {lacking[0]}")
            self._skipped.add(name)
            return
        begun, before, written = self._clock(), self._arrived(), len(self.written)
        try:
            work()
        except WriteFailed:
            raise
        except IbfError as error:
            self._failed[name] = error
        arrived, seconds = self._arrived() - before, self._clock() - begun
        if arrived or len(self.written) > written:
            self.say(f"{name}: " + (f"{arrived / 1e6:.1f} MB fetched in " if arrived else "") + f"{seconds:.0f} s")

    def raise_failures(self) -> None:
        """Raise what could not be had: the error of the one part; of several, each of which is said, one for all."""
        errors = [*self._failed.values()]
        if len(errors) > 1:
            for name, error in self._failed.items():
                self.say(f"{name}: NOT FETCHED: {error}")
            raise type(errors[0])(
                f"{len(errors)} parts could not be had: {', '.join(self._failed)}",
                where=self.folder,
                expected="every part that static_sources name",
                remedy="fix what is said of each above, and repeat the command: what is there stays",
            )
        if errors:
            raise errors[0]

    def must_fetch(self, name: str) -> bool:
        """Whether a file is to be fetched."""
        file = self.folder / name
        if not file.is_file():
            return True
        known = read_fetch_records(self.folder).get(name)
        return self._refresh and known is not None and known.get("sha256") == sha256(file)

    def was_fetched(self, name: str) -> bool:
        """Whether a file was fetched by us."""
        return name in read_fetch_records(self.folder)

    def should_fetch(self, name: str) -> bool:
        """Whether a file is to be fetched; says why not."""
        if self.must_fetch(name):
            return True
        why = "is there" if not self._refresh else "was not fetched as it is: it stays"
        self.say(f"{name}: {why}")
        return False

    def record_fetched(self, name: str, origin: str, doubt: str = "", licence: str = "") -> None:
        """Record a file as fetched: from where, under which licence, and what is doubtful about it."""
        about = {"from": origin, "doubt": doubt, "licence": licence, "sha256": sha256(self.folder / name)}
        write_fetch_record(self.folder, name, {key: value for key, value in about.items() if value})
        self.written.append(name)
        self.say(f"{name}: fetched from {origin}" + (f" ({licence})" if licence else ""))
