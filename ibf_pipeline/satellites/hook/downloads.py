"""Results fetched: streamed, resumed where they stopped, size and checksum recorded, and no token for strangers.

A temporary link is a credential of its own: it is neither logged nor written, and no token goes with it. What is
recorded beside a file is its size, SHA-256, where it came from without query, and until when the link held.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from ibf_pipeline.errors import IbfError, InputMissing, ServerRefused
from ibf_pipeline.io.download import DownloadProgress, download
from ibf_pipeline.io.http import Client
from ibf_pipeline.io.http_errors import Refused
from ibf_pipeline.io.json_files import read_dataclass
from ibf_pipeline.io.locks import LOCKS, file_lock
from ibf_pipeline.satellites.hook.client import OdpClient
from ibf_pipeline.satellites.hook.orders import RUNNING, SUCCESS, OrderItem, link_expiry


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
class ResultFile:
    """A file on disk and its record."""

    file: Path
    record: DownloadRecord


class LinkExpired(InputMissing):
    """A temporary link that does not open any more."""


def fetch_result(
    client: OdpClient, product: OrderItem, folder: Path, largest: int, progress: DownloadProgress | None = None
) -> ResultFile:
    """The result of an item: by its temporary link while that holds, else streamed by the service itself.

    What is there already, whole, is not fetched again; two that want the same item fetch it once. Raises InputMissing
    if there is no result yet, ServerRefused if there will be none, and what `fetch` raises.
    """
    if product.status != SUCCESS:
        kind: type[IbfError] = InputMissing if product.status in RUNNING else ServerRefused
        raise kind(
            f"item {product.id} of order {product.order_id} is {product.status}: {product.message or 'no message'}",
            where=client.base,
            expected="a completed item",
            remedy="`ibf-pipeline hook wait`, or order it again",
        )
    record: dict[str, Any] = {
        "order_id": product.order_id,
        "item_id": product.id,
        "reference": product.reference,
        "reported_bytes": product.size,
    }
    name = f"{_plain_name(product.order_id)}_{_plain_name(product.id)}.zip"
    with file_lock(folder / LOCKS / name):
        kept = read_record(folder / name)
        whole = kept is not None and zipfile.is_zipfile(folder / name)  # else it was not an answer to keep
        if kept is not None and whole and (kept.order_id, kept.item_id) == (product.order_id, product.id):
            return ResultFile(folder / name, kept)
        fetch = Downloader(client.links, largest, client.now)
        if product.link is not None:
            with suppress(LinkExpired):  # the service may still have it
                return fetch(product.link, folder / name, progress, **record)
        fetch = replace(fetch, client=client.http)
        return fetch(client.value_url(product.order_id, product.id), folder / name, progress, **record)


@dataclass(frozen=True, slots=True)
class Downloader:
    """Downloads files with a record beside each, with the account that the client has."""

    client: Client
    largest: int
    """bytes of one download"""
    now: Callable[[], datetime]

    def __call__(self, url: str, target: Path, progress: DownloadProgress | None = None, **more: Any) -> ResultFile:
        """Fetch an address into a file that appears under its name only when it is whole, its record beside it.

        `more`: of the record. Raises LinkExpired, ServerRefused, ServerUnreachable after all tries, InputInvalid if
        it is larger than allowed.
        """
        expires, parts = link_expiry(url), urlsplit(url)
        where = f"{parts.hostname}{unquote(parts.path)}"  # the query of a link is a credential
        again = "order the product again (`--again`)"
        if expires is not None and expires <= self.now():
            raise LinkExpired(f"the temporary link ended on {expires:%Y-%m-%d %H:%M} UTC", where=where, remedy=again)
        try:
            arrived = download(self.client, url, target, largest=self.largest, progress=progress)
        except Refused as error:
            if error.status not in (401, 403, 404, 410) or expires is None:
                raise
            raise LinkExpired(error.found, where=where, remedy=again) from None
        record = DownloadRecord(
            file=target.name,
            bytes=arrived.size,
            sha256=arrived.sha256,
            host=parts.hostname or "",
            path=parts.path,
            fetched=self.now().isoformat(timespec="seconds"),
            link_expires=None if expires is None else expires.isoformat(),
            **more,
        )
        target.with_name(target.name + ".json").write_text(json.dumps(asdict(record), indent=1), encoding="utf-8")
        return ResultFile(target, record)


def _plain_name(text: str) -> str:
    """An id of the service as part of a file's name."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", text) or "x"


def read_record(file: Path) -> DownloadRecord | None:
    """The record beside a downloaded file; None if there is none or it does not describe the file on disk."""
    record = read_dataclass(DownloadRecord, file.with_name(file.name + ".json"))
    return record if record is not None and file.is_file() and file.stat().st_size == record.bytes else None
