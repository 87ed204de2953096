"""What a country of the portal consists of before any upload: hazards, levels, areas, points, lines."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ibf_pipeline.errors import ConfigError, InputInvalid, InputMissing
from ibf_pipeline.io.csv_rows import Row, decimal_number, read_rows
from ibf_pipeline.sandbox.disasters import BUILT_IN
from ibf_pipeline.sandbox.stations import GLOFAS_STATIONS
from ibf_pipeline.sandbox.store import SandboxStore
from ibf_pipeline.sandbox.vocabulary import LINE_CATEGORIES, POINT_CATEGORIES, WITH_TIME_ZONE, WITHOUT_TIME_ZONE

_NO_STATION = "no_station"
"""what the list of a country says that has no river to forecast"""
_POINT_NAMESPACE = uuid.UUID("9b1d0a52-6f0e-4c37-9d43-1f1f8a2a7c11")


@dataclass(frozen=True, slots=True)
class StationSeed:
    """A GloFAS reporting point; code and name are text, whatever they look like."""

    code: str
    name: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class PointSeed:
    """A school, health site, water point or gauge; ``properties`` are what the service shows beside name and fid."""

    fid: str
    name: str
    lat: float
    lon: float
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HazardSeed:
    """How a country is set up for a hazard."""

    disaster_type: str
    admin_levels: tuple[int, ...]
    default_admin_level: int
    """the level on which events exist"""
    indicators: tuple[str, ...] = ("population_affected", "population_affected_percentage")
    """dynamic ones, beside severity and trigger"""


@dataclass(frozen=True, slots=True)
class CountrySeed:
    """A country as the sandbox is to know it.

    ``hazards`` are all of its hazards; without them it has one, which ``disaster_type``, ``admin_levels``,
    ``default_admin_level`` and ``indicators`` describe.
    """

    iso3: str
    name: str
    admin_levels: tuple[int, ...] = ()
    default_admin_level: int = 0
    admin_areas: Mapping[int, dict[str, Any]] = field(default_factory=dict)
    """Level to GeoJSON FeatureCollection; properties ``ADM<n>_PCODE``, ``ADM<n>_EN`` and those of the parent
    level, in upper or lower case."""
    stations: tuple[StationSeed, ...] = ()
    disaster_type: str = "floods"
    indicators: tuple[str, ...] = ("population_affected", "population_affected_percentage")
    population: Mapping[str, float] = field(default_factory=dict)
    """Static totals by place code."""
    hazards: tuple[HazardSeed, ...] = ()
    points: Mapping[str, tuple[PointSeed, ...]] = field(default_factory=dict)
    """Category of the API (schools, health_sites, waterpoints, gauges) to its points."""
    lines: Mapping[str, Iterable[int] | Mapping[int, str]] = field(default_factory=dict)
    """``roads`` and ``buildings`` to the fids of what there is; with their shapes (fid to WKT or GeoJSON) the page
    draws them, which the API never does."""
    time_zone: bool = True
    """Whether the service knows one, without which it makes no mail. Only a made-up country has a choice: those of
    the portal are as on the real server (``vocabulary.yaml``)."""
    clock: str = "UTC"
    """IANA name of the zone in which the page tells times; countries of the portal have their own"""

    @property
    def all_hazards(self) -> tuple[HazardSeed, ...]:
        return self.hazards or (
            HazardSeed(self.disaster_type, self.admin_levels, self.default_admin_level, self.indicators),
        )


def seed_from_static(
    folder: Path,
    iso3: str,
    *,
    name: str,
    admin_levels: tuple[int, ...] = (),
    default_admin_level: int = 0,
    hazards: tuple[HazardSeed, ...] = (),
) -> CountrySeed:
    """Read ``admin_areas/adm<level>.geojson`` and ``stations.csv`` of a country's static folder.

    Codes and names are text: a station called "NA" stays "NA". With `hazards` the levels are those of all of them,
    and stations are read only if one of them shows GloFAS stations.
    """
    levels = sorted({level for hazard in hazards for level in hazard.admin_levels}) or admin_levels
    areas = {}
    for level in levels:
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
        stations=_stations(folder / "stations.csv") if _has_stations(hazards) else (),
        hazards=hazards,
    )


def _has_stations(hazards: tuple[HazardSeed, ...]) -> bool:
    rows = [BUILT_IN.find(hazard.disaster_type) for hazard in hazards]
    return not hazards or any(row is not None and GLOFAS_STATIONS in row.point_layers for row in rows)


def _stations(path: Path) -> tuple[StationSeed, ...]:
    if not path.is_file():
        raise InputMissing(
            "not a list of stations", where=path, expected="columns stationCode, stationName, lat, lon, fid"
        )
    rows = read_rows(path, ("stationCode", "stationName", "lat", "lon"))
    return tuple(_station(row, path) for row in rows if row["stationCode"] != _NO_STATION)


def _station(row: Row, path: Path) -> StationSeed:
    lat, lon = decimal_number(row["lat"]), decimal_number(row["lon"])
    if lat is None or lon is None:
        raise InputInvalid(
            f"line {row.line}: a station at {row['lat']!r}, {row['lon']!r}",
            where=path,
            expected="lat and lon in degrees",
            remedy="write decimal degrees with a point",
        )
    return StationSeed(row["stationCode"], row["stationName"], lat, lon)


def write_seed(store: SandboxStore, country: CountrySeed, now: str) -> None:
    """Replace the country's static data; uploads, events and mails of an earlier life stay."""
    _check(store, country)
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
        _write_time_zone(store, country)
        setups = [
            {
                "iso3": country.iso3,
                "disaster": hazard.disaster_type,
                "levels": json.dumps(hazard.admin_levels),
                "default_level": hazard.default_admin_level,
                "indicators": json.dumps(hazard.indicators),
                "map_image": False,
            }
            for hazard in country.all_hazards
        ]
        store.run("DELETE FROM country_disaster WHERE iso3 = :iso3", iso3=country.iso3)
        store.insert("country_disaster", setups)
        for level in country.admin_areas:
            store.run("DELETE FROM admin_area WHERE iso3 = :iso3 AND level = :level", iso3=country.iso3, level=level)
        store.insert("admin_area", areas, replace=True)
        _write_points(store, country)
        _write_lines(store, country)


