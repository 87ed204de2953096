"""Area means of 193 hours of rain in 367 areas and all of their rolling sums, against refining the grid eight times,
masking area by area, and summing area by area.

Peer route, rewritten from its description: bring the whole cube onto a grid of eight times as many rows and columns
(bilinear), then for every area cut its box, mask it by the centres of cells, and take the mean of each hour in a loop.
The grid is that of IMERG (0.1 degrees, 31..38 E, 19..7 S), the areas are Malawi's real ones, the rain is made up.
ours: shares that were made once and kept, means, and their hours. The peer is run on `--peer-areas` areas, scaled
linearly; its refinement is done once. Rolling sums are of 1, 2, 4, 12, 24 and 48 hours in every area, with what of them
is whole, resolved and measured; the peer's are a sum of the last hours for each hour, duration and area, in a loop.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import shapely
from rasterio.features import geometry_mask
from rasterio.transform import from_origin
from rasterio.warp import Resampling, reproject
from rasterio.windows import Window, transform
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from benchmarks import inputs
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.hazards.flash_floods.sums import Series, sums_of
from ibf_pipeline.rain.grid import RainGrid
from ibf_pipeline.rain.hourly_rain import hourly_rain
from ibf_pipeline.rain.steps import GriddedRain
from ibf_pipeline.rain.weights import area_steps, kept_weights, weigh

GRID = RainGrid(left=31.0, top=-7.0, dx=0.1, dy=0.1, width=70, height=120)
FINER = 8
DURATIONS = (1, 2, 4, 12, 24, 48)
"""hours"""


def malawi() -> tuple[list[str], list[BaseGeometry]]:
    """Place codes and outlines of the deepest level."""
    file = Path(os.environ.get("IBF_TEST_DATA", inputs.ROOT.parent / "shared" / "data")) / "malawi" / "MWI_adm3.json"
    if not file.is_file():
        raise InputMissing("not there", where=file, expected="Malawi's areas", remedy="set IBF_TEST_DATA to test data")
    features = json.loads(file.read_text(encoding="utf-8"))["features"]
    return [each["properties"]["ADM3_PCODE"] for each in features], [shape(each["geometry"]) for each in features]


def storms(hours: int) -> GriddedRain:
    """Showers of some 30 km that wander over the country."""
    random = np.random.default_rng(0)
    y, x = np.mgrid[: GRID.height, : GRID.width]
    amount = np.zeros((1, hours, GRID.height, GRID.width), dtype=np.float32)
    for hour in range(hours):
        for row, column, peak in zip(*random.uniform(0, (120, 70, 30), (20, 3)).T, strict=True):
            amount[0, hour] += peak * np.exp(-((y - row) ** 2 + (x - column) ** 2) / (2 * 3.0**2))
    ends = np.datetime64("2026-02-08T00:00", "m") + 60 * np.arange(1, hours + 1)
    return GriddedRain(GRID, (0,), ends - np.timedelta64(60, "m"), ends, amount)


def ours(rain: GriddedRain, codes: list[str], outlines: list[BaseGeometry], folder: Path) -> tuple[np.ndarray, float]:
    """(hour, area) mm, and seconds; the shares are read from the file that an earlier day kept."""
    started = time.perf_counter()
    weights = kept_weights(folder, rain.grid, codes, "real", lambda: outlines)
    series = hourly_rain(area_steps(rain, weights), "rain")
    return series.rain.values[0], time.perf_counter() - started


def peer(rain: GriddedRain, outlines: list[BaseGeometry], areas: int) -> tuple[np.ndarray, float, float]:
    """(hour, area) mm of some areas, seconds of refining, and of all areas' loops."""
    started = time.perf_counter()
    fine = np.empty((len(rain.ends), GRID.height * FINER, GRID.width * FINER), dtype=np.float32)
    coarse = from_origin(GRID.left, GRID.top, GRID.dx, GRID.dy)
    finer = from_origin(GRID.left, GRID.top, GRID.dx / FINER, GRID.dy / FINER)
    reproject(
        rain.amount[0], fine, src_transform=coarse, dst_transform=finer, src_crs="EPSG:4326", dst_crs="EPSG:4326",
        resampling=Resampling.bilinear,
    )  # fmt: skip
    refined = time.perf_counter()
    means = np.empty((len(rain.ends), areas))
    for place, outline in enumerate(outlines[:areas]):
        west, south, east, north = outline.bounds
        left, right = np.floor((west - GRID.left) * FINER / GRID.dx), np.ceil((east - GRID.left) * FINER / GRID.dx)
        top, bottom = np.floor((GRID.top - north) * FINER / GRID.dy), np.ceil((GRID.top - south) * FINER / GRID.dy)
        window = Window(left, top, right - left, bottom - top)
        cells = fine[:, int(top) : int(bottom), int(left) : int(right)]
        outside = geometry_mask([outline], cells.shape[1:], transform(window, finer))
        clipped = np.where(outside, np.nan, cells)
        means[:, place] = [np.nanmean(hour) for hour in clipped] if not outside.all() else np.nan
    looped = (time.perf_counter() - refined) * len(outlines) / areas
    return means, refined - started, looped


