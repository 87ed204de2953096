"""Sets of files in the store: put there whole, then recorded; brought back to a folder where they are asked for."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Connection, select

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.notes import read_note
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.store import Store
from ibf_pipeline.io.writing import write_text
from ibf_pipeline.records.schema import KEPT

Kind = Literal["run", "revision", "report", "prepared", "forecast", "observation"]
"""what the files are of; each may be kept for a time of its own"""
MARK: Final = ".kept.json"
"""in a folder: of which row its files are"""
_TOGETHER: Final = 8
"""transfers at the same time"""


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file in the store."""

    name: str
    """below the folder that it is of, such as `extents/flood_extent_0-day_UGA.tif`"""
    key: str
    size: int
    """bytes"""
    sha256: str


@dataclass(frozen=True, slots=True)
class KeptSet:
    """The files of a place, as the records have them."""

    row: int
    place: str
    kind: Kind
    at: str
    """UTC, ISO 8601"""
    files: tuple[KeptFile, ...]
    pruned: str | None = None
    """when the files were deleted"""

    def file(self, name: str) -> KeptFile | None:
        """The file of a name; None where the set has none."""
        return next((each for each in self.files if each.name == name), None)


def put_files(
    store: Store, place: str, folder: Path, names: Iterable[str], known: Iterable[KeptFile] = ()
) -> tuple[KeptFile, ...]:
    """Put files of a folder into the store, each under a new key; those of `known` that are the same are not put again.

    StoreUnavailable where one could not be put: nothing is recorded of them then.
    """
    there = {(each.sha256, each.size): each.key for each in known}
    at = f"{place}/{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"

    def put(name: str) -> KeptFile:
        file = folder / name
        digest, size = sha256(file), file.stat().st_size
        key = there.get((digest, size))
        if key is None:
            key = f"{at}/{name}"
            store.put(file, key)
        return KeptFile(name, key, size, digest)

    with ThreadPoolExecutor(_TOGETHER) as pool:
        return tuple(pool.map(lambda name: copy_context().run(put, name), names))


def record_files(
    connection: Connection, place: str, kind: Kind, country: str, files: Sequence[KeptFile], revision: int | None = None
) -> int:
    """Let a place have these files from now on, in the transaction of whoever may say so; number of the row."""
    values = {
        "place": place,
        "kind": kind,
        "country": country,
        "revision": revision,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "bytes": sum(each.size for each in files),
        "files": json.dumps([asdict(each) for each in files], ensure_ascii=False),
    }
    return int(connection.execute(KEPT.insert().values(**values).returning(KEPT.c.id)).scalar_one())


def kept_of(database: Database, place: str) -> KeptSet | None:
    """The files that a place has; None where none were ever put into the store."""
    wanted = select(KEPT).where(KEPT.c.place == place).order_by(KEPT.c.id.desc()).limit(1)
    for row in database.rows(wanted):
        files = tuple(KeptFile(**each) for each in json.loads(row.files))
        return KeptSet(row.id, row.place, row.kind, row.at, files, row.pruned)
    return None


def mark(folder: Path, kept: KeptSet) -> None:
    """Note of which set the files in a folder are: they are not brought again."""
    write_text(folder / MARK, json.dumps({"row": kept.row, "names": [each.name for each in kept.files]}))


def bring(store: Store, kept: KeptSet, folder: Path, names: Iterable[str] | None = None) -> list[Path]:
    """Have files of a set in a folder, all where no names are given; those that are there are left alone.

    Files of an earlier set are removed first. InputMissing for a name that the set has not, or after it was pruned.
    """
    _require_there(kept)
    _follow(kept, folder)
    wanted = kept.files if names is None else [_named(kept, name) for name in names]
    missing = [each for each in wanted if not (folder / each.name).is_file()]
    with ThreadPoolExecutor(_TOGETHER) as pool:
        for _ in pool.map(lambda each: store.get(each.key, folder / each.name, each.sha256), missing):
            pass
    return [folder / each.name for each in wanted]


def _follow(kept: KeptSet, folder: Path) -> None:
    """Remove what is there of another set."""
    noted = read_note(folder / MARK)
    if noted.get("row") == kept.row:
        return
    for name in {*noted.get("names", ()), *(each.name for each in kept.files)}:
        (folder / name).unlink(missing_ok=True)
    mark(folder, kept)


def _named(kept: KeptSet, name: str) -> KeptFile:
    found = kept.file(name)
    if found is None:
        raise InputMissing(f"{kept.place} has no file {name}", where=kept.place)
    return found


def _require_there(kept: KeptSet) -> None:
    if kept.pruned is not None:
        raise InputMissing(
            f"the files of {kept.place} were deleted from the store on {kept.pruned[:10]}",
            where=kept.place,
            expected="files that are still kept",
            remedy="run the day again, or keep files for longer (store.keep_days in settings.yaml)",
        )
