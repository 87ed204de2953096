"""A folder on this machine or behind a URL: files of it, whole, fetched again only where they changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeVar

import requests

from ibf_pipeline.errors import InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.writing import writing
from ibf_pipeline.prepare.stamp import sha256
from ibf_pipeline.sources.object_store import FsspecFolder
from ibf_pipeline.sources.remote import Broken, RemoteFile, Tries, fetch_file

T = TypeVar("T")
_UNDATED: Final = date.min
"""static data have no issue date"""


def is_url(text: str) -> bool:
    """Whether a place is behind a URL."""
    return bool(re.match(r"^[a-z0-9+]+://", text))


class Place:
    """A folder that static data come from. Remote ones are kept in `cache`, with a note of size, tag and hash."""

    def __init__(self, where: str, cache: Path, *, timeout_seconds: float = 60, tries: Tries | None = None) -> None:
        self.where = where.rstrip("/")
        self._cache = cache
        self._tries = tries or Tries()
        self._is_remote = is_url(where)
        self._timeout_seconds = timeout_seconds

    def names(self, folder: str = "") -> list[str]:
        """Names of the files in a folder of the place; InputMissing where it is not there."""
        if self._is_remote:
            found = self._repeat(f"the list of {folder or 'files'}", lambda: self._below(folder).list())
        else:
            path = Path(self.where, folder)
            found = sorted(file.name for file in path.iterdir()) if path.is_dir() else []
        if not found:
            raise InputMissing(
                "there is no such folder, or nothing in it",
                where=f"{self.where}/{folder}".rstrip("/"),
                expected="a folder whose files can be listed",
                remedy="correct static_sources in the country's file",
            )
        return found

    def file(self, name: str) -> Path:
        """A file of the place as a whole file on this machine, never an empty one.

        Raises InputMissing where it is not there, InputInvalid where it is empty, ServerUnreachable after all tries.
        """
        if not self._is_remote:
            return self._local(name)
        folder, _, base = name.rpartition("/")
        remote, target = self._below(folder), self._cache / name
        note = target.with_name(f"{target.name}.json")
        if _is_same(target, note, self._about(name)) and sha256(target) == _known(note).get("sha256"):
            return target
        fetched = fetch_file(remote, _UNDATED, base, target, self._tries)
        with writing(note):
            content = {
                "size": fetched.remote.size,
                "stamp": fetched.remote.stamp,
                "sha256": fetched.sha256,
                "modified": target.stat().st_mtime_ns,
            }
            note.write_text(json.dumps(content), encoding="utf-8")
        return target

    def has(self, name: str) -> bool:
        """Whether the kept file is what the remote place has now; its content is read only where its time changed.

        Raises InputMissing where it is not there any more, ServerUnreachable after all tries.
        """
        target = self._cache / name
        note = target.with_name(f"{target.name}.json")
        if not _is_same(target, note, self._about(name)):
            return False
        known = _known(note)
        return known.get("modified") == target.stat().st_mtime_ns or known.get("sha256") == sha256(target)

    def _about(self, name: str) -> RemoteFile:
        folder, _, base = name.rpartition("/")
        return self._repeat(name, lambda: self._below(folder).describe(_UNDATED, base))

    def _below(self, folder: str) -> _Undated:
        return _Undated(f"{self.where}/{folder}".rstrip("/"), self._timeout_seconds)

    def _repeat(self, what: str, once: Callable[[], T]) -> T:
        for attempt in range(1, self._tries.attempts + 1):
            try:
                return once()
            except Broken as error:
                if attempt == self._tries.attempts:
                    raise ServerUnreachable(
                        f"{what}: {error}, {attempt} times",
                        where=self.where,
                        expected="an answer",
                        remedy="run again later: what has arrived is kept",
                    ) from None
                self._tries.pause(attempt)
        raise AssertionError("unreachable")

    def _local(self, name: str) -> Path:
        path = Path(self.where, name)
        if not path.is_file():
            raise InputMissing(
                "the file is not there", where=path, expected="the file that static_sources name", remedy="add it"
            )
        if not path.stat().st_size:
            raise InputInvalid(
                "the file is empty", where=path, expected="a whole file", remedy="it was cut off: obtain it again"
            )
        return path


class _Undated(FsspecFolder):
    """A folder without issue dates."""

    def __init__(self, url: str, timeout_seconds: float) -> None:
        super().__init__(url, members=0, endpoint_url=None, anonymous=False, timeout_seconds=timeout_seconds)
        self._timeout = timeout_seconds

    def _folder(self, issue_date: date) -> str:
        return f"{self.address}/"

    def describe(self, issue_date: date, name: str) -> RemoteFile:
        """Size and tag or time of a file. A web server in trouble is no web server without the file."""
        url = f"{self._folder(issue_date)}{name}"
        if not url.startswith(("http://", "https://")):
            return super().describe(issue_date, name)
        try:
            answer = requests.head(
                url, timeout=self._timeout, allow_redirects=True, headers={"Accept-Encoding": "identity"}
            )
        except requests.RequestException as error:
            raise Broken(f"no answer ({type(error).__name__})") from None
        if answer.status_code in (404, 410):
            raise InputMissing(
                "the file is not there",
                where=url,
                expected="the file that static_sources name",
                remedy="correct static_sources in the country's file",
            )
        if answer.status_code in (401, 403):
            raise ServerRefused(
                f"the server answered {answer.status_code}",
                where=url,
                expected="a file that everybody may read",
                remedy="fetch it with a browser into a folder, and name that folder",
            )
        if not answer.ok:
            raise Broken(f"the server answered {answer.status_code}")
        size = answer.headers.get("Content-Length", "")
        if not size.isdigit():
            raise Broken("the server does not say the file's size")
        return RemoteFile(name, int(size), answer.headers.get("ETag") or answer.headers.get("Last-Modified") or "")

    def list(self) -> list[str]:
        """Names of the files; none where there is no such folder."""
        with self._errors("the folder"):
            try:
                found = self._files.ls(self._folder(_UNDATED), detail=False)
            except FileNotFoundError:
                return []
        return sorted({name for entry in found if (name := str(entry).rstrip("/").rsplit("/", 1)[-1])})


def _is_same(target: Path, note: Path, about: RemoteFile) -> bool:
    known = _known(note)
    same = (known.get("size"), known.get("stamp")) == (about.size, about.stamp)
    return same and bool(about.stamp) and target.is_file() and target.stat().st_size == about.size


def _known(note: Path) -> dict[str, Any]:
    """What was noted about a kept file; nothing where there is no note."""
    try:
        content = json.loads(note.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
