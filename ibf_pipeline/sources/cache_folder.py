"""A folder of the cache: forecast files, each with a record of what it was made of."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.discharge.reader import find_files
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.json_files import read_dataclass
from ibf_pipeline.sources.lat_lon_box import LatLonBox
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
    """[north, west, south, east] in degrees of what was kept of it; none if all of it was"""
    lead_times: int = len(LEAD_TIMES)
    """that were asked for, 0-day counted; of a file that ends before, what there is of them"""

    def as_json(self) -> dict[str, Any]:
        """Its keys; as ever if no more than the usual lead times were asked for."""
        usual = self.lead_times == len(LEAD_TIMES)
        return {key: value for key, value in asdict(self).items() if not (usual and key == "lead_times")}


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """Files that are whole: those with a record, reaching at least as far as an area and a number of lead times."""

    folder: Path
    area: LatLonBox | None = None
    lead_times: int = len(LEAD_TIMES)
    """that must have been asked for, 0-day counted; of files that are kept whole, and without an area, they do not
    matter"""

    def names(self) -> list[str]:
        """Names of the whole files."""
        return [file.name for file in find_files(self.folder) if self._suffices(self.record_of(file.name))]

    def record_of(self, name: str) -> Record | None:
        """What a file was made of; None if nobody noted it."""
        return read_dataclass(Record, self.folder / (name + _RECORD))

    def add(self, fetched: Fetched, address: str) -> None:
        """Note what the file of this name was made of, which makes it whole."""
        remote = fetched.remote
        area = None if self.area is None else self.area.as_list()
        record = Record(f"{address}/{remote.name}", remote.size, fetched.sha256, remote.stamp, area, self.lead_times)
        write_text(self.folder / (remote.name + _RECORD), json.dumps(record.as_json(), indent=1))

    def origin(self, names: Iterable[str]) -> dict[str, Any]:
        """For the manifest: what each file was made of."""
        records = {name: self.record_of(name) for name in names}
        return {"delivered": {name: record.as_json() for name, record in records.items() if record is not None}}

    def _suffices(self, record: Record | None) -> bool:
        if record is None:
            return False
        if record.area is None:
            return True
        asked = self.area is not None and LatLonBox.of(record.area).holds(self.area)
        return asked and record.lead_times >= self.lead_times
