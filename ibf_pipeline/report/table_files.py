"""Tables as files for a spreadsheet, a GIS and programs.

CSV in UTF-8 with a byte order mark (a spreadsheet opened by a double click takes it for another encoding otherwise),
commas and CRLF. Texts that a spreadsheet would run as a formula get an apostrophe in front. Place codes are text: each
CSV has a `.csvt` beside it, by which QGIS reads them so; a spreadsheet drops leading zeros of codes that are all
digits unless the column is imported as text.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.hazards.registry import profile_of
from ibf_pipeline.io.atomic_files import atomic_path, write_text

Value = str | int | float | bool | None
TableRow = Mapping[str, Value]
Place = Mapping[str, Any]
"""a GeoJSON geometry, EPSG:4326"""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows with the same columns, and where each of them lies."""

    name: str
    columns: Sequence[str]
    rows: Sequence[TableRow]
    geometries: Sequence[Place | None]


def point(place: tuple[float, float] | None) -> Place | None:
    """A place (longitude, latitude in degrees) as a geometry."""
    return None if place is None else {"type": "Point", "coordinates": list(place)}


def of_run(findings: Findings) -> TableRow:
    """The columns that every row begins with."""
    issue = "issue_date" if findings.issue_time.hour is None else "issue_time"
    said = {"covers": profile_of(findings).covers, "trial": findings.trial}
    own = {name: words for name, words in said.items() if words}
    return {"country": findings.country, issue: str(findings.issue_time), "exercise": findings.exercise, **own}


def run_table(
    findings: Findings,
    name: str,
    columns: Sequence[str],
    values: Sequence[Sequence[Value]],
    places: Sequence[Place | None] | None = None,
) -> Table:
    """A table of a run: values in the order of `columns`, after the columns that every row begins with."""
    first = of_run(findings)
    rows = [{**first, **dict(zip(columns, each, strict=True))} for each in values]
    return Table(name, (*first, *columns), rows, places or [None] * len(rows))


def flags_cell(flags: str) -> str:
    """Flags of lead times as a text: one that begins with a minus is taken for a formula."""
    return flags.replace("-", ".")


def write_csv(table: Table, file: Path) -> list[Path]:
    """The table as CSV and the types of its columns as `.csvt`; a table without rows has its heads."""
    columns = table.columns
    with atomic_path(file) as partial, partial.open("w", encoding="utf-8-sig", newline="") as stream:
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
