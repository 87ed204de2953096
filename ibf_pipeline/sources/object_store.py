"""Archives that fsspec can read: a folder on this machine, an object store."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

from ibf_pipeline.errors import ConfigError, ServerRefused
from ibf_pipeline.io.file_faults import file_fault_of
from ibf_pipeline.io.file_systems import Access, file_system_kind, open_file_system, redactor
from ibf_pipeline.io.http_errors import NoAnswer
from ibf_pipeline.io.redaction import without_queries
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.remote import RemoteFile, UrlFolder, not_there
from ibf_pipeline.sources.web_folder import WebFolder

log = logging.getLogger(__name__)

_CHUNK: Final = 1 << 22
"""bytes"""
_STAMPS: Final = ("ETag", "LastModified", "mtime", "Content-MD5", "Last-Modified")


def open_folder(
    url: str, retry_policy: RetryPolicy, *, members: int = 0, endpoint_url: str | None = None, anonymous: bool = False,
    dated: bool = True,
) -> FsspecFolder | WebFolder:  # fmt: skip
    """The folder behind a url of any kind, with a folder for each issue date, or without."""
    if url.startswith(("http://", "https://")):
        return WebFolder(url, members=members, retry_policy=retry_policy, dated=dated)
    return FsspecFolder(
        url, endpoint_url=endpoint_url, anonymous=anonymous, timeout_seconds=retry_policy.timeout_seconds, dated=dated
    )


class FsspecFolder(UrlFolder):
    """The files of a url, with dates or without; keys of an object store come from the environment, as its own tools
    have them."""

    def __init__(
        self, url: str, *, endpoint_url: str | None, anonymous: bool, timeout_seconds: float, dated: bool = True
    ) -> None:
        super().__init__(url, dated=dated)
        self._access = Access(endpoint_url, anonymous, timeout_seconds)

    @property
    def _files(self) -> Any:
        return open_file_system(self.address, self._access)

    def names(self, issue_date: date) -> list[str]:
        """Names of the day's files; InputMissing if there are none."""
        with self._errors(f"the folder of {issue_date}"):
            try:
                found = self._files.ls(self.folder(issue_date), detail=False)
            except FileNotFoundError:
                found = []
        names = {name for entry in found if (name := str(entry).rstrip("/").rsplit("/", 1)[-1])}
        if not names:
            raise self.nothing(issue_date)
        return sorted(names)

    def describe(self, issue_date: date, name: str) -> RemoteFile:
        """Size and tag or time of a file."""
        with self._errors(name):
            about = self._files.info(f"{self.folder(issue_date)}{name}")
        stamp = next((str(about[key]) for key in _STAMPS if about.get(key)), "")
        return RemoteFile(name, int(about["size"] or 0), stamp)

    def read(self, issue_date: date, name: str, start: int) -> Iterator[bytes]:
        """The content from a position on."""
        path = f"{self.folder(issue_date)}{name}"
        with self._errors(name), self._files.open(path, "rb", block_size=_CHUNK) as stream:
            stream.seek(start)
            while chunk := stream.read(_CHUNK):
                yield chunk

    def close(self) -> None:
        """Nothing to end: fsspec keeps its own sessions."""

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except (ConfigError, ServerRefused, GeneratorExit):
            raise
        except Exception as error:  # botocore and fsspec have no base class in common
            kind = file_system_kind(self.address)
            trouble = file_fault_of(error)
            words = without_queries(redactor(kind)(trouble.words))
            if trouble.meaning == "missing":
                raise not_there(f"{what} is not there", self.address) from None
            if trouble.meaning == "redirected":
                raise ServerRefused(
                    f"{what} was redirected to another address",
                    where=self.address,
                    expected="the store's own address",
                    remedy="check the source's url and endpoint_url, and AWS_DEFAULT_REGION",
                ) from None
            if trouble.meaning in ("refused", "no bucket"):
                raise ServerRefused(
                    f"{what} may not be read ({words})",
                    where=self.address,
                    expected="an account in the environment that may read it",
                    remedy=f"set {kind.account}, or `anonymous: true`",
                ) from None
            raise NoAnswer(words) from None
