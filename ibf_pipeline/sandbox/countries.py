"""What a country of the portal consists of before any upload: levels, areas, stations."""

from __future__ import annotations

import csv
import json
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ibf_pipeline.errors import ConfigError, InputInvalid, InputMissing
from ibf_pipeline.sandbox.store import Store
from ibf_pipeline.sandbox.vocabulary import DISASTER_TYPES

_POINT_NAMESPACE = uuid.UUID("9b1d0a52-6f0e-4c37-9d43-1f1f8a2a7c11")


@dataclass(frozen=True, slots=True)
class StationSeed:
    """A GloFAS reporting point; code and name are text, whatever they look like."""

    code: str
    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class CountrySeed:
    """A country as the sandbox is to know it."""

    iso3: str
    name: str
    admin_levels: tuple[int, ...]
    default_admin_level: int
    admin_areas: Mapping[int, dict[str, Any]]
    """Level to GeoJSON FeatureCollection; properties ``ADM<n>_PCODE``, ``ADM<n>_EN`` and those of the parent
    level, in upper or lower case."""
    stations: tuple[StationSeed, ...]
    disaster_type: str = "floods"
    indicators: tuple[str, ...] = ("population_affected", "population_affected_percentage")
    population: Mapping[str, float] = field(default_factory=dict)
    """Static totals by place code."""


def seed_from_static(
    folder: Path,
    iso3: str,
    *,
    name: str,
    admin_levels: tuple[int, ...],
    default_admin_level: int,
) -> CountrySeed:
    """Read ``admin_areas/adm<level>.geojson`` and ``stations.csv`` of a country's static folder.

    Codes and names are text: a station called "NA" stays "NA".
    """
    areas = {}
    for level in admin_levels:
        path = folder / "admin_areas" / f"adm{level}.geojson"
        if not path.is_file():
            raise InputMissing("no boundaries of this level", where=path, expected="a GeoJSON FeatureCollection")
        areas[level] = json.loads(path.read_text(encoding="utf-8"))
    return CountrySeed(
        iso3=iso3,
        name=name,
        admin_levels=tuple(admin_levels),
        default_admin_level=default_admin_level,
        admin_areas=areas,
        stations=_stations(folder / "stations.csv"),
    )


def _stations(path: Path) -> tuple[StationSeed, ...]:
    if not path.is_file():
        raise InputMissing(
            "no list of stations", where=path, expected="columns stationCode, stationName, lat, lon, fid"
        )
    with path.open(encoding="utf-8-sig", newline="") as lines:
        rows = csv.DictReader(lines)
        return tuple(_station(row, rows.line_num, path) for row in rows)


def _station(row: Mapping[Any, Any], line: int, path: Path) -> StationSeed:
    if None in row:  # where the reader puts fields beyond the header
        raise InputInvalid(
            f"line {line} has {len(row) - 1 + len(row[None])} fields",
            where=path,
            expected=f"{len(row) - 1} as in the header",
            remedy="write numbers with a decimal point, and put texts that hold a comma into double quotes",
        )
    return StationSeed(row["stationCode"], row["stationName"], float(row["lat"]), float(row["lon"]))


def write_seed(store: Store, country: CountrySeed, now: str) -> None:
    """Replace the country's static data; uploads, events and mails of an earlier life stay."""
    if country.disaster_type not in DISASTER_TYPES:
        raise ConfigError(
            f"disaster type {country.disaster_type!r}", where=country.iso3, expected=", ".join(DISASTER_TYPES)
        )
    if country.default_admin_level not in country.admin_levels:
        raise ConfigError(
            f"default admin level {country.default_admin_level}",
            where=country.iso3,
            expected=f"one of the country's levels {country.admin_levels}",
        )
    areas = [
        row
        for level, collection in sorted(country.admin_areas.items())
        for row in _area_rows(country, level, collection)
    ]
    with store.transaction():
        store.run(
            "INSERT INTO country VALUES (:iso3, :name, :now) ON CONFLICT (iso3) DO UPDATE SET name = excluded.name",
            iso3=country.iso3,
            name=country.name,
            now=now,
        )
        setup = {
            "iso3": country.iso3,
            "disaster": country.disaster_type,
            "levels": json.dumps(country.admin_levels),
            "default_level": country.default_admin_level,
            "indicators": json.dumps(country.indicators),
            "map_image": False,
        }
        store.insert("country_disaster", [setup], replace=True)
        for level in country.admin_areas:
            store.run("DELETE FROM admin_area WHERE iso3 = :iso3 AND level = :level", iso3=country.iso3, level=level)
        store.insert("admin_area", areas, replace=True)
        store.run("DELETE FROM point WHERE iso3 = :iso3 AND category = 'glofas_stations'", iso3=country.iso3)
        points = [
            {
                # The same station keeps its id, so that its values of before are found again.
                "id": str(uuid.uuid5(_POINT_NAMESPACE, f"{country.iso3}/{station.code}")),
                "iso3": country.iso3,
                "category": "glofas_stations",
                "fid": station.code,
                **asdict(station),
            }
            for station in country.stations
        ]
        store.insert("point", points, replace=True)


def _area_rows(country: CountrySeed, level: int, collection: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for feature in collection["features"]:
        properties = {key.upper(): value for key, value in feature["properties"].items()}
        code = properties.get(f"ADM{level}_PCODE")
        if not code:
            raise InputInvalid(
                f"an area without code: {feature['properties']}",
                where=f"{country.iso3} level {level}",
                expected=f"a property ADM{level}_PCODE; without ADM{level}_EN the code is the area's name",
                remedy="give every area its place code",
            )
        rows.append(
            {
                "place_code": str(code),
                "iso3": country.iso3,
                "level": level,
                "name": str(properties.get(f"ADM{level}_EN") or code),
                "parent_code": properties.get(f"ADM{level - 1}_PCODE"),
                "parent_name": properties.get(f"ADM{level - 1}_EN"),
                "population": country.population.get(str(code)),
                "geometry": json.dumps(_multi_polygon(feature["geometry"]), separators=(",", ":")),
            }
        )
    return rows


def _multi_polygon(geometry: Mapping[str, Any]) -> dict[str, Any]:
    """Every geometry is served as MultiPolygon, also those that a seed file labels Polygon but nests deeper."""
    coordinates = geometry["coordinates"]
    depth, inner = 0, coordinates
    while isinstance(inner, (list, tuple)):
        depth, inner = depth + 1, inner[0]
    return {"type": "MultiPolygon", "coordinates": [coordinates] if depth == 3 else coordinates}
