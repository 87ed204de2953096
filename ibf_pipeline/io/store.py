"""Files under keys, in a folder or an object store: each is written whole under a new key, and never patched."""

from __future__ import annotations

import base64
import hashlib
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, Final, TypeVar

from fsspec.callbacks import Callback

from ibf_pipeline.errors import ConfigError, InputInvalid, InputMissing, StoreUnavailable
from ibf_pipeline.io.answers import NoAnswer
from ibf_pipeline.io.digest import sha256 as sha256_of
from ibf_pipeline.io.file_systems import Access, kind_of, open_files, redactor
from ibf_pipeline.io.file_troubles import Meaning, trouble_of
from ibf_pipeline.io.patience import Patience, repeated
from ibf_pipeline.io.redaction import without_queries
from ibf_pipeline.io.writing import whole

T = TypeVar("T")
Progress = Callable[[int], None]
"""told how many more bytes were transferred; a negative number where a transfer begins again"""
SCHEMES: Final = ("file", "s3", "abfs", "gcs")
"""what a store can be in"""
LATE_SECONDS: Final = 3.0
"""between two looks for a key that a store does not show yet; there are `attempts` looks"""
_TOGETHER: Final = 8
"""deletions at the same time"""
_REMEDY: Final = "look whether it is there and may be used, then do it again: what was done is not lost"
_LOST: Final = (
    "look whether the store is the right one and was brought back whole from a back-up; where this file alone is lost, "
    "put it under its key again, as it is, from the folder of a machine that still has it"
)


class _Damaged(NoAnswer):
    """What arrived is not what was put there."""


class _Late(NoAnswer):
    """A key is not there, or not yet."""


def together(do: Callable[[T], object], each: Iterable[T]) -> None:
    """Several transfers at the same time; after an error no further one is begun, and it is raised."""
    todo, failed = list(each), Event()

    def one(what: T) -> None:
        if failed.is_set():
            return
        try:
            do(what)
        except BaseException:
            failed.set()
            raise

    if len(todo) == 1:
        one(todo[0])
    elif todo:
        with ThreadPoolExecutor(min(_TOGETHER, len(todo))) as pool:
            for transfer in [pool.submit(copy_context().run, one, what) for what in todo]:
                transfer.result()


@dataclass(frozen=True, slots=True)
class StoredObject:
    """A file in the store."""

    key: str
    size: int
    """bytes"""
    modified: datetime
    """UTC"""


