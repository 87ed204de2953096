"""Archives that fsspec can read: a folder on this machine, an object store, a web server."""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

import fsspec

from ibf_pipeline.errors import ConfigError, InputMissing, ServerRefused
from ibf_pipeline.sources.remote import Broken, RemoteFile

log = logging.getLogger(__name__)

_CHUNK: Final = 1 << 22
"""bytes"""
_REFUSED: Final = ("PermissionError", "NoCredentialsError", "PartialCredentialsError", "InvalidAccessKeyId")
_STAMPS: Final = ("ETag", "LastModified", "mtime", "Content-MD5", "Last-Modified")
_PARTIAL: Final = 206
_NOT_THERE: Final = (404, 410)
_FORBIDDEN: Final = (401, 403)
_EXTRA: Final = ("s3", "http", "https")


class FsspecFolder:
    """`<url>/<YYYYMMDD>/`; keys of an object store come from the environment, as its own tools have them."""

    def __init__(
        self, url: str, *, members: int, endpoint_url: str | None, anonymous: bool, timeout_seconds: float
    ) -> None:
        self._url = url.rstrip("/")
        self._scheme = url.split("://", 1)[0]
        self._members = members
        self._options = _options(self._scheme, endpoint_url, anonymous, timeout_seconds)
        self._opened: Any = None

    @property
    def address(self) -> str:
        """The url."""
        return self._url

    @property
    def _files(self) -> Any:
        if self._opened is None:
            try:
                self._opened = fsspec.filesystem(self._scheme, **self._options)
            except ImportError as error:
                raise ConfigError(
                    f"{self._scheme}:// needs a package that is not installed ({error})",
                    where=self._url,
                    expected="the package that reads this kind of archive",
                    remedy=(
                        "pip install -c constraints.txt '.[s3]' in the project's folder"
                        if self._scheme in _EXTRA
                        else f"install fsspec's package for {self._scheme}://"
                    ),
                ) from None
        return self._opened

    @property
    def _is_web(self) -> bool:
        return self._scheme in ("http", "https")

    def _folder(self, issue_date: date) -> str:
        return f"{self._url}/{issue_date:%Y%m%d}/"

    def names(self, issue_date: date) -> list[str]:
        """Names of the day's files; where a web server lists none, those of the members that it has."""
        try:
            with self._errors(f"the folder of {issue_date}"):
                found = self._files.ls(self._folder(issue_date), detail=False)
        except InputMissing:
            found = []
        except ServerRefused:
            if not self._is_web:
                raise
            found = []  # many web servers forbid to list folders whose files may be read
        names = sorted(name for entry in found if (name := str(entry).rstrip("/").rsplit("/", 1)[-1]))
        if not any(name.endswith((".nc", ".grib2", ".grib")) for name in names) and self._is_web:
            names = self._asked_one_by_one(issue_date)
        if not names:
            raise InputMissing(
                f"no forecast of {issue_date}",
                where=self._folder(issue_date),
                expected="the folder of the issue date with its files",
                remedy="run again when it has been published, or check the source's url",
            )
        return names

    def _asked_one_by_one(self, issue_date: date) -> list[str]:
        """A member that may not be read is not there, as some stores say it, unless no other may be read either."""
        there: list[str] = []
        refused: ServerRefused | None = None
        for member in range(self._members):
            name = f"dis_{member:02d}_{issue_date:%Y%m%d}00.nc"
            try:
                there.append(self.describe(issue_date, name).name)
            except ServerRefused as error:
                refused = error
            except InputMissing:
                continue
        if refused is not None and not there:
            raise refused
        return there

    def describe(self, issue_date: date, name: str) -> RemoteFile:
        """Size and tag or time of a file."""
        with self._errors(name):
            about = self._files.info(f"{self._folder(issue_date)}{name}")
        if about.get("size") is None:
            raise ServerRefused(
                f"the server does not say the size of {name}",
                where=self._url,
                expected="Content-Length, without which nobody can tell whether a file arrived whole",
                remedy="switch off the server's compression or chunked answers for these files",
            )
        stamp = next((str(about[key]) for key in _STAMPS if about.get(key)), "")
        return RemoteFile(name, int(about["size"]), stamp)

    def read(self, issue_date: date, name: str, start: int) -> Iterator[bytes]:
        """The content from a position on."""
        path = f"{self._folder(issue_date)}{name}"
        with self._errors(name):
            if self._is_web:
                yield from self._read_web(path, start)
                return
            with self._files.open(path, "rb", block_size=_CHUNK) as stream:
                stream.seek(start)
                while chunk := stream.read(_CHUNK):
                    yield chunk

    def _read_web(self, path: str, start: int) -> Iterator[bytes]:
        """One answer, streamed; what comes before the position is skipped where the server knows no byte ranges."""
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        with self._files.open(path, "rb", block_size=0, size=start + 1, headers=headers) as stream:
            before = 0 if stream.r.status == _PARTIAL else start
            while chunk := stream.read(_CHUNK):
                yield chunk[before:]
                before = max(0, before - len(chunk))

    def close(self) -> None:
        """Nothing to end: fsspec keeps its own sessions."""

    @contextmanager
    def _errors(self, what: str) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as error:
            if self._is_web and error.__cause__ is not None:
                self._require_not_there(what, error.__cause__)  # fsspec says so of whatever went wrong
            raise InputMissing(
                f"{what} is not there",
                where=self._url,
                expected="the folder of the issue date with a file for each member",
                remedy="run again when it has been published, or check the source's url",
            ) from None
        except (ConfigError, ServerRefused, GeneratorExit):
            raise
        except Exception as error:  # aiohttp, botocore and fsspec have no base class in common
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
            if self._is_web and getattr(error, "status", None) is not None:
                self._require_not_there(what, error)
            raise Broken(" ".join(str(error).split())[:300] or type(error).__name__) from None

    def _require_not_there(self, what: str, cause: BaseException) -> None:
        """Where a web server did not say that a file is not there: ServerRefused, or Broken for anything else."""
        status = getattr(cause, "status", None)
        if status in _NOT_THERE:
            return
        said = f"{status} {getattr(cause, 'message', '')}".strip() if status else " ".join(str(cause).split())
        if status in _FORBIDDEN:
            raise ServerRefused(
                f"{what} may not be read ({said[:200]})",
                where=self._url,
                expected="files that may be read without a login",
                remedy="ask those who run the server, or check the source's url",
            ) from None
        raise Broken(said[:300] or type(cause).__name__) from None


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
    if scheme.startswith("http"):
        import aiohttp

        options["client_kwargs"] = {
            "timeout": aiohttp.ClientTimeout(sock_connect=timeout_seconds, sock_read=timeout_seconds)
        }
    return options
