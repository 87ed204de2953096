"""Which version of a day's files the cache holds: a correction by the service begins a new one beside the old one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.json_files import read_dataclass
from ibf_pipeline.sources.cache_folder import Record
from ibf_pipeline.sources.remote import RemoteFile

_FILE: Final = "edition.json"
SETTLING_SECONDS: Final = 1800.0
"""so long after some files have changed, the others are waited for before the day is fetched again"""


@dataclass(frozen=True, slots=True)
class InputRevision:
    """A version of a day's files. Files of two revisions never lie in one folder, so that no reader mixes them."""

    number: int = 1
    settled: bool = False
    """whether no file had changed on the server after all of them were fetched: they are of one version"""
    changing_since: float | None = None
    """seconds since 1970 when some, not all, of the settled files were seen to be others on the server"""
    corrected: str = ""
    """for people: that and how the service corrected the day"""
    before: int | None = None
    """number of the fullest earlier revision that was settled"""
    asked: bool = False
    """whether an operator asked for it: once it is settled it is used, even with fewer files than the one before"""

    @classmethod
    def of(cls, folder: Path) -> InputRevision:
        """The revision that a day's folder is in; the first one if nothing was noted."""
        return read_dataclass(cls, folder / _FILE) or cls()

    def keep(self, folder: Path) -> InputRevision:
        """Note it in a day's folder."""
        write_text(folder / _FILE, json.dumps(asdict(self)))
        return self

    def folder_of(self, day: Path, name: str) -> Path:
        """Where this revision's files for a country lie."""
        return day / (name if self.number == 1 else f"{name}-corrected-{self.number - 1}")

    def next(self, text: str, *, before: int | None, asked: bool = False) -> InputRevision:
        """The revision after this one, with nothing in it yet."""
        return InputRevision(self.number + 1, corrected=text, before=before, asked=asked)

    def waits(self, changed: int, compared: int, now: float) -> InputRevision | None:
        """This revision if it is to be used although some of its files have changed: the rest will follow soon.

        None if it must be fetched again: all have changed, the rest did not follow within SETTLING_SECONDS, or
        nobody knows whether its files are of one version.
        """
        since = now if self.changing_since is None else self.changing_since
        if not self.settled or changed == compared or now - since >= SETTLING_SECONDS:
            return None
        return replace(self, changing_since=since)


def changed_files(records: Mapping[str, Record], now: Mapping[str, RemoteFile]) -> list[str]:
    """Names of fetched files that are others on the server now: of another size, or stamp if both are known."""
    return [name for name, remote in now.items() if name in records and is_another(records[name], remote)]


def is_another(record: Record, remote: RemoteFile) -> bool:
    """Whether the server's file is not the one that was fetched."""
    stamps_differ = bool(record.stamp and remote.stamp) and record.stamp != remote.stamp
    return record.bytes != remote.size or stamps_differ
