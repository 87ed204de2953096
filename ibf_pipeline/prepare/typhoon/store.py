"""Prepared layers of typhoon, read back for a cycle."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.io.netcdf import open_netcdf
from ibf_pipeline.prepare.prepared_ground import PreparedGround, read_ground, require_prepared, undamaged

COUNTRY_FILE: Final = "country.json"
CELLS: Final = "cells.nc"
LAND_FILE: Final = "land.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class TyphoonPrepared(PreparedGround):
    """A prepared country."""

    layers: TyphoonLayers


def read_typhoon(folder: Path, iso3: str) -> TyphoonPrepared:
    """The prepared layers of a country.

    Raises InputMissing if it was not prepared, InputInvalid if the folder is damaged.
    """
    require_prepared(folder, iso3, "typhoon")
    with undamaged(folder, iso3):
        content = json.loads((folder / COUNTRY_FILE).read_text(encoding="utf-8"))
        with open_netcdf(folder / CELLS) as opened:
            cells = opened.load()
        west, south, east, north = content["bounds"]
        return TyphoonPrepared(
            layers=_layers(content, cells, shapely.from_wkb((folder / LAND_FILE).read_text(encoding="ascii"))),
            shapes=str(content["shapes"]),
            bounds=(west, south, east, north),
            ground=lambda: read_ground(folder),
        )


def write_land(land: BaseGeometry, folder: Path) -> None:
    """As `read_typhoon` reads it."""
    (folder / LAND_FILE).write_text(shapely.to_wkb(land, hex=True), encoding="ascii")


def _layers(content: Mapping[str, Any], cells: xr.Dataset, land: BaseGeometry) -> TyphoonLayers:
    return TyphoonLayers(
        iso3=content["iso3"],
        areas={entry["place_code"]: Area(**entry) for entry in content["areas"]},
        provinces=content["provinces"],
        regions=content["regions"],
        region_of=content["region_of"],
        centres={code: (lon, lat) for code, (lon, lat) in content["centres"].items()},
        cells=cells,
        houses=content["houses"],
        land=land,
        names=content["names"],
        findings=tuple(content["findings"]),
        doubts=tuple(content["doubts"]),
    )
