"""Files under keys, in a folder or an object store: each is written once under a new key and never changed."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from ibf_pipeline.errors import ConfigError, InputInvalid, InputMissing, StoreUnavailable
from ibf_pipeline.io.atomic_files import atomic_path
from ibf_pipeline.io.digest import sha256 as sha256_of
from ibf_pipeline.io.file_faults import Meaning, file_fault_of
from ibf_pipeline.io.file_systems import Access, file_system_kind, open_file_system, redactor
from ibf_pipeline.io.http_errors import NoAnswer
from ibf_pipeline.io.redaction import without_queries
from ibf_pipeline.io.retry_policy import RetryPolicy, retry_call
from ibf_pipeline.io.transfers import TransferCallback, TransferProgress, transfer_all

_T = TypeVar("_T")
_SCHEMES: Final = ("file", "s3", "abfs", "gcs")
"""what a store can be in"""
_LATE_SECONDS: Final = 3.0
"""between two looks for a key that a store does not show yet; there are `attempts` looks"""
_REMEDY: Final = "look whether it is there and may be used, then do it again: what was done is not lost"
_LOST: Final = (
    "look whether the store is the right one and was brought back whole from a back-up; where this file alone is lost, "
    "put it under its key again, as it is, from the folder of a machine that still has it"
)


class _Damaged(NoAnswer):
    """What arrived is not what was put there."""


class _Late(NoAnswer):
    """A key is not there, or not yet."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file in the store."""

    key: str
    size: int
    """bytes"""
    modified: datetime
    """UTC"""


