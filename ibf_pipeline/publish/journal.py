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
from ibf_pipeline.io.atomic_files import sync_folder, write_text
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.lease import Lease, lease
from ibf_pipeline.records.schema import ENTRY

log = logging.getLogger(__name__)

CallState = Literal[
    "begun", "sending", "done", "failed", "unknown", "assumed", "not mailed", "held", "closed", "unused", "reopened"
]  # fmt: skip
"""State of a call, or of the whole revision (call 0).

* `begun`: calls may be made from now on;
* `sending`: marked before the call that notifies is sent;
* `done`, `failed`: answered;
* `unknown`: sent, and its outcome is not known;
* `assumed`: an operator declared it done;
* `not mailed`: the target shows what the call was to make, and mailed nobody; it is not made again;
* `held`: waits for the approval of an operator;
* `closed`: given up, not to be resumed; `unused`: the same before any call was made;
* `reopened`: an operator takes it up again after all.
"""

NOTHING_LEFT: Final = ("done", "assumed", "not mailed")
"""states of a call that is not made again; whether people were notified is another question"""

WHOLE_REVISION: Final = 0
"""number under which the journal speaks of the whole revision"""
_LAZY_SECONDS: Final = 0.5
"""that what may be repeated waits to be recorded together with what comes next"""


class Entry(NamedTuple):
    """One line of the journal; the fields are the columns of its table."""

    call: int
    state: CallState
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
class RevisionProgress:
    """How far a revision has come, as its journal said when it was read."""

    entries: tuple[Entry, ...]
    """oldest first"""

    @cached_property
    def newest(self) -> dict[int, Entry]:
        """The last entry about each call, by its number."""
        return {entry.call: entry for entry in self.entries}

    @cached_property
    def done(self) -> set[int]:
        """Numbers of the calls that need not be made again."""
        return {call for call, entry in self.newest.items() if entry.state in NOTHING_LEFT}

    def last_state(self, call: int) -> CallState | None:
        """The newest state of a call; None if the journal does not know it."""
        return self.newest[call].state if call in self.newest else None

    @property
    def is_unmailed(self) -> bool:
        """Whether the target is known to have mailed nobody, though it shows the revision."""
        return any(entry.state == "not mailed" for entry in self.newest.values())

    @property
    def is_closed(self) -> bool:
        """Whether the revision was given up."""
        return self.last_state(WHOLE_REVISION) in ("closed", "unused")

    @property
    def was_begun(self) -> bool:
        """Whether a call may have been made."""
        return any(entry.state != "unused" for entry in self.entries)


