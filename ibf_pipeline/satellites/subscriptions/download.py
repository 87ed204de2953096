"""The product itself, from its catalogue's own download service: resumed, compared with what the catalogue says."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.download import DownloadedFile, DownloadProgress, download
from ibf_pipeline.io.json_files import read_dataclass
from ibf_pipeline.io.locks import LOCKS, file_lock
from ibf_pipeline.satellites.subscriptions.client import CatalogueClient

_HASHES: Final = {"MD5": "md5", "SHA1": "sha1", "SHA256": "sha256", "SHA3256": "sha3_256", "SHA512": "sha512"}
"""a catalogue's algorithm, without dashes -> that of hashlib; it has no BLAKE3, which the catalogues list beside MD5"""


@dataclass(frozen=True, slots=True)
class ProductFile:
    """A product on disk; kept beside it as `<file>.json`."""

    file: Path
    product_id: str
    name: str
    bytes: int
    sha256: str
    host: str
    verified: str
    """what was compared with the catalogue, in words"""


def fetch_product(
    client: CatalogueClient,
    product_id: str,
    folder: Path,
    largest: int,
    *,
    unverified: bool = False,
    progress: DownloadProgress | None = None,
) -> ProductFile:
    """Fetch a product as the download service packs it, as `<name>.zip`; one that is there already stays.

    Size and checksum are those that the catalogue states now. Raises InputMissing if it has no such product or only
    offline, InputInvalid if they differ (`unverified`: it is kept all the same) or for more than `largest` bytes,
    and what the download raises.
    """
    product = client.product(product_id)
    if product is None or product.content.get("Online") is False:
        raise InputMissing(
            f"product {product_id} is " + ("not in the catalogue" if product is None else "offline"),
            where=client.name,
            expected="a product that is online",
            remedy="fetch another, or order it at the catalogue's own pages",
        )
    name = re.sub(r"[^A-Za-z0-9._-]", "-", product.name).strip(".") or product.id
    target = folder / f"{name}.zip"
    with file_lock(folder / LOCKS / target.name):
        kept = _kept(target)
        if kept is not None and kept.product_id == product.id:
            return kept
        arriving = target.with_name(f"{target.name}.arriving")
        url, stated = client.value_url(product.id), _stated(product.content)
        arrived = download(client.downloads, url, arriving, known_as=stated, largest=largest, progress=progress)
        verified = _verified(product.content, arriving, arrived, client.name, unverified=unverified)
        host = urlsplit(client.downloads.server.base).hostname or ""
        got = ProductFile(target, product.id, product.name, arrived.size, arrived.sha256, host, verified)
        with write_errors(target):
            record = {**asdict(got), "file": target.name}
            target.with_name(f"{target.name}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
            arriving.replace(target)
    return got


def _verified(content: Mapping[str, Any], file: Path, arrived: DownloadedFile, where: str, *, unverified: bool) -> str:
    """What of a file is as the catalogue says, in words; InputInvalid, and no file, if something is not."""
    found = list(_compared(content, file, arrived))
    wrong = [text for text, fits in found if not fits]
    if wrong and not unverified:
        file.unlink()
        raise InputInvalid(
            f"the download is not what the catalogue says: {'; '.join(wrong)}",
            where=where,
            expected="the product's own size and checksum",
            remedy="run again; `--unverified` keeps it if the service packs products anew",
        )
    if wrong:
        return f"not verified: {'; '.join(wrong)}"
    named = [text for text, _ in found]
    return f"{' and '.join(named)} as the catalogue says" if named else "not verified: the catalogue states nothing"


def _compared(content: Mapping[str, Any], file: Path, arrived: DownloadedFile) -> Iterator[tuple[str, bool]]:
    size = content.get("ContentLength")
    if isinstance(size, int) and size > 0:
        yield (("size", True) if size == arrived.size else (f"{arrived.size:,} of {size:,} bytes", False))
    for algorithm, name, value in _checksums(content):
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, partial(hashlib.new, name, usedforsecurity=False)).hexdigest()
        yield (algorithm, True) if digest == value else (f"another {algorithm}", False)


def _checksums(content: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(algorithm as the catalogue writes it, its name for hashlib, checksum in small letters) of those that we know."""
    stated = content.get("Checksum")
    for entry in stated if isinstance(stated, list) else []:
        value, algorithm = (entry.get("Value"), entry.get("Algorithm")) if isinstance(entry, Mapping) else (None, None)
        name = _HASHES.get(str(algorithm).upper().replace("-", ""))
        if name is not None and isinstance(value, str) and value:
            yield str(algorithm), name, value.strip().lower()


def _stated(content: Mapping[str, Any]) -> str:
    """What a file is known as whose checksum will be compared; empty without one."""
    return "; ".join(f"{name} {value}" for _, name, value in _checksums(content))


def _kept(target: Path) -> ProductFile | None:
    """What was fetched before and lies there whole."""
    got = read_dataclass(ProductFile, target.with_name(f"{target.name}.json"))
    is_whole = got is not None and target.is_file() and target.stat().st_size == got.bytes
    return replace(got, file=target) if got is not None and is_whole else None
