"""Rasters by their headers, and the people of the population raster against known totals."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import rasterio
from rasterio.io import DatasetReader

from ibf_pipeline.check.finding import Finding, fine, of_error
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.prepare.grids import most_people_a_cell, require_degrees, require_same_grid
from ibf_pipeline.prepare.tiles import bounded_gdal, open_raster, read_block, windows

TOTALS: Final = "population_totals.csv"
"""optional static file: adminLevel, placeCode, value (people)"""
INDICATOR: Final = "populationTotal"
"""of the rows that count where the file has a column `indicator`"""
DIFFERENT: Final = 0.02
"""share by which the raster's people may differ from the known total"""
WRONG: Final = 0.25
"""share from which on the raster is another country's, another year's or another unit's"""
_Bounds = tuple[float, float, float, float]


def check_flood_maps(maps: Mapping[float, Path], country_bounds: _Bounds) -> Iterator[Finding]:
    """CRS, one grid for all, nodata, cover of the country; no pixel is read. Bounds: west, south, east, north."""
    meaning = "`prepare` refuses it, so no run can say who is affected"
    grid_file = next(iter(maps.values()))
    sound = []
    for period, file in maps.items():
        try:
            with open_raster(file, "flood map") as raster, open_raster(grid_file, "flood map") as grid:
                require_degrees(file, raster, "flood map")
                require_same_grid(file, raster, grid)
                if raster.nodata is None:
                    yield _no_nodata(file)
                if period == next(iter(maps)):
                    yield from _cover(file, raster, country_bounds)
            sound.append(period)
        except (InputMissing, InputInvalid) as error:
            yield of_error("rasters", error, meaning)
    if len(sound) == len(maps):
        with open_raster(grid_file, "flood map") as grid:
            words = f"{grid.width * grid.height / 1e6:.1f} million cells of {grid.transform.a * 3600:.4g} arc-seconds"
        yield fine("rasters", f"{len(maps)} flood maps on one grid, {words}")


def check_layer(file: Path, what: str, totals: Mapping[str, float], country_bounds: _Bounds) -> Iterator[Finding]:
    """A raster of counts is read once: its total against the known one where there is one."""
    try:
        with bounded_gdal(), open_raster(file, what) as raster:
            if raster.crs is None:
                require_degrees(file, raster, what)
            if raster.crs.to_epsg() == 4326:
                yield from _cover(file, raster, country_bounds)
            total, negative, densest = _people(raster, what)
            most = most_people_a_cell(raster) if what == "population raster" else float("inf")
    except (InputMissing, InputInvalid) as error:
        yield of_error("rasters", error, "nobody could be counted")
        return
    if negative:
        yield Finding(
            "warning",
            "rasters",
            f"{file.name}: {negative:,} cells below 0 that are not the declared nodata value",
            "they count as 0",
            "declare the nodata value (gdal_edit -a_nodata)",
        )
    if densest > most:
        yield Finding(
            "error",
            "rasters",
            f"{file.name}: {densest:g} people in one cell, at most {most:,.0f} can live in one of this size",
            "`prepare` will refuse it",
            "declare the nodata value (gdal_edit -a_nodata), or convert it to people a cell",
        )
        return
    if total <= 0:
        yield Finding("error", "rasters", f"{file.name} has no value above 0", "nobody could be counted", "fetch again")
        return
    yield from _against(file, total, totals)


