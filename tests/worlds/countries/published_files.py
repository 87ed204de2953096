"""Files as the services of static data publish them, small: flood hazard tiles, threshold grids, COD-AB, points."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import geopandas as gpd
import netCDF4
import numpy as np
import pandas as pd
import shapely
from rasterio.transform import from_origin

from ibf_pipeline.discharge.cells import cell_centre
from tests.worlds.countries import tiny_country

CELL = 0.01
"""degrees, of the tiles"""
AREAS = {"01": (10.0, 10.1), "02": (10.1, 10.2)}
"""the tiny country's first level: place code -> west, east"""
AREAS_BELOW = {"01A": (10.0, 10.055), "01B": (10.055, 10.1), "02A": (10.1, 10.15), "02B": (10.15, 10.2)}


def write_tile(root: Path, name: str, depth: float, period: int) -> Path:
    """A flood hazard tile such as ID1_N10_E0, as deep everywhere but in its westernmost column."""
    top = int(name.split("_")[1][1:])
    left = int(name.split("_")[2][1:])
    values = np.full((1000, 1000), depth)
    values[:, 0] = -9999  # the westernmost column has no data
    file = root / f"RP{period}" / f"{name}_RP{period}_depth.tif"
    tiny_country.write_raster(
        file, values, width=1000, height=1000, transform=from_origin(left, top, CELL, CELL), nodata=-9999,
        compress="deflate", tiled=True,
    )  # fmt: skip
    return file


def write_grid(folder: Path, name: str, values: dict[tuple[float, float], float], *, ascending: bool = False) -> None:
    """A threshold grid of 9..11 E, 0..2 N: 1 m3/s everywhere but for some cells, by a point in them."""
    folder.mkdir(exist_ok=True)
    lat, lon = np.arange(40) * 0.05 + 0.025, np.arange(40) * 0.05 + 9.025
    lat = lat if ascending else lat[::-1]
    grid = np.full((40, 40), 1.0, dtype=np.float32)
    for (y, x), value in values.items():
        row, column = int(np.argmin(abs(lat - cell_centre(y, x)[0]))), int(np.argmin(abs(lon - cell_centre(y, x)[1])))
        grid[row, column] = value
    with netCDF4.Dataset(folder / name, "w") as data:
        for axis, centres in (("lat", lat), ("lon", lon)):
            data.createDimension(axis, 40)
            data.createVariable(axis, "f8", (axis,))[:] = centres
        data.createVariable("Band1", "f4", ("lat", "lon"), fill_value=-9999.0)[:] = grid


def cod_ab(level: int, *, older: bool = False) -> gpd.GeoDataFrame:
    """A level of the tiny country as COD-AB have it today, or in the older schema."""
    edges = AREAS if level == 1 else AREAS_BELOW
    columns: dict[str, list[str]] = {}
    for n in range(level, -1, -1):
        codes = [("TY", code[:2], code)[n] for code in edges]
        columns[f"adm{n}_name"] = ["Tinyland" if n == 0 else f"Area {code}" for code in codes]
        columns[f"adm{n}_pcode"] = codes
    shapes = [shapely.box(west, 0.9, east, 1.0) for west, east in edges.values()]
    frame = gpd.GeoDataFrame(columns, geometry=shapes, crs=4326)
    names = {column: column.upper().replace("_NAME", "_EN") for column in columns}
    return frame.rename(columns=names) if older else frame


def write_cod_ab(file: Path, *, older: bool = False) -> Path:
    """Both levels in one file of the kind that its name says, with lines and points that have the same columns."""
    plain = file.with_suffix("") if file.suffix == ".zip" else file
    file.parent.mkdir(parents=True, exist_ok=True)
    if plain.suffix == ".shp":
        plain.mkdir()
    for name, level in (("this_one", 2), ("that_one", 1)):
        areas = cod_ab(level, older=older)
        layers = {name: areas.geometry, f"{name}_lines": areas.boundary, f"{name}_points": areas.representative_point()}
        for layer, shapes in layers.items():
            target = plain / f"{layer}.shp" if plain.suffix == ".shp" else plain
            areas.set_geometry(shapes).to_file(target, layer=layer, driver=_DRIVERS[plain.suffix])
    if plain != file:
        below = plain.parent if plain.is_file() or plain.suffix == ".gdb" else plain
        inside = plain.name if below == plain.parent else "."
        shutil.make_archive(str(plain), "zip", below, inside)
        shutil.rmtree(plain) if plain.is_dir() else plain.unlink()
    return file


_DRIVERS = {".gpkg": "GPKG", ".gdb": "OpenFileGDB", ".shp": "ESRI Shapefile"}


def write_points(file: Path, rows: Sequence[tuple[str, str, float, float]]) -> None:
    """A list of reporting points: code, name, lat, lon of the model's cell; the gauge itself lies far away."""
    table = pd.DataFrame(rows, columns=["station_id", "StationName", "LisfloodY", "LisfloodX"])
    file.parent.mkdir(parents=True, exist_ok=True)
    table.assign(lat=0.0, lon=0.0, CountryName="Tinyland").to_csv(file, index=False)
