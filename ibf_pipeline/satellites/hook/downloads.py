"""Results fetched: streamed, resumed where they stopped, size and checksum recorded, and no token for strangers.

A temporary link is a credential of its own: it is neither logged nor written, and no token goes with it. What is
recorded beside a file is its size, SHA-256, where it came from without query, and until when the link held.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urljoin, urlsplit

import requests

from ibf_pipeline.errors import InputInvalid, InputMissing, ServerRefused, ServerUnreachable
from ibf_pipeline.io.locks import LOCKS, alone
from ibf_pipeline.satellites.hook.client import OdpClient, Patience
from ibf_pipeline.satellites.hook.odata import server_text
from ibf_pipeline.satellites.hook.orders import SUCCESS, Product, link_expiry
from ibf_pipeline.satellites.hook.redaction import Redactor, quiet_addresses

_CHUNK: Final = 1 << 16
"""bytes; what arrived of a chunk is lost where the connection breaks"""
_MOST_REDIRECTS: Final = 5
Progress = Callable[[int, int | None], None]
"""called with (bytes so far, bytes in all or None)"""


@dataclass(frozen=True, slots=True)
class DownloadRecord:
    """What is kept beside a downloaded file, as `<file>.json`."""

    file: str
    bytes: int
    sha256: str
    host: str
    path: str
    """of the address; its query is a credential and left out"""
    fetched: str
    link_expires: str | None
    order_id: str = ""
    item_id: str = ""
    reference: str = ""
    """the product that was worked on"""
    reported_bytes: int | None = None
    """size that the service names: of the product, not of the archive"""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file on disk and its record."""

    file: Path
    record: DownloadRecord


class LinkExpired(InputMissing):
    """A temporary link that does not open any more."""


def fetch_product(
    client: OdpClient, product: Product, folder: Path, largest: int, progress: Progress | None = None
) -> Fetched:
    """The result of an item: by its temporary link while that holds, else streamed by the service itself.

    What is there already, whole, is not fetched again; two that want the same item fetch it once. Raises InputMissing
    where there is no result (the item is not completed), and what `fetch` raises.
    """
    if product.status != SUCCESS:
        raise InputMissing(
            f"item {product.id} of order {product.order_id} is {product.status}: {product.message or 'no message'}",
            where=client.base,
            expected="a completed item",
            remedy="`ibf-pipeline hook wait`, or order it again",
        )
    record = {
        "order_id": product.order_id,
        "item_id": product.id,
        "reference": product.reference,
        "reported_bytes": product.size,
    }
    name = f"{_plain_name(product.order_id)}_{_plain_name(product.id)}.zip"
    with alone(folder / LOCKS / name):
        kept = read_record(folder / name)
        if kept is not None and (kept.order_id, kept.item_id) == (product.order_id, product.id):
            return Fetched(folder / name, kept)
        fetcher = Fetcher(client.session, client.patience, client.redact, largest)
        if product.link is not None:
            try:
                return fetcher.fetch(product.link, folder / name, record=record, progress=progress)
            except LinkExpired:
                pass  # the service may still have it
        return fetcher.fetch(
            client.value_url(product.order_id, product.id),
            folder / name,
            record=record,
            progress=progress,
            token=client.token,
            renew=client.renew_token,
        )


