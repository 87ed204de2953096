"""Stations if no portal gives any: GloFAS reporting points, or points proposed on the large rivers of a grid."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from ibf_pipeline.discharge.cells import cell_centre
from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import Row, csv_text, decimal_number, read_rows
from ibf_pipeline.io.decimal_comma import require_no_decimal_comma
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.stations import NO_STATION
from ibf_pipeline.static.origin import require_data
from ibf_pipeline.static.threshold_grids import river_cells

_NO_PLACE: Final = ("", "-", "na", "n/a", "nan", "none", "null")
"""how lists of reporting points write that they have none"""
_LARGE: Final = 50.0
"""m3/s at the smallest return period: what a large river carries there"""
SMALLEST: Final = 10.0
"""m3/s: what carries less is too small for GloFAS; taken if a country has no large river"""
_STATION_SPACING: Final = 0.45
"""degrees, 50 km: how far a station's water is followed when areas are proposed for it"""
_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "code": ("stationid", "stationcode", "pointid", "id"),
    "name": ("stationname", "name"),
    "lat": ("lisfloody", "lisfloodydeg", "lisfloodlat", "lat", "latitude"),
    "lon": ("lisfloodx", "lisfloodxdeg", "lisfloodlon", "lon", "longitude"),
}
"""as lists of reporting points spell them, without signs and capitals; the model's cell before the gauge's own place"""


def listed_points(file: Path, where: str, areas: Boundaries) -> tuple[Station, ...]:
    """The reporting points of a list (CSV) that lie inside the country, by code.

    Raises InputInvalid if the file is not such a list.
    """
    remedy = "correct static_sources.stations of the country's file"
    require_data(file, "list of stations", where, remedy)
    rows = read_rows(file, ())
    columns = {role: _column(rows, names) for role, names in _COLUMNS.items()}
    missing = [role for role, column in columns.items() if column is None and role != "name"]
    if missing:
        raise InputInvalid(
            f"no column has the {' nor the '.join(missing)} of a station",
            where=where,
            expected="columns such as station_id, StationName, LisfloodX, LisfloodY",
            remedy=remedy,
        )
    require_no_decimal_comma(rows, columns["code"] or "", (columns["lat"] or "", columns["lon"] or ""), where)
    found: dict[str, Station] = {}
    for row in rows:
        code, name = (row.get(columns[role] or "", "") for role in ("code", "name"))
        lat, lon = (_degrees(row, columns[role] or "", most, where) for role, most in (("lat", 90), ("lon", 180)))
        if not code or lat is None or lon is None:
            continue
        station = _station(code, name or "Na", lat, lon)
        if (there := found.setdefault(code, station)) != station:
            raise InputInvalid(
                f"line {row.line}: station {code} stands twice, with {there.lat:g}, {there.lon:g} and {lat:g}, {lon:g}",
                where=where,
                expected="every station once",
                remedy="remove the line that is wrong",
            )
    stations = sorted(found.values(), key=lambda station: station.code)
    inside = _areas_of([(station.lon, station.lat) for station in stations], areas)
    return tuple(station for station, area in zip(stations, inside, strict=True) if area is not None)


def proposed_points(grid: Path, areas: Boundaries) -> tuple[Station, ...]:
    """Points on large rivers: in every area the cell with the largest threshold.

    `grid`: threshold grid of the smallest return period. Cells count from LARGE on, in a country without any from
    SMALLEST on. Of two cells nearer than STATION_SPACING the smaller is left out. Nothing if no cell counts.
    """
    cells = river_cells(grid, shapely.total_bounds(np.array(areas.geometries)).tolist(), SMALLEST)
    inside = _areas_of([(cell.lon, cell.lat) for cell in cells], areas)
    best: dict[int, tuple[float, float, float]] = {}
    for cell, area in sorted(zip(cells, inside, strict=True), key=lambda pair: -pair[0].threshold):
        if area is not None:
            best.setdefault(area, (cell.threshold, cell.lat, cell.lon))
    limit = _LARGE if any(value >= _LARGE for value, _, _ in best.values()) else SMALLEST
    kept: list[tuple[str, float, float]] = []
    for area, (value, lat, lon) in best.items():
        if value >= limit and all(max(abs(lat - y), abs(lon - x)) >= _STATION_SPACING for _, y, x in kept):
            kept.append((areas.names[area], lat, lon))
    return tuple(_station(f"P{n}", f"River in {name}", lat, lon) for n, (name, lat, lon) in enumerate(kept, 1))


def stations_csv(stations: Iterable[Station]) -> str:
    """The text of `stations.csv`; the one line `no_station` if there is none."""
    rows: list[tuple[object, ...]] = [(each.code, each.name, each.lat, each.lon, each.code) for each in stations]
    header = ("stationCode", "stationName", "lat", "lon", "fid")
    return csv_text([header, *(rows or [(NO_STATION, "", "", "", "")])])


def _areas_of(points: Sequence[tuple[float, float]], areas: Boundaries) -> list[int | None]:
    """For each point (lon, lat) the position of the area that it lies in, the first of several."""
    found: list[int | None] = [None] * len(points)
    if points:
        tree = shapely.STRtree(areas.geometries)
        pairs = tree.query(shapely.points(points), predicate="intersects")
        for point, area in sorted(zip(*pairs.tolist(), strict=True), reverse=True):
            found[point] = area
    return found


def _column(rows: Sequence[Mapping[str, str]], names: Sequence[str]) -> str | None:
    spelt = {re.sub(r"[^a-z]", "", str(column).lower()): column for column in (rows[0] if rows else ())}
    return next((spelt[name] for name in names if name in spelt), None)


def _degrees(row: Row, column: str, limit: float, where: str) -> float | None:
    """None if the list has no place; InputInvalid if it has one that is nowhere on Earth."""
    value = decimal_number(row[column])
    if value is None and row[column].lower() in _NO_PLACE:
        return None
    if value is None or abs(value) > limit:
        raise InputInvalid(
            f"line {row.line}: {column} is {row[column]!r}",
            where=where,
            expected=f"degrees, -{limit:g}..{limit:g}, or nothing",
            remedy="write decimal degrees with a point",
        )
    return value


def _station(code: str, name: str, lat: float, lon: float) -> Station:
    return Station(code, name, lat, lon, *cell_centre(lat, lon))
