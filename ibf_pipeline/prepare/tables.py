"""People by area and return period, counted once with exact cell fractions (design section 5, rule 9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import xarray as xr
from exactextract import exact_extract

from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.tiles import new_raster, windows


def population_of(raster: Path, boundaries: Boundaries) -> np.ndarray:
    """(area,) total of a raster inside every area, by exact cell fractions."""
    return _sums(raster, boundaries)


def exposure_table(
    layers: Mapping[str, Path], depths: Mapping[float, Path], boundaries: Boundaries, scratch: Path
) -> xr.DataArray:
    """(indicator, area, flood_map): what a layer holds where the flood map of a return period is wet.

    `layers`: indicator -> raster on the country's grid; `depths`: return period -> flood map on the same grid, 0 where
    dry. A cell that straddles a border counts for each area with its share of the cell, so shared borders add up.
    """
    table = np.zeros((len(layers), len(boundaries.place_codes), len(depths)))
    for column, depth in enumerate(depths.values()):
        for row, layer in enumerate(layers.values()):
            _write_wet(layer, depth, scratch)
            table[row, :, column] = _sums(scratch, boundaries)
    scratch.unlink(missing_ok=True)
    return xr.DataArray(
        table,
        dims=("indicator", "area", "flood_map"),
        coords={
            "indicator": list(layers),
            "area": list(boundaries.place_codes),
            "flood_map": list(depths),
        },
        name="exposure",
        attrs={"long_name": "counts where the flood map of the return period is wet"},
    )


def _write_wet(layer: Path, depth: Path, target: Path) -> None:
    with (
        rasterio.open(layer) as values,
        rasterio.open(depth) as water,
        new_raster(target, values, "float32", nodata=None) as out,
    ):
        for window in windows(values.width, values.height):
            wet = water.read(1, window=window) > 0
            if wet.any():
                block = values.read(1, window=window) * wet
                if block.any():
                    out.write(block, window)


def _sums(raster: Path, boundaries: Boundaries) -> np.ndarray:
    frame = gpd.GeoDataFrame(
        {"number": range(len(boundaries.geometries))}, geometry=list(boundaries.geometries), crs=4326
    )
    with rasterio.open(raster) as dataset:
        result = exact_extract(
            dataset, frame, ["sum"], include_cols=["number"], output="pandas", max_cells_in_memory=4_000_000
        )
    sums = np.zeros(len(frame))
    sums[result["number"].to_numpy()] = np.nan_to_num(result["sum"].to_numpy(dtype=float))
    return sums


def parent_totals(values: Sequence[float], parents: Sequence[str | None]) -> dict[str, float]:
    """Totals of the areas above, from those of the level below."""
    totals: dict[str, float] = {}
    for value, parent in zip(values, parents, strict=True):
        if parent is not None:
            totals[parent] = totals.get(parent, 0.0) + float(value)
    return totals
