"""One resumable download: a file appears under its name only when it is whole."""

from __future__ import annotations

import hashlib
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
from ibf_pipeline.io.answers import NoAnswer, Refused
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.patience import repeated
from ibf_pipeline.io.writing import writing

_CHUNK: Final = 1 << 16
"""bytes; what arrived of a chunk is lost where the connection breaks"""
_AGAIN: Final = "try again in some minutes; if it stays so, look at the page with a browser"
Progress = Callable[[int, int | None], None]
"""called with (bytes so far, bytes in all or None)"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file as a server gives it."""

    start: int
    """position that the chunks begin at; where the server does not go on, 0"""
    total: int | None
    """bytes of the whole file, where the server says it"""
    stamp: str
    """what changes when the file does; empty where nobody can say later that it is the same file"""
    chunks: Iterable[bytes]


Open = Callable[[int, str], AbstractContextManager[Opened]]
"""opens a file from a position on, if it still has this stamp"""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A whole file on disk."""

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
    progress: Progress | None = None,
) -> Arrived:
    """Fetch an address with a client's account and patience, going on where an earlier try stopped.

    `known_as`: what the whole file is compared with afterwards, such as a checksum; a server without a tag of its own
    goes on with the same one. Raises Refused, NoAnswer after all tries (also for a web page in the file's place),
    InputInvalid where it has more than `largest` bytes.
    """
    open_at = partial(from_web, client, url, known_as=known_as, page=False)
    return repeated(lambda: arrive(open_at, target, largest=largest, progress=progress), client.patience)


def arrive(open_at: Open, target: Path, *, largest: int | None = None, progress: Progress | None = None) -> Arrived:
    """One try: what is missing of a file is appended to `<target>.part`, which gets its name when it is whole.

    Without a stamp nothing is gone on with. Raises NoAnswer where the file is not whole yet, InputInvalid where it has
    more than `largest` bytes, and what the opening raises.
    """
    part, note = (target.with_name(target.name + ending) for ending in (".part", ".part.stamp"))
    known = note.read_text(encoding="utf-8") if note.is_file() and part.is_file() else ""
    with open_at(part.stat().st_size if known else 0, known) as opened:
        if opened.total is not None:
            _require_small(opened.total, largest, target)
        with writing(part):
            part.parent.mkdir(parents=True, exist_ok=True)
            out = part.open("r+b" if opened.start else "wb")  # emptied before another stamp is put beside it
            note.write_text(opened.stamp, encoding="utf-8")
        with out:
            size = out.seek(opened.start)
            for chunk in opened.chunks:
                size += len(chunk)
                _require_small(size, largest, target)
                with writing(part):
                    out.write(chunk)
                if progress is not None:
                    progress(size, opened.total)
            with writing(part):
                out.truncate()
                out.flush()
                os.fsync(out.fileno())
    if opened.total is not None and size != opened.total:
        raise NoAnswer(
            f"the download broke off after {size:,} of {opened.total:,} bytes",
            remedy="the part that arrived is kept: the same command goes on from there",
        )
    with part.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    with writing(target):
        part.replace(target)
        note.unlink(missing_ok=True)
    return Arrived(size, digest)


def _require_small(size: int, largest: int | None, target: Path) -> None:
    if largest is not None and size > largest:
        raise InputInvalid(
            f"a download of {size:,} bytes or more",
            where=target.name,
            expected=f"at most {largest:,}",
            remedy="raise largest_gigabytes in the settings of the download",
        )


@contextmanager
def from_web(
    client: Client, url: str, start: int = 0, stamp: str = "", *, known_as: str = "", page: bool = True
) -> Iterator[Opened]:
    """An address from a byte on, if it still has the stamp; raises Refused, and NoAnswer also while it is read, or for
    a web page where none is asked for (`page`).
    """
    headers = {"Accept-Encoding": "identity"}
    if stamp != known_as and " " in stamp.strip('"'):
        start = 0  # no tag: what the file was known as, and is no more
    try:
        try:
            more = {"Range": f"bytes={start}-"} if start else {}
            if start and stamp and stamp != known_as:
                more["If-Range"] = stamp
            response = client.opened(url, headers | more)
        except Refused as error:
            if error.status != 416 or not start:
                raise
            response = client.opened(url, headers)  # the part that is on disk does not fit the file
        with response:
            if not page and "text/html" in response.headers.get("Content-Type", ""):
                raise NoAnswer("the download was answered with a web page", where=client.server.base, remedy=_AGAIN)
            tag = response.headers.get("ETag", "")
            begins, total = _position(response, start)
            stamp = known_as if not tag or tag.startswith("W/") else tag
            yield Opened(begins, total, stamp, response.iter_content(_CHUNK))
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
