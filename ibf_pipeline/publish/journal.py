"""What happened to each call of a plan, appended line by line: nothing that must not be repeated is ever forgotten."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, NoReturn

from ibf_pipeline.errors import WriteFailed
from ibf_pipeline.io.writing import sync_folder

State = Literal["sending", "done", "failed", "unknown", "assumed", "held", "closed", "unused", "reopened"]
"""`sending`: marked before the call that ends a run is sent; `unknown`: sent, and nobody can say what became of it;
`assumed`: a person declared it done; `held`: waits for a person's approval; `closed`: given up, not to be resumed;
`unused`: the same before any call was made; `reopened`: a person takes it up again after all"""

REVISION = 0
"""number under which the journal speaks of the whole revision"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the journal."""

    call: int
    state: State
    at: str
    """UTC, ISO 8601"""
    status: int | None = None
    """HTTP status of the answer"""
    error: str | None = None
    seconds: float | None = None
    """from sending to answer"""


def no_clock() -> NoReturn:
    """The clock of a journal that is only read: nothing is written, so no time is asked for."""
    raise RuntimeError("this journal is only read")


class Journal:
    """`journal.jsonl` of a revision. A last line that a crash tore is no entry."""

    def __init__(self, file: Path, now: Callable[[], datetime]) -> None:
        self.file = file
        self._now = now

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
        """Write an entry; WriteFailed where the disk does not take it.

        `durable`: wait until it is on disk. Otherwise it outlives the process, and may be lost with the ones after it
        where the power fails: enough for a call that may be repeated.
        """
        moment = self._now().isoformat(timespec="milliseconds")
        entry = Entry(call, state, moment, status, error, None if seconds is None else round(seconds, 4))
        line = json.dumps({key: value for key, value in asdict(entry).items() if value is not None}, ensure_ascii=False)
        try:
            with self.file.open("ab") as stream:
                if stream.tell() and not self._ends_with_newline():
                    stream.write(b"\n")  # after a torn line: the next entry starts on its own
                stream.write(line.encode() + b"\n")
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
        except OSError as error:
            raise self._not_written(error) from error

    def begin(self) -> None:
        """Have the file there, on disk, before anything is sent: by it the ledger knows what may be on the target."""
        try:
            self.file.touch()
            sync_folder(self.file.parent)
        except OSError as error:
            raise self._not_written(error) from error

    def _not_written(self, error: OSError) -> WriteFailed:
        return WriteFailed(
            f"the journal could not be written ({error.strerror or error})",
            where=self.file,
            expected="free disk space and a folder that may be written to",
            remedy="make free disk space or correct the permissions, then resume: the run goes on at the first "
            "call that is not known to be done",
        )

    def _ends_with_newline(self) -> bool:
        with self.file.open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            return stream.read(1) == b"\n"

    def entries(self) -> list[Entry]:
        """Every readable entry, oldest first."""
        return list(self._read())

    def _read(self) -> Iterator[Entry]:
        if not self.file.is_file():
            return
        for line in self.file.read_bytes().splitlines():
            try:
                yield Entry(**json.loads(line))
            except (ValueError, TypeError):
                continue  # torn by a crash: what it said did not reach the disk, so the call counts as not done

    def last_state(self, call: int) -> State | None:
        """The newest state of a call, None where the journal does not know it."""
        states = [entry.state for entry in self._read() if entry.call == call]
        return states[-1] if states else None

    @property
    def is_closed(self) -> bool:
        """Whether the revision was given up."""
        return self.last_state(REVISION) in ("closed", "unused")

    @property
    def was_begun(self) -> bool:
        """Whether a call may have been made."""
        return self.file.is_file() and self.last_state(REVISION) != "unused"

    def close(self, why: str) -> None:
        """Give the revision up."""
        self.append(REVISION, "closed" if self.was_begun else "unused", error=why)

    def done(self) -> set[int]:
        """Numbers of the calls known to be done."""
        latest: dict[int, State] = {entry.call: entry.state for entry in self._read()}
        return {call for call, state in latest.items() if state in ("done", "assumed")}