def our_sums(means: np.ndarray) -> tuple[dict[int, np.ndarray], float]:
    """By duration (hour, area) mm, and seconds."""
    shape = means.shape
    series = Series(means[np.newaxis].astype(float), np.zeros((1, *shape), bool), np.ones(shape), np.ones(shape))
    started = time.perf_counter()
    sums = {hours: sums_of(series, hours).amount[0] for hours in DURATIONS}
    return sums, time.perf_counter() - started


def peer_sums(means: np.ndarray) -> tuple[dict[int, np.ndarray], float]:
    """As ours."""
    started = time.perf_counter()
    sums = {hours: np.zeros(means.shape) for hours in DURATIONS}
    for area in range(means.shape[1]):
        series = means[:, area]
        for hours, found in sums.items():
            for hour in range(len(series)):
                found[hour, area] = series[max(0, hour + 1 - hours) : hour + 1].sum()
    return sums, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=int, default=193)
    parser.add_argument("--peer-areas", type=int, default=60, help="areas that the peer does; scaled to all of them")
    options = parser.parse_args()
    codes, outlines = malawi()
    rain = storms(options.hours)
    started = time.perf_counter()
    weigh(rain.grid, codes, outlines)
    once = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as name:
        ours(rain, codes, outlines, Path(name))
        found, seconds = ours(rain, codes, outlines, Path(name))
    theirs, refining, looping = peer(rain, outlines, min(options.peer_areas, len(outlines)))
    sums, summing = our_sums(found)
    their_sums, their_summing = peer_sums(found.astype(float))
    differ = max(float(np.abs(sums[hours] - their_sums[hours]).max()) for hours in DURATIONS)
    cells = shapely.area(outlines) / (GRID.dx * GRID.dy)
    apart = np.abs(found[:, : theirs.shape[1]] - theirs)
    print(f"{options.hours} hours x {len(codes)} areas of {np.median(cells):.1f} cells (median)")
    print(f"ours: {seconds:.3f} s; shares, once: {once:.2f} s")
    print(f"peer: {refining + looping:.2f} s (refining {refining:.2f} s, areas {looping:.2f} s)")
    print(f"apart: {np.nanmean(apart):.3f} mm on average, {int(np.isnan(theirs[0]).sum())} areas that the peer misses")
    print(f"ratio: {(refining + looping) / seconds:.0f}x")
    print(f"rolling sums: ours {summing:.3f} s, peer {their_summing:.2f} s, largest difference {differ:.3f} mm")
    print(f"ratio of rolling sums: {their_summing / summing:.0f}x")
    print(f"ratio of both: {(refining + looping + their_summing) / (seconds + summing):.0f}x")


if __name__ == "__main__":
    inputs.run(main)
