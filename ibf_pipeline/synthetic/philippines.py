"""Stand-ins for the municipalities of the Philippines: made up around their real middles, in their real provinces.

Boundaries of provinces and middles of municipalities are taken from a folder of the caller; nothing of it is kept in
this repository. Outlines of municipalities, people and houses are plausible in form and size, nothing else: they must
never be shown as information about the Philippines, and every run with them says so.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_origin
from shapely.geometry import mapping, shape
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.csv_rows import csv_text
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.prepare.fetch_records import RECORD
from ibf_pipeline.prepare.inputs import POPULATION
from ibf_pipeline.synthetic.rasters import arcsecond_grid, create_raster

COUNTRY: Final = "PHL"
_LEVELS: Final = (1, 2, 3)
_FILES: Final = ("PHL_adm2.json", "municipality_points.geojson")
HOUSING: Final = "housing.csv"
NAMES: Final = "names.csv"
MADE_UP_FILES: Final = "people and houses of this country are made up for a demo: no number of people or houses is real"
_OUTLINES: Final = "outlines of municipalities are made up around their real middles, inside their real provinces"
_LOCAL_NAMES: Final[Mapping[str, str]] = {
    "SURIGAE": "Bising", "CONSON": "Jolina", "CHANTHU": "Kiko", "LIONROCK": "Lannie", "KOMPASU": "Maring",
    "RAI": "Odette",
}  # fmt: skip
"""of 2021, as PAGASA gave them"""

_NEGROS: Final = {"PH1845": "PH0645", "PH1846": "PH0746"}
"""beginnings of codes: 57 municipalities were of the Negros Island Region for some years; the portal has older ones"""
_ISLAND: Final = 0.01
"""degrees, half width of the land that a municipality gets whose own the provinces' outlines leave out"""
_PEOPLE: Final = 109_000_000
_PEOPLE_PER_HOUSE: Final = 4.2
_CROWDED: Final = 15_000.0
"""people a cell of 30 arc-seconds at most"""
_TOWN: Final = 0.03
"""degrees from a town's middle by which people become fewer"""
_UNSETTLED: Final = -99999.0
_ARCSEC: Final = 30
_ROOM: Final = 0.1


@dataclass(frozen=True, slots=True)
class Municipality:
    """A real one, by its middle."""

    code: str
    name: str
    province: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Province:
    """A real one."""

    code: str
    name: str
    region: str
    region_name: str
    geometry: BaseGeometry


def make_philippines(source: Path, target: Path) -> Path:
    """Write the static folder of the Philippines and return it.

    `source` holds PHL_adm2.json and municipality_points.geojson; raises InputMissing if one is not there.
    """
    missing = [name for name in _FILES if not (source / name).is_file()]
    if missing:
        raise InputMissing(
            f"{', '.join(missing)} not found",
            where=source,
            expected="the test data of the Philippines",
            remedy="set the environment variable IBF_TEST_DATA to the folder above philippines/",
        )
    provinces, towns = read_provinces(source / _FILES[0]), read_municipalities(source / _FILES[1])
    outlines = municipality_outlines(towns, provinces)
    _write_areas(target / "admin_areas", provinces, towns, outlines)
    lives = _write_population(target / POPULATION, towns, outlines)
    houses = [(town.code, max(1, round(people / _PEOPLE_PER_HOUSE))) for town, people in zip(towns, lives, strict=True)]
    write_text(target / HOUSING, csv_text([("place_code", "houses"), *houses]))
    write_text(target / NAMES, csv_text([("name", "local_name"), *_LOCAL_NAMES.items()]))
    said = {POPULATION: MADE_UP_FILES, HOUSING: MADE_UP_FILES, "admin_areas/adm3.geojson": _OUTLINES}
    noted = {
        name: {"origin": "ibf_pipeline/synthetic/philippines.py", "sha256": sha256(target / name), "doubt": doubt}
        for name, doubt in said.items()
    }
    write_text(target / RECORD, json.dumps(noted, indent=1))
    return target


def portal_code(code: str) -> str:
    """A place code as the portal has it: those of the Negros Island Region as they were before it."""
    return next((old + code[6:] for new, old in _NEGROS.items() if code.startswith(new)), code)


def fix_mojibake(name: str) -> str:
    """A name whose UTF-8 was taken for Windows-1252, once or more, as it was: `PeÃ±ablanca` is Peñablanca."""
    while True:
        try:
            before = name.encode("cp1252").decode("utf-8")
        except UnicodeError:
            return name
        if before == name:
            return name
        name = before


def read_municipalities(file: Path) -> tuple[Municipality, ...]:
    """All 1,647, their codes as the portal has them."""
    return tuple(
        Municipality(
            portal_code(own["adm3_pcode"]),
            fix_mojibake(own["adm3_en"]),
            portal_code(own["adm2_pcode"]),
            *point["coordinates"][:2],
        )
        for own, point in ((each["properties"], each["geometry"]) for each in _features(file))
    )


def read_provinces(file: Path) -> tuple[Province, ...]:
    """All 87."""
    return tuple(
        Province(
            own["ADM2_PCODE"], own["ADM2_EN"], own["ADM1_PCODE"], own["ADM1_EN"], shapely.make_valid(shape(geometry))
        )
        for own, geometry in ((each["properties"], each["geometry"]) for each in _features(file))
    )