class Fetcher:
    """Downloads over one session."""

    def __init__(self, session: requests.Session, patience: Patience, redact: Redactor, largest: int) -> None:
        self._session = session
        self._patience = patience
        self._redact = redact
        self._largest = largest
        quiet_addresses()

    def fetch(
        self,
        url: str,
        target: Path,
        *,
        record: dict[str, str | int | None] | None = None,
        progress: Progress | None = None,
        token: Callable[[], str] | None = None,
        renew: Callable[[], str] | None = None,
    ) -> Fetched:
        """Fetch an address into a file that appears under its name only when it is whole.

        An interrupted one is resumed where it stopped, if the server says that it is still the same file. Raises
        LinkExpired, ServerRefused, ServerUnreachable after all tries, InputInvalid where it is larger than allowed.
        """
        expires = link_expiry(url)
        if expires is not None and expires <= self._patience.now():
            raise LinkExpired(
                f"the temporary link ended on {expires:%Y-%m-%d %H:%M} UTC",
                where=_address(url),
                remedy="order the product again (`--again`)",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(target.name + ".part")
        for attempt in range(1, self._patience.attempts + 1):
            try:
                size = self._stream(url, partial, progress, token, renew)
                break
            except _Broken as broken:
                if broken.start_over:
                    partial.unlink(missing_ok=True)
                if attempt == self._patience.attempts:
                    raise ServerUnreachable(
                        self._redact(broken.text),
                        where=_address(url),
                        remedy="the part that arrived is kept: the same command goes on from there",
                    ) from None
                self._patience.sleep(min(60.0, 2.0**attempt))
        return self._keep(partial, target, url, size, expires, record or {})

    def _stream(
        self,
        url: str,
        partial: Path,
        progress: Progress | None,
        token: Callable[[], str] | None,
        renew: Callable[[], str] | None,
    ) -> int:
        """One try: what is missing of the file, appended; the whole size in bytes."""
        tag_file = partial.with_name(partial.name + ".etag")
        start = partial.stat().st_size if partial.is_file() and tag_file.is_file() else 0
        headers = {"Accept-Encoding": "identity"}
        if start:
            headers |= {"Range": f"bytes={start}-", "If-Range": tag_file.read_text(encoding="utf-8")}
        try:
            with self._open(url, headers, token, renew) as response:
                start, total = _position(response, start)
                if total is not None and total > self._largest:
                    raise InputInvalid(
                        f"a download of {total:,} bytes",
                        where=_address(url),
                        expected=f"at most {self._largest:,}",
                        remedy="raise downloads.largest_gigabytes in destine.yaml",
                    )
                tag = response.headers.get("ETag", "")
                if tag and not tag.startswith("W/"):
                    tag_file.write_text(tag, encoding="utf-8")
                else:
                    tag_file.unlink(missing_ok=True)  # without a strong tag nobody can say that it is the same file
                size = self._append(response, partial, start, total, progress)
        except requests.RequestException as error:
            raise _Broken(f"the download broke off ({type(error).__name__})") from None
        if total is not None and size != total:
            raise _Broken(f"the download broke off after {size:,} of {total:,} bytes")
        tag_file.unlink(missing_ok=True)
        return size

    def _append(
        self, response: requests.Response, partial: Path, start: int, total: int | None, progress: Progress | None
    ) -> int:
        size = start
        with partial.open("r+b" if start else "wb") as out:
            out.seek(start)
            out.truncate()
            for chunk in response.iter_content(_CHUNK):
                size += len(chunk)
                if size > self._largest:
                    raise InputInvalid(f"a download of more than {self._largest:,} bytes", where=_address(response.url))
                out.write(chunk)
                if progress is not None:
                    progress(size, total)
            out.flush()
            os.fsync(out.fileno())
        return size

    def _open(
        self, url: str, headers: dict[str, str], token: Callable[[], str] | None, renew: Callable[[], str] | None
    ) -> requests.Response:
        """Follow redirects by hand: the token stays with the host it was meant for, and never leaves TLS."""
        home = urlsplit(url)[:2]
        renewed = False
        for _ in range(_MOST_REDIRECTS + 1):
            sent = dict(headers)
            if token is not None and urlsplit(url)[:2] == home:
                sent["Authorization"] = f"Bearer {token()}"
            response = self._session.get(
                url, headers=sent, stream=True, timeout=self._patience.timeout_seconds, allow_redirects=False
            )
            if response.is_redirect:
                onward = urljoin(url, response.headers["Location"])
                response.close()
                if urlsplit(onward).scheme not in ("https", urlsplit(url).scheme):
                    raise ServerRefused("a redirect to an address without TLS", where=_address(onward))
                url = onward
            elif response.status_code == 401 and renew is not None and not renewed:
                response.close()
                renew()
                renewed = True
            else:
                return self._judged(response, url)
        raise ServerRefused(f"more than {_MOST_REDIRECTS} redirects", where=_address(url))

    def _judged(self, response: requests.Response, url: str) -> requests.Response:
        status = response.status_code
        if status in (200, 206):
            return response
        with response:
            said = self._redact(f"the download answered {status}: {server_text(response)}")
        if status == 416:
            raise _Broken("the part that is on disk does not fit the file", start_over=True)
        if status == 429 or status >= 500:
            raise _Broken(said)
        if status in (401, 403, 404, 410) and link_expiry(url) is not None:
            raise LinkExpired(said, where=_address(url), remedy="the link has ended: order the product again")
        raise ServerRefused(said, where=_address(url), remedy="check the order with `ibf-pipeline hook products`")

    def _keep(
        self,
        partial: Path,
        target: Path,
        url: str,
        size: int,
        expires: datetime | None,
        more: dict[str, str | int | None],
    ) -> Fetched:
        digest = hashlib.sha256()
        with partial.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
        record = DownloadRecord(
            file=target.name,
            bytes=size,
            sha256=digest.hexdigest(),
            host=urlsplit(url).hostname or "",
            path=urlsplit(url).path,
            fetched=self._patience.now().isoformat(timespec="seconds"),
            link_expires=None if expires is None else expires.isoformat(),
            **more,  # type: ignore[arg-type]
        )
        partial.replace(target)
        target.with_name(target.name + ".json").write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
        return Fetched(target, record)


class _Broken(Exception):
    def __init__(self, text: str, *, start_over: bool = False) -> None:
        super().__init__(text)
        self.text = text
        self.start_over = start_over


def _position(response: requests.Response, start: int) -> tuple[int, int | None]:
    """(where this answer begins, size of the whole file or None), in bytes."""
    if response.status_code == 206:
        found = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        if found is None or int(found.group(1)) != start:
            raise ServerRefused("a part of the file that was not asked for", where=_address(response.url))
        return start, int(found.group(2)) if found.group(2).isdigit() else None
    length = response.headers.get("Content-Length", "")
    return 0, int(length) if length.isdigit() else None


def _address(url: str) -> str:
    """Host and path, for people; the query of a link is a credential."""
    parts = urlsplit(url)
    return f"{parts.hostname}{unquote(parts.path)}"


def _plain_name(text: str) -> str:
    """An id of the service as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text) or "x"


def read_record(file: Path) -> DownloadRecord | None:
    """The record beside a downloaded file; None where there is none or it does not describe the file on disk."""
    try:
        record = DownloadRecord(**json.loads(file.with_name(file.name + ".json").read_text(encoding="utf-8")))
        return record if file.stat().st_size == record.bytes else None
    except (OSError, ValueError, TypeError):
        return None
