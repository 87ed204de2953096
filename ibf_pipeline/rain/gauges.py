"""Rain gauges: readings of counters to hours, and which areas they stand for (rules 1 and 14 of flash floods)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.csv_rows import decimal_number, read_rows
from ibf_pipeline.rain.hourly_rain import HourlyRain, hourly_rain
from ibf_pipeline.rain.steps import MOST_IN_AN_HOUR, NOISE
from ibf_pipeline.rain.weights import AreaSteps

_ALONE: Final = 3.0
"""km from the middle of an area, or inside it: one gauge stands for it"""
_TOGETHER: Final = 6.0
"""km: three gauges stand for it, by the inverse square of their distances"""
LONGEST: Final = 6.0
"""hours between two readings whose rain may be spread evenly; after a longer silence nobody knows when it fell"""
_EARTH_RADIUS: Final = 6371.0
"""km"""


@dataclass(frozen=True, slots=True)
class RainGauge:
    """Place of a rain gauge."""

    code: str
    lat: float
    lon: float
    area: str = ""
    """place code of an area that it stands for wherever it is"""


@dataclass(frozen=True, slots=True)
class GaugeDeclaration:
    """Names in a gauge's files, and what their numbers are."""

    moment: str = "time"
    """ISO timestamp, UTC where it says nothing else, or yymmddHHMMSS"""
    amount: str = "rain"
    is_counter: bool = True
    """whether readings go on counting; else each is what fell since the one before. mm"""


def read_gauges(file: Path) -> list[RainGauge]:
    """The rain gauges of a country: CSV with code, lat, lon in degrees and, if it has one, area.

    InputInvalid if a place is not on Earth or a code stands twice.
    """
    gauges: dict[str, RainGauge] = {}
    for row in read_rows(file, ("code", "lat", "lon")):
        lat, lon = decimal_number(row["lat"]), decimal_number(row["lon"])
        if lat is None or lon is None or abs(lat) > 90 or abs(lon) > 180 or row["code"] in gauges:
            raise InputInvalid(
                f"line {row.line}: gauge {row['code']} at {row['lat']}, {row['lon']}",
                where=file,
                expected="every code once, with lat and lon in degrees",
                remedy="correct the line",
            )
        gauges[row["code"]] = RainGauge(row["code"], lat, lon, row.get("area", ""))
    return list(gauges.values())


Readings = tuple[npt.NDArray[np.datetime64], npt.NDArray[np.float64]]
"""(reading,) times in seconds, UTC, each once and in order, and mm"""


def read_gauge(files: Sequence[Path], reads: GaugeDeclaration) -> Readings:
    """The readings in a gauge's files: CSV, or JSON as a list of objects, also under `data`.

    Entries without an amount, or with a text in its place, say nothing. InputInvalid if a file is neither, a timestamp
    cannot be read, or two files state two amounts for one time.
    """
    found: dict[np.datetime64, float] = {}
    for file in files:
        for moment, text in gauge_entries(file, reads):
            amount, at = decimal_number(text), reading_time(moment, file)
            if amount is None:
                continue
            if abs(found.setdefault(at, amount) - amount) > 1e-6:
                raise InputInvalid(
                    f"two readings at {at}: {found[at]:g} and {amount:g}",
                    where=file,
                    expected="one reading for each time",
                    remedy="keep the files of different gauges apart",
                )
    moments = np.array(sorted(found), dtype="datetime64[s]")
    return moments, np.array([found[moment] for moment in moments])


def gauge_entries(file: Path, reads: GaugeDeclaration) -> list[tuple[str, str]]:
    """(timestamp, amount) as a file of readings writes them; InputInvalid if the file is not one."""
    if file.suffix.lower() != ".json":
        return [(row[reads.moment], row[reads.amount]) for row in read_rows(file, (reads.moment, reads.amount))]
    with errors_as(
        InputInvalid,
        "no readings of a gauge ({})",
        where=file,
        expected=f"a list of objects with {reads.moment} and {reads.amount}",
        remedy="fetch the file again, or declare what it calls moment and amount",
    ):
        content = json.loads(file.read_text(encoding="utf-8"))
        entries = content["data"] if isinstance(content, dict) else content
        return [(str(entry[reads.moment]), str(entry[reads.amount])) for entry in entries if reads.amount in entry]


def reading_time(text: str, file: Path) -> np.datetime64:
    """The time of a reading, UTC, in seconds; InputInvalid if the text is not a timestamp."""
    try:
        is_short = len(text) == 12 and text.isdigit()
        moment = datetime.strptime(text + "+0000", "%y%m%d%H%M%S%z") if is_short else datetime.fromisoformat(text)
    except ValueError:
        raise InputInvalid(
            f"{text!r} is not a timestamp",
            where=file,
            expected="2026-02-15T06:00:00Z or 260215060000",
            remedy="correct it or remove the line",
        ) from None
    return np.datetime64((moment if moment.tzinfo is None else moment.astimezone(UTC)).replace(tzinfo=None), "s")


