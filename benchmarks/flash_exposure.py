"""Schools, buildings and roads in 40 floods by table, against overlays of vectors in every flood.

Peer route, rewritten from its description: the wet cells of a scenario as polygons, joined with the points and the
buildings, and overlaid with the roads, for every scenario again. ours: every asset is cut into the cells of the library
once, and a scenario is one look at these cells; a block only reads the finished table. Rivers, roads and buildings are
made up. The peer does `--peer-scenarios`, scaled linearly. Both count the same: how far they are apart is told.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
import shapely
from pyproj import Geod
from rasterio.features import shapes
from rasterio.transform import from_origin

from benchmarks import inputs
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.depths import DepthFacts, read_facts, write_depth
from ibf_pipeline.prepare.flash_floods.asset_exposure import measure_asset_exposure

CELL = 1 / 3600
MINIMUM = 0.1
EARTH = Geod(ellps="WGS84")
Assets = dict[str, gpd.GeoDataFrame]


def library(folder: Path, cells: int, scenarios: int) -> dict[str, Path]:
    """Floods of a river that winds through a square from (34 E, 10 S), each higher than the one before; as prepared."""
    y, x = np.mgrid[:cells, :cells] / cells
    height = 40 * np.abs(y - 0.5 - 0.2 * np.sin(9 * x)) + np.random.default_rng(0).gamma(2, 0.1, (cells, cells))
    files = {}
    for number in range(scenarios):
        depth = np.maximum(0.3 + 0.2 * number - height, 0).astype(np.float32)
        source, name = folder / "source.tif", f"{10 * (number + 1)}mm_4hr"
        files[name] = folder / f"{name}.tif"
        with rasterio.open(
            source, "w", driver="GTiff", width=cells, height=cells, count=1, dtype="float32", crs="EPSG:4326",
            transform=from_origin(34.0, -10.0, CELL, CELL), nodata=0,
        ) as out:  # fmt: skip
            out.write(depth, 1)
        write_depth(source, source, files[name], MINIMUM, None)
    return files


def places(cells: int, number: int) -> tuple[Boundaries, Assets]:
    """Nine areas, so many schools, ten times as many buildings of 10 to 40 m, and roads of 20 corners."""
    random, side, edge = np.random.default_rng(1), cells * CELL, 1.4 * CELL
    third = side / 3
    boxes = tuple(
        shapely.box(34 + a * third, -10 - (b + 1) * third, 34 + (a + 1) * third, -10 - b * third)
        for b in range(3)
        for a in range(3)
    )
    codes = tuple(f"A{n}" for n in range(9))
    areas = Boundaries(3, codes, codes, (None,) * 9, boxes, boxes)
    at = random.uniform(0.01, 0.99, (11 * number, 2)) * (side, -side) + (34.0, -10.0)
    size = random.uniform(0.0001, 0.0004, (10 * number, 2))
    walks = np.cumsum(random.normal(0, 4 * CELL, (number, 20, 2)), axis=1) + at[:number, np.newaxis]
    geometries = {
        "schools": shapely.points(at[:number]),
        "buildings": shapely.box(*at[number:].T, *(at[number:] + size).T),
        "roads": shapely.linestrings(np.clip(walks, (34 + edge, edge - 10 - side), (34 + side - edge, -10 - edge))),
    }
    frames = {
        category: gpd.GeoDataFrame({"fid": [str(n) for n in range(len(own))], "name": ""}, geometry=own, crs=4326)
        for category, own in geometries.items()
    }
    return areas, frames


def ours(
    assets: Assets, areas: Boundaries, files: dict[str, Path], facts: list[DepthFacts]
) -> tuple[dict[str, np.ndarray], float]:
    """(area, scenario) of each category, and seconds."""
    started = time.perf_counter()
    found = {
        category: measure_asset_exposure(own, category, areas, files, facts).amounts for category, own in assets.items()
    }
    return found, time.perf_counter() - started


def peer(assets: Assets, areas: Boundaries, files: dict[str, Path]) -> tuple[dict[str, np.ndarray], float]:
    """The same by overlays."""
    started = time.perf_counter()
    ground = gpd.GeoDataFrame({"area": range(9)}, geometry=list(areas.ground), crs=4326)
    middles = {name: own.set_geometry(own.geometry.representative_point()) for name, own in assets.items()}
    area_of = {
        name: gpd.sjoin(own, ground, predicate="intersects").groupby(level=0)["area"].first()
        for name, own in middles.items()
    }
    roads = gpd.overlay(assets["roads"], ground, how="intersection", keep_geom_type=True)
    found = {name: np.zeros((9, len(files))) for name in assets}
    for number, file in enumerate(files.values()):
        with rasterio.open(file) as raster:
            wet = (raster.read(1) > 0).astype(np.uint8)
            outlines = [shapely.geometry.shape(one) for one, value in shapes(wet, transform=raster.transform) if value]
        flood = gpd.GeoDataFrame(geometry=outlines, crs=4326)
        for name in ("schools", "buildings"):
            hit = gpd.sjoin(assets[name], flood, predicate="intersects").index.unique()
            found[name][:, number] = np.bincount(area_of[name].reindex(hit).dropna().astype(int), minlength=9)
        cut = gpd.overlay(roads, flood, how="intersection", keep_geom_type=True)
        km = pd.Series([EARTH.geometry_length(line) / 1000 for line in cut.geometry]).groupby(cut["area"]).sum()
        found["roads"][:, number] = km.reindex(range(9), fill_value=0)
    return found, time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=1200, help="of the library, in a row")
    parser.add_argument("--scenarios", type=int, default=40)
    parser.add_argument("--places", type=int, default=2000, help="schools and roads; ten times as many buildings")
    parser.add_argument("--peer-scenarios", type=int, default=8, help="that the peer does; scaled to all of them")
    options = parser.parse_args()
    areas, assets = places(options.cells, options.places)
    with tempfile.TemporaryDirectory() as name:
        files = library(Path(name), options.cells, options.scenarios)
        found, seconds = ours(assets, areas, files, [read_facts(file) for file in files.values()])
        some = dict(list(files.items())[:: max(1, len(files) // options.peer_scenarios)])
        theirs, their_seconds = peer(assets, areas, some)
    their_seconds *= len(files) / len(some)
    started = time.perf_counter()
    for scenario in range(options.scenarios):
        {category: amounts[:, scenario] for category, amounts in found.items()}
    block = time.perf_counter() - started
    columns = [list(files).index(scenario) for scenario in some]
    apart = {name: float(np.abs(found[name][:, columns] - theirs[name]).max()) for name in assets}
    counted = ", ".join(f"{len(own)} {name}" for name, own in assets.items())
    print(f"{options.scenarios} scenarios, {options.cells} x {options.cells} cells, {counted}")
    print(f"ours, once: {seconds:.2f} s; a block reads it: {block * 1e6:.0f} us for all scenarios")
    print(f"peer: {their_seconds:.1f} s")
    print("largest difference in an area: " + ", ".join(f"{name} {value:.3g}" for name, value in apart.items()))
    print(f"ratio: {their_seconds / seconds:.0f}x")


if __name__ == "__main__":
    inputs.run(main)
