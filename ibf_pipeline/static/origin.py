"""A folder on this machine or behind a URL: files of it, whole, fetched again only if they changed."""

from __future__ import annotations

import json
import re
from contextlib import closing, suppress
from datetime import date
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.object_store import FsspecFolder, open_folder
from ibf_pipeline.sources.remote import RemoteFile, fetch_file, with_retries
from ibf_pipeline.sources.web_folder import WebFolder

_UNDATED: Final = date.min
"""static data have no issue date"""


def is_url(text: str) -> bool:
    """Whether a place is behind a URL."""
    return bool(re.match(r"^[a-z0-9+]+://", text))


class OriginFolder:
    """A folder that static data come from. Remote ones are kept in `cache`, with a note of size, tag and hash."""

    def __init__(self, where: str, cache: Path, retry_policy: RetryPolicy | None = None) -> None:
        self.where = where.rstrip("/")
        self._cache = cache
        self._retry_policy = retry_policy or RetryPolicy()
        self.is_remote = is_url(where)
        self.arrived = 0
        """bytes that were fetched so far"""

    def names(self, folder: str = "") -> list[str]:
        """Names of the files in a folder of the place; InputMissing if it is not there."""
        found: list[str] = []
        if self.is_remote:
            what, below = f"the list of {folder or 'files'}", self._below(folder)
            with suppress(InputMissing), closing(below):
                found = with_retries(what, self.where, self._retry_policy, lambda: below.names(_UNDATED))
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

        Raises InputMissing if it is not there, InputInvalid if it is empty, ServerUnreachable after all tries.
        """
        if not self.is_remote:
            return self._local(name)
        folder, _, base = name.rpartition("/")
        remote, target = self._below(folder), self._cache / name
        note = target.with_name(f"{target.name}.json")
        if _is_same(target, note, self._about(name)) and sha256(target) == read_json_or_empty(note).get("sha256"):
            return target
        with closing(remote):
            fetched = fetch_file(remote, _UNDATED, base, target, self._retry_policy)
        self.arrived += fetched.remote.size
        with write_errors(note):
            content = {
                "size": fetched.remote.size,
                "stamp": fetched.remote.stamp,
                "sha256": fetched.sha256,
                "modified": target.stat().st_mtime_ns,
            }
            note.write_text(json.dumps(content), encoding="utf-8")
        return target

    def is_current(self, name: str) -> bool:
        """Whether the kept file is what the remote place has now; its content is read only if its time changed.

        Raises InputMissing if it is not there any more, ServerUnreachable after all tries.
        """
        target = self._cache / name
        note = target.with_name(f"{target.name}.json")
        if not _is_same(target, note, self._about(name)):
            return False
        known = read_json_or_empty(note)
        return known.get("modified") == target.stat().st_mtime_ns or known.get("sha256") == sha256(target)

    def version_tag(self, name: str) -> str:
        """What changes when the remote file does; raises as `has`."""
        about = self._about(name)
        return f"{about.size} {about.stamp}"

    def drop_copy(self, name: str) -> None:
        """Remove the kept copy of a remote file."""
        for file in (self._cache / name, self._cache / f"{name}.json"):
            file.unlink(missing_ok=True)

    def _about(self, name: str) -> RemoteFile:
        folder, _, base = name.rpartition("/")
        with closing(self._below(folder)) as below:
            return with_retries(name, self.where, self._retry_policy, lambda: below.describe(_UNDATED, base))

    def _below(self, folder: str) -> FsspecFolder | WebFolder:
        return open_folder(f"{self.where}/{folder}".rstrip("/"), self._retry_policy, dated=False)

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


def require_data(file: Path, what: str, where: object, remedy: str) -> None:
    """InputInvalid if a file is a web page: many servers answer so, and with 200, if they have no such file."""
    with file.open("rb") as stream:
        begin = stream.read(512).lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if begin.startswith((b"<!doctype html", b"<html")):
        raise InputInvalid(
            f"a web page in place of the {what}", where=where, expected=f"the file of the {what}", remedy=remedy
        )


def _is_same(target: Path, note: Path, about: RemoteFile) -> bool:
    known = read_json_or_empty(note)
    same = (known.get("size"), known.get("stamp")) == (about.size, about.stamp)
    return same and bool(about.stamp) and target.is_file() and target.stat().st_size == about.size