class Store:
    """The files below a URL, such as `s3://bucket/ibf`; keys of accounts come from the environment.

    Its methods may be called by several threads, and after a fork.
    """

    def __init__(self, url: str, patience: Patience, endpoint_url: str | None = None) -> None:
        """ConfigError for a URL that no store understands."""
        self.url = url.rstrip("/")
        self.patience = patience
        scheme, _, self._base = self.url.partition("://")
        if scheme not in SCHEMES or not self._base or (scheme == "file" and not self._base.startswith("/")):
            raise ConfigError(
                f"{url} is the address of no store",
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
        self._kind = kind_of(self.url)
        self._access = Access(endpoint_url, timeout_seconds=patience.timeout_seconds)

    def put(self, file: Path, key: str, progress: Progress | None = None) -> None:
        """Put a whole file under a new key; it can be read when this returns.

        StoreUnavailable where that is not possible for longer than is waited, and where the key has another content.
        InputMissing where the file is not there.
        """
        if not file.is_file():
            raise InputMissing("a file that was to be put into the store is not there", where=file)
        size = file.stat().st_size
        self._patiently(f"{key} cannot be put there", lambda: self._put(file, key, size, progress))

    def get(self, key: str, file: Path, sha256: str, progress: Progress | None = None) -> None:
        """Write what is under a key to a file, whole or not at all.

        InputInvalid where it is not what was put there, however often it is fetched; StoreUnavailable where it cannot
        be had, also where it is not there for longer than a store may be late with a new key; WriteFailed where the
        file cannot be written.
        """
        with whole(file) as part:
            try:
                self._patiently(f"{key} cannot be had", lambda: self._get(key, part, sha256, progress), part)
            except _Damaged:
                raise InputInvalid(
                    "a file in the store is not what was put there",
                    where=f"{self.url}/{key}",
                    expected=f"SHA-256 {sha256}",
                    remedy="bring it back from a back-up of the store",
                ) from None

    def has(self, key: str, size: int) -> bool:
        """Whether a file of this size (bytes) is under a key; asked of the store itself."""

        def has() -> bool:
            try:
                return int(self._files.info(self._at(key))["size"]) == size
            except Exception as error:  # botocore and fsspec have no base class in common
                if trouble_of(error).meaning != "missing":
                    raise
                return False

        return self._patiently(f"{key} cannot be looked for", has)

    def objects(self, prefix: str = "") -> Iterator[StoredObject]:
        """What is there below a prefix, which ends at a `/`; asked of the store itself each time."""
        at = f"{self._base}/{prefix}".rstrip("/")
        found = self._patiently("files cannot be listed", lambda: self._files.find(at, detail=True))
        for entry in found.values():
            key = str(entry["name"]).removeprefix(self._base).lstrip("/")
            if key and not key.endswith("/"):
                yield StoredObject(key, int(entry[self._kind.size] or 0), _moment(entry[self._kind.modified]))

    def remove(self, keys: Iterable[str]) -> None:
        """Delete what is under these keys; what is not there is no error."""

        def remove(key: str) -> None:
            self._patiently(f"{key} cannot be deleted", lambda: self._remove(key))

        together(remove, keys)

    def hasty(self) -> Store:
        """The same store for somebody who waits for an answer: it is asked twice, and not waited for."""
        hasty = replace(self.patience, attempts=2, keep_trying_seconds=0, timeout_seconds=10)
        return Store(self.url, hasty, self._access.endpoint_url)

    def _put(self, file: Path, key: str, size: int, progress: Progress | None) -> None:
        with _Told(progress, size) as told:
            try:
                self._files.put_file(str(file), self._at(key), callback=told, **self._put_options(file))
            except Exception as error:  # botocore and fsspec have no base class in common
                if trouble_of(error).meaning != "exists":
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
        """StoreUnavailable where a key has another content than the file, whose first upload lost its answer."""
        with tempfile.TemporaryDirectory() as folder:
            there = Path(folder, "there")
            self._files.get_file(self._at(key), str(there))
            if sha256_of(there) != sha256_of(file):
                raise self._wrong(f"{key} is there already, with another content")

    def _get(self, key: str, part: Path, sha256: str, progress: Progress | None) -> None:
        with _Told(progress) as told:
            self._files.get_file(self._at(key), str(part), callback=told)
            if sha256_of(part) != sha256:
                raise _Damaged(f"{key} arrived damaged")
            told.all(part.stat().st_size)

    def _remove(self, key: str) -> None:
        try:
            self._files.rm_file(self._at(key))
        except Exception as error:
            if trouble_of(error).meaning != "missing":
                raise

    def _at(self, key: str) -> str:
        return f"{self._base}/{key}"

    @property
    def _files(self) -> Any:
        return open_files(self.url, self._access)

    def _wrong(self, found: str) -> StoreUnavailable:
        return StoreUnavailable(
            found,
            where=self.url,
            expected="a store that keeps what it is given",
            remedy="nothing was overwritten; do it again, and tell those who run the store if it happens twice",
        )

    def _patiently(self, what: str, once: Callable[[], T], local: Path | None = None) -> T:
        """What `once` gives; an error of writing to `local` passes as it is."""

        def tried() -> T:
            try:
                return once()
            except (NoAnswer, ConfigError, StoreUnavailable):
                raise
            except Exception as error:
                if local and isinstance(error, OSError) and error.filename == str(local):
                    raise
                raise self._meant(what, error) from None

        try:
            return repeated(tried, self.patience)
        except _Damaged as error:
            if local:
                raise
            raise self._unavailable(what, error.found, "a transfer that arrives whole", _REMEDY) from None
        except _Late as error:
            raise self._unavailable(what, error.found, "what the records say is there", _LOST) from None
        except NoAnswer as error:
            raise self._unavailable(what, error.found, "a store that answers", _REMEDY) from None

    def _meant(self, what: str, error: Exception) -> NoAnswer | StoreUnavailable:
        trouble = trouble_of(error)
        words = without_queries(redactor(self._kind)(trouble.words))
        if trouble.meaning == "damaged":
            return _Damaged(words)
        if trouble.meaning == "missing":
            late = _Late(f"{what}: it is not there ({words})")
            late.after = LATE_SECONDS
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


class _Told(Callback):
    """Tells of the bytes of one try; where it fails, they are taken back."""

    def __init__(self, progress: Progress | None, size: int = 0) -> None:
        super().__init__()
        self._progress = progress
        self._all = size
        self._told = 0

    def call(self, hook_name: str | None = None, **kwargs: Any) -> None:
        """Of fsspec, after each part."""
        self._tell(int(self.value or 0))

    def all(self, size: int) -> None:
        """How many bytes it was."""
        self._all = size

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._tell(0 if kind else self._all)

    def _tell(self, value: int) -> None:
        if self._progress and value != self._told:
            self._progress(value - self._told)
            self._told = value


def _moment(given: Any) -> datetime:
    """UTC, of seconds, of a text or of a moment: each library has its own."""
    if isinstance(given, int | float):
        return datetime.fromtimestamp(given, UTC)
    moment: datetime = datetime.fromisoformat(given) if isinstance(given, str) else given
    return moment.astimezone(UTC)
