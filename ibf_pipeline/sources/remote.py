"""A file on a server to a file here: resumed where it broke, and never taken for whole before it is."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from ibf_pipeline.errors import ServerUnreachable
from ibf_pipeline.io.writing import writing

log = logging.getLogger(__name__)

_LONGEST_PAUSE = 60.0
"""seconds between two tries"""


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the server describes it."""

    name: str
    size: int
    """bytes"""
    stamp: str
    """what changes when its content does: time or tag as the server says it; empty where it says neither"""


class Broken(Exception):
    """A transfer that may go well when it is tried again."""


class RemoteFolder(Protocol):
    """A service that keeps a folder of files for each issue date.

    Its methods may be called by several threads. They raise Broken where another try may go well, InputMissing where
    there is no such folder or file (yet), ServerRefused where the account is not accepted.
    """

    @property
    def address(self) -> str:
        """Where it is, without any credentials."""
        ...

    def names(self, issue_date: date) -> list[str]:
        """Names of the day's files."""
        ...

    def describe(self, issue_date: date, name: str) -> RemoteFile:
        """Size and stamp of a file now."""
        ...

    def read(self, issue_date: date, name: str, start: int) -> Iterator[bytes]:
        """Its content from a position on."""
        ...

    def close(self) -> None:
        """End its connections."""
        ...


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file on disk."""

    path: Path
    remote: RemoteFile
    sha256: str


@dataclass(frozen=True, slots=True)
class Tries:
    """How often and how patiently something is tried."""

    attempts: int = 5
    sleep: Callable[[float], None] = time.sleep

    def pause(self, attempt: int) -> None:
        """Wait after a failed attempt, longer each time."""
        self.sleep(min(_LONGEST_PAUSE, 2.0 ** (attempt - 1)))


def fetch_file(remote: RemoteFolder, issue_date: date, name: str, target: Path, tries: Tries) -> Fetched:
    """Fetch a file; it appears under its name when it has the size that the server names before and after.

    What arrived before a connection broke is kept in `<target>.part` and continued, as long as the server's file is
    still the same. Raises ServerUnreachable after all tries, and what the server itself says.
    """
    for attempt in range(1, tries.attempts + 1):
        try:
            return _fetch_once(remote, issue_date, name, target)
        except Broken as error:
            log.info("%s: attempt %d of %d: %s", name, attempt, tries.attempts, error)
            if attempt == tries.attempts:
                raise ServerUnreachable(
                    f"{name}: {error}, {attempt} times",
                    where=remote.address,
                    expected="the whole file",
                    remedy="the part that arrived is kept: the same command goes on from there",
                ) from None
            tries.pause(attempt)
    raise AssertionError("unreachable")


def listed(remote: RemoteFolder, issue_date: date, tries: Tries) -> list[str]:
    """Names of the day's files; ServerUnreachable after all tries, and what the server itself says."""
    for attempt in range(1, tries.attempts + 1):
        try:
            return remote.names(issue_date)
        except Broken as error:
            if attempt == tries.attempts:
                raise ServerUnreachable(
                    f"the folder of {issue_date} could not be listed: {error}, {attempt} times",
                    where=remote.address,
                    expected="a list of files",
                    remedy="run again later",
                ) from None
            tries.pause(attempt)
    raise AssertionError("unreachable")


def _fetch_once(remote: RemoteFolder, issue_date: date, name: str, target: Path) -> Fetched:
    partial, note = target.with_name(target.name + ".part"), target.with_name(target.name + ".part.json")
    before = remote.describe(issue_date, name)
    if not before.size:
        raise Broken("the server's file is empty")
    start = _begun(partial, note, before)
    with writing(partial):
        partial.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(asdict(before)), encoding="utf-8")
    if start:
        log.info("%s: going on after %s of %s bytes", name, f"{start:,}", f"{before.size:,}")
    if start < before.size:
        _append(remote.read(issue_date, name, start), partial, start)
    size = partial.stat().st_size
    if size != before.size:
        if size > before.size:
            partial.unlink()
        raise Broken(f"{size:,} of {before.size:,} bytes arrived")
    after = remote.describe(issue_date, name)
    if after != before:
        partial.unlink()
        raise Broken("the server's file changed while it was fetched")
    with partial.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    with writing(target):
        partial.replace(target)
        note.unlink(missing_ok=True)
    return Fetched(target, before, sha256)


def _begun(partial: Path, note: Path, now: RemoteFile) -> int:
    """Bytes of the very same file that are there already; without a stamp nobody can say that it is the same."""
    try:
        begun = RemoteFile(**json.loads(note.read_text(encoding="utf-8")))
        if begun == now and now.stamp:
            return partial.stat().st_size
    except (OSError, ValueError, TypeError):
        pass
    partial.unlink(missing_ok=True)
    return 0


def _append(chunks: Iterator[bytes], partial: Path, start: int) -> None:
    with writing(partial):
        out = partial.open("r+b" if start else "wb")
    with out:
        out.seek(start)
        for chunk in chunks:
            with writing(partial):
                out.write(chunk)
        with writing(partial):
            out.flush()
            os.fsync(out.fileno())
