"""Administrative boundaries of a country: read, repaired if that is safe, refused if it is not."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.prepare.ground import Overlap, own_ground, polygons_of
from ibf_pipeline.prepare.parents import PARENTS, How, ParentFile, derived_parents, read_parents

_REPAIR_LIMIT = 0.01
"""share of its area that a polygon may gain or lose when it is made valid"""
REACHES_OUT = 0.9
"""share of its area inside the parent below which an area is reported; real editions differ by up to 9 %"""
DOUBTFUL = 0.5
"""share inside the parent below which another parent may be the right one"""
_REPORTED_OVERLAP = 0.0001
"""share of the smaller area from which a common part is reported; shared borders of real editions have none"""
_CUT = "cut the areas at 180 degrees, with what lies east of it from -180 on (ogr2ogr -wrapdateline; RFC 7946, 3.1.9)"
_REPROJECT = "reproject the boundaries"


@dataclass(frozen=True, slots=True)
class Boundaries:
    """The areas of one level."""

    admin_level: int
    place_codes: tuple[str, ...]
    names: tuple[str, ...]
    parents: tuple[str | None, ...]
    """place codes on the next higher level of the country; None on the highest"""
    geometries: tuple[BaseGeometry, ...]
    """polygons or multipolygons, EPSG:4326"""
    ground: tuple[BaseGeometry, ...]
    """the part of each that counts for it: no two of them overlap (`own_ground`)"""
    how: tuple[How, ...] = ()
    """where each parent comes from; empty on the highest level"""
    inside: tuple[float, ...] = ()
    """share of each area that lies inside its parent; empty on the highest level"""
    overlaps: tuple[Overlap, ...] = ()
    """from REPORTED_OVERLAP, the largest first"""
    repaired: tuple[str, ...] = ()
    """what was repaired, in words"""

    def only(self, place_codes: Sequence[str]) -> Boundaries:
        """Some of the areas, in the order asked for; of what was found about them nothing is taken along."""
        at = [self.place_codes.index(code) for code in place_codes]
        return Boundaries(
            self.admin_level,
            tuple(place_codes),
            tuple(self.names[place] for place in at),
            tuple(self.parents[place] for place in at),
            tuple(self.geometries[place] for place in at),
            tuple(self.ground[place] for place in at),
        )


def read_boundaries(
    folder: Path, admin_levels: Sequence[int], *, with_parent_file: bool = True
) -> dict[int, Boundaries]:
    """`adm<level>.geojson` of every level of a country, checked against each other.

    A parent is what `admin_parents.csv` in the same folder says (unless it is to be left aside), else what the areas
    say, whatever the outlines do, else derived (`derived_parents`).
    Raises InputInvalid if a file is absent, or a place code or an outline is invalid.
    """
    kept = read_parents(folder / PARENTS, admin_levels) if with_parent_file else ParentFile(folder / PARENTS, {})
    levels: dict[int, Boundaries] = {}
    for place, level in enumerate(admin_levels):
        parent_level = admin_levels[place - 1] if place else None
        file = folder / f"adm{level}.geojson"
        here = _read_level(file, level, parent_level)
        if parent_level is not None:
            here = _with_parents(here, levels[parent_level], kept, file)
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


def boundary_note(levels: Collection[Boundaries], iso3: str) -> str:
    """What is remarkable about a country's boundaries in one line; "" for nothing."""
    shares = [share for layer in levels for share in layer.inside]
    out, mostly = sum(share < REACHES_OUT for share in shares), sum(share < DOUBTFUL for share in shares)
    repaired, overlaps = sum(len(layer.repaired) for layer in levels), sum(len(layer.overlaps) for layer in levels)
    parts = (
        (repaired, f"{counted(repaired, 'outline')} repaired"),
        (out, f"{counted(out, 'area')} reaching out of their parents" + (f" ({mostly} mostly)" if mostly else "")),
        (overlaps, f"{counted(overlaps, 'overlap')} of neighbours, people there counted once"),
    )
    said = ", ".join(words for count, words in parts if count)
    return f"boundaries: {said}; `ibf-pipeline check {iso3}` lists them" if said else ""


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
        parents.append(None if parent_level is None else _parent_code(properties, parent_level, file, number))
        geometries.append(_geometry(feature.get("geometry"), code, file, findings))
    _require_once(codes, file)
    ground, overlaps = own_ground(geometries)
    return Boundaries(
        level,
        tuple(codes),
        tuple(names),
        tuple(parents),
        tuple(geometries),
        ground,
        overlaps=tuple(overlap for overlap in overlaps if overlap.share > _REPORTED_OVERLAP),
        repaired=tuple(findings),
    )


