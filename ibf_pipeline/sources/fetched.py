"""A folder of the cache: forecast files, each with a record of what it was made of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.discharge.reader import find_files
from ibf_pipeline.io.writing import write_text
from ibf_pipeline.sources.area import Area
from ibf_pipeline.sources.remote import Fetched

_RECORD: Final = ".json"


@dataclass(frozen=True, slots=True)
class Record:
    """What a file of the cache was made of."""

    origin: str
    """where it was fetched, without credentials"""
    bytes: int
    """of the file as delivered"""
    sha256: str
    """of the file as delivered"""
    stamp: str
    """the server's own time or tag of it"""
    area: list[float] | None
    """[north, west, south, east] in degrees of what was kept of it; none where all of it was"""


@dataclass(frozen=True, slots=True)
class FetchedFolder:
    """Files that are whole: those with a record, reaching at least as far as an area."""

    folder: Path
    area: Area | None = None

    def names(self) -> list[str]:
        """Names of the whole files."""
        return [file.name for file in find_files(self.folder) if self._suffices(self.record_of(file.name))]

    def record_of(self, name: str) -> Record | None:
        """What a file was made of; None where nobody noted it."""
        try:
            return Record(**json.loads((self.folder / (name + _RECORD)).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def add(self, fetched: Fetched, address: str) -> None:
        """Note what the file of this name was made of, which makes it whole."""
        remote = fetched.remote
        area = None if self.area is None else self.area.as_list()
        record = Record(f"{address}/{remote.name}", remote.size, fetched.sha256, remote.stamp, area)
        write_text(self.folder / (remote.name + _RECORD), json.dumps(asdict(record), indent=1))

    def origin(self, names: Iterable[str]) -> dict[str, Any]:
        """For the manifest: what each file was made of."""
        records = {name: self.record_of(name) for name in names}
        return {"delivered": {name: asdict(record) for name, record in records.items() if record is not None}}

    def _suffices(self, record: Record | None) -> bool:
        if record is None:
            return False
        return record.area is None or (self.area is not None and Area.of(record.area).holds(self.area))
