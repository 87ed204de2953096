"""Schools, gauges, roads: what the map of a country shows beside its areas, from the files of its static folder.

On the real service an administrator uploads them once; what a pipeline sends about others is skipped without a word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.csv_rows import Row, decimal_number, long_fields, read_rows
from ibf_pipeline.sandbox.countries import CountrySeed, PointSeed
from ibf_pipeline.sandbox.vocabulary import LINE_CATEGORIES

_POINTS: Final[Mapping[str, tuple[str, ...]]] = {
    "schools": ("amenity",),
    "health_sites": ("type",),
    "waterpoints": ("type", "report_date"),
    "gauges": (),
}
"""category -> what ``GET point-data`` shows of it beside fid and name (IBF API 0.335, recorded); null if a file
lacks it"""
_INTEGER: Final = re.compile(r"-?\d+")


def seed_assets(seed: CountrySeed, static: Path, gauges: str | None = None) -> CountrySeed:
    """The country with the points and lines of ``assets/<category>.csv`` or ``.geojson`` below its static folder.

    Points have fid, name, lat, lon (GeoJSON: points with fid and name), roads and buildings fid and wkt (GeoJSON: any
    shape with fid). Water level gauges are ``assets/gauges``, or else those of the table `gauges` below the static
    folder: it is about their levels, and if it has no lat and lon they stand side by side in the middle of the
    country. A category without a file is one of which the service has nothing.

    Raises InputInvalid for a point without a place and a line whose fid is not an integer, as the service's are.
    """
    points = dict(seed.points)
    for category in _POINTS:
        if (file := _file(static, category)) is not None:
            points[category] = tuple(_points(category, file))
    if gauges is not None and "gauges" not in points:
        points["gauges"] = tuple(_gauges(static / gauges, _middle(seed)))
    shapes = dict(seed.lines)
    for category in LINE_CATEGORIES:
        if (file := _file(static, category)) is not None:
            shapes[category] = dict(_lines(file))
    return replace(seed, points=points, lines=shapes)


def _file(static: Path, category: str) -> Path | None:
    files = (static / "assets" / f"{category}{ending}" for ending in (".csv", ".geojson"))
    return next((file for file in files if file.is_file()), None)


def _points(category: str, file: Path) -> Iterator[PointSeed]:
    if file.suffix == ".csv":
        for row in read_rows(file, ("fid", "lat", "lon")):
            yield _point(category, row, f"line {row.line}", file)
        return
    for n, feature in enumerate(_features(file), 1):
        geometry = feature.get("geometry") or {}
        lon, lat, *_ = geometry["coordinates"] if geometry.get("type") == "Point" else ("", "")
        about = {key: "" if value is None else str(value) for key, value in feature["properties"].items()}
        yield _point(category, about | {"lat": str(lat), "lon": str(lon)}, f"feature {n}", file)


def _point(category: str, about: Mapping[str, str], where: str, file: Path) -> PointSeed:
    lat, lon = decimal_number(about["lat"]), decimal_number(about["lon"])
    if not about.get("fid") or lat is None or lon is None:
        raise InputInvalid(
            f"{where}: fid {about.get('fid', '')!r} at {about['lat']!r}, {about['lon']!r}",
            where=file,
            expected="a fid, and lat and lon in degrees",
            remedy="write decimal degrees with a point",
        )
    further = {key: about.get(key) or None for key in _POINTS[category]}
    return PointSeed(about["fid"], about.get("name") or about["fid"], lat, lon, further)


def _gauges(file: Path, middle: tuple[float, float, float]) -> Iterator[PointSeed]:
    lat, lon, step = middle
    for row in read_rows(file, ("fid", "name")):
        if not (row.get("lat") and row.get("lon")):
            row |= {"lat": f"{lat:.5f}", "lon": f"{lon:.5f}"}
            lon += step
        yield _point("gauges", row, f"line {row.line}", file)


def _middle(seed: CountrySeed) -> tuple[float, float, float]:
    """Latitude and longitude of the middle of the country's areas, and a thirtieth of their width; degrees."""
    areas = seed.admin_areas[min(seed.admin_areas)]["features"] if seed.admin_areas else []
    pairs = [pair for area in areas for pair in _pairs(area["geometry"]["coordinates"])] or [(0.0, 0.0)]
    west, east = min(lon for lon, _ in pairs), max(lon for lon, _ in pairs)
    south, north = min(lat for _, lat in pairs), max(lat for _, lat in pairs)
    return (south + north) / 2, (west + east) / 2, (east - west) / 30


def _pairs(coordinates: Any) -> Iterator[tuple[float, float]]:
    if isinstance(coordinates[0], (int, float)):
        yield coordinates[0], coordinates[1]
        return
    for part in coordinates:
        yield from _pairs(part)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    """fid and shape: as WKT or GeoJSON, whichever the file has."""
    if file.suffix == ".csv":
        with long_fields():
            rows = read_rows(file, ("wkt", "fid"))
        for row in rows:
            yield _integer(row["fid"], f"line {row.line}", file), _wkt(row)
        return
    for n, feature in enumerate(_features(file), 1):
        fid = _integer(str(feature["properties"].get("fid", "")), f"feature {n}", file)
        yield fid, json.dumps(feature.get("geometry"), separators=(",", ":"))


def _wkt(row: Row) -> str:
    return row["wkt"].partition(";")[2] if row["wkt"].upper().startswith("SRID=") else row["wkt"]


def _integer(fid: str, where: str, file: Path) -> int:
    if not _INTEGER.fullmatch(fid):
        raise InputInvalid(
            f"{where}: fid {fid!r}",
            where=file,
            expected="whole numbers: the service keeps roads and buildings by them",
            remedy="write the fid of the file that the service was set up with",
        )
    return int(fid)


def _features(file: Path) -> list[dict[str, Any]]:
    try:
        features: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["features"]
        return [feature | {"properties": feature.get("properties") or {}} for feature in features]
    except (ValueError, KeyError, TypeError) as error:
        raise InputInvalid(
            f"this is not GeoJSON ({type(error).__name__})", where=file, expected="a FeatureCollection"
        ) from None