class FileStore:
    """The files below a URL, such as `s3://bucket/ibf`.

    Its methods may be called by several threads, and after a fork. They raise StoreUnavailable if the store cannot be
    used for longer than the retry policy allows.

    Parameters
    ----------
    url : str
        `file:///folder`, `s3://bucket/prefix`, `abfs://container/prefix` or `gcs://bucket/prefix`. Keys of accounts
        come from the environment.
    retry_policy : RetryPolicy
        How long and how often each request is tried.
    endpoint_url : str, optional
        Address of the service, for s3 and gcs.

    Raises
    ------
    ConfigError
        If no store understands the URL.
    """

    def __init__(self, url: str, retry_policy: RetryPolicy, endpoint_url: str | None = None) -> None:
        self.url = url.rstrip("/")
        self.retry_policy = retry_policy
        scheme, _, self._base = self.url.partition("://")
        if scheme not in _SCHEMES or not self._base or (scheme == "file" and not self._base.startswith("/")):
            raise ConfigError(
                f"{url} is not the address of a store",
                where="settings.yaml: store.url",
                expected="file:///folder, s3://bucket/prefix, abfs://container/prefix or gcs://bucket/prefix",
                remedy="correct it, or remove the section: files then stay in the folders of this machine",
            )
        if endpoint_url and scheme not in ("s3", "gcs"):
            raise ConfigError(
                f"{scheme}:// takes no endpoint_url",
                where="settings.yaml: store.endpoint_url",
                expected="it for s3:// and gcs:// alone",
                remedy="remove it; the address of an Azure account is in AZURE_STORAGE_CONNECTION_STRING",
            )
        self._kind = file_system_kind(self.url)
        self._access = Access(endpoint_url, timeout_seconds=retry_policy.timeout_seconds)

    def put(self, file: Path, key: str, progress: TransferProgress | None = None) -> None:
        """Put a file under a new key; it can be read when this returns.

        Parameters
        ----------
        file : Path
            The file.
        key : str
            Below the URL, with `/`.
        progress : TransferProgress, optional
            Called with the bytes that were transferred since the last call.

        Raises
        ------
        StoreUnavailable
            If the store cannot be used, or the key already has another content.
        InputMissing
            If the file does not exist.
        """
        if not file.is_file():
            raise InputMissing("a file that was to be put into the store is not there", where=file)
        size = file.stat().st_size
        self._retried(f"{key} cannot be put there", lambda: self._put(file, key, size, progress))

    def get(self, key: str, file: Path, sha256: str, progress: TransferProgress | None = None) -> None:
        """Write what is under a key to a file, completely or not at all.

        Parameters
        ----------
        key : str
            Below the URL, with `/`.
        file : Path
            Where to write it.
        sha256 : str
            Hash of the content, in hexadecimal.
        progress : TransferProgress, optional
            Called with the bytes that were transferred since the last call.

        Raises
        ------
        InputInvalid
            If the content has another hash, however often it is fetched.
        StoreUnavailable
            If it cannot be fetched, also if the key is missing for longer than a store may be late with a new key.
        WriteFailed
            If the file cannot be written.
        """
        with atomic_path(file) as part:
            try:
                self._retried(f"{key} cannot be had", lambda: self._get(key, part, sha256, progress), part)
            except _Damaged:
                raise InputInvalid(
                    "a file in the store is not what was put there",
                    where=f"{self.url}/{key}",
                    expected=f"SHA-256 {sha256}",
                    remedy="bring it back from a back-up of the store",
                ) from None

    def has(self, key: str, size: int) -> bool:
        """Whether a file is under a key. The store itself is asked.

        Parameters
        ----------
        key : str
            Below the store.
        size : int
            Bytes; a file of another size does not count.

        Raises
        ------
        StoreUnavailable
            As `put`.
        """

        def has() -> bool:
            try:
                return int(self._files.info(self._at(key))["size"]) == size
            except Exception as error:  # botocore and fsspec have no base class in common
                if file_fault_of(error).meaning != "missing":
                    raise
                return False

        return self._retried(f"{key} cannot be looked for", has)

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """The files below a prefix. The store itself is asked.

        Parameters
        ----------
        prefix : str
            Ends at a `/`; everything if empty.

        Raises
        ------
        StoreUnavailable
            As `put`.
        """
        at = f"{self._base}/{prefix}".rstrip("/")
        found = self._retried("files cannot be listed", lambda: self._files.find(at, detail=True))
        for entry in found.values():
            key = str(entry["name"]).removeprefix(self._base).lstrip("/")
            if key and not key.endswith("/"):
                yield StoredObject(key, int(entry[self._kind.size] or 0), _utc(entry[self._kind.modified]))

    def remove(self, keys: Iterable[str]) -> None:
        """Delete what is under these keys; a missing key is not an error.

        Raises
        ------
        StoreUnavailable
            As `put`.
        """

        def remove(key: str) -> None:
            self._retried(f"{key} cannot be deleted", lambda: self._remove(key))

        transfer_all(remove, keys)

    def with_short_timeout(self) -> FileStore:
        """The same store for somebody who waits for the answer: two attempts of 10 s, and no waiting if it is down."""
        impatient = replace(self.retry_policy, attempts=2, keep_trying_seconds=0, timeout_seconds=10)
        return FileStore(self.url, impatient, self._access.endpoint_url)

    def _put(self, file: Path, key: str, size: int, progress: TransferProgress | None) -> None:
        with TransferCallback(progress, size) as told:
            try:
                self._files.put_file(str(file), self._at(key), callback=told, **self._put_options(file))
            except Exception as error:  # botocore and fsspec have no base class in common
                if file_fault_of(error).meaning != "exists":
                    raise
                self._require_ours(file, key)
        stored = int(self._files.info(self._at(key))["size"])
        if stored != size:
            raise self._wrong(f"{key} has {stored} bytes there, and {size} were put")

    def _put_options(self, file: Path) -> dict[str, Any]:
        options = {"mode": "create", **(self._kind.put_options or {})}
        if self._kind.md5_option:  # s3fs leaves it out of a file that goes in parts, each with a checksum of its own
            with file.open("rb") as stream:
                md5 = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False))
            options[self._kind.md5_option] = base64.b64encode(md5.digest()).decode()
        return options

    def _require_ours(self, file: Path, key: str) -> None:
        """StoreUnavailable if a key has another content than the file, whose first upload lost its answer."""
        with tempfile.TemporaryDirectory() as folder:
            there = Path(folder, "there")
            self._files.get_file(self._at(key), str(there))
            if sha256_of(there) != sha256_of(file):
                raise self._wrong(f"{key} is there already, with another content")

    def _get(self, key: str, part: Path, sha256: str, progress: TransferProgress | None) -> None:
        with TransferCallback(progress) as told:
            self._files.get_file(self._at(key), str(part), callback=told)
            if sha256_of(part) != sha256:
                raise _Damaged(f"{key} arrived damaged")
            told.all(part.stat().st_size)

    def _remove(self, key: str) -> None:
        try:
            self._files.rm_file(self._at(key))
        except Exception as error:
            if file_fault_of(error).meaning != "missing":
                raise

    def _at(self, key: str) -> str:
        return f"{self._base}/{key}"

    @property
    def _files(self) -> Any:
        return open_file_system(self.url, self._access)

    def _wrong(self, found: str) -> StoreUnavailable:
        return StoreUnavailable(
            found,
            where=self.url,
            expected="a store that keeps what it is given",
            remedy="nothing was overwritten; do it again, and tell those who run the store if it happens twice",
        )

    def _retried(self, what: str, once: Callable[[], _T], local: Path | None = None) -> _T:
        """What `once` gives; an error of writing to `local` passes as it is."""

        def tried() -> _T:
            try:
                return once()
            except (NoAnswer, ConfigError, StoreUnavailable):
                raise
            except Exception as error:
                if local and isinstance(error, OSError) and error.filename == str(local):
                    raise
                raise self._meant(what, error) from None

        try:
            return retry_call(tried, self.retry_policy)
        except _Damaged as error:
            if local:
                raise
            raise self._unavailable(what, error.found, "a transfer that arrives whole", _REMEDY) from None
        except _Late as error:
            raise self._unavailable(what, error.found, "what the records say is there", _LOST) from None
        except NoAnswer as error:
            raise self._unavailable(what, error.found, "a store that answers", _REMEDY) from None

    def _meant(self, what: str, error: Exception) -> NoAnswer | StoreUnavailable:
        trouble = file_fault_of(error)
        words = without_queries(redactor(self._kind)(trouble.words))
        if trouble.meaning == "damaged":
            return _Damaged(words)
        if trouble.meaning == "missing":
            late = _Late(f"{what}: it is not there ({words})")
            late.after = _LATE_SECONDS
            return late
        if trouble.meaning in _STAYS:
            expected, remedy = _STAYS[trouble.meaning]
            account = f"set {self._kind.account}" if self._kind.environment else f"give it {self._kind.account}"
            return self._unavailable(what, words, expected, remedy.format(account=account))
        away = NoAnswer(words)
        away.passes = True
        return away

    def _unavailable(self, what: str, words: str, expected: str, remedy: str) -> StoreUnavailable:
        said = words if words.startswith(what) else f"{what} ({words})"
        return StoreUnavailable(said, where=self.url, expected=expected, remedy=remedy)


_STAYS: Final[dict[Meaning, tuple[str, str]]] = {
    "no bucket": ("a bucket, container or folder that is there", "create it, or correct store.url in settings.yaml"),
    "refused": (
        "an account that may list, read, write and delete there",
        "{account} for every process of the pipeline, and let the account do all four; then do it again",
    ),
    "redirected": ("the store's own address", "check store.url, store.endpoint_url and AWS_DEFAULT_REGION"),
    "full": ("free space", "make space in the store, or let `ibf-pipeline runs prune` delete what is old"),
    "unsupported": (
        "a store that can write under a condition (If-None-Match), so that nothing is ever overwritten",
        "use a newer version of the store, or another one",
    ),
}
"""what waiting does not help against: what is expected, and what to do"""


def _utc(given: Any) -> datetime:
    """UTC, from seconds, a text or a datetime: each library gives something else."""
    if isinstance(given, int | float):
        return datetime.fromtimestamp(given, UTC)
    time: datetime = datetime.fromisoformat(given) if isinstance(given, str) else given
    return time.astimezone(UTC)
