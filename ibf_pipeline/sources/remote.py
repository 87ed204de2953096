"""A file on a server to a file here: resumed where it broke, and never taken for whole before it is."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol, Self, TypeVar

from ibf_pipeline.errors import InputMissing, ServerUnreachable
from ibf_pipeline.io.download import DownloadStream, download_attempt
from ibf_pipeline.io.http_errors import NoAnswer
from ibf_pipeline.io.retry_policy import RetryPolicy, retry_call

log = logging.getLogger(__name__)

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file as the server describes it."""

    name: str
    size: int
    """bytes"""
    stamp: str
    """what changes when its content does: time or tag as the server says it; empty if it says neither"""


class RemoteFolder(Protocol):
    """A service that keeps a folder of files for each issue date.

    Its methods may be called by several threads. They raise NoAnswer if another try may go well, InputMissing if
    there is no such folder or file (yet), ServerRefused if the account is not accepted.
    """

    @property
    def address(self) -> str:
        """Where it is, without any credentials."""

    def names(self, issue_date: date) -> list[str]:
        """Names of the day's files."""

    def describe(self, issue_date: date, name: str) -> RemoteFile:
        """Size and stamp of a file now."""

    def read(self, issue_date: date, name: str, start: int) -> Iterator[bytes]:
        """Its content from a position on."""

    def close(self) -> None:
        """End its connections."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A whole file on disk."""

    path: Path
    remote: RemoteFile
    sha256: str


class UrlFolder:
    """`<url>/<YYYYMMDD>/`, or without dates the url itself."""

    def __init__(self, url: str, *, dated: bool = True) -> None:
        self.address = url.rstrip("/")
        """The url."""
        self._dated = dated

    def below(self, folder: str) -> Self:
        """A folder in it, over the same connections."""
        inner = copy.copy(self)
        inner.address = f"{self.address}/{folder}".rstrip("/")
        return inner

    def folder(self, issue_date: date) -> str:
        """Where the day's files are."""
        return f"{self.address}/{issue_date:%Y%m%d}/" if self._dated else f"{self.address}/"

    def nothing(self, issue_date: date) -> InputMissing:
        """The error for a day without files."""
        return not_there(f"no forecast of {issue_date}" if self._dated else "no files", self.folder(issue_date))


def not_there(found: str, where: str) -> InputMissing:
    """The error for a folder or file that a server does not have (yet)."""
    return InputMissing(
        found,
        where=where,
        expected="the folder of the issue date with a file for each member",
        remedy="run again when it has been published, or check the source's address and folder",
    )


def with_retries(what: str, where: str, retry_policy: RetryPolicy, once: Callable[[], _T]) -> _T:
    """What `once` gives, tried as the patience says; ServerUnreachable after all tries, naming what was wanted."""
    try:
        return retry_call(once, retry_policy)
    except NoAnswer as error:
        raise ServerUnreachable(
            f"{what}: {error.found}, {retry_policy.attempts} times",
            where=where,
            expected="an answer",
            remedy="run again later: what has arrived is kept, and the same command goes on from there",
        ) from None


def fetch_file(remote: RemoteFolder, issue_date: date, name: str, target: Path, retry_policy: RetryPolicy) -> Fetched:
    """Fetch a file; it appears under its name when it has the size that the server names before and after.

    What arrived before a connection broke is kept in `<target>.part` and continued, as long as the server's file is
    still the same. Raises ServerUnreachable after all tries, and what the server itself says.
    """
    fetched: list[RemoteFile] = []

    @contextmanager
    def open_at(start: int, known: str) -> Iterator[DownloadStream]:
        before = remote.describe(issue_date, name)
        if not before.size:
            raise NoAnswer("the server's file is empty")
        stamp = f"{before.size} {before.stamp}" if before.stamp else ""
        begins = start if stamp == known and start <= before.size else 0
        if begins:
            log.info("%s: going on after %s of %s bytes", name, f"{begins:,}", f"{before.size:,}")
        chunks = remote.read(issue_date, name, begins) if begins < before.size else ()
        yield DownloadStream(begins, before.size, stamp, chunks)
        if remote.describe(issue_date, name) != before:
            raise NoAnswer("the server's file changed while it was fetched")
        fetched.append(before)

    arrived = with_retries(name, remote.address, retry_policy, lambda: download_attempt(open_at, target))
    return Fetched(target, fetched[-1], arrived.sha256)


def list_names(remote: RemoteFolder, issue_date: date, retry_policy: RetryPolicy) -> list[str]:
    """Names of the day's files; ServerUnreachable after all tries, and what the server itself says."""
    what = f"the folder of {issue_date} could not be listed"
    return with_retries(what, remote.address, retry_policy, lambda: remote.names(issue_date))
