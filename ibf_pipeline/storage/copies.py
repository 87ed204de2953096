"""A folder with copies of a set in the store: files are fetched when they are asked for."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.file_store import FileStore
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.locks import file_lock, lock_file_of
from ibf_pipeline.io.transfers import transfer_all
from ibf_pipeline.storage.file_sets import FileEntry, FileSet

COMPLETE_MARK: Final = ".kept.json"
"""in the folder: which keys its files are of"""


def mark(folder: Path, files: Iterable[FileEntry]) -> None:
    """Note which files of the store are in a folder, so that they are not fetched again."""
    write_text(folder / COMPLETE_MARK, json.dumps({each.name: each.key for each in files}))


def fetch_copies(store: FileStore, kept: FileSet, folder: Path, names: Iterable[str] | None = None) -> list[Path]:
    """Fetch files of a set into a folder, all if no names are given; those that are there are left alone.

    Files of another set are removed first.

    Raises
    ------
    InputMissing
        For a name that the set does not have, or after the set was pruned.
    StoreUnavailable, InputInvalid
        As `FileStore.get`.
    """
    wanted = list(kept.files) if names is None else [_named(kept, name) for name in names]
    if not all(kept.has(each.name) for each in wanted):
        kept.require_there()
    if read_json_or_empty(folder / COMPLETE_MARK) != _keys(kept):
        with file_lock(lock_file_of(folder), "brings the same files"):
            _follow(kept, folder)
    missing = [each for each in wanted if not _is_there(folder / each.name, each)]
    with suppress(OSError):
        os.utime(folder / COMPLETE_MARK)  # when it was used last: what was not used for longest makes room
    transfer_all(lambda each: store.get(each.key, folder / each.name, each.sha256), missing)
    return [folder / each.name for each in wanted]


def _is_there(file: Path, kept: FileEntry) -> bool:
    try:
        return file.stat().st_size == kept.size
    except OSError:
        return False


def _keys(kept: FileSet) -> dict[str, str]:
    return {each.name: each.key for each in kept.files}


def _follow(kept: FileSet, folder: Path) -> None:
    """Remove what is there of another set."""
    noted, wanted = read_json_or_empty(folder / COMPLETE_MARK), _keys(kept)
    if noted == wanted:
        return
    for name in {*noted, *wanted}:
        if noted.get(name) != wanted.get(name):
            (folder / name).unlink(missing_ok=True)
    mark(folder, kept.files)


def _named(kept: FileSet, name: str) -> FileEntry:
    found = kept.file(name)
    if found is None:
        raise InputMissing(f"{kept.place} has no file {name}", where=kept.place)
    return found
