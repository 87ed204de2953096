"""Schools, health sites, waterpoints, buildings and roads as the country's files have them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.errors import ShapelyError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.wording import some
from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.csv_rows import decimal_number, long_fields, read_rows
from ibf_pipeline.io.decimal_comma import require_no_decimal_comma

ROADS: Final = "roads"
POINTS: Final = ("schools", "health_sites", "waterpoints")
INDICATOR_OF_ASSETS: Final = {
    "schools": "nr_affected_schools",
    "health_sites": "nr_affected_clinics",
    "waterpoints": "nr_affected_waterpoints",
    "buildings": "nr_affected_buildings",
    ROADS: "nr_affected_roads",
}
"""category -> the indicator that it is counted under; roads in km"""
_KINDS: Final = {"buildings": ("Polygon", "MultiPolygon"), ROADS: ("LineString", "MultiLineString")}


@dataclass(frozen=True, slots=True)
class AssetFile:
    """What a file holds."""

    places: gpd.GeoDataFrame
    """columns fid, name ("" without one) and geometry (EPSG:4326); lines that say the same are one"""
    repeated: int
    """lines that say what another one said"""
    shared: tuple[str, ...]
    """fids that stand for several places"""


def asset_file(static: Path, category: str) -> Path | None:
    """The file of a category; None without one. InputInvalid if there are two: nobody could say which counts."""
    files = [file for kind in ("csv", "geojson") if (file := static / "assets" / f"{category}.{kind}").is_file()]
    if len(files) > 1:
        raise InputInvalid(
            f"there are {files[0].name} and {files[1].name}",
            where=files[0].parent,
            expected="one file a category",
            remedy="remove the one that is not meant",
        )
    return files[0] if files else None


def asset_files(static: Path) -> dict[str, Path]:
    """Those that are there, by category."""
    return {category: file for category in INDICATOR_OF_ASSETS if (file := asset_file(static, category)) is not None}


def read_asset_file(file: Path, category: str) -> AssetFile:
    """Raises InputInvalid, with the line, if an asset has no fid or no place, or an unknown kind of geometry.

    A fid of lines and outlines has to be a whole number: the portal takes no other.
    """
    rows = list(_features(file) if file.suffix == ".geojson" else _lines(file, category))
    kept: dict[tuple[str, bytes], tuple[str, str, BaseGeometry]] = {}
    for where, fid, name, geometry in rows:
        _require_fid(fid, category, where, file)
        _require_place(geometry, category, where, file)
        kept.setdefault((fid, shapely.to_wkb(geometry)), (fid, name, geometry))
    fids = [fid for fid, _ in kept]
    seen: set[str] = set()
    shared = dict.fromkeys(fid for fid in fids if fid in seen or seen.add(fid))  # type: ignore[func-returns-value]
    places = gpd.GeoDataFrame(
        {"fid": fids, "name": [name for _, name, _ in kept.values()]},
        geometry=[geometry for *_, geometry in kept.values()],
        crs=4326,
    )
    return AssetFile(places, len(rows) - len(kept), tuple(shared))


def shared_words(file: Path, found: AssetFile) -> str:
    """What runs say of fids that stand for several places; "" without any."""
    if not found.shared:
        return ""
    return f"{file.name}: a fid stands for several places, each of which marks it: {some(found.shared, 5)}"


_Read = Iterable[tuple[str, str, str, BaseGeometry]]
"""(where it stands, fid, name, geometry)"""


def _lines(file: Path, category: str) -> _Read:
    if category in POINTS:
        rows = read_rows(file, ("fid", "lat", "lon"))
        require_no_decimal_comma(rows, "fid", ("lat", "lon"), file)
        for row in rows:
            lat, lon = decimal_number(row["lat"]), decimal_number(row["lon"])
            if lat is None or lon is None:
                raise _wrong(f"line {row.line}: lat {row['lat']!r}, lon {row['lon']!r}", file, "degrees, as numbers")
            yield f"line {row.line}", row["fid"], row.get("name", ""), shapely.Point(lon, lat)
        return
    with long_fields():
        rows = read_rows(file, ("wkt", "fid"))
    for row in rows:
        try:
            geometry = shapely.from_wkt(row["wkt"])
        except ShapelyError as error:
            raise _wrong(f"line {row.line}: no readable wkt ({error})", file, f"WKT of {_kinds(category)}") from None
        yield f"line {row.line}", row["fid"], row.get("name", ""), geometry


def _features(file: Path) -> _Read:
    with errors_as(
        InputInvalid,
        "this is not a GeoJSON FeatureCollection ({type}: {})",
        where=file,
        expected="a FeatureCollection, each feature with a property fid",
        remedy="export it again",
    ):
        features = json.loads(file.read_text(encoding="utf-8"))["features"]
        read = [(feature.get("properties") or {}, shape(feature["geometry"])) for feature in features]
    for number, (properties, geometry) in enumerate(read, 1):
        yield f"feature {number}", _text(properties.get("fid")), _text(properties.get("name")), geometry


def _text(value: Any) -> str:
    """Of a property; a whole number that was exported as 12.0 is the portal's 12."""
    whole = isinstance(value, float) and value.is_integer()
    return "" if value is None else str(int(value) if whole else value).strip()


def _require_fid(fid: str, category: str, where: str, file: Path) -> None:
    if not fid or (category not in POINTS and not (fid.isascii() and fid.isdigit())):
        expected = "a fid" if category in POINTS else "a fid that is a whole number"
        raise _wrong(f"{where}: fid is {fid!r}", file, f"{expected}, that of the portal")


def _require_place(geometry: BaseGeometry | None, category: str, where: str, file: Path) -> None:
    if geometry is None or geometry.is_empty or geometry.geom_type not in _KINDS.get(category, ("Point",)):
        found = "nothing" if geometry is None or geometry.is_empty else geometry.geom_type
        raise _wrong(f"{where}: the place is {found}", file, _kinds(category))
    x, y = shapely.get_coordinates(geometry).T
    if not (np.isfinite(x).all() and np.isfinite(y).all() and np.abs(x).max() <= 180 and np.abs(y).max() <= 90):
        raise _wrong(f"{where}: the place is at {x[0]:g} E, {y[0]:g} N", file, "degrees (EPSG:4326)")


def _kinds(category: str) -> str:
    return " or ".join(_KINDS.get(category, ("Point",)))


def _wrong(found: str, file: Path, expected: str) -> InputInvalid:
    return InputInvalid(found, where=file, expected=expected, remedy="correct it, or take the file that the portal has")
