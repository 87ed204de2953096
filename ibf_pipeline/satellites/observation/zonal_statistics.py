"""What was observed in every area of an event, beside what was forecast for it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import rasterio

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.domain.observation import ObservedArea
from ibf_pipeline.hazards.floods.findings import FloodEvent
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.prepare.counts import write_on_grid
from ibf_pipeline.prepare.cover import bounds_of_areas
from ibf_pipeline.prepare.raster_blocks import bounded_gdal, open_raster, raster_profile, windows
from ibf_pipeline.prepare.zonal_sums import area_sums
from ibf_pipeline.satellites.observation.water import FLOODED, NOT_OBSERVED, PERMANENT

_EARTH_RADIUS: Final = 6371.0072
"""km, of the sphere with the Earth's surface area"""


def cell_areas(file: Path) -> np.ndarray:
    """(row,) km2 of the cells of a raster in EPSG:4326, on a sphere: R^2 dlon (sin lat_top - sin lat_bottom)."""
    with rasterio.open(file) as grid:
        edges = np.radians(grid.transform.f + grid.transform.e * np.arange(grid.height + 1))
        width = np.radians(grid.transform.a)
    areas: np.ndarray = _EARTH_RADIUS**2 * width * (np.sin(edges[:-1]) - np.sin(edges[1:]))
    return areas


def square_kilometres(observed: Path, labels: Path, areas: int) -> np.ndarray:
    """(area, status) km2 of every status of `observed.tif` in every deepest area, by the cells' centres."""
    sums = np.zeros((areas + 1) * (PERMANENT + 1))
    by_row = cell_areas(labels)
    with bounded_gdal(), rasterio.open(observed) as status, rasterio.open(labels) as label:
        for window in windows(label.width, label.height):
            number = label.read(1, window=window)
            if not number.any():
                continue
            place = number.astype(np.int64) * (PERMANENT + 1) + status.read(1, window=window)
            rows = by_row[window.row_off : window.row_off + window.height]
            weights = np.broadcast_to(rows[:, None], place.shape)
            sums += np.bincount(place.ravel(), weights=weights.ravel(), minlength=len(sums))
    return sums.reshape(areas + 1, PERMANENT + 1)[1:]


def people_in_flood(
    observed: Path, static: Path, country: CountryHazard, codes: Sequence[str], scratch: Path
) -> np.ndarray:
    """(area,) people in flooded cells of each deepest area, counted as the forecast counts them (exact cell shares)."""
    deepest = read_boundaries(static / "admin_areas", country.admin_levels)[country.deepest_admin_level]
    scratch.mkdir(parents=True, exist_ok=True)
    people, flooded = scratch / "people.tif", scratch / "flooded.tif"
    box = bounds_of_areas(deepest)
    with bounded_gdal():
        write_on_grid(static / "population.tif", observed, people, "population raster", country=box)
        _write_flooded(observed, flooded)
        return area_sums(people, [flooded], deepest.only(codes), scratch / "bands.tif")[:, 1]


def _write_flooded(observed: Path, target: Path) -> None:
    with (
        open_raster(observed, "observed water") as status,
        rasterio.open(target, "w", **raster_profile(status, "uint8")) as out,
    ):
        for window in windows(status.width, status.height):
            block = status.read(1, window=window) == FLOODED
            if block.any():
                out.write(block.astype(np.uint8), 1, window=window)


def observe_areas(
    event: FloodEvent,
    layers: CountryLayers,
    country: CountryHazard,
    static: Path,
    observed: Path,
    labels: Path,
    scratch: Path,
) -> list[ObservedArea]:
    """The event's areas, highest level first: square kilometres and people observed, people forecast.

    Levels above the deepest add up the event's own deepest areas in them, whichever other event shares the rest.
    """
    all_codes = [str(code) for code in layers.exposure["area"].values]
    codes = [area.place_code for area in event.areas_of(country.deepest_admin_level)]
    km2 = dict(zip(all_codes, square_kilometres(observed, labels, len(all_codes)), strict=True))
    people = dict(zip(codes, people_in_flood(observed, static, country, codes, scratch), strict=True))
    rows = []
    for level in country.admin_levels:
        forecast = {area.place_code: area.people for area in event.areas_of(level)}
        inside: dict[str, list[str]] = {}
        for code in codes:
            inside.setdefault(layers.ancestor(code, level), []).append(code)
        for place, members in sorted(inside.items()):
            total = np.sum([km2[code] for code in members], axis=0)
            rows.append(
                ObservedArea(
                    admin_level=level,
                    place_code=place,
                    name=layers.areas[place].name,
                    area_km2=float(total.sum()),
                    observed_km2=float(total.sum() - total[NOT_OBSERVED]),
                    flooded_km2=float(total[FLOODED]),
                    people_observed=sum(round(float(people[code])) for code in members),
                    people_forecast=forecast.get(place, 0),
                )
            )
    return rows
