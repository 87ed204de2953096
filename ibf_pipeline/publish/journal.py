"""What happened to each call of a plan, in the records: nothing that must not be repeated is ever forgotten."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

from sqlalchemy import Connection, bindparam, select

from ibf_pipeline.errors import IbfError, WriteFailed
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.writing import sync_folder, write_text
from ibf_pipeline.records.lease import Lease, lease
from ibf_pipeline.records.schema import ENTRY

log = logging.getLogger(__name__)

State = Literal[
    "begun", "sending", "done", "failed", "unknown", "assumed", "not mailed", "held", "closed", "unused", "reopened"
]  # fmt: skip
"""`begun`: a call may be made from now on; `sending`: marked before the call that ends a run is sent; `unknown`: sent,
and nobody can say what became of it; `assumed`: a person declared it done; `not mailed`: the target shows what it was
to make and mailed nobody, so nothing is left of it; `held`: waits for a person's approval; `closed`: given up, not to
be resumed; `unused`: the same before any call was made; `reopened`: a person takes it up again after all"""

NOTHING_LEFT: Final = ("done", "assumed", "not mailed")
"""states of a call that is not made again; whether people were notified is another question"""

REVISION: Final = 0
"""number under which the journal speaks of the whole revision"""
_LAZY_SECONDS: Final = 0.5
"""that what may be repeated waits to be recorded together with what comes next"""


class Entry(NamedTuple):
    """One word of the journal, under the names of its columns."""

    call: int
    state: State
    at: str
    """UTC, ISO 8601"""
    status: int | None = None
    """HTTP status of the answer"""
    error: str | None = None
    seconds: float | None = None
    """from sending to answer"""


_ADD = ENTRY.insert()
_OF = (
    select(*(ENTRY.c[word] for word in Entry._fields))
    .where(ENTRY.c.revision == bindparam("wanted"))
    .order_by(ENTRY.c.id)
)


@dataclass(frozen=True)
class Progress:
    """How far a revision has come, as its journal said when it was asked."""

    entries: tuple[Entry, ...]
    """oldest first"""

    @cached_property
    def newest(self) -> dict[int, Entry]:
        """The last word about each call."""
        return {entry.call: entry for entry in self.entries}

    @cached_property
    def done(self) -> set[int]:
        """Numbers of the calls of which nothing is left to do."""
        return {call for call, entry in self.newest.items() if entry.state in NOTHING_LEFT}

    def last_state(self, call: int) -> State | None:
        """The newest state of a call, None where the journal does not know it."""
        return self.newest[call].state if call in self.newest else None

    @property
    def is_unmailed(self) -> bool:
        """Whether the target is known to have mailed nobody, though it shows the revision."""
        return any(entry.state == "not mailed" for entry in self.newest.values())

    @property
    def is_closed(self) -> bool:
        """Whether the revision was given up."""
        return self.last_state(REVISION) in ("closed", "unused")

    @property
    def was_begun(self) -> bool:
        """Whether a call may have been made."""
        return any(entry.state != "unused" for entry in self.entries)


class Journal:
    """The journal of one revision. Whoever writes holds the right to publish, for the time of it at least."""

    def __init__(self, database: Database, revision: int, lease_name: str, file: Path, now: Callable[[], datetime]):
        """`revision`: its row; `file`: `journal.jsonl`, written for people."""
        self.file = file
        self._database, self._revision, self._lease_name, self._now = database, revision, lease_name, now
        self._lazy: list[Entry] = []
        self._since = 0.0
        self._opened = 0

    @contextmanager
    def open(self, purpose: str) -> Iterator[Lease]:
        """Hold the right to publish; what is not recorded yet is recorded at the end, and written down for people."""
        with lease(self._database, self._lease_name, purpose) as held:
            self._opened += 1
            try:
                yield held
                self._flush(held, durable=True)  # what is written down below must not know more after a power cut
            except BaseException:
                self._flush_or_say(held)
                raise
            finally:
                self._opened -= 1
                if not self._opened:
                    self._write_down()

    def append(
        self,
        call: int,
        state: State,
        *,
        status: int | None = None,
        error: str | None = None,
        seconds: float | None = None,
        durable: bool = True,
    ) -> None:
        """Record what happened; WriteFailed where it cannot be, LeaseLost where another run publishes by now.

        `durable`: wait until it is on disk. Otherwise it is recorded a moment later, with what comes next, and may be
        lost with it where the process dies: enough for a call that may be repeated.
        """
        moment = self._now().isoformat(timespec="milliseconds")
        if not self._lazy:
            self._since = time.monotonic()
        self._lazy.append(Entry(call, state, moment, status, error, None if seconds is None else round(seconds, 4)))
        if not durable and time.monotonic() - self._since < _LAZY_SECONDS:
            return
        with self.open("journal") as held:
            self._flush(held, durable=durable)
            if state in ("begun", "sending"):  # where the database is lost, people and take-over still find that
                write_text(self.file, as_lines(self.progress().entries))
                sync_folder(self.file.parent)

    def _flush(self, held: Lease, *, durable: bool = False) -> None:
        if not self._lazy:
            return
        entries, self._lazy = self._lazy, []

        def add(connection: Connection, again: bool) -> None:
            held.fence_off(connection)
            if again and self._kept(connection)[-len(entries) :] == entries:
                return  # nobody else writes under this lease: it was recorded, and the answer was lost
            connection.execute(_ADD, [{"revision": self._revision, **entry._asdict()} for entry in entries])

        self._database.write(add, durable=durable)

    def _flush_or_say(self, held: Lease) -> None:
        """Where a walk has failed already: why it did counts more."""
        try:
            self._flush(held)
        except IbfError as error:
            log.error("%s", error)

    def begin(self) -> None:
        """Record that calls may be made from now on: by it the ledger knows what may be on the target."""
        if not self.progress().was_begun:
            self.append(REVISION, "begun")

    def close(self, why: str) -> None:
        """Give the revision up."""
        self.append(REVISION, "closed" if self.progress().was_begun else "unused", error=why)

    def progress(self) -> Progress:
        """What is recorded, with what waits to be."""
        kept = self._database.rows(_OF, {"wanted": self._revision})
        return Progress((*map(Entry._make, kept), *self._lazy))

    def _kept(self, connection: Connection) -> list[Entry]:
        return [Entry._make(row) for row in connection.execute(_OF, {"wanted": self._revision})]

    def _write_down(self) -> None:
        """`journal.jsonl`: the same for people; nothing but a take-over reads it back, so nothing fails here."""
        try:
            write_text(self.file, as_lines(self.progress().entries))
        except WriteFailed as error:
            log.warning("%s could not be written for people: %s", self.file, error)


def as_lines(entries: Sequence[Entry]) -> str:
    """Entries as lines of JSON."""
    return "".join(map(_line, entries))


@lru_cache(maxsize=1024)
def _line(entry: Entry) -> str:
    """Kept for a while, since a journal is written down several times."""
    said = {word: value for word, value in entry._asdict().items() if value is not None}
    return json.dumps(said, ensure_ascii=False) + "\n"


def entries_of(content: bytes) -> tuple[list[Entry], bool]:
    """The readable lines of a `journal.jsonl`, and whether more is damaged than a last line that a crash tore."""
    found, unreadable = [], []
    lines = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            found.append(Entry(**json.loads(line)))
        except (ValueError, TypeError):
            unreadable += [number] if line else []
    return found, any(number < len(lines) for number in unreadable)
