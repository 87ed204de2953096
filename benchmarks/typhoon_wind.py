"""Wind of 52 members and 96 hours on the settled cells of all 1,647 municipalities, against a plain loop.

The plain loop is written from the papers a second time: hour by hour, cell by cell, distances and directions by pyproj
on a sphere. It does `--plain-members` members, scaled linearly to all of them; both have the same winds: how far they
are apart is told. Cells are those of 0.1 degrees around the real points of the municipalities, three in a row and
column; the ensemble is the real one of Chanthu. Also told: what the ensemble says of Basco, by both ways to the radius
and by both averaging periods.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import time
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import shapely
import xarray as xr
from pyproj import Geod

from benchmarks import inputs
from ibf_pipeline.config.typhoon import TyphoonCountry, WindSettings
from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.typhoon_layers import TyphoonLayers
from ibf_pipeline.errors import InputMissing
from ibf_pipeline.hazards.typhoon.vortex import hourly_vortex
from ibf_pipeline.hazards.typhoon.wind import area_winds, fastest_at
from ibf_pipeline.tracks.reader import read_tracks

BALL = Geod(a=6_371_000, b=6_371_000)
BASCO = (20.449, 121.970)
CELL = 0.1
Vector = tuple[float, float]


def real(*parts: str) -> Path:
    file = Path(os.environ.get("IBF_TEST_DATA", inputs.ROOT.parent / "shared" / "data")).joinpath(*parts)
    if not file.exists():
        raise InputMissing("not there", where=file, expected="real test data", remedy="set IBF_TEST_DATA to test data")
    return file


def municipalities(number: int) -> TyphoonLayers:
    """The first so many real municipalities; each cell belongs to the nearest of those that it is around."""
    points = json.loads(real("philippines", "municipality_points.geojson").read_text(encoding="utf-8"))["features"]
    found: dict[tuple[int, int], tuple[float, int]] = {}
    for area, point in enumerate(points[:number]):
        lon, lat = point["geometry"]["coordinates"]
        for row in (-1, 0, 1):
            for column in (-1, 0, 1):
                cell = round(lat / CELL) + row, round(lon / CELL) + column
                own = math.hypot(cell[0] * CELL - lat, cell[1] * CELL - lon), area
                found[cell] = min(own, found.get(cell, own))
    codes = [point["properties"]["adm3_pcode"] for point in points[:number]]
    data: Mapping[str, Any] = {
        "lat": ("cell", [CELL * row for row, _ in found]),
        "lon": ("cell", [CELL * column for _, column in found]),
        "area": ("cell", [area for _, area in found.values()]),
        "people": ("cell", np.full(len(found), 1000.0)),
    }
    return TyphoonLayers(
        iso3="PHL",
        areas={code: Area(code, code, 3, None, 1000) for code in codes},
        provinces={}, regions={}, region_of={}, centres={}, houses={},
        cells=xr.Dataset(data),
        land=shapely.Point(122, 13),
    )  # fmt: skip


def plain(member: xr.Dataset, lat: Sequence[float], lon: Sequence[float], penv: float = 1010) -> list[float]:
    """m/s, 10-minute, the largest of all hours at each cell; of one member, in plain loops."""
    fastest = [0.0] * len(lat)
    for centre_lat, centre_lon, pressure, deepening, stated, (east, north) in plain_hours(member):
        drop = max(penv - pressure, 1)
        moving = math.hypot(east, north)
        b = -4.4e-5 * drop**2 + 0.01 * drop + 0.03 * deepening - 0.014 * abs(centre_lat) + 1
        b = min(max(b + 0.15 * moving ** (0.6 * (1 - drop / 215)), 1), 2.5)
        radius = 1852 * plain_miles(pressure)
        turning = 7.292e-5 * math.sin(math.radians(abs(centre_lat)))

        def around(r: float, b: float = b, drop: float = drop, rm: float = radius, turn: float = turning) -> float:
            x = (rm / r) ** b
            pushed = b / 1.15 * x * 100 * drop * math.exp(-x) if x < 700 else 0.0
            return math.sqrt(pushed + (r * turn) ** 2) - r * turn

        scale = max(0.93, (stated - moving) / around(radius))
        for cell, (cell_lat, cell_lon) in enumerate(zip(lat, lon, strict=True)):
            if abs(cell_lat - centre_lat) > 2.8:
                continue
            azimuth, _, metres = BALL.inv(centre_lon, centre_lat, cell_lon, cell_lat)
            if metres > 300_000:
                continue
            speed, share = scale * around(max(metres, 1)), min(1, radius / max(metres, 1))
            side = math.radians(azimuth - 90)
            to_east, to_north = speed * math.sin(side) + share * east, speed * math.cos(side) + share * north
            fastest[cell] = max(fastest[cell], math.hypot(to_east, to_north))
    return fastest


def plain_miles(pressure: float) -> float:
    """Nautical miles to the largest wind."""
    bounds = ((872, 14.9), (940, 15.7), (980, 25.7), (1021, 56.9))
    pressure = min(max(pressure, 872), 1021)
    for (low, near), (high, far) in pairwise(bounds):
        if pressure <= high:
            return near + (far - near) * (pressure - low) / (high - low)
    raise AssertionError(pressure)


def plain_hours(member: xr.Dataset) -> Iterator[tuple[float, float, float, float, float, Vector]]:
    """Each hour: latitude, longitude, hPa, hPa an hour, stated m/s, and motion to east and north in m/s."""
    columns = (member[name].values.tolist() for name in ("lat", "lon", "pressure", "wind"))
    fixes = [fix for fix in zip(*columns, strict=True) if not any(map(math.isnan, fix))]
    hours, pace = [], []
    for (lat, lon, pressure, wind), (lat_1, lon_1, pressure_1, wind_1) in pairwise(fixes):
        azimuth, _, metres = BALL.inv(lon, lat, lon_1, lat_1)
        for hour in range(6):
            share = hour / 6
            at_lon, at_lat, _ = BALL.fwd(lon, lat, azimuth, metres * share)
            hours.append((at_lat, at_lon, pressure + (pressure_1 - pressure) * share, wind + (wind_1 - wind) * share))
            towards = math.radians(BALL.inv(at_lon, at_lat, lon_1, lat_1)[0])
            pace.append((metres / 21600 * math.sin(towards), metres / 21600 * math.cos(towards)))
    hours.append(fixes[-1])
    for number, (lat, lon, pressure, wind) in enumerate(hours):
        near = [hours[k] for k in (number - 1, number, number + 1) if 0 <= k < len(hours)]
        sides = pace[max(number - 1, 0) : number + 1] or [(0.0, 0.0)]
        east, north = (sum(side) / len(sides) for side in zip(*sides, strict=True))
        yield lat, lon, pressure, (near[-1][2] - near[0][2]) / max(len(near) - 1, 1), wind, (east, north)


def at_basco(storm: xr.Dataset) -> Iterator[str]:
    for radius in ("pressure", "message"):
        found = hourly_vortex(storm, WindSettings.model_validate({"radius": radius}))
        ten = fastest_at(found, *(np.array([degrees]) for degrees in BASCO))[:, 0]
        for period, speeds in (("10-minute", ten), ("1-minute", ten / 0.93)):
            share = (speeds > 32.7).mean()
            yield f"Basco, radius by {radius}, {period}: mean {speeds.mean():.1f} m/s, P(> 32.7 m/s) {share:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--areas", type=int, default=1647, help="municipalities, the northern ones first")
    parser.add_argument("--hours", type=int, default=96)
    parser.add_argument("--plain-members", type=int, default=3, help="that the plain loop does; scaled to all of them")
    options = parser.parse_args()
    layers = municipalities(options.areas)
    country = TyphoonCountry(
        iso3="PHL", name="Philippines", admin_levels=(3,), default_admin_level=3, sources=("folder",), triggers=(),
        monitoring=((115, 5), (135, 5), (135, 25), (115, 25)),
    )  # fmt: skip
    whole = read_tracks([real("tracks", "chanthu_2021091000_eps.bufr")]).isel(storm=0)
    storm = whole.isel(time=whole["step"].values <= options.hours)
    started = time.perf_counter()
    area_winds(storm, layers, country)
    seconds = time.perf_counter() - started
    tracemalloc.start()
    area_winds(storm, layers, country)
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    cells = layers.cells
    ours = fastest_at(hourly_vortex(storm, country.wind), cells["lat"].values, cells["lon"].values)
    some = range(0, storm.sizes["member"], max(1, storm.sizes["member"] // options.plain_members))[
        : options.plain_members
    ]
    started = time.perf_counter()
    theirs = [
        plain(storm.isel(member=each), cells["lat"].values.tolist(), cells["lon"].values.tolist()) for each in some
    ]
    plain_seconds = (time.perf_counter() - started) * storm.sizes["member"] / len(some)
    apart = float(np.abs(ours[list(some)] - np.array(theirs)).max())
    sizes = f"{storm.sizes['member']} members, {options.hours} hours, {cells.sizes['cell']} cells"
    print(f"{sizes} of {options.areas} municipalities")
    print(f"winds, people and damage: {seconds:.2f} s, peak memory {peak:.0f} MiB")
    print(f"plain loop: {plain_seconds:.0f} s")
    print(f"largest difference: {apart:.3f} m/s")
    print(f"ratio: {plain_seconds / seconds:.0f}x")
    print("\n".join(at_basco(whole)))


if __name__ == "__main__":
    inputs.run(main)
