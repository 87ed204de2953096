"""GRIB messages out of the middle of large files: an archive is asked for their bytes alone."""

from __future__ import annotations

from typing import Final

import requests

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.http_errors import NoAnswer, Refused
from ibf_pipeline.io.retry_policy import retry_call

_LARGEST: Final = 20_000_000
"""bytes of a message; those of precipitation have one"""


def fetch_message(client: Client, url: str, first: int, last: int | None, *, of: str) -> bytes:
    """One GRIB message of a file, from its first to its last byte; None: it is the last message of the file.

    `of`: what the archive is of, for people. Raises Refused if the archive gives no parts of files, NoAnswer after
    all tries if what comes is not a whole message, InputInvalid if it is too large to be one.
    """
    wanted = f"bytes={first}-" + ("" if last is None else str(last))

    def once() -> bytes:
        try:
            with client.open(url, {"Range": wanted, "Accept-Encoding": "identity"}) as response:
                if response.status_code != 206:
                    _require_no_page(response, url)
                    raise Refused(
                        "the whole file in place of a part of it",
                        where=url,
                        expected="an archive that gives byte ranges",
                        remedy=f"use another mirror of {of}",
                    )
                content = b""
                for chunk in response.iter_content(1 << 16):
                    content += chunk
                    _require_small(content, url)
        except requests.RequestException as error:
            raise NoAnswer(f"the download broke off ({type(error).__name__})", remedy="run again") from None
        expected = len(content) if last is None else last - first + 1
        if not content.endswith(b"7777") or len(content) != expected:
            raise NoAnswer(f"{len(content):,} bytes that are not a whole message", where=url, remedy="run again")
        return content

    return retry_call(once, client.retry_policy)


def _require_no_page(response: requests.Response, url: str) -> None:
    """A page of a proxy or of maintenance may be gone in a minute."""
    if "text/html" in response.headers.get("Content-Type", ""):
        raise NoAnswer("a web page in place of data", where=url, remedy="look at the address with a browser")


def _require_small(content: bytes, where: object) -> None:
    """An index that was cut off would have the rest of the file fetched."""
    if len(content) > _LARGEST:
        raise InputInvalid(
            f"a message of more than {_LARGEST:,} bytes", where=where, expected="one of 1 MB", remedy="run again"
        )
