"""Sets of files in the store: put there whole, then recorded; brought back to a folder where they are asked for."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, TypeVar

from sqlalchemy import Connection, select

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.locks import alone, beside
from ibf_pipeline.io.notes import read_note
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.store import Store, together
from ibf_pipeline.io.writing import write_text
from ibf_pipeline.records.schema import KEPT

T = TypeVar("T")
Kind = Literal["run", "revision", "report", "prepared", "forecast", "observation"]
"""what the files are of; each may be kept for a time of its own"""
MARK: Final = ".kept.json"
"""in a folder: of which row its files are"""
ALWAYS: Final = ("events.json", "manifest.json")
"""names of files that stay when a set is pruned: small, and what looks back reads them"""


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

    def has(self, name: str) -> bool:
        """Whether a file of that name can be had."""
        return self.file(name) is not None and (self.pruned is None or name in ALWAYS)

    def require_there(self) -> None:
        """InputMissing after the files were deleted."""
        if self.pruned is not None:
            raise InputMissing(
                f"the files of {self.place} were deleted from the store on {self.pruned[:10]}",
                where=self.place,
                expected="files that are still kept",
                remedy="run the day again, or keep files for longer (store.keep_days in settings.yaml)",
            )


def put_files(
    store: Store, owner: str, place: str, folder: Path, names: Iterable[str], known: Iterable[KeptFile] = ()
) -> tuple[KeptFile, ...]:
    """Put files of a folder into the store under new keys: the same content once, and not again where `known` has it
    and the store still does.

    `owner`: the installation, which every key tells. StoreUnavailable where one could not be put: nothing is recorded
    of them then.
    """
    found = {name: (sha256(folder / name), (folder / name).stat().st_size) for name in names}
    same = {each.key: each for each in known if (each.sha256, each.size) in found.values()}
    keys = dict[tuple[str, int], str]()

    def look(each: KeptFile) -> None:
        if store.has(each.key, each.size):
            keys[each.sha256, each.size] = each.key

    together(look, same.values())
    at = f"{place}/{datetime.now(UTC):%Y%m%dT%H%M%S}-{owner}-{secrets.token_hex(3)}"
    new: dict[tuple[str, int], str] = {}
    for name, content in found.items():
        if content not in keys:
            new.setdefault(content, name)
    together(lambda name: store.put(folder / name, f"{at}/{name}"), new.values())
    keys |= {content: f"{at}/{name}" for content, name in new.items()}
    return tuple(KeptFile(name, keys[digest, size], size, digest) for name, (digest, size) in found.items())


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


def mark(folder: Path, files: Iterable[KeptFile]) -> None:
    """Note which files of the store are in a folder: they are not brought again."""
    write_text(folder / MARK, json.dumps({each.name: each.key for each in files}))


def bring(store: Store, kept: KeptSet, folder: Path, names: Iterable[str] | None = None) -> list[Path]:
    """Have files of a set in a folder, all where no names are given; those that are there are left alone.

    Files of another set are removed first. InputMissing for a name that the set has not, or after it was pruned.
    """
    wanted = list(kept.files) if names is None else [_named(kept, name) for name in names]
    if not all(kept.has(each.name) for each in wanted):
        kept.require_there()
    if read_note(folder / MARK) != _keys(kept):
        with alone(beside(folder), "brings the same files"):
            _follow(kept, folder)
    missing = [each for each in wanted if not _is_there(folder / each.name, each)]
    with suppress(OSError):
        os.utime(folder / MARK)  # when it was used last: what was not used for longest makes room
    together(lambda each: store.get(each.key, folder / each.name, each.sha256), missing)
    return [folder / each.name for each in wanted]


def _is_there(file: Path, kept: KeptFile) -> bool:
    try:
        return file.stat().st_size == kept.size
    except OSError:
        return False


def _keys(kept: KeptSet) -> dict[str, str]:
    return {each.name: each.key for each in kept.files}


def _follow(kept: KeptSet, folder: Path) -> None:
    """Remove what is there of another set."""
    noted, wanted = read_note(folder / MARK), _keys(kept)
    if noted == wanted:
        return
    for name in {*noted, *wanted}:
        if noted.get(name) != wanted.get(name):
            (folder / name).unlink(missing_ok=True)
    mark(folder, kept.files)


def _named(kept: KeptSet, name: str) -> KeptFile:
    found = kept.file(name)
    if found is None:
        raise InputMissing(f"{kept.place} has no file {name}", where=kept.place)
    return found
