"""Events, areas and stations as files for a spreadsheet or a GIS, all from the one events table.

CSV in UTF-8 with a byte order mark (a spreadsheet opened by a double click takes it for another encoding otherwise),
commas and CRLF. Texts that a spreadsheet would run as a formula get an apostrophe in front. Place codes are text: each
CSV has a `.csvt` beside it, by which QGIS reads them so; a spreadsheet drops leading zeros of codes that are all
digits unless the column is imported as text. Where nothing was estimated, as for warnings, cells are empty and not 0.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import shapely

from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.hazards.floods.findings import FloodEvent, FloodFindings, StationFound
from ibf_pipeline.io.writing import whole, write_text

Value = str | int | float | bool | None
Row = Mapping[str, Value]
Shapes = Mapping[str, Any]
"""place code -> shapely polygon, degrees"""

_RUN = ("country", "issue_date", "exercise")
_ALERT = ("alert_class", "trigger", "lead_time_days")
_AREA_COLUMNS = (*_RUN, "event", "admin_level", "place_code", "area", *_ALERT, "people_affected", "share_of_population")
_ESTIMATED = ("people_affected", "flood_map_years", "published")
_EVENT_COLUMNS = (*_RUN, "event", "station_code", "station", *_ALERT, "day", "days", *_ESTIMATED)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with the same columns, and where each of them lies."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Row]
    geometries: Sequence[Mapping[str, Any] | None]
    """GeoJSON geometries, EPSG:4326"""


def tables(found: FloodFindings, shapes: Shapes) -> tuple[Table, Table, Table]:
    """Events, areas and stations."""
    return events_table(found), areas_table(found, shapes), stations_table(found)


def write_exports(found: FloodFindings, shapes: Shapes, folder: Path) -> list[Path]:
    """`events`, `areas` and `stations` as `.csv` (with `.csvt`) and `.geojson`; returns the files.

    `shapes`: outlines of the areas; areas without one have no geometry.
    """
    files: list[Path] = []
    for table in tables(found, shapes):
        files += [
            *write_csv(table, folder / f"{table.name}.csv"),
            write_geojson(table, folder / f"{table.name}.geojson"),
        ]
    return files


def events_table(found: FloodFindings) -> Table:
    """One row an event, at its station."""
    rows = [_event_row(found, event) for event in found.events]
    places = [_point(found.station(event.station_code)) for event in found.events]
    return Table("events", _EVENT_COLUMNS, rows, places)


def areas_table(found: FloodFindings, shapes: Shapes) -> Table:
    """One row an area of an event, on every level."""
    rows: list[Row] = []
    places: list[Mapping[str, Any] | None] = []
    for event in found.events:
        estimated = event.flood_map is not None
        for area in event.areas:
            rows.append(
                {
                    **_of_run(found),
                    "event": event.name,
                    "admin_level": area.admin_level,
                    "place_code": area.place_code,
                    "area": area.name,
                    **_of_alert(event),
                    "people_affected": area.people if estimated else None,
                    "share_of_population": area.share if estimated else None,
                    **{name: number if estimated else None for name, number in area.further.items()},
                }
            )
            shape = shapes.get(area.place_code)
            places.append(None if shape is None else json.loads(shapely.to_geojson(shape)))
    return Table("areas", (*_AREA_COLUMNS, *found.indicators[1:]), rows, places)


def stations_table(found: FloodFindings) -> Table:
    """One row a station, blind ones without values."""
    rows = [_station_row(found, station) for station in found.stations]
    return Table("stations", list(rows[0]) if rows else (), rows, [_point(station) for station in found.stations])


def _of_run(found: FloodFindings) -> Row:
    return dict(zip(_RUN, (found.country, found.issue_date.isoformat(), found.exercise), strict=True))


def _of_alert(event: FloodEvent) -> Row:
    return dict(zip(_ALERT, (event.alert_class, event.trigger, event.lead_time), strict=True))


def _event_row(found: FloodFindings, event: FloodEvent) -> Row:
    station = found.station(event.station_code)
    day = found.issue_date + timedelta(days=event.lead_time)
    return {
        **_of_run(found),
        "event": event.name,
        "station_code": event.station_code,
        "station": station.name,
        **_of_alert(event),
        "day": day.isoformat(),
        "days": event.flags.replace("-", "."),  # a text that begins with a minus is taken for a formula
        "people_affected": None if event.flood_map is None else event.people,
        "flood_map_years": event.flood_map,
        "published": event.publishable,
    }


def _station_row(found: FloodFindings, station: StationFound) -> Row:
    values = station.values
    return {
        **_of_run(found),
        "station_code": station.code,
        "station": station.name,
        "lat": station.lat,
        "lon": station.lon,
        "condition": station.condition,
        "reason": station.reason,
        "alert_class": values.alert_class if values else None,
        "forecast_level_m3s": values.forecast_level if values else None,
        "forecast_return_period_years": values.forecast_return_period if values else None,
        "trigger_level_m3s": values.trigger_level if values else None,
        "days": station.flags.replace("-", ".") if values else None,
        **{f"members_above_trigger_{lead}_day": count for lead, count in _counts(found, station)},
    }


def _counts(found: FloodFindings, station: StationFound) -> Iterator[tuple[int, int | None]]:
    above = station.above.get(f"{found.rule.trigger_return_period:g}")
    for lead in LEAD_TIMES:
        yield lead, above[lead] if above and station.condition != "blind" else None


def _point(station: StationFound) -> Mapping[str, Any]:
    return {"type": "Point", "coordinates": [station.lon, station.lat]}


def write_csv(table: Table, file: Path) -> list[Path]:
    """The table as CSV and the types of its columns as `.csvt`; a table without rows has its heads."""
    columns = table.columns
    with whole(file) as partial, partial.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows([[cell(row[column]) for column in columns] for row in table.rows])
    types = file.with_suffix(".csvt")
    write_text(types, ",".join(f'"{_type(table, column)}"' for column in columns) + "\n")
    return [file, types]


def cell(value: Value) -> Value:
    """A value as a spreadsheet may have it: no text is ever a formula."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value


def _type(table: Table, column: str) -> str:
    kinds = {type(row[column]) for row in table.rows if row[column] is not None}
    if kinds == {int}:
        return "Integer"
    return "Real" if kinds and kinds <= {int, float} else "String"


def write_geojson(table: Table, file: Path) -> Path:
    """The table as GeoJSON (RFC 7946): longitude and latitude of EPSG:4326."""
    features = [
        {"type": "Feature", "properties": dict(row), "geometry": place}
        for row, place in zip(table.rows, table.geometries, strict=True)
    ]
    content = {"type": "FeatureCollection", "name": table.name, "features": features}
    write_text(file, json.dumps(content, ensure_ascii=False, allow_nan=False))
    return file


def write_records(table: Table, file: Path) -> Path:
    """The table as a JSON list of its rows, for programs: texts as they are, no geometry."""
    content = [dict(row) for row in table.rows]
    write_text(file, json.dumps(content, ensure_ascii=False, allow_nan=False, indent=1) + "\n")
    return file
