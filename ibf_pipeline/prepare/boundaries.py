"""Administrative boundaries of a country: read, repaired where that is safe, refused where it is not."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import InputInvalid, turned_into

REPAIR_LIMIT = 0.01
"""share of its area that a polygon may gain or lose when it is made valid"""
NESTING_SHARE = 0.5
"""share of its area that must lie inside the parent"""
REPORTED_SHARE = 0.9
"""share of its area inside the parent below which an area is reported; real editions differ by up to 9 %"""

OVERLAP_LIMIT = 0.1
"""share of the smaller one's area that two areas of a level may have in common; people there count in both"""
REPORTED_OVERLAP = 0.0001
"""share from which a common part is reported; shared borders of real editions have none"""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The areas of one level."""

    admin_level: int
    place_codes: tuple[str, ...]
    names: tuple[str, ...]
    parents: tuple[str | None, ...]
    """place codes on the next higher level of the country"""
    geometries: tuple[BaseGeometry, ...]
    """polygons or multipolygons, EPSG:4326"""
    findings: tuple[str, ...]
    """what was repaired or does not nest quite, in words"""


def read_boundaries(folder: Path, admin_levels: Sequence[int]) -> dict[int, Boundaries]:
    """`adm<level>.geojson` of every level of a country, checked against each other.

    Raises InputInvalid where a file is absent, place codes or nesting are wrong, or areas of a level overlap.
    """
    levels: dict[int, Boundaries] = {}
    for place, level in enumerate(admin_levels):
        parent_level = admin_levels[place - 1] if place else None
        file = folder / f"adm{level}.geojson"
        here = _read_level(file, level, parent_level)
        here = replace(here, findings=(*here.findings, *_overlap_findings(here, file)))
        if parent_level is not None:
            here = replace(here, findings=(*here.findings, *_nesting_findings(here, levels[parent_level], file)))
        for upper, above in levels.items():
            twice = sorted(set(here.place_codes) & set(above.place_codes))
            if twice:
                raise InputInvalid(
                    f"place code {twice[0]} stands on level {level} and on level {upper}",
                    where=file,
                    expected="every place code once in a country",
                    remedy="take the codes from the server, where they differ from level to level",
                )
        levels[level] = here
    return levels


def _read_level(file: Path, level: int, parent_level: int | None) -> Boundaries:
    if not file.is_file():
        raise InputInvalid(
            f"there are no boundaries of admin level {level}",
            where=file,
            expected="a GeoJSON file for every admin level of the country",
            remedy="add the file, or correct admin_levels in the country's configuration",
        )
    content, features = _features(file)
    _require_degrees(content, file)
    if not features:
        raise InputInvalid(
            "there is no area in it",
            where=file,
            expected=f"the areas of admin level {level}",
            remedy="export the boundaries again",
        )
    findings: list[str] = []
    codes, names, parents, geometries = [], [], [], []
    for number, feature in enumerate(features):
        properties = {str(key).upper(): value for key, value in (feature.get("properties") or {}).items()}
        code = _code(properties, level, file, number)
        codes.append(code)
        names.append(str(properties.get(f"ADM{level}_EN") or code))
        parents.append(None if parent_level is None else _code(properties, parent_level, file, number))
        geometries.append(_geometry(feature.get("geometry"), code, file, findings))
    repeated = sorted({code for code in codes if codes.count(code) > 1}) if len(set(codes)) < len(codes) else []
    if repeated:
        raise InputInvalid(
            f"place code {repeated[0]} stands for more than one area",
            where=file,
            expected="every place code once",
            remedy="merge or rename the areas",
        )
    return Boundaries(level, tuple(codes), tuple(names), tuple(parents), tuple(geometries), tuple(findings))


def _features(file: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The content of a FeatureCollection and its features, of the right shape but for their geometries."""
    with turned_into(
        InputInvalid,
        "this is no GeoJSON FeatureCollection ({type}: {})",
        where=file,
        expected="a GeoJSON FeatureCollection of areas",
        remedy="export it again",
    ):
        content = json.loads(file.read_text(encoding="utf-8"), object_hook=_with_compact_rings)
        features = content["features"]
        if not isinstance(content, dict) or not isinstance(features, list):
            raise TypeError("no list of features")
        for number, feature in enumerate(features, start=1):
            if not isinstance(feature, dict) or not isinstance(feature.get("properties") or {}, dict):
                raise TypeError(f"feature {number} is none")
    return content, features