def _require_once(codes: Sequence[str], file: Path) -> None:
    repeated = min((code for code, times in Counter(codes).items() if times > 1), default=None)
    if repeated is not None:
        raise InputInvalid(
            f"place code {repeated} stands for more than one area",
            where=file,
            expected="every place code once",
            remedy="merge or rename the areas",
        )


def _features(file: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The content of a FeatureCollection and its features, of the right shape but for their geometries."""
    with errors_as(
        InputInvalid,
        "this is not a GeoJSON FeatureCollection ({type}: {})",
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


def _parent_code(properties: Mapping[str, Any], level: int, file: Path, number: int) -> str | None:
    """None if the area names none: most countries of the portal have no codes of parents."""
    return None if properties.get(f"ADM{level}_PCODE") is None else _code(properties, level, file, number)


def _geometry(raw: Any, code: str, file: Path, findings: list[str]) -> BaseGeometry:
    if isinstance(raw, dict) and raw.get("type") == "Polygon" and _depth(raw.get("coordinates")) == 4:
        raw = {"type": "MultiPolygon", "coordinates": raw["coordinates"]}
        findings.append(f"area {code} was labelled Polygon but nested as MultiPolygon: read as MultiPolygon")
    with errors_as(
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
            expected="degrees (EPSG:4326), from -180 to 180",
            remedy=_CUT if finite and -360 <= left <= right <= 360 and -90 <= bottom <= top <= 90 else _REPROJECT,
        )
    return geometry if geometry.is_valid else _repaired(geometry, code, file, findings)


def _repaired(geometry: BaseGeometry, code: str, file: Path, findings: list[str]) -> BaseGeometry:
    reason = shapely.is_valid_reason(geometry)
    valid = shapely.make_valid(geometry)
    repaired, before = polygons_of(valid), geometry.area
    change = abs(repaired.area - before) / before if before > 0 else 1.0
    if repaired.is_empty or change > _REPAIR_LIMIT:
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


def _with_parents(children: Boundaries, above: Boundaries, kept: ParentFile, file: Path) -> Boundaries:
    """The same areas, each with its parent; InputInvalid if a parent that is named is not on the level above."""
    index = {code: number for number, code in enumerate(above.place_codes)}
    named = dict(zip(children.place_codes, children.parents, strict=True))
    orphans = [(code, parent) for code, parent in named.items() if parent is not None and parent not in index]
    if orphans:
        code, parent = orphans[0]
        raise InputInvalid(
            f"{len(orphans)} areas have a parent that is not on level {above.admin_level}: {code} names {parent}"
            + lost_zeros(str(parent), index),
            where=file,
            expected=f"every area's ADM{above.admin_level}_PCODE among those of level {above.admin_level}",
            remedy="take all levels from one edition of the boundaries",
        )
    found: dict[str, tuple[str, How]] = {code: (p, "given") for code, p in named.items() if p is not None}
    lines = kept.of_level(children.admin_level, children.place_codes, above.place_codes)
    found |= {code: (parent, "file") for code, parent in lines.items()}
    if len(found) < len(children.place_codes):
        derived, rule = derived_parents(children.place_codes, children.geometries, above.place_codes, above.geometries)
        found = {code: (p, rule) for code, p in zip(children.place_codes, derived, strict=True)} | found
    parents, how = zip(*(found[code] for code in children.place_codes), strict=True)
    areas, around = np.array(children.geometries), np.array([above.geometries[index[parent]] for parent in parents])
    shares = shapely.area(shapely.intersection(areas, around)) / shapely.area(areas)
    return replace(children, parents=parents, how=how, inside=tuple(shares.tolist()))


def lost_zeros(code: str, known: Collection[str]) -> str:
    """What to add to a message about an unknown place code: whether it differs in its leading zeros only."""
    for other in known:
        if code and other != code and other.lstrip("0") == code.lstrip("0"):
            return f"; there is {other!r}: leading zeros were lost" + (" there" if len(other) < len(code) else "")
    return ""