def _write_time_zone(store: SandboxStore, country: CountrySeed) -> None:
    store.run("DELETE FROM without_time_zone WHERE iso3 = :iso3", iso3=country.iso3)
    declared = country.time_zone and country.iso3 not in WITHOUT_TIME_ZONE
    store.insert("clock", [{"iso3": country.iso3, "zone": country.clock}], replace=True)
    if not declared and country.iso3 not in WITH_TIME_ZONE:
        store.insert("without_time_zone", [{"iso3": country.iso3}])


def _check(store: SandboxStore, country: CountrySeed) -> None:
    """ConfigError if a hazard, a level or a category is unknown."""
    for hazard in country.all_hazards:
        if store.disasters.find(hazard.disaster_type) is None:
            raise ConfigError(
                f"disaster type {hazard.disaster_type!r}",
                where=country.iso3,
                expected=", ".join(store.disasters.names),
            )
        if hazard.default_admin_level not in hazard.admin_levels:
            raise ConfigError(
                f"default admin level {hazard.default_admin_level}",
                where=country.iso3,
                expected=f"one of the country's levels {hazard.admin_levels}",
            )
    for given, known in ((country.points, POINT_CATEGORIES), (country.lines, LINE_CATEGORIES)):
        if unknown := set(given) - set(known):
            raise ConfigError(f"{sorted(unknown)}", where=country.iso3, expected=f"categories of {', '.join(known)}")


def _write_points(store: SandboxStore, country: CountrySeed) -> None:
    """A point of before keeps its id, so that its values are found again."""
    stations = [
        {"id": _point_id(country.iso3, station.code), "fid": station.code, **asdict(station)}
        for station in country.stations
    ]
    points = [{"category": GLOFAS_STATIONS, "iso3": country.iso3, **station} for station in stations]
    properties = []
    for category, seeds in country.points.items():
        times: Counter[str] = Counter()  # real lists have ids that stand several times, each a point of its own
        for seed in seeds:
            again = [str(times[seed.fid])] if times[seed.fid] else []
            times[seed.fid] += 1
            identity = _point_id(country.iso3, category, seed.fid, *again)
            place = {"fid": seed.fid, "code": seed.fid, "name": seed.name, "lat": seed.lat, "lon": seed.lon}
            points.append({"category": category, "iso3": country.iso3, "id": identity, **place})
            properties.append({"point_id": identity, "properties": json.dumps(dict(seed.properties))})
    store.run("DELETE FROM point WHERE iso3 = :iso3", iso3=country.iso3)
    store.insert("point", points, replace=True)
    store.insert("point_properties", properties, replace=True)


def _point_id(iso3: str, *words: str) -> str:
    return str(uuid.uuid5(_POINT_NAMESPACE, "/".join((iso3, *words))))


def _write_lines(store: SandboxStore, country: CountrySeed) -> None:
    store.run("DELETE FROM line WHERE iso3 = :iso3", iso3=country.iso3)
    store.run("DELETE FROM line_shape WHERE iso3 = :iso3", iso3=country.iso3)
    for category, lines in country.lines.items():
        place = {"iso3": country.iso3, "category": category}
        store.insert("line", [{**place, "fid": fid} for fid in dict.fromkeys(lines)])
        shapes = lines if isinstance(lines, Mapping) else {}
        store.insert("line_shape", [{**place, "fid": fid, "shape": shape} for fid, shape in shapes.items()])


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
    is_nested = isinstance(coordinates[0][0][0], (list, tuple))
    return {"type": "MultiPolygon", "coordinates": coordinates if is_nested else [coordinates]}