def _with_compact_rings(value: dict[str, Any]) -> dict[str, Any]:
    """Rings as arrays while the file is still being read: as Python numbers they take eight times the file's size."""
    if "coordinates" in value:
        value["coordinates"] = _compact(value["coordinates"])
    return value


def _compact(coordinates: Any) -> Any:
    if not isinstance(coordinates, list) or not coordinates or not isinstance(coordinates[0], list):
        return coordinates
    if coordinates[0] and isinstance(coordinates[0][0], list):
        return [_compact(part) for part in coordinates]
    try:
        ring = np.asarray(coordinates)
    except ValueError:  # positions of several lengths: left to the error of the geometry
        return coordinates
    return ring.astype(float) if ring.ndim == 2 and ring.dtype.kind in "iuf" else coordinates


def _require_degrees(content: Mapping[str, Any], file: Path) -> None:
    crs = content.get("crs")
    stated = crs.get("properties") if isinstance(crs, dict) else None
    name = str(stated.get("name", "")) if isinstance(stated, dict) else ""
    if name and not name.upper().endswith(("CRS84", "EPSG::4326", "EPSG:4326")):
        raise InputInvalid(
            f"boundaries in {name}", where=file, expected="EPSG:4326 (degrees)", remedy="reproject them to EPSG:4326"
        )


def _code(properties: Mapping[str, Any], level: int, file: Path, number: int) -> str:
    code = properties.get(f"ADM{level}_PCODE")
    if not isinstance(code, str) or not code.strip() or code != code.strip():
        raise InputInvalid(
            f"feature {number + 1} has ADM{level}_PCODE {code!r}",
            where=file,
            expected="a place code as text (numbers lose leading zeros), without blanks around it",
            remedy=f"give every area its ADM{level}_PCODE in quotation marks",
        )
    return code


def _geometry(raw: Any, code: str, file: Path, findings: list[str]) -> BaseGeometry:
    if isinstance(raw, dict) and raw.get("type") == "Polygon" and _depth(raw.get("coordinates")) == 4:
        raw = {"type": "MultiPolygon", "coordinates": raw["coordinates"]}
        findings.append(f"area {code} was labelled Polygon but nested as MultiPolygon: read as MultiPolygon")
    with turned_into(
        InputInvalid,
        f"area {code} has no readable geometry ({{}})",
        where=file,
        expected="a Polygon or MultiPolygon",
        remedy="export the boundaries again",
    ):
        geometry = shape(raw)
    if geometry.geom_type not in ("Polygon", "MultiPolygon") or geometry.is_empty:
        raise InputInvalid(
            f"area {code} is an empty or linear {geometry.geom_type}",
            where=file,
            expected="a Polygon or MultiPolygon",
            remedy="give the area its outline",
        )
    left, bottom, right, top = geometry.bounds
    finite = bool(np.isfinite(shapely.get_coordinates(geometry)).all())
    if not (finite and -180.001 <= left <= right <= 180.001 and -90.001 <= bottom <= top <= 90.001):
        raise InputInvalid(
            f"area {code} reaches from ({left:g}, {bottom:g}) to ({right:g}, {top:g})",
            where=file,
            expected="degrees (EPSG:4326)",
            remedy="reproject the boundaries",
        )
    return geometry if geometry.is_valid else _repaired(geometry, code, file, findings)


