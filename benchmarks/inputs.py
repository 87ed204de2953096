"""Inputs of the benchmarks: Uganda's real boundaries, stations and thresholds with made-up rasters, prepared once.

The real files come from the folder IBF_TEST_DATA (`../shared/data` where it is not set); everything made of them lies
in a cache folder outside of version control.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import shapely
import xarray as xr
from rasterio.io import DatasetReader
from rasterio.windows import Window
from shapely.geometry import shape

from ibf_pipeline.config.configuration import load
from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.discharge.cells import Grid, locate
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.errors import IbfError
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.raster_blocks import bounded_gdal, new_raster, open_raster, read_block, windows
from ibf_pipeline.prepare.store import ExtentTiles, read_prepared
from ibf_pipeline.synthetic.ensemble import make_ensemble
from ibf_pipeline.synthetic.files import glofas_window, write_ftp_members
from ibf_pipeline.synthetic.uganda import COUNTRY, make_uganda
from ibf_pipeline.synthetic.wishes import Wish

ROOT = Path(__file__).resolve().parents[1]
ISSUE = date(2026, 2, 15)
FULL_TRIGGER = "T" * 8


@dataclass(frozen=True, slots=True)
class Uganda:
    """The country as a benchmark uses it."""

    country: FloodCountry
    static: Path
    prepared: Path
    layers: CountryLayers
    tiles: ExtentTiles
    cells: int
    """of its rasters"""


def arguments(description: str | None) -> argparse.ArgumentParser:
    """Options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cell-arcsec", type=int, default=15, help="cell size of the rasters; 3 is the real size")
    parser.add_argument("--cache", type=Path, default=ROOT / "work" / "benchmarks", help="folder of the made inputs")
    return parser


def folders(cell_arcsec: int, cache: Path) -> tuple[Path, Path]:
    """Static data and prepared layers."""
    folder = cache / f"{COUNTRY}-{cell_arcsec}"
    return folder / "static", folder / "prepared"


def benchmark_country() -> FloodCountry:
    """Uganda as in production, but for a trigger lead time limit of 7 days: every lead time can trigger."""
    production = load(ROOT / "config").country(COUNTRY)
    trigger = production.trigger.model_copy(update={"lead_time_limit": 7})
    return production.model_copy(update={"trigger": trigger})


def uganda(cell_arcsec: int, cache: Path) -> Uganda:
    """The prepared country, made and kept where it is not there yet."""
    static, prepared = folders(cell_arcsec, cache)
    made = static.with_name("made.json")
    if not made.is_file():
        started = time.perf_counter()
        source = Path(os.environ.get("IBF_TEST_DATA", ROOT.parent / "shared" / "data")) / "uganda"
        make_uganda(source, static, cell_arcsec=cell_arcsec)
        made.write_text(json.dumps({"seconds": time.perf_counter() - started}))
    country = benchmark_country()
    prepare_floods(country, static, prepared)
    layers, tiles = read_prepared(prepared, COUNTRY)
    areas = json.loads((static / "admin_areas" / "adm2.geojson").read_text(encoding="utf-8"))["features"]
    west, south, east, north = shapely.total_bounds([shape(area["geometry"]) for area in areas])
    cells = round((east - west) * 3600 / cell_arcsec) * round((north - south) * 3600 / cell_arcsec)
    return Uganda(country, static, prepared, layers, tiles, cells)


def glofas_grid(place: Uganda) -> Grid:
    """The GloFAS cells around the country's stations and areas."""
    areas = json.loads((place.static / "admin_areas" / "adm2.geojson").read_text(encoding="utf-8"))["features"]
    return glofas_window(*shapely.total_bounds([shape(area["geometry"]) for area in areas]))


def forecast(place: Uganda, folder: Path, wishes: Mapping[str, Wish] | None = None) -> tuple[Path, xr.DataArray]:
    """The day's folder of 51 member files, and the cube they were made of.

    Without wishes every station triggers on every lead time.
    """
    if wishes is None:
        wishes = {station.code: Wish(station.code, FULL_TRIGGER) for station in place.layers.stations}
    cube = make_ensemble(place.layers.thresholds, place.country.rule, wishes, seed=1)
    day = folder / f"{ISSUE:%Y%m%d}"
    if len(list(day.glob("*.nc"))) != cube.sizes["member"]:
        grid = glofas_grid(place)
        cells = {s.code: locate(s.cell_lat, s.cell_lon, grid) for s in place.layers.stations}
        water = np.random.default_rng(0).uniform(0.5, 40.0, (grid.height, grid.width))
        write_ftp_members(folder, ISSUE, cube, cells, grid, background=water)
    return day, cube


def rewriting_seconds(rasters: Sequence[Path], scratch: Path) -> float:
    """Seconds of writing rasters again, their blocks known: the floor of writing them, read back as they are."""
    seconds = 0.0
    with bounded_gdal():
        for file in rasters:
            with open_raster(file, "raster") as raster:
                blocks = [(window, read_block(raster, window, "raster")) for window in wet_windows(raster)]
                started = time.perf_counter()
                with new_raster(scratch, raster, "float32") as out:
                    for window, block in blocks:
                        out.write(block, window)
                seconds += time.perf_counter() - started
    scratch.unlink(missing_ok=True)
    return seconds


def wet_windows(raster: DatasetReader) -> list[Window]:
    """The blocks of a raster that hold anything."""
    found = windows(raster.width, raster.height)
    return [window for window in found if read_block(raster, window, "raster").any()]


def reading_seconds(files: Sequence[Path]) -> float:
    """Seconds of reading files' bytes, the floor of reading them."""
    started = time.perf_counter()
    for file in files:
        file.read_bytes()
    return time.perf_counter() - started


def run(main: Callable[[], None]) -> None:
    """Run a benchmark; an error of the pipeline (most likely missing test data) ends it without a traceback."""
    try:
        main()
    except IbfError as error:
        sys.exit(f"{Path(sys.argv[0]).name}: {error}")
