"""Prepared layers of flash floods, read back for a block: tables, extent tiles, and the assets one by one."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr

from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.flash_flood_layers import FlashFloodLayers, Scenario
from ibf_pipeline.io.netcdf import open_netcdf
from ibf_pipeline.prepare.extent_tiles import FloodTiles
from ibf_pipeline.prepare.prepared_ground import PreparedGround, read_ground, require_prepared, undamaged

FlashTiles = FloodTiles[str]
"""by name of the scenario"""
COUNTRY_FILE: Final = "country.json"
TABLES: Final = "tables.nc"
WET_BLOCKS: Final = "wet_blocks.npy"
AREA_GRID: Final = "areas.tif"
_TEXTS: Final = ("fid", "name", "area")
_DEPTH: Final = "depth "
"""how the columns of scenarios begin"""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlashPrepared(PreparedGround):
    """A prepared country."""

    layers: FlashFloodLayers
    tiles: FlashTiles
    assets: Path
    """the folder that `read_assets` reads"""


@dataclass(frozen=True, slots=True)
class AssetTable:
    """The points or lines of one category that lie in areas of districts."""

    places: gpd.GeoDataFrame
    """columns fid, name ("" without one), lat, lon (degrees; of a line or an outline some point on it), area (place
    code; of a road in several that of its longest part) and geometry (EPSG:4326); a row for each asset"""
    depth: pd.DataFrame
    """the same rows, a column for each scenario: metres, the greatest depth that it meets, 0 where it stays dry"""

    def exposed(self, scenario: str, fids: Sequence[str]) -> gpd.GeoDataFrame:
        """Those of some fids, deepest first, with their depth (metres) in a scenario as the column `depth`."""
        chosen = self.places.assign(depth=self.depth[scenario])
        return chosen[chosen["fid"].isin(list(fids))].sort_values("depth", ascending=False)


PreparedAssets = Mapping[str, AssetTable]
"""by category; one without a file is not there"""


def read_flash_floods(folder: Path, iso3: str) -> FlashPrepared:
    """The tables and tiles of a prepared country.

    Raises InputMissing if it was not prepared, InputInvalid if the folder is damaged.
    """
    require_prepared(folder, iso3, "flash floods")
    with undamaged(folder, iso3):
        content = json.loads((folder / COUNTRY_FILE).read_text(encoding="utf-8"))
        with open_netcdf(folder / TABLES) as tables:
            exposure = tables["exposure"].load()
        tiles = FloodTiles(
            areas=folder / AREA_GRID,
            depths={name: folder / extent_name(name) for name in content["extents"]},
            wet=np.load(folder / WET_BLOCKS),
            place_codes=tuple(str(code) for code in exposure["area"].values),
        )
        west, south, east, north = content["bounds"]
        return FlashPrepared(
            layers=_layers(content, exposure),
            tiles=tiles,
            shapes=str(content["shapes"]),
            bounds=(west, south, east, north),
            ground=lambda: read_ground(folder),
            assets=folder,
        )


def read_assets(folder: Path) -> PreparedAssets:
    """The assets of `FlashPrepared.assets`; InputInvalid if the folder is damaged."""
    with undamaged(folder, folder.name):
        content = json.loads((folder / COUNTRY_FILE).read_text(encoding="utf-8"))
        return {category: _asset_table(folder / assets_name(category)) for category in content["assets"]}


def extent_name(scenario: str) -> str:
    """File of a scenario's depths on the national grid."""
    return f"extent_{scenario}.tif"


def assets_name(category: str) -> str:
    """File of a category: its places, and their depths by scenario."""
    return f"assets_{category}.csv"


def amounts_name(category: str) -> str:
    """File of how many assets each flood reaches in each area."""
    return f"amounts_{category}.npy"


def fids_name(category: str) -> str:
    """File of which they are."""
    return f"fids_{category}.json"


def write_assets(table: AssetTable, file: Path) -> None:
    """Write a category as `read_assets` reads it."""
    frame = pd.DataFrame(table.places[list(_TEXTS)])
    frame["lat"], frame["lon"] = table.places["lat"], table.places["lon"]
    frame["wkb"] = shapely.to_wkb(table.places.geometry.to_numpy(), hex=True)
    depth = table.depth.add_prefix(_DEPTH)
    pd.concat([frame, depth], axis=1).to_csv(file, index=False)


def _asset_table(file: Path) -> AssetTable:
    frame = pd.read_csv(file, dtype=dict.fromkeys((*_TEXTS, "wkb"), str), keep_default_na=False)
    depths = [name for name in frame.columns if name.startswith(_DEPTH)]
    geometry = shapely.from_wkb(frame["wkb"].to_numpy(dtype=object))
    places = gpd.GeoDataFrame(frame[[*_TEXTS, "lat", "lon"]], geometry=geometry, crs=4326)
    return AssetTable(places, frame[depths].rename(columns=lambda name: name.removeprefix(_DEPTH)).astype(float))


def _layers(content: Mapping[str, Any], exposure: xr.DataArray) -> FlashFloodLayers:
    small_lag = content["small_lag"]
    return FlashFloodLayers(
        iso3=content["iso3"],
        areas={entry["place_code"]: Area(**entry) for entry in content["areas"]},
        districts={name: tuple(codes) for name, codes in content["districts"].items()},
        scenarios=tuple(Scenario(**entry) for entry in content["scenarios"]),
        exposure=exposure,
        thresholds=content["thresholds"],
        catchments=content["catchments"],
        small_lag=None if small_lag is None else frozenset(small_lag),
        assets={
            category: {(area, scenario): tuple(fids) for area, scenario, fids in rows}
            for category, rows in content["assets"].items()
        },
        findings=tuple(content["findings"]),
        doubts=tuple(content["doubts"]),
    )
