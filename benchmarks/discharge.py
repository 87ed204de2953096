"""51 members x 8 lead times to the probabilities of Uganda's stations, against opening each member and looping.

Peer route, rewritten from its description: for every member file, lead time and station, open the file, pick the
nearest cell, append the value to a list; then count in Python for every return period. Both read the same 51 files.
The peer is run on all members by default; `--peer-members` takes a subset, scaled linearly (it is a plain loop).
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import xarray as xr
from rasterio.transform import from_origin
from rasterstats import zonal_stats

from benchmarks import inputs
from ibf_pipeline.discharge.reader import find_files, read_cube
from ibf_pipeline.domain.lead_times import LEAD_TIMES
from ibf_pipeline.hazards.floods.forecast.probabilities import exceedance
from ibf_pipeline.prepare.boundaries import read_boundaries
from ibf_pipeline.prepare.store import station_cells


def ours(place: inputs.Uganda, files: list[Path]) -> tuple[np.ndarray, float, float]:
    """(return_period, lead_time, station) probabilities; seconds of reading and of counting."""
    started = time.perf_counter()
    cube = read_cube(files, station_cells(place.layers), inputs.ISSUE, version="4")
    read = time.perf_counter()
    counts = exceedance(cube, place.layers.thresholds.sel(station=cube["station"].values))
    share = (counts["above"] / counts["members"]).transpose("return_period", "lead_time", "station").values
    return share, read - started, time.perf_counter() - read


def peer(place: inputs.Uganda, files: list[Path]) -> tuple[np.ndarray, float]:
    """The same by opening every member for every lead time and station."""
    started = time.perf_counter()
    values: dict[tuple[str, int], list[float]] = {}
    for file in files:
        for lead_time in LEAD_TIMES:
            with xr.open_dataset(file) as data:
                band = data["dis"].isel(time=lead_time)
                for station in place.layers.stations:
                    cell = band.sel(lat=station.cell_lat, lon=station.cell_lon, method="nearest")
                    values.setdefault((station.code, lead_time), []).append(float(cell))
    thresholds = place.layers.thresholds
    periods = thresholds["return_period"].values.tolist()
    share = np.zeros((len(periods), len(LEAD_TIMES), len(place.layers.stations)))
    for row, period in enumerate(periods):
        for lead_time in LEAD_TIMES:
            for column, station in enumerate(place.layers.stations):
                limit = float(thresholds.sel(station=station.code, return_period=period))
                members = values[station.code, lead_time]
                share[row, lead_time, column] = sum(1 for value in members if value > limit) / len(members)
    return share, time.perf_counter() - started


def peer_areas(place: inputs.Uganda, files: list[Path], areas: int) -> float:
    """Seconds for the largest discharge in every area of every level, which the peer's own rule for areas needs.

    Each member and lead time is opened and summed up with rasterstats, all touched cells. Timed for the first file and
    about `areas` areas, spread over the levels; scaled linearly to all areas and files.
    """
    boundaries = read_boundaries(place.static / "admin_areas", place.country.admin_levels)
    every = max(1, sum(len(layer.place_codes) for layer in boundaries.values()) // areas)
    grid = inputs.glofas_grid(place)
    transform = from_origin(grid.left, grid.top, grid.cell, grid.cell)
    seconds = 0.0
    for layer in boundaries.values():
        timed = list(layer.geometries)[::every]
        started = time.perf_counter()
        for lead_time in LEAD_TIMES:
            with xr.open_dataset(files[0]) as data:
                band = data["dis"].isel(time=lead_time).sortby("lat", ascending=False).values
            zonal_stats(timed, band, affine=transform, stats="max", nodata=-1, all_touched=True)
        seconds += (time.perf_counter() - started) * len(layer.place_codes) / len(timed)
    return seconds * len(files)


def main() -> None:
    parser = inputs.arguments(__doc__)
    parser.add_argument("--peer-members", type=int, default=51, help="members that the peer reads; scaled to 51")
    options = parser.parse_args()
    place = inputs.uganda(options.cell_arcsec, options.cache)
    folder, _ = inputs.forecast(place, options.cache / "forecasts")
    files = find_files(folder)
    subset = files[: options.peer_members]
    ours(place, files)  # once before: libraries are loaded on first use
    share, read, count = ours(place, files)
    theirs, seconds = peer(place, subset)
    scaled = seconds * len(files) / len(subset)
    same, *_ = ours(place, subset)
    size = sum(file.stat().st_size for file in files)
    print(
        f"{len(files)} members x {len(LEAD_TIMES)} lead times x {share.shape[2]} stations; {size / 1e6:.1f} MB of files"
    )
    print(f"ours: {read + count:.3f} s (reading {read:.3f} s, counting {count:.3f} s)")
    print(f"peer: {scaled:.2f} s (measured {seconds:.2f} s with {len(subset)} members, scaled linearly)")
    print(f"largest difference of a probability, same {len(subset)} members: {np.abs(same - theirs).max():g}")
    print(f"ratio: {scaled / (read + count):.0f}x; without reading {scaled / count:.0f}x")


if __name__ == "__main__":
    inputs.run(main)