def _repaired(geometry: BaseGeometry, code: str, file: Path, findings: list[str]) -> BaseGeometry:
    reason = shapely.is_valid_reason(geometry)
    valid = shapely.make_valid(geometry)
    polygons = [part for part in shapely.get_parts(valid) if part.geom_type in ("Polygon", "MultiPolygon")]
    repaired = shapely.union_all(polygons) if polygons else None
    before = geometry.area
    change = abs(repaired.area - before) / before if repaired is not None and before > 0 else 1.0
    if repaired is None or change > REPAIR_LIMIT:
        raise InputInvalid(
            f"area {code} is an invalid polygon ({reason}); making it valid would change its area by {change:.0%}",
            where=file,
            expected="valid polygons",
            remedy="repair the polygon in a GIS",
        )
    findings.append(f"area {code} was an invalid polygon ({reason}): repaired")
    return repaired


def _depth(coordinates: Any) -> int:
    depth = 0
    while isinstance(coordinates, (list, np.ndarray)) and len(coordinates):
        coordinates, depth = coordinates[0], depth + 1
    return depth


def _overlap_findings(areas: Boundaries, file: Path) -> list[str]:
    """Areas of a level that overlap a little; InputInvalid where two have more than OVERLAP_LIMIT in common."""
    geometries = np.array(areas.geometries)
    one, other = shapely.STRtree(geometries).query(geometries, predicate="intersects")
    one, other = one[one < other], other[one < other]
    sizes = shapely.area(geometries)
    shares = shapely.area(shapely.intersection(geometries[one], geometries[other])) / np.minimum(
        sizes[one], sizes[other]
    )
    findings = []
    for pair in np.argsort(-shares, kind="stable"):
        share = shares[pair]
        if share <= REPORTED_OVERLAP:
            break
        first, second = (f"{areas.place_codes[n]} ({areas.names[n]})" for n in sorted((one[pair], other[pair])))
        if share > OVERLAP_LIMIT:
            raise InputInvalid(
                f"areas {first} and {second} overlap by {share:.0%} of the smaller one",
                where=file,
                expected=f"areas of a level side by side, with at most {OVERLAP_LIMIT:.0%} in common: people there "
                "would count twice",
                remedy="correct the borders in a GIS, or remove the area that is there twice",
            )
        findings.append(
            f"areas {first} and {second} overlap by {share:.2%} of the smaller one: people there count twice"
        )
    return findings


def _nesting_findings(children: Boundaries, parents: Boundaries, file: Path) -> list[str]:
    """What does not nest quite; InputInvalid where a parent is unknown or an area lies mostly outside its parent."""
    index = {code: number for number, code in enumerate(parents.place_codes)}
    orphans = [
        (code, parent)
        for code, parent in zip(children.place_codes, children.parents, strict=True)
        if parent not in index
    ]
    if orphans:
        code, parent = orphans[0]
        raise InputInvalid(
            f"{len(orphans)} areas have a parent that is not on level {parents.admin_level}: {code} names {parent}"
            + lost_zeros(str(parent), index),
            where=file,
            expected=f"every area's ADM{parents.admin_level}_PCODE among those of level {parents.admin_level}",
            remedy="take all levels from one edition of the boundaries",
        )
    around = np.array([parents.geometries[index[str(parent)]] for parent in children.parents])
    shares = shapely.area(shapely.intersection(np.array(children.geometries), around)) / shapely.area(
        np.array(children.geometries)
    )
    findings = []
    for number in np.flatnonzero(shares < REPORTED_SHARE):
        code, parent = children.place_codes[number], children.parents[number]
        words = f"area {code} lies {shares[number]:.0%} inside its parent {parent}"
        if shares[number] < NESTING_SHARE:
            raise InputInvalid(
                words,
                where=file,
                expected=f"areas of level {children.admin_level} that nest in level {parents.admin_level}",
                remedy="take all levels from one edition of the boundaries",
            )
        findings.append(f"{words}: taken as it says")
    return findings


def lost_zeros(code: str, known: Collection[str]) -> str:
    """What to add to a message about an unknown place code: whether it differs in its leading zeros only."""
    for other in known:
        if code and other != code and other.lstrip("0") == code.lstrip("0"):
            return f"; there is {other!r}: leading zeros were lost" + (" there" if len(other) < len(code) else "")
    return ""
