"""Rasters of counts: where they lie, what they add up to, and known totals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from rasterio.io import DatasetReader

from ibf_pipeline.check.cover import check_cover
from ibf_pipeline.check.finding import Finding, finding, fine, of_error
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.csv_rows import number_of, read_rows
from ibf_pipeline.prepare.grids import (
    TOTAL_TOLERANCE,
    Bounds,
    cells_inside,
    most_people_a_cell,
    outside_as_zero,
    require_counts,
    require_degrees,
    require_plain_band,
)
from ibf_pipeline.prepare.raster_files import files_behind
from ibf_pipeline.prepare.tiles import bounded_gdal, open_raster, read_block, windows
from ibf_pipeline.prepare.values import Values

TOTALS: Final = "population_totals.csv"
"""optional static file: adminLevel, placeCode, value (people)"""
INDICATOR: Final = "populationTotal"
"""of the rows that count where the file has a column `indicator`"""
DIFFERENT: Final = 0.02
"""share by which the raster's people may differ from the known total"""
WRONG: Final = 0.25
"""share from which on the raster is another country's, another year's or another unit's"""


def check_layer(
    file: Path, what: str, totals: Mapping[str, float], country: Bounds, maps: Bounds | None
) -> Iterator[Finding]:
    """A raster of counts is read once: its total in the country, what of it lies on the flood maps, the known total.

    `country` and `maps`: bounding boxes, None where no flood map could be read.
    """
    try:
        files_behind(file)  # refuses what `prepare` cannot watch for changes
        with bounded_gdal(), open_raster(file, what) as raster:
            if raster.crs is None:
                require_degrees(file, raster, what)
            require_plain_band(file, raster, what)
            yield from check_cover(file, raster, country)
            total, lost, negative, values = _people(raster, what, country, maps)
            most = most_people_a_cell(raster) if what == "population raster" else float("inf")
            require_counts(values, file, most, what)
    except (InputMissing, InputInvalid) as error:
        yield of_error("rasters", error, "nobody could be counted")
        return
    if negative:
        yield finding("cells below 0", file=file.name, negative=negative)
    if total <= 0:
        yield finding("nobody in country", file=file.name)
        return
    if lost > TOTAL_TOLERANCE * total:
        yield finding("people beyond maps", share=lost / total, file=file.name)
    yield from _against(file, total, totals)


def read_totals(static: Path, admin_levels: Sequence[int]) -> dict[str, float]:
    """People by place code on the highest level that `population_totals.csv` lists of the country's; {} without any.

    Where the file has a column `indicator`, rows of others than `populationTotal` are left out. Raises InputInvalid
    where a value is no number of people, a place has two, or nobody lives anywhere.
    """
    file = static / TOTALS
    if not file.is_file():
        return {}
    levels: dict[str, dict[str, float]] = {}
    try:
        for row in read_rows(file, ("adminLevel", "placeCode", "value")):
            if row.get("indicator", INDICATOR) != INDICATOR:
                continue
            value, places = number_of(row["value"]), levels.setdefault(row["adminLevel"], {})
            if value is None or value < 0:
                raise ValueError(f"line {row.line}: {row['placeCode']} has {row['value'] or 'no number of'} people")
            if places.setdefault(row["placeCode"], value) != value:
                raise ValueError(
                    f"line {row.line}: {row['placeCode']} has {places[row['placeCode']]:g} and {value:g} people"
                )
    except ValueError as error:
        raise _no_totals(f"{type(error).__name__}: {error}", file) from None
    ours = sorted({level for level in levels if level.isdigit() and int(level) in admin_levels}, key=int)
    if not ours:
        return {}
    totals = levels[ours[0]]
    if not sum(totals.values()):
        raise _no_totals(f"nobody on level {ours[0]}", file)
    return totals


def _no_totals(why: str, file: Path) -> InputInvalid:
    return InputInvalid(
        f"this is no list of totals ({why})",
        where=file,
        expected=f"columns adminLevel, placeCode, value (people); with a column indicator, rows of {INDICATOR}",
        remedy="correct it, or remove it: it is only used by `check`",
    )


def _people(raster: DatasetReader, what: str, country: Bounds, maps: Bounds | None) -> tuple[float, float, int, Values]:
    """Total in the country's box, what of it lies beyond that of the flood maps, cells below 0, and its values."""
    total, covered, negative = 0.0, 0.0, 0
    inside = cells_inside(raster, country)
    values = Values(int(inside[0].sum() * inside[1].sum()))
    on_maps = inside if maps is None else cells_inside(raster, maps)
    for window in windows(raster.width, raster.height):
        block = read_block(raster, window, what)
        negative += int(np.count_nonzero(block < 0))
        counts = np.where(np.isfinite(block) & (block > 0), block, 0).astype(np.float64)
        outside_as_zero(counts, window, inside)
        values.add(counts)
        total += float(counts.sum())
        outside_as_zero(counts, window, on_maps)
        covered += float(counts.sum())
    return total, total - covered, negative, values


def _against(file: Path, total: float, totals: Mapping[str, float]) -> Iterator[Finding]:
    if not totals:
        yield finding("no known total", file=file.name, total=total, totals_file=TOTALS)
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
