"""Archives that fsspec can read: a folder on this machine, an object store."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, Final, Self

import fsspec

from ibf_pipeline.errors import ConfigError, ServerRefused
from ibf_pipeline.io.answers import NoAnswer
from ibf_pipeline.io.patience import Patience
from ibf_pipeline.io.s3_listing import require_listings
from ibf_pipeline.sources.remote import RemoteFile, UrlFolder, not_there
from ibf_pipeline.sources.web_folder import WebFolder

log = logging.getLogger(__name__)

_CHUNK: Final = 1 << 22
"""bytes"""
_REFUSED: Final = ("PermissionError", "NoCredentialsError", "PartialCredentialsError", "InvalidAccessKeyId")
_STAMPS: Final = ("ETag", "LastModified", "mtime", "Content-MD5", "Last-Modified")


def open_folder(
    url: str, patience: Patience, *, members: int = 0, endpoint_url: str | None = None, anonymous: bool = False,
    dated: bool = True,
) -> FsspecFolder | WebFolder:  # fmt: skip
    """The folder behind a url of any kind, with a folder for each issue date, or without."""
    if url.startswith(("http://", "https://")):
        return WebFolder(url, members=members, patience=patience, dated=dated)
    return FsspecFolder(
        url, endpoint_url=endpoint_url, anonymous=anonymous, timeout_seconds=patience.timeout_seconds, dated=dated
    )


class FsspecFolder(UrlFolder):
    """The files of a url, with dates or without; keys of an object store come from the environment, as its own tools
    have them."""

    def __init__(
        self, url: str, *, endpoint_url: str | None, anonymous: bool, timeout_seconds: float, dated: bool = True
    ) -> None:
        super().__init__(url, dated=dated)
        self._scheme = url.split("://", 1)[0]
        self._options = _options(self._scheme, endpoint_url, anonymous, timeout_seconds)
        self._opened: Any = None

    @property
    def _files(self) -> Any:
        if self._opened is None:
            try:
                self._opened = fsspec.filesystem(self._scheme, **self._options)
                if self._scheme == "s3":
                    require_listings(self._opened)
            except ImportError as error:
                raise ConfigError(
                    f"{self._scheme}:// needs a package that is not installed ({error})",
                    where=self._url,
                    expected="the package that reads this kind of archive",
                    remedy=(
                        "pip install -c constraints.txt '.[s3]' in the project's folder"
                        if self._scheme == "s3"
                        else f"install fsspec's package for {self._scheme}://"
                    ),
                ) from None
        return self._opened

    def below(self, folder: str) -> Self:
        """A folder in it, over the same connections, which take a second to be set up."""
        inner = super().below(folder)
        inner._opened = self._files
        return inner

    def names(self, issue_date: date) -> list[str]:
        """Names of the day's files; InputMissing where there are none."""
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
        except FileNotFoundError:
            raise not_there(f"{what} is not there", self._url) from None
        except (ConfigError, ServerRefused, GeneratorExit):
            raise
        except Exception as error:  # botocore and fsspec have no base class in common
            if isinstance(error, RecursionError) or getattr(error, "errno", None) == errno.EREMCHG:
                raise ServerRefused(
                    f"{what} was redirected to another address",
                    where=self._url,
                    expected="the store's own address",
                    remedy="check the source's url and endpoint_url, and AWS_DEFAULT_REGION",
                ) from None
            if type(error).__name__ in _REFUSED:
                said = _code(error.__cause__) or " ".join(str(error).split())[:200]
                raise ServerRefused(
                    f"{what} may not be read ({type(error).__name__}{': ' if said else ''}{said})",
                    where=self._url,
                    expected="keys in the environment that may read it",
                    remedy="set them as for the store's own tools (AWS_ACCESS_KEY_ID, ...), or `anonymous: true`",
                ) from None
            raise NoAnswer(" ".join(str(error).split())[:300] or type(error).__name__) from None


def _code(cause: BaseException | None) -> str:
    """What an object store calls its refusal: s3fs keeps it in the cause alone."""
    response = getattr(cause, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _options(scheme: str, endpoint_url: str | None, anonymous: bool, timeout_seconds: float) -> dict[str, Any]:
    options: dict[str, Any] = {"use_listings_cache": False, "skip_instance_cache": True}
    if scheme == "s3":
        options |= {
            "anon": anonymous,
            "endpoint_url": endpoint_url,
            "config_kwargs": {
                "connect_timeout": timeout_seconds,
                "read_timeout": timeout_seconds,
                "retries": {"total_max_attempts": 1},
            },
        }
    return options