def municipality_outlines(towns: Sequence[Municipality], provinces: Sequence[Province]) -> list[BaseGeometry]:
    """Of every municipality the ground of its province that is nearer to its middle than to any other (Voronoi).

    One whose middle lies off its province, on an island that the outlines leave out, gets a small island there.
    """
    outlines: dict[str, BaseGeometry] = {}
    for province in provinces:
        own = [town for town in towns if town.province == province.code]
        on_land = [town for town in own if province.geometry.intersects(shapely.Point(town.lon, town.lat))]
        points = shapely.points([(town.lon, town.lat) for town in on_land])
        cells = _voronoi(points, province.geometry)
        for town, cell in zip(on_land, cells, strict=True):
            outlines[town.code] = _polygons(shapely.intersection(cell, province.geometry))
        for town in set(own) - set(on_land):
            outlines[town.code] = shapely.Point(town.lon, town.lat).buffer(_ISLAND)
    return [outlines[town.code] for town in towns]


def _voronoi(points: NDArray[Any], around: BaseGeometry) -> list[BaseGeometry]:
    """The cell of each point, in the points' order."""
    if len(points) == 1:
        return [around]
    diagram = shapely.voronoi_polygons(shapely.multipoints(points), extend_to=around.envelope)
    cells = shapely.get_parts(diagram)
    cell, point = shapely.STRtree(points).query(cells, predicate="contains")
    of_point = dict(zip(point.tolist(), cell.tolist(), strict=True))
    return [cells[of_point[number]] for number in range(len(points))]


def _write_areas(
    folder: Path, provinces: Sequence[Province], towns: Sequence[Municipality], outlines: Sequence[BaseGeometry]
) -> None:
    """Three levels; provinces and regions are what their municipalities make together."""
    by_code = {province.code: province for province in provinces}
    rows: dict[int, dict[str, tuple[dict[str, str], list[BaseGeometry]]]] = {level: {} for level in _LEVELS}
    for town, outline in zip(towns, outlines, strict=True):
        province = by_code[town.province]
        region = {"ADM1_PCODE": province.region, "ADM1_EN": province.region_name}
        around = {"ADM2_PCODE": province.code, "ADM2_EN": province.name} | region
        own = {"ADM3_PCODE": town.code, "ADM3_EN": town.name} | around
        for level, code, properties in ((1, province.region, region), (2, province.code, around), (3, town.code, own)):
            rows[level].setdefault(code, (properties, []))[1].append(outline)
    for level, features in rows.items():
        written = [
            {"type": "Feature", "properties": properties, "geometry": _rounded(shapely.union_all(parts))}
            for properties, parts in features.values()
        ]
        content = {"type": "FeatureCollection", "features": written}
        write_text(folder / f"adm{level}.geojson", json.dumps(content, ensure_ascii=False))


def _write_population(
    file: Path, towns: Sequence[Municipality], outlines: Sequence[BaseGeometry], seed: int = 0
) -> NDArray[np.float64]:
    """People by cell, fewer with the distance from the town's middle; returns those of each municipality."""
    west, south, east, north = shapely.total_bounds(outlines).tolist()
    grid = arcsecond_grid(west - _ROOM, south - _ROOM, east + _ROOM, north + _ROOM, _ARCSEC)
    labels = _labels(grid, towns, outlines)
    row, column = np.nonzero(labels)
    number = labels[row, column] - 1
    at = np.array([(town.lon, town.lat) for town in towns])[number]
    lon, lat = grid.left + (column + 0.5) * grid.cell, grid.top - (row + 0.5) * grid.cell
    weight = np.exp(-np.hypot((lon - at[:, 0]) * np.cos(np.radians(lat)), lat - at[:, 1]) / _TOWN) + 0.01
    cells = np.bincount(number, minlength=len(towns))
    share = np.random.default_rng(seed).lognormal(0, 0.8, len(towns))
    lives = np.minimum(_PEOPLE * share / share.sum(), _CROWDED * cells)
    weight *= (lives / np.bincount(number, weights=weight, minlength=len(towns)))[number]
    people = np.full(labels.shape, _UNSETTLED, dtype=np.float32)
    people[row, column] = weight
    with create_raster(file, grid, _UNSETTLED) as out:
        out.write(people, 1)
    return lives


def _labels(grid: Grid, towns: Sequence[Municipality], outlines: Sequence[BaseGeometry]) -> NDArray[np.int32]:
    """(row, column) number + 1 of the municipality in whose outline a cell's centre lies; each has a cell at least."""
    labels = rasterize(
        [(outline, number) for number, outline in enumerate(outlines, 1)],
        out_shape=(grid.height, grid.width),
        transform=from_origin(grid.left, grid.top, grid.cell, grid.cell),
        dtype="int32",
    )
    for number, town in enumerate(towns, 1):
        row, column = int((grid.top - town.lat) / grid.cell), int((town.lon - grid.left) / grid.cell)
        labels[row, column] = number
    return np.asarray(labels)


def _polygons(geometry: BaseGeometry) -> BaseGeometry:
    parts = [part for part in shapely.get_parts(geometry) if part.geom_type in ("Polygon", "MultiPolygon")]
    return shapely.union_all(parts)


def _rounded(geometry: BaseGeometry) -> dict[str, Any]:
    """As GeoJSON, to some ten metres."""
    return mapping(_polygons(shapely.set_precision(geometry, 1e-5)))


def _features(file: Path) -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["features"]
    return features