class Journal:
    """The journal of one revision; whoever writes to it holds the right to publish, at least while writing.

    Parameters
    ----------
    database : Database
        The records.
    revision : int
        Row of the revision in the records.
    lease_name : str
        Name of the right to publish, such as `UGA/floods/portal`.
    file : Path
        `journal.jsonl`: a copy for people. Only a take-over reads it back.
    now : Callable[[], datetime]
        The clock, UTC.
    """

    def __init__(self, database: Database, revision: int, lease_name: str, file: Path, now: Callable[[], datetime]):
        self.file = file
        self._database, self._revision, self._lease_name, self._now = database, revision, lease_name, now
        self._lazy: list[Entry] = []
        self._since = 0.0
        self._opened = 0

    @contextmanager
    def open(self, purpose: str) -> Iterator[Lease]:
        """Hold the right to publish until the block ends.

        Entries that wait to be recorded are recorded at the end, and `journal.jsonl` is written for people.

        Yields
        ------
        Lease
            The right to publish; `Lease.require` before each call tells whether it is still held.

        Raises
        ------
        ForbiddenByRule
            If another process holds the right to publish.
        LeaseLost
            If another process has taken it over meanwhile.
        WriteFailed
            If the entries cannot be recorded.
        """
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
        state: CallState,
        *,
        status: int | None = None,
        error: str | None = None,
        seconds: float | None = None,
        durable: bool = True,
    ) -> None:
        """Record what happened to a call.

        Parameters
        ----------
        call : int
            Number of the call; `WHOLE_REVISION` for the revision itself.
        state : CallState
            What happened.
        status : int, optional
            HTTP status of the answer.
        error : str, optional
            Why it failed, without secrets.
        seconds : float, optional
            From sending to the answer.
        durable : bool
            Wait until the entry is on disk. Otherwise it is recorded together with what comes next, and is lost if the
            process dies before: enough for a call that can be repeated.

        Raises
        ------
        WriteFailed
            If it cannot be recorded.
        LeaseLost
            If another run publishes by now.

        Notes
        -----
        `begun` and `sending` are also written to `journal.jsonl` at once: an operator and a take-over find them there
        even if the database is lost.
        """
        at = self._now().isoformat(timespec="milliseconds")
        if not self._lazy:
            self._since = time.monotonic()
        self._lazy.append(Entry(call, state, at, status, error, None if seconds is None else round(seconds, 4)))
        if not durable and time.monotonic() - self._since < _LAZY_SECONDS:
            return
        with self.open("journal") as held:
            self._flush(held, durable=durable)
            if state in ("begun", "sending"):  # if the database is lost, people and a take-over still find that
                write_text(self.file, journal_lines(self.progress().entries))
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
        """Record what waits after a failure; the first error counts more than one from here."""
        try:
            self._flush(held)
        except IbfError as error:
            log.error("%s", error)

    def begin(self) -> None:
        """Record that calls may be made from now on: from this entry the ledger knows what the target may have."""
        if not self.progress().was_begun:
            self.append(WHOLE_REVISION, "begun")

    def close(self, why: str) -> None:
        """Give the revision up: `closed`, or `unused` if no call was made."""
        self.append(WHOLE_REVISION, "closed" if self.progress().was_begun else "unused", error=why)

    def progress(self) -> RevisionProgress:
        """What is recorded, and what waits to be recorded."""
        kept = self._database.rows(_OF, {"wanted": self._revision})
        return RevisionProgress((*map(Entry._make, kept), *self._lazy))

    def _kept(self, connection: Connection) -> list[Entry]:
        return [Entry._make(row) for row in connection.execute(_OF, {"wanted": self._revision})]

    def _write_down(self) -> None:
        """`journal.jsonl`: the same for people; nothing but a take-over reads it back, so nothing fails here."""
        try:
            write_text(self.file, journal_lines(self.progress().entries))
        except WriteFailed as error:
            log.warning("%s could not be written for people: %s", self.file, error)


def journal_lines(entries: Sequence[Entry]) -> str:
    r"""Entries as JSON lines, without the fields that are None.

    >>> journal_lines([Entry(3, "done", "2026-02-15T06:00:00.000+00:00", status=201)])
    '{"call": 3, "state": "done", "at": "2026-02-15T06:00:00.000+00:00", "status": 201}\n'
    """
    return "".join(map(_line, entries))


@lru_cache(maxsize=1024)
def _line(entry: Entry) -> str:
    """Kept for a while, since a journal is written down several times."""
    said = {word: value for word, value in entry._asdict().items() if value is not None}
    return json.dumps(said, ensure_ascii=False) + "\n"


def entries_of(content: bytes) -> tuple[list[Entry], bool]:
    r"""Read the lines of a `journal.jsonl` that can be read.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    tuple of (list of Entry, bool)
        The entries, oldest first; and whether more is damaged than the last line, which a crash can cut off.

    Examples
    --------
    >>> entries_of(b'{"call": 1, "state": "done", "at": "2026-02-15"}\n{"call": 2, "st')
    ([Entry(call=1, state='done', at='2026-02-15', status=None, error=None, seconds=None)], False)
    """
    found, unreadable = [], []
    lines = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        try:
            found.append(Entry(**json.loads(line)))
        except (ValueError, TypeError):
            unreadable += [number] if line else []
    return found, any(number < len(lines) for number in unreadable)
