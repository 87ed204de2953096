"""Where an installation of several machines keeps what must survive one of them."""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from ibf_pipeline.check.finding import Finding, error_finding, fine
from ibf_pipeline.errors import IbfError, StoreUnavailable
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.sql import Database
from ibf_pipeline.storage.storage import Storage

_PROBES = "check"
"""below it lie the files that the check puts there and deletes"""


def check_storage(storage: Storage, database: Callable[[], Database]) -> Iterator[Finding]:
    """Whether the store can be written, listed, read and deleted from, and the database be read; nothing of those that
    lie in the folders of this machine.
    """
    if storage.store is not None:
        yield _store(storage.store.with_short_timeout())
    if storage.records is not None:
        yield _records(database)


def _store(store: FileStore) -> Finding:
    name = f"{secrets.token_hex(6)}.txt"
    key = f"{_PROBES}/{name}"
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, name)
        file.write_text("put here by `ibf-pipeline check`, and deleted again\n", encoding="utf-8")
        try:
            store.put(file, key)
            store.get(key, Path(folder, "back"), sha256(file))
            listed = any(each.key == key for each in store.objects(f"{_PROBES}/"))
            store.remove([key])
            if not listed:
                raise _not_listed(store)
        except IbfError as error:
            return error_finding("storage", error, "no run can keep its files: none makes a call")
    return fine("storage", f"{store.url} can be written, read, listed and deleted from")


def _not_listed(store: FileStore) -> StoreUnavailable:
    return StoreUnavailable(
        "a file that was put there is not listed",
        where=store.url,
        expected="a listing of what is there",
        remedy="let the account list the store",
    )


def _records(database: Callable[[], Database]) -> Finding:
    try:
        with database().snapshot():
            pass
    except IbfError as error:
        return error_finding("storage", error, "nobody knows what was published: no run makes a call")
    return fine("storage", "the database of the records can be read")