def fallen(readings: Readings, reads: GaugeDeclaration) -> tuple[Readings, npt.NDArray[np.datetime64]]:
    """Rain between readings: (ends, mm) and the begins. NaN if nobody can know.

    A counter that shows less than half of before was set back to 0: what it shows fell since. One that is lower by less
    than NOISE stood still; one that is lower by something else was tampered with. That, a silence longer than LONGEST
    hours and amounts that no hour on Earth has had are missing, never 0.

    >>> hours = np.arange("2026-02-15T00", "2026-02-15T05", dtype="datetime64[h]").astype("datetime64[s]")
    >>> (_, mm), _ = fallen((hours, np.array([10.0, 12.5, 12.5, 3.0, 2.0])), GaugeDeclaration())
    >>> mm.tolist()
    [2.5, 0.0, 3.0, nan]
    """
    moments, values = readings
    begins, ends = moments[:-1], moments[1:]
    hours = (ends - begins) / np.timedelta64(1, "h")
    mm = values[1:]
    if reads.is_counter:
        mm = np.array([_gone_on(earlier, later) for earlier, later in pairwise(values)])
    impossible = (mm < 0) | (mm > MOST_IN_AN_HOUR * np.maximum(hours, 1.0)) | (hours > LONGEST)
    return (ends, np.where(impossible, np.nan, mm)), begins


def _gone_on(earlier: float, later: float) -> float:
    if later >= earlier - NOISE:
        return max(0.0, later - earlier)
    return later if later < earlier / 2 else np.nan


def gauge_hours(readings: Mapping[str, Readings], reads: GaugeDeclaration) -> dict[str, HourlyRain]:
    """Every gauge's hourly rain, its code as the area; gauges with fewer than two readings have none."""
    series = {}
    for code, each in readings.items():
        if len(each[0]) > 1:
            (ends, mm), begins = fallen(each, reads)
            amount = mm.astype(np.float32)[np.newaxis, :, np.newaxis]
            series[code] = hourly_rain(AreaSteps((code,), (0,), begins, ends, amount), f"gauge {code}")
    return series


def gauge_rain(
    gauges: Sequence[RainGauge], hours: Mapping[str, HourlyRain], areas: Sequence[str], ground: Sequence[BaseGeometry]
) -> list[HourlyRain]:
    """Rain of the areas that gauges stand for, one series for each set of gauges that stands for any hour.

    For an area in an hour: the gauge that names it; else the nearest of those inside it or within ALONE km of its
    middle; else the three nearest within TOGETHER km, by the inverse square of their distances. Only gauges with a
    value (also 0) in that hour count. `ground`: EPSG:4326.
    """
    there = [gauge for gauge in gauges if gauge.code in hours]
    if not there:
        return []
    each_rain = [hours[gauge.code].rain for gauge in there]
    edges = np.concatenate([rain["time"].values[[0, -1]] for rain in each_rain])
    times = np.arange(edges.min(), edges.max() + 1, np.timedelta64(1, "h"))
    each_rain = [rain.reindex(time=times) for rain in each_rain]
    values = np.stack([rain.values[0, :, 0] for rain in each_rain], axis=1)
    steps = np.fmax.reduce([rain["step_hours"].values for rain in each_rain])
    found: dict[str, npt.NDArray[np.float32]] = {}
    for column, (area, outline) in enumerate(zip(areas, ground, strict=True)):
        distance = np.array([_distance(outline, gauge) for gauge in there])
        stands = _alone(area, outline, there, distance)
        for row, mm in enumerate(values):
            chosen = _chosen(stands, distance, np.isfinite(mm))
            if chosen:
                label = ("gauge " if len(chosen) == 1 else "gauges ") + ", ".join(there[each].code for each in chosen)
                empty = np.full((1, len(times), len(areas)), np.nan, dtype=np.float32)
                near = np.maximum(distance[chosen], 0.001)  # one in the very middle would weigh infinitely
                found.setdefault(label, empty)[0, row, column] = np.average(mm[chosen], weights=near**-2.0)
    coords = {"member": [0], "time": times, "area": list(areas), "step_hours": ("time", steps)}
    return [
        HourlyRain(label, xr.DataArray(mm, dims=("member", "time", "area"), coords=coords, name="rain"))
        for label, mm in found.items()
    ]


def _alone(
    area: str, outline: BaseGeometry, gauges: Sequence[RainGauge], distance: npt.NDArray[np.float64]
) -> list[list[int]]:
    """Gauges that can each stand for an area, by rank: those that name it, then those inside or near its middle."""
    nearest = [int(each) for each in np.argsort(distance, kind="stable")]
    named = [each for each in nearest if gauges[each].area == area]
    inside = [
        each
        for each in nearest
        if distance[each] <= _ALONE or outline.intersects(shapely.Point(gauges[each].lon, gauges[each].lat))
    ]
    return [named, inside]


def _chosen(
    stands: Sequence[Sequence[int]], distance: npt.NDArray[np.float64], has: npt.NDArray[np.bool_]
) -> list[int]:
    for rank in stands:
        for each in rank:
            if has[each]:
                return [each]
    around = [int(each) for each in np.argsort(distance, kind="stable") if has[each] and distance[each] <= _TOGETHER]
    return around[:3] if len(around) >= 3 else []


def _distance(outline: BaseGeometry, gauge: RainGauge) -> float:
    """km on a sphere from the middle of an area to a gauge; endless of an area without ground."""
    if outline.is_empty:
        return float("inf")
    middle = outline.centroid
    lat, other = np.radians(middle.y), np.radians(gauge.lat)
    turn = np.radians(gauge.lon - middle.x)
    chord = np.sin((other - lat) / 2) ** 2 + np.cos(lat) * np.cos(other) * np.sin(turn / 2) ** 2
    return float(2 * _EARTH_RADIUS * np.arcsin(np.sqrt(chord)))
