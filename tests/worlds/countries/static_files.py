"""Writing static data of a country in the files that `prepare` reads: boundaries, stations, thresholds, mapping."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

NO_STATION = "no_station"


def write_geojson(path: Path, features: Iterable[tuple[Mapping[str, Any], BaseGeometry]], *, digits: int = 6) -> Path:
    """A FeatureCollection in longitude and latitude (CRS84), coordinates rounded to `digits`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [
        json.dumps(
            {"type": "Feature", "properties": dict(properties), "geometry": _rounded(mapping(geometry), digits)},
            ensure_ascii=False,
        )
        for properties, geometry in features
    ]
    head = (
        f'{{"type": "FeatureCollection", "name": "{path.stem}", '
        '"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}}, "features": [\n'
    )
    path.write_text(head + ",\n".join(lines) + "\n]}\n", encoding="utf-8")
    return path


def multi(geometry: BaseGeometry) -> BaseGeometry:
    """The polygon as a MultiPolygon, as boundary files have it."""
    return shapely.MultiPolygon(list(shapely.get_parts(geometry)))


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    """A CSV file with LF line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
    return path


def write_mapping(path: Path, station_of: Mapping[str, str | None]) -> Path:
    """`station_admin_mapping.csv`: place code of the deepest level -> station code, None for no station."""
    rows = [(number, station or NO_STATION, code) for number, (code, station) in enumerate(station_of.items())]
    return write_table(path, ("", "glofasStation", "placeCode"), rows)


def threshold_entry(
    code: str,
    name: str,
    lat: float,
    lon: float,
    place_codes: Mapping[int, Sequence[str]],
    levels: Mapping[float, float],
) -> dict[str, Any]:
    """One station of `thresholds.json`; `levels` return period (years) -> m3/s."""
    return {
        "station_code": code,
        "station_name": name,
        "lat": lat,
        "lon": lon,
        "pcodes": {str(level): list(codes) for level, codes in place_codes.items()},
        "thresholds": [{"return_period": years, "threshold_value": value} for years, value in levels.items()],
    }


def write_json(path: Path, content: Any) -> Path:
    """Readable JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def _rounded(geometry: Mapping[str, Any], digits: int) -> dict[str, Any]:
    def rounded(part: Any) -> Any:
        if isinstance(part[0], (int, float)):
            return np.round(part, digits).tolist()
        return [rounded(inner) for inner in part]

    return {"type": geometry["type"], "coordinates": rounded(geometry["coordinates"])}