def read_totals(static: Path, admin_levels: Sequence[int]) -> dict[str, float]:
    """People by place code on the highest level that `population_totals.csv` lists of the country's; {} without it.

    Where the file has a column `indicator`, rows of others than `populationTotal` are left out. Raises InputInvalid
    where a value is no number of people, a place has two, or nobody lives anywhere.
    """
    file = static / TOTALS
    if not file.is_file():
        return {}
    levels: dict[str, dict[str, float]] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            for row in csv.DictReader(stream):
                if row.get("indicator", INDICATOR) != INDICATOR:
                    continue
                value, places = float(row["value"]), levels.setdefault(row["adminLevel"], {})
                if not 0 <= value < math.inf:
                    raise ValueError(f"{row['placeCode']} has {row['value']} people")
                if places.setdefault(row["placeCode"], value) != value:
                    raise ValueError(f"{row['placeCode']} has {places[row['placeCode']]:g} and {value:g} people")
    except (ValueError, KeyError, TypeError, csv.Error) as error:
        raise _no_totals(f"{type(error).__name__}: {error}", file) from None
    ours = sorted({level for level in levels if level.isdigit() and int(level) in admin_levels}, key=int)
    totals = levels[ours[0]] if ours else {}
    if not sum(totals.values()):
        words = f"levels {', '.join(levels)}" if levels else f"no row of {INDICATOR}"
        raise _no_totals(f"nobody on level {ours[0]}" if ours else f"{words}, none of the country's", file)
    return totals


def _no_totals(why: str, file: Path) -> InputInvalid:
    return InputInvalid(
        f"this is no list of totals ({why})",
        where=file,
        expected=f"columns adminLevel, placeCode, value (people); with a column indicator, rows of {INDICATOR}",
        remedy="correct it, or remove it: it is only used by `check`",
    )


def _people(raster: DatasetReader, what: str) -> tuple[float, int, float]:
    total, negative, densest = 0.0, 0, 0.0
    for window in windows(raster.width, raster.height):
        block = read_block(raster, window, what)
        valid = np.isfinite(block) & (block > 0)
        total += float(np.sum(block, where=valid, dtype=np.float64))
        negative += int(np.count_nonzero(block < 0))
        densest = max(densest, float(np.max(block, where=valid, initial=0)))
    return total, negative, densest


def _against(file: Path, total: float, totals: Mapping[str, float]) -> Iterator[Finding]:
    if not totals:
        yield Finding(
            "not checked",
            "rasters",
            f"{file.name} adds up to {total:,.0f}; no known total to compare it with",
            "a raster of another year or unit would go unnoticed",
            f"add {TOTALS} (adminLevel, placeCode, value) from a census or from the portal",
        )
        return
    known = sum(totals.values())
    differs = total / known - 1
    if abs(differs) <= DIFFERENT:
        yield fine(
            "rasters", f"{file.name} adds up to {total:,.0f}, {TOTALS} to {known:,.0f} ({abs(differs):.2%} apart)"
        )
        return
    yield Finding(
        "error" if abs(differs) > WRONG else "warning",
        "rasters",
        f"{file.name} adds up to {total:,.0f}, {TOTALS} to {known:,.0f} ({differs:+.1%})",
        "people affected are off by as much; another year, country or unit?",
        "take the raster of the year of the totals, or totals of the raster's year",
    )


def _cover(file: Path, raster: DatasetReader, country: _Bounds) -> Iterator[Finding]:
    west, south, east, north = country
    box = rasterio.coords.BoundingBox(*raster.bounds)
    missing = max(box.left - west, box.bottom - south, east - box.right, north - box.top, 0.0)
    if box.left >= east or box.right <= west or box.bottom >= north or box.top <= south:
        yield Finding(
            "error",
            "rasters",
            f"{file.name} and the boundaries do not overlap",
            "the raster is of another country, or its corners are wrong",
            "fetch the raster of this country",
        )
    elif missing > 10 * raster.transform.a:
        yield Finding(
            "warning",
            "rasters",
            f"{file.name} ends {missing:.2f} degrees inside the country's bounding box",
            "no flood and nobody is counted beyond its edge",
            "extend it where people live there; right where only a lake or a desert is cut off",
        )


def _no_nodata(file: Path) -> Finding:
    return Finding(
        "warning",
        "rasters",
        f"{file.name} declares no nodata value",
        "what stands for `no value` is read as a depth; more than 300 m is refused",
        "declare it (gdal_edit -a_nodata -9999), or leave it where dry land is 0",
    )
