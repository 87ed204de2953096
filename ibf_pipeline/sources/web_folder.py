"""Archives on web servers whose files everybody may read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

from ibf_pipeline.discharge.file_format import GRIB_NAMES
from ibf_pipeline.errors import InputMissing, ServerRefused
from ibf_pipeline.io.download import web_stream
from ibf_pipeline.io.http import Client, Server
from ibf_pipeline.io.http_errors import Gone, NoAnswer, Refused
from ibf_pipeline.io.redaction import Redactor
from ibf_pipeline.io.retry_policy import RetryPolicy
from ibf_pipeline.sources.remote import RemoteFile, UrlFolder, not_there

_AS_IT_IS: Final = {"Accept-Encoding": "identity"}
_LINK: Final = re.compile(r"""<a\s[^>]*?href\s*=\s*["']([^"'?#\[]+)""", re.I)
_LISTING: Final = re.compile(r"index of|directory listing|listing for", re.I)
_LOGIN: Final = re.compile(r"""type\s*=\s*["']?password""", re.I)
_ASK: Final = "ask those who run the server, or check the url; what everybody may read needs no login"


class WebFolder(UrlFolder):
    """The files of a url, with dates or without; each request is tried once."""

    def __init__(self, url: str, *, members: int, retry_policy: RetryPolicy, dated: bool = True) -> None:
        super().__init__(url, dated=dated)
        self._members = members
        once = replace(retry_policy, attempts=1, keep_trying_seconds=0)
        self._client = Client(Server(self.address, {401: _ASK, 403: _ASK}), once, Redactor())

    def names(self, issue_date: date) -> list[str]:
        """Names of the files; if the server does not list its folders, those of the members that it has."""
        folder = self.folder(issue_date)
        here, page, refused = urlsplit(folder).path, None, None
        try:
            with web_stream(self._client, folder) as opened:
                page = b"".join(opened.chunks).decode(errors="replace")
        except Refused as error:  # many web servers forbid to list folders
            refused = None if isinstance(error, Gone) else error
        paths = [urlsplit(urljoin(folder, link)).path for link in _LINK.findall(page or "")]
        names = {unquote(path.removeprefix(here)) for path in paths if path.startswith(here)}
        found = sorted(name for name in names if name and "/" not in name)
        if self._members and not any(name.lower().endswith((".nc", *GRIB_NAMES)) for name in found):
            found = self._asked_one_by_one(issue_date)
        if refused is not None and not self._members:
            raise refused
        if not found and page is not None and not _is_listing(page, here, paths):
            raise ServerRefused(
                "the folder was answered with something that is not a list of files",
                where=folder,
                expected="the server's own list, or an answer that says that there is none",
                remedy="look at the address with a browser: it may ask for a login, or be another server's",
            )
        if not found:
            raise self.nothing(issue_date)
        return found

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
        """Size and tag or time of a file; of a server that has no answer to HEAD, those of GET."""
        address, trouble = self._file(issue_date, name), None
        for method in ("HEAD", "GET"):
            try:
                with self._client.open(address, _AS_IT_IS, method) as response:
                    about = response.headers
                    if "text/html" in about.get("Content-Type", ""):
                        raise Refused(f"{name} is a web page there", where=self.address)
                if (size := about.get("Content-Length", "")).isdigit():
                    return RemoteFile(name, int(size), about.get("ETag") or about.get("Last-Modified") or "")
            except Gone:
                raise not_there(f"{name} is not there", self.address) from None
            except (Refused, NoAnswer) as error:
                trouble = error
        raise trouble or ServerRefused(
            f"the server does not say the size of {name}",
            where=self.address,
            expected="Content-Length, without which nobody can tell whether a file arrived whole",
            remedy="switch off the server's compression or chunked answers for these files",
        )

    def read(self, issue_date: date, name: str, start: int) -> Iterator[bytes]:
        """The content from a position on; what comes before is skipped if the server knows no byte ranges."""
        try:
            with web_stream(self._client, self._file(issue_date, name), start, page=False) as opened:
                before = start - opened.start
                for chunk in opened.chunks:
                    yield chunk[before:]
                    before = max(0, before - len(chunk))
        except Gone:
            raise not_there(f"{name} is not there", self.address) from None

    def close(self) -> None:
        """End its connections."""
        self._client.close()

    def _file(self, issue_date: date, name: str) -> str:
        return f"{self.folder(issue_date)}{quote(name)}"


def _is_listing(page: str, here: str, paths: list[str]) -> bool:
    """Whether a page is a web server's list of a folder, be it empty: it says so, or leads back to the folder above."""
    if _LOGIN.search(page):
        return False
    above = here.rstrip("/").rpartition("/")[0] + "/"
    return above in paths or _LISTING.search(page) is not None
