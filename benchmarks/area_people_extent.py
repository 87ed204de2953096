"""People and extents of a full-trigger Uganda day: our route against rasterstats and rasterio.

Every station triggers on all 8 lead times, so that every mapped area is wet on each of them (`--areas` takes some).
Peer route, rewritten from its description: people: make the flood map's wet cells polygons, mask the population by
them, sum it in every area of every level (rasterstats, all touched cells); extent: cut the flood map by each wet area,
merge the pieces, write the raster whole. The peer does both again for each lead time; it is timed for one and
multiplied by 8. Sums and cuts are timed for `--peer-areas` areas and scaled linearly; making polygons and writing are
not scaled. Ours is timed for the whole day: table look-up for people; 8 rasters, of which alike ones are made once,
read back and copied. What the ratio would be without copies is printed too.
Ours counts exact fractions of cells. The made population keeps off the borders of areas, so that the double counting of
all touched cells (0.7 % of a country in real data) hardly shows in the printed difference.
The tables are built once a country by `prepare`; the time of one of their 7 columns is printed beside.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.features import shapes
from rasterio.mask import mask
from rasterio.merge import merge
from rasterstats import zonal_stats
from shapely.geometry import shape

from benchmarks import inputs
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.hazards.floods.impact.extents import extent_file_name
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.prepare.zonal_sums import area_sums
from ibf_pipeline.runs.extents import write_extent, write_extents

RETURN_PERIOD = 10.0
MINIMUM_DEPTH = 0.1


def main() -> None:
    parser = inputs.arguments(__doc__)
    parser.add_argument("--areas", type=int, default=None, help="wet areas, 25 or 500 for example; all mapped ones")
    parser.add_argument("--peer-areas", type=int, default=50, help="areas that the peer is timed with")
    options = parser.parse_args()
    place = inputs.uganda(options.cell_arcsec, options.cache)
    mapped = sorted(code for codes in place.layers.mapping.values() for code in codes)
    if options.areas and options.areas > len(mapped):  # more than belong to a station: any area can be wet here
        mapped = sorted(str(code) for code in place.layers.exposure["area"].values)
    wet = mapped[:: max(1, len(mapped) // options.areas)][: options.areas] if options.areas else mapped
    subset = wet[:: max(1, len(wet) // options.peer_areas)][: options.peer_areas]
    with tempfile.TemporaryDirectory(dir=options.cache) as scratch:
        people, people_seconds = our_people(place, wet)
        cells, extent_seconds = our_extents(place, wet, Path(scratch))
        started = time.perf_counter()
        write_extent(dict.fromkeys(wet, RETURN_PERIOD), place.tiles, Path(scratch) / "alone.tif")
        alone = time.perf_counter() - started
        floor = inputs.rewriting_seconds([Path(scratch) / "alone.tif"], Path(scratch) / "again.tif")
        built = table_seconds(place, Path(scratch))
        theirs = Peer(place, Path(scratch))
        peer_people = theirs.people(subset, len(wet))
        peer_extent = theirs.extent(subset, len(wet))
        compare(place, subset, people, peer_people, peer_extent, Path(scratch))
    print(f"{place.cells / 1e6:.1f} M cells, {len(wet)} wet areas, 3 levels, {len(LEAD_TIMES)} lead times")
    print(f"people: ours {people_seconds * 1e3:.2f} ms by look-up; peer {peer_people.seconds:.1f} s")
    print(f"        a column of the table costs {built:.2f} s, once a country and flood map")
    print(f"extents: ours {extent_seconds:.2f} s, {cells} wet cells a raster; peer {peer_extent.seconds:.1f} s")
    print(f"        one raster made {alone:.2f} s, the 7 others are copies of it")
    print(f"        floor {floor:.2f} s (its blocks written once): making it takes {alone / floor:.1f} times that")
    people_ratio, extent_ratio = peer_people.seconds / people_seconds, peer_extent.seconds / extent_seconds
    each = peer_extent.seconds / alone / len(LEAD_TIMES)
    print(f"        extents where no two lead times are alike: {each:.1f}x")
    print(f"ratio: people {people_ratio:.0f}x, extents {extent_ratio:.1f}x")


def our_people(place: inputs.Uganda, wet: Sequence[str]) -> tuple[dict[str, int], float]:
    """Whole people of the wet areas and their parents, by place code, for 8 lead times; the last one is kept."""
    sums: dict[str, int] = {}
    started = time.perf_counter()
    for _ in LEAD_TIMES:
        column = place.layers.exposure.sel(indicator="population_affected", flood_map=RETURN_PERIOD, area=list(wet))
        sums = dict(zip(wet, np.rint(column.values).astype(int).tolist(), strict=True))
        for level in place.country.admin_levels[:-1]:
            for code in wet:
                parent = place.layers.ancestor(code, level)
                sums[parent] = sums.get(parent, 0) + sums[code]
    return sums, time.perf_counter() - started


def our_extents(place: inputs.Uganda, wet: Sequence[str], folder: Path) -> tuple[int, float]:
    """Wet cells of a raster, and seconds for all 8."""
    chosen = dict.fromkeys(LEAD_TIMES, dict.fromkeys(wet, RETURN_PERIOD))
    files = {lead_time: folder / extent_file_name(lead_time, "UGA") for lead_time in LEAD_TIMES}
    started = time.perf_counter()
    cells = write_extents(chosen, place.tiles, files)
    return cells[LEAD_TIMES[0]], time.perf_counter() - started


def table_seconds(place: inputs.Uganda, scratch: Path) -> float:
    """Seconds of one column of the table of people."""
    deepest = read_boundaries(place.static / "admin_areas", place.country.admin_levels)[4]
    started = time.perf_counter()
    depth = place.tiles.depths[RETURN_PERIOD]
    area_sums(place.static / "population.tif", [depth], deepest, scratch / "column.tif")
    return time.perf_counter() - started


@dataclass(frozen=True, slots=True)
class PeerPeople:
    touched: dict[str, float]
    """by deepest area, all touched cells"""
    centres: dict[str, float]
    """by deepest area, cells whose centre lies inside; not part of the time"""
    seconds: float


@dataclass(frozen=True, slots=True)
class PeerExtent:
    depth: np.ndarray
    """of the subset's areas, on the country's grid"""
    seconds: float


class Peer:
    """The other route, on the same files."""

    def __init__(self, place: inputs.Uganda, scratch: Path) -> None:
        self._scratch = scratch
        self._levels = place.country.admin_levels
        self._flood = place.static / "flood_maps" / f"flood_map_UGA_RP{RETURN_PERIOD:g}.tif"
        self._population = place.static / "population.tif"
        boundaries = read_boundaries(place.static / "admin_areas", self._levels)
        self._areas = {
            level: gpd.GeoDataFrame({"code": layer.place_codes}, geometry=list(layer.geometries), crs=4326)
            for level, layer in boundaries.items()
        }
        self._ancestor = place.layers.ancestor

    def people(self, subset: Sequence[str], wet: int) -> PeerPeople:
        """Polygons of the flood, masked population, sums by area and level; 8 lead times."""
        started = time.perf_counter()
        with rasterio.open(self._flood) as flood:
            depth = flood.read(1)
            water = (depth >= MINIMUM_DEPTH).astype("uint8")
            outlines = [shape(geometry) for geometry, _ in shapes(water, mask=water == 1, transform=flood.transform)]
        with rasterio.open(self._population) as population:
            values, transform = mask(population, outlines, nodata=0, filled=True)
        values = np.where(values[0] > 0, values[0], 0)
        once = time.perf_counter() - started
        sums: dict[int, dict[str, float]] = {}
        started = time.perf_counter()
        for level in self._levels:
            codes = sorted({self._ancestor(code, level) for code in subset})
            sums[level] = self._sums(level, codes, values, transform, all_touched=True)
        each = time.perf_counter() - started
        deepest = self._levels[-1]
        centres = self._sums(deepest, sorted(subset), values, transform, all_touched=False)
        return PeerPeople(sums[deepest], centres, len(LEAD_TIMES) * (once + each * wet / len(subset)))

    def _sums(
        self, level: int, codes: Sequence[str], values: np.ndarray, transform: rasterio.Affine, *, all_touched: bool
    ) -> dict[str, float]:
        areas = self._areas[level].set_index("code").loc[list(codes)]
        stats = zonal_stats(areas, values, affine=transform, stats="sum", nodata=-1, all_touched=all_touched)
        return {code: float(entry["sum"] or 0) for code, entry in zip(codes, stats, strict=True)}

    def extent(self, subset: Sequence[str], wet: int) -> PeerExtent:
        """Cut, merge and write whole; 8 lead times."""
        areas = self._areas[self._levels[-1]].set_index("code")
        with rasterio.open(self._flood) as flood:
            started = time.perf_counter()
            pieces = []
            for number, code in enumerate(subset):
                piece, transform = mask(flood, [areas.geometry[code]], crop=True, nodata=0, filled=True)
                profile = {**flood.profile, "height": piece.shape[1], "width": piece.shape[2], "transform": transform}
                file = self._scratch / f"piece_{number}.tif"
                with rasterio.open(file, "w", **{**profile, "nodata": 0, "tiled": False}) as out:
                    out.write(piece)
                pieces.append(file)
            each = time.perf_counter() - started
            started = time.perf_counter()
            merged, _ = merge(pieces, bounds=flood.bounds, res=flood.res, nodata=0, method="max")
            merged[merged < MINIMUM_DEPTH] = 0
            with rasterio.open(
                self._scratch / "merged.tif", "w", **{**flood.profile, "nodata": 0, "compress": "lzw"}
            ) as out:
                out.write(merged)
            once = time.perf_counter() - started
        return PeerExtent(merged[0], len(LEAD_TIMES) * (once + each * wet / len(subset)))


def compare(
    place: inputs.Uganda, subset: Sequence[str], people: dict[str, int], their_people: PeerPeople, extent: PeerExtent,
    scratch: Path,
) -> None:  # fmt: skip
    """Print how far the two results are apart, for the subset's areas."""
    own = scratch / "compared.tif"
    write_extent(dict.fromkeys(subset, RETURN_PERIOD), place.tiles, own)
    with rasterio.open(own) as raster:
        depth = raster.read(1)
    differing = int((np.abs(depth - extent.depth) > 1e-6).sum())
    total = sum(people[code] for code in subset)
    touched, centres = (sum(sums.values()) for sums in (their_people.touched, their_people.centres))
    print(f"compared for {len(subset)} areas:")
    print(f"  people: ours {total}, peer {touched:.0f} with all touched cells ({touched / total - 1:+.2%})")
    print(f"          {centres:.0f} by cell centres ({centres / total - 1:+.2%})")
    print(f"  extent: {differing} of {int((depth > 0).sum())} wet cells differ")


if __name__ == "__main__":
    inputs.run(main)
