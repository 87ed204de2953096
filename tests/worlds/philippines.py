"""The Philippines for rules: real boundaries of provinces and middles of municipalities; people and houses made up."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import cache
from typing import Any

import numpy as np
import shapely
import xarray as xr

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.hazards.typhoon.cycle import Cycle, find
from ibf_pipeline.hazards.typhoon.findings import TyphoonFindings
from ibf_pipeline.tracks.reader import read_tracks
from tests.conftest import real_data

MONITORING = [(115, 5), (115, 15), (120, 21), (120, 25), (135, 25), (135, 5)]


@cache
def northern_philippines() -> TyphoonLayers:
    """Municipalities north of 15.5 N, each one cell at its middle with 20,000 people and 4,000 houses; all land."""
    provinces = _features("PHL_adm2.json")
    points = [each for each in _features("municipality_points.geojson") if each["geometry"]["coordinates"][1] > 15.5]
    areas, centres = {}, {}
    for point in points:
        own = point["properties"]
        code = own["adm3_pcode"]
        areas[code] = Area(code, own["adm3_en"], 3, own["adm2_pcode"], 20_000)
        centres[code] = tuple(point["geometry"]["coordinates"][:2])
    lon, lat = np.array(list(centres.values())).T
    return TyphoonLayers(
        iso3="PHL",
        areas=areas,
        provinces={each["properties"]["ADM2_PCODE"]: each["properties"]["ADM2_EN"] for each in provinces},
        regions={each["properties"]["ADM1_PCODE"]: each["properties"]["ADM1_EN"] for each in provinces},
        region_of={each["properties"]["ADM2_PCODE"]: each["properties"]["ADM1_PCODE"] for each in provinces},
        centres=centres,
        cells=xr.Dataset(
            {"lat": ("cell", lat), "lon": ("cell", lon), "area": ("cell", np.arange(len(lat))),
             "people": ("cell", np.full(len(lat), 20_000.0))}
        ),
        houses=dict.fromkeys(areas, 4_000.0),
        land=shapely.union_all([shapely.make_valid(shapely.geometry.shape(each["geometry"])) for each in provinces]),
        names={"CHANTHU": "Kiko"},
    )  # fmt: skip


def philippine_country(**changes: Any) -> TyphoonCountry:
    """As configured for the Philippines."""
    settings = {
        "iso3": "PHL", "name": "Philippines", "admin_levels": [3], "default_admin_level": 3, "province_level": 2,
        "region_level": 1, "time_zone": "Asia/Manila", "sources": ["made"], "monitoring": MONITORING,
    }  # fmt: skip
    return TyphoonCountry.model_validate(settings | changes)


@cache
def chanthu_found() -> TyphoonFindings:
    """What the real cycle of 2021-09-10 00 UTC means for them, published at 06:30 UTC."""
    tracks = read_tracks([real_data("tracks", "chanthu_2021091000_eps.bufr")])
    published = datetime(2021, 9, 10, 6, 30, tzinfo=UTC)
    return find(Cycle(tracks), northern_philippines(), philippine_country(), published)


def _features(name: str) -> list[dict[str, Any]]:
    with real_data("philippines", name).open(encoding="utf-8") as file:
        features: list[dict[str, Any]] = json.load(file)["features"]
    return features
