"""Rain gauges as a source: files of readings below one folder, places in a table of the country's static data."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.errors import InputInvalid, InputMissing, errors_as
from ibf_pipeline.rain.gauges import (
    LONGEST,
    GaugeDeclaration,
    Readings,
    gauge_hours,
    gauge_rain,
    read_gauge,
    read_gauges,
)
from ibf_pipeline.sources.rain.areal_rain import utc_minute
from ibf_pipeline.sources.rain.source import RainAreas, RainDelivery, Role


@dataclass(frozen=True, slots=True)
class GaugesRain:
    """Rain gauges of a country."""

    name: str
    root: Path
    files: str
    """pattern of a gauge's files below root; `{code}` is the gauge's"""
    places: Path
    """table of the gauges"""
    reads: GaugeDeclaration
    role: Role = field(default="observed", init=False)

    def hours(self, issue_time: IssueTime, areas: RainAreas, first: datetime, last: datetime) -> RainDelivery:
        """The rain of areas that gauges stand for; a gauge whose files cannot be read is left out and named."""
        gauges, notes = read_gauges(self.places), []
        readings: dict[str, Readings] = {}
        for gauge in gauges:
            try:
                files = list(gauge_files(self.root, self.files.replace("{code}", glob.escape(gauge.code))))
                readings[gauge.code] = _between(read_gauge(files, self.reads), first, last)
            except InputInvalid as error:
                notes.append(f"{self.name}: gauge {gauge.code} is left out: {error.found}")
        hours = gauge_hours(readings, self.reads)
        silent = [code for code, (moments, _) in readings.items() if len(moments) < 2]
        if silent and hours:
            notes.append(f"{self.name}: no readings of late from gauge {some(silent, 5)}")
        if not hours:
            found = f"no readings of {counted(len(gauges), 'gauge')} from {first:%Y-%m-%d %H} to {last:%Y-%m-%d %H} UTC"
            raise InputMissing(
                "; ".join([found, *notes]),
                where=self.root,
                expected=f"files named {self.files} with {self.reads.moment} and {self.reads.amount}",
                remedy="run again when they have been delivered, or correct root and files of the source",
            )
        series = gauge_rain(gauges, hours, areas.codes, areas.ground())
        return RainDelivery(tuple(series), tuple(notes), {"folder": str(self.root), "gauges": sorted(hours)})


def gauge_files(root: Path, pattern: str) -> Iterator[Path]:
    """The files of a gauge; InputInvalid if the folder cannot be read."""
    with errors_as(InputInvalid, "its files cannot be read: {}", where=root, remedy="correct their permissions"):
        yield from sorted(file for file in root.glob(pattern) if file.is_file() and file.stat().st_size)


def _between(readings: Readings, first: datetime, last: datetime) -> Readings:
    """Those that the hours asked for may need: a reading says what fell since the one before. So the last hour may
    need one after it: few loggers write on the full hour.
    """
    moments, amounts = readings
    around = timedelta(hours=LONGEST)
    wanted = (moments >= utc_minute(first - around)) & (moments <= utc_minute(last + around))
    return moments[wanted], amounts[wanted]
