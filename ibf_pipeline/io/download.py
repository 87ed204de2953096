"""One download that can be resumed: a file gets its name only when it is complete."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import requests

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.http_errors import NoAnswer, Refused
from ibf_pipeline.io.retry_policy import retry_call

_CHUNK: Final = 1 << 16
"""bytes; what arrived of a chunk is lost if the connection breaks"""
_AGAIN: Final = "try again in some minutes; if it stays so, look at the page with a browser"
DownloadProgress = Callable[[int, int | None], None]
"""called with (bytes so far, bytes in all or None)"""


@dataclass(frozen=True, slots=True)
class DownloadStream:
    """A file as a server sends it."""

    start: int
    """position at which the chunks begin; 0 if the server begins again"""
    total: int | None
    """bytes of the whole file, where the server says it"""
    stamp: str
    """what changes when the file does; empty if nobody can say later that it is the same file"""
    chunks: Iterable[bytes]


StreamOpener = Callable[[int, str], AbstractContextManager[DownloadStream]]
"""opens a file from a position on, if it still has this stamp"""


@dataclass(frozen=True, slots=True)
class DownloadedFile:
    """A complete file on disk."""

    size: int
    """bytes"""
    sha256: str


def download(
    client: Client,
    url: str,
    target: Path,
    *,
    known_as: str = "",
    largest: int | None = None,
    progress: DownloadProgress | None = None,
) -> DownloadedFile:
    """Fetch a file with a client's account and retry policy; each attempt goes on where the one before stopped.

    Parameters
    ----------
    client : Client
        Of the server.
    url : str
        Address of the file.
    target : Path
        Where to write it.
    known_as : str
        What the complete file is compared with afterwards, such as a checksum. If the server sends no ETag, a download
        is resumed only under the same value.
    largest : int, optional
        Bytes that the file may have.
    progress : DownloadProgress, optional
        Called with (bytes so far, bytes in total or None).

    Raises
    ------
    Refused
        If the server refuses the request.
    NoAnswer
        After all attempts, also if a web page comes instead of the file.
    InputInvalid
        If the file has more than `largest` bytes.
    WriteFailed
        If the disk does not take it.
    """
    open_at = partial(web_stream, client, url, known_as=known_as, page=False)
    attempt = partial(download_attempt, open_at, target, largest=largest, progress=progress)
    return retry_call(attempt, client.retry_policy)


def download_attempt(
    open_at: StreamOpener, target: Path, *, largest: int | None = None, progress: DownloadProgress | None = None
) -> DownloadedFile:
    """One attempt: append what is missing to `<target>.part`, and give it the name of `target` when it is complete.

    Parameters
    ----------
    open_at : StreamOpener
        Opens the file from a position on. A part without a stamp is not resumed.
    target : Path
        Where to write it.
    largest : int, optional
        Bytes that the file may have.
    progress : DownloadProgress, optional
        Called with (bytes so far, bytes in total or None).

    Raises
    ------
    NoAnswer
        If the file is not complete yet; what arrived is kept.
    InputInvalid
        If the file has more than `largest` bytes.
    WriteFailed
        If the disk does not take it.
    """
    part, note = (target.with_name(target.name + ending) for ending in (".part", ".part.stamp"))
    known = note.read_text(encoding="utf-8") if note.is_file() and part.is_file() else ""
    with open_at(part.stat().st_size if known else 0, known) as opened:
        if opened.total is not None:
            _require_small(opened.total, largest, target)
        with write_errors(part):
            part.parent.mkdir(parents=True, exist_ok=True)
            out = part.open("r+b" if opened.start else "wb")  # emptied before another stamp is put beside it
            note.write_text(opened.stamp, encoding="utf-8")
        with out:
            size = out.seek(opened.start)
            for chunk in opened.chunks:
                size += len(chunk)
                _require_small(size, largest, target)
                with write_errors(part):
                    out.write(chunk)
                if progress is not None:
                    progress(size, opened.total)
            with write_errors(part):
                out.truncate()
                out.flush()
                os.fsync(out.fileno())
    if opened.total is not None and size != opened.total:
        raise NoAnswer(
            f"the download broke off after {size:,} of {opened.total:,} bytes",
            remedy="the part that arrived is kept: the same command goes on from there",
        )
    digest = sha256(part)
    with write_errors(target):
        part.replace(target)
        note.unlink(missing_ok=True)
    return DownloadedFile(size, digest)


def _require_small(size: int, largest: int | None, target: Path) -> None:
    if largest is not None and size > largest:
        raise InputInvalid(
            f"a download of {size:,} bytes or more",
            where=target.name,
            expected=f"at most {largest:,}",
            remedy="raise largest_gigabytes in the settings of the download",
        )


@contextmanager
def web_stream(
    client: Client, url: str, start: int = 0, stamp: str = "", *, known_as: str = "", page: bool = True
) -> Iterator[DownloadStream]:
    """Open an address from a byte on, if the file still has the stamp (RFC 9110: `Range`, `If-Range`).

    Parameters
    ----------
    client : Client
        Of the server.
    url : str
        Address of the file.
    start : int
        Bytes that are there already.
    stamp : str
        Stamp of those bytes: a strong ETag, or `known_as`.
    known_as : str
        Stamp of a file whose server sends no strong ETag.
    page : bool
        Whether a web page is what was asked for.

    Raises
    ------
    Refused
        If the server refuses, or sends another part than the one asked for.
    NoAnswer
        If it does not answer or breaks off, also while the chunks are read; for a web page if `page` is false.
    """
    headers = {"Accept-Encoding": "identity"}
    if stamp != known_as and " " in stamp.strip('"'):
        start = 0  # no tag: what the file was known as, and is no more
    try:
        try:
            more = {"Range": f"bytes={start}-"} if start else {}
            if start and stamp and stamp != known_as:
                more["If-Range"] = stamp
            response = client.open(url, headers | more)
        except Refused as error:
            if error.status != 416 or not start:
                raise
            response = client.open(url, headers)  # the part that is on disk does not fit the file
        with response:
            if not page and "text/html" in response.headers.get("Content-Type", ""):
                raise NoAnswer("the download was answered with a web page", where=client.server.base, remedy=_AGAIN)
            tag = response.headers.get("ETag", "")
            begins, total = _position(response, start)
            stamp = known_as if not tag or tag.startswith("W/") else tag
            yield DownloadStream(begins, total, stamp, response.iter_content(_CHUNK))
    except requests.RequestException as error:
        raise NoAnswer(f"the download broke off ({type(error).__name__})", remedy="run again: it goes on") from None


def _position(response: requests.Response, start: int) -> tuple[int, int | None]:
    """(where this answer begins, size of the whole file or None), in bytes."""
    if response.status_code == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if found is None or int(found.group(1)) != start:
            raise Refused("a part of the file that was not asked for")
        return start, int(found.group(2)) if found.group(2).isdigit() else None
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None
