"""Files under keys, in a folder or an object store: each is written whole under a new key, and never patched."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

import fsspec

from ibf_pipeline.errors import ConfigError, InputInvalid, StoreUnavailable
from ibf_pipeline.io.answers import NoAnswer
from ibf_pipeline.io.patience import Patience, repeated
from ibf_pipeline.io.writing import whole

log = logging.getLogger(__name__)

T = TypeVar("T")
_CHUNK: Final = 1 << 22
"""bytes"""
SCHEMES: Final = ("file", "s3", "abfs", "gcs")
"""what a store can be in"""
_REMEDY: Final = "look whether it is there and may be used, then do it again: what was done is not lost"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file in the store."""

    key: str
    size: int
    """bytes"""
    modified: datetime
    """UTC"""


class Store:
    """The files below a URL, such as `s3://bucket/ibf`; keys of accounts come from the environment."""

    def __init__(self, url: str, patience: Patience, endpoint_url: str | None = None) -> None:
        """ConfigError for a URL that no store understands, or whose package is not installed."""
        self.url = url.rstrip("/")
        self._patience = patience
        self._scheme, _, self._base = self.url.partition("://")
        if self._scheme not in SCHEMES or not self._base:
            raise ConfigError(
                f"{url} is the address of no store",
                where="settings.yaml: store",
                expected=", ".join(f"{scheme}://..." for scheme in SCHEMES),
                remedy="correct it, or remove the section: files then stay in the folders of this machine",
            )
        self._endpoint_url = endpoint_url
        self._opened: Any = None

    def put(self, file: Path, key: str) -> None:
        """Put a whole file under a new key; StoreUnavailable where that is not possible for longer than is waited."""
        self._patiently(f"{key} cannot be put there", lambda: self._files.put_file(str(file), self._at(key)))

    def get(self, key: str, file: Path, sha256: str) -> None:
        """Write what is under a key to a file, whole or not at all.

        InputInvalid where it is not what was put there; StoreUnavailable where it cannot be had, also where it is not
        there for longer than a store may be late with a new key.
        """
        with whole(file) as part:
            self._patiently(f"{key} cannot be had", lambda: self._files.get_file(self._at(key), str(part)))
            with part.open("rb") as stream:
                found = hashlib.file_digest(stream, "sha256").hexdigest()
            if found != sha256:
                raise InputInvalid(
                    "a file in the store is not what was put there",
                    where=f"{self.url}/{key}",
                    expected=f"SHA-256 {sha256}",
                    remedy="bring it back from a back-up of the store",
                )

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """What is there below a prefix, which ends at a `/`."""
        found = self._patiently(
            "files cannot be listed", lambda: self._files.find(self._at(prefix), detail=True).values()
        )
        for entry in found:
            key = str(entry["name"]).removeprefix(self._root).lstrip("/")
            yield StoredObject(key, int(entry["size"]), entry["LastModified"])

    def remove(self, keys: Iterable[str]) -> None:
        """Delete what is under these keys; what is not there is no error."""
        for key in keys:
            self._patiently(f"{key} cannot be deleted", partial(self._remove, key))

    def _remove(self, key: str) -> None:
        self._files.rm_file(self._at(key))

    @property
    def _root(self) -> str:
        return self._base

    def _at(self, key: str) -> str:
        return f"{self._base}/{key}"

    @property
    def _files(self) -> Any:
        if self._opened is None:
            options = {"endpoint_url": self._endpoint_url} if self._scheme == "s3" else {"auto_mkdir": True}
            self._opened = fsspec.filesystem(self._scheme, use_listings_cache=False, **options)
        return self._opened

    def _patiently(self, what: str, once: Callable[[], T]) -> T:
        def tried() -> T:
            try:
                return once()
            except Exception as error:  # botocore and fsspec have no base class in common
                away = NoAnswer(" ".join(str(error).split())[:300] or type(error).__name__)
                away.passes = True
                raise away from error

        try:
            return repeated(tried, self._patience)
        except NoAnswer as error:
            raise StoreUnavailable(
                f"{what} ({error.found})", where=self.url, expected="a store that answers", remedy=_REMEDY
            ) from error
