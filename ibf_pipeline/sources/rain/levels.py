"""Water levels: the gauges of a country's table with the readings that a folder holds (rule 14 of flash floods)."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.hazards.flash_floods.gauges import RiverGauge
from ibf_pipeline.io.csv_rows import Row, decimal_number, read_rows
from ibf_pipeline.rain.gauges import GaugeDeclaration, gauge_entries, reading_time
from ibf_pipeline.sources.rain.gauge_files import gauge_files

METRES: Final[Mapping[str, float]] = {"m": 1.0, "cm": 0.01, "mm": 0.001}
_READING: Final = re.compile(r"\s*([+-]?\d+(?:\.\d+)?)\s*(?:\*.*)?")
"""a number, maybe with a mark of the logger behind it: `12.3*T`"""
_ALERT_LEVELS: Final = ("warning-low", "warning-medium", "warning", "trigger")
"""the portal's words, as columns of the table"""


@dataclass(frozen=True, slots=True)
class GaugePlace:
    """A line of the table."""

    gauge: RiverGauge
    """without levels"""
    offset_m: float
    """metres that a reading is below the level it stands for"""


@dataclass(frozen=True, slots=True)
class LevelFiles:
    """Where readings lie, and what they are."""

    name: str
    """of the source"""
    root: Path
    files: str
    """pattern of a gauge's files below root; `{fid}` is the gauge's"""
    reads: GaugeDeclaration
    metres: float
    """that one of a reading's unit is"""

    def levels(self, place: GaugePlace) -> dict[datetime, float]:
        """The water level of a gauge by time, UTC, metres; InputInvalid if a file cannot be read, or two of them
        say two things of one time. Texts that hold no number say nothing."""
        found: dict[datetime, float] = {}
        for file in gauge_files(self.root, self.files.replace("{fid}", glob.escape(place.gauge.fid))):
            for at, text in gauge_entries(file, self.reads):
                match = _READING.fullmatch(text)
                if match is None:
                    continue
                when = datetime.fromisoformat(str(reading_time(at, file))).replace(tzinfo=UTC)
                level = round(float(match[1]) * self.metres + place.offset_m, 4)
                if abs(found.setdefault(when, level) - level) > 1e-6:
                    raise InputInvalid(
                        f"two levels at {when:%Y-%m-%d %H:%M} UTC: {found[when]:g} and {level:g} m",
                        where=file,
                        expected="one reading a time stamp",
                        remedy="keep the files of different gauges apart",
                    )
        return found


def read_places(file: Path) -> list[GaugePlace]:
    """The water level gauges of a country: CSV with fid and name; if there are any, offset_m (metres added to a
    reading), reference_1 to reference_12 (usual level of a month) and columns named by ALERT_LEVELS (level from which
    one holds).

    Raises InputInvalid if a number is invalid, a fid stands twice, or a higher alert level holds from a lower level.
    """
    places: dict[str, GaugePlace] = {}
    for row in read_rows(file, ("fid", "name")):
        months = {month: _metres(row, f"reference_{month}", file) for month in range(1, 13)}
        alerts = {word: _metres(row, word, file) for word in _ALERT_LEVELS}
        gauge = RiverGauge(
            row["fid"],
            row["name"],
            {},
            {month: level for month, level in months.items() if level is not None},
            {word: level for word, level in alerts.items() if level is not None},
        )
        levels = list(gauge.alert_levels.values())
        if not gauge.fid or gauge.fid in places or levels != sorted(levels):
            wrong = f"alert levels {levels}" if gauge.fid and gauge.fid not in places else f"fid {gauge.fid!r}"
            raise InputInvalid(
                f"line {row.line}: {wrong}",
                where=file,
                expected=f"every fid once, levels that grow from {_ALERT_LEVELS[0]} to {_ALERT_LEVELS[-1]}",
                remedy="correct the line",
            )
        places[gauge.fid] = GaugePlace(gauge, _metres(row, "offset_m", file) or 0.0)
    return list(places.values())


def with_levels(place: GaugePlace, files: LevelFiles) -> RiverGauge:
    """A gauge with what was read of it; see `LevelFiles.levels`."""
    return replace(place.gauge, levels=files.levels(place))


def _metres(row: Row, column: str, file: Path) -> float | None:
    text = row.get(column, "")
    value = decimal_number(text) if text else None
    if text and value is None:
        raise InputInvalid(
            f"line {row.line}: {column} is {text!r}",
            where=file,
            expected="metres, with a decimal point, or nothing",
            remedy="correct the line",
        )
    return value
