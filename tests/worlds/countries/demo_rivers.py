"""Rivers, stations and thresholds of the fictional country XDM, all from the few numbers in this file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from ibf_pipeline.discharge.cells import GLOFAS_CELL, Grid, locate
from ibf_pipeline.synthetic.files import centres
from ibf_pipeline.synthetic.rivers import River, shares_along, winding

COUNTRY = "XDM"
GLOFAS_WINDOW = Grid(left=19.95, top=6.05, cell=GLOFAS_CELL, width=22, height=22)
"""the GloFAS cells of the raw forecast files"""
RETURN_PERIODS = (1.5, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0)
"""years, those of the GloFAS thresholds"""
SEED = 20260215

_FLOOD_MEAN, _FLOOD_SPREAD = 3.0, 0.8
"""Gumbel location and scale of the yearly floods, in ordinary discharges"""
_BACKGROUND = 1.1
"""discharge of the days in the raw files, in ordinary discharges"""


@dataclass(frozen=True, slots=True)
class DemoRiver(River):
    """A river of XDM with the water that it carries."""

    discharge: tuple[float, float]
    """ordinary discharge in m3/s at the source and at the mouth"""

    def at(self, share: float) -> tuple[float, float]:
        """Longitude and latitude after this share (0..1) of the river's length."""
        length = shares_along(self.points)
        lon, lat = (np.interp(share, length, self.points[:, axis]) for axis in (0, 1))
        return float(lon), float(lat)

    def ordinary_discharge(self, share: float | NDArray[np.float64]) -> NDArray[np.float64]:
        """m3/s after this share (0..1) of the river's length."""
        return np.asarray(self.discharge[0] + (self.discharge[1] - self.discharge[0]) * np.asarray(share))


@dataclass(frozen=True, slots=True)
class DemoStation:
    """A reporting point of XDM."""

    code: str
    name: str
    lat: float
    lon: float
    ordinary_discharge: float
    """m3/s, sets the thresholds"""
    fid: str


def nearest_point(line: NDArray[np.float64], place: tuple[float, float]) -> tuple[float, float]:
    """The vertex of a line (point, 2) nearest to a place: where a tributary joins."""
    best = int(np.argmin(np.hypot(*(line - np.asarray(place)).T)))
    return float(line[best, 0]), float(line[best, 1])


def river_discharge(rivers: Iterable[DemoRiver], grid: Grid) -> NDArray[np.float64]:
    """Ordinary discharge (row, column) in m3/s of a coarse grid's cells; 0 off the rivers."""
    cells = np.zeros((grid.height, grid.width))
    for river in rivers:
        points, shares = river.samples()
        for (lon, lat), amount in zip(points, river.ordinary_discharge(shares), strict=True):
            row, column = locate(lat, lon, grid)
            if 0 <= row < grid.height and 0 <= column < grid.width:
                cells[row, column] = max(cells[row, column], amount)
    return cells


@cache
def rivers() -> tuple[DemoRiver, ...]:
    """The river network: the Sarvo with its tributaries, the Mira and the Daro; all reach the southern coast."""
    rng = np.random.default_rng(SEED)
    sarvo = winding([(20.28, 6.02), (20.36, 5.78), (20.47, 5.55), (20.54, 5.33), _mouth(20.58)], rng)
    tavi_mouth = nearest_point(sarvo, (20.52, 5.43))
    tavi = winding([(20.98, 5.90), (20.83, 5.74), (20.68, 5.58), tavi_mouth], rng)
    orun = winding([(20.60, 5.99), (20.66, 5.80), nearest_point(tavi, (20.72, 5.63))], rng)
    lesk = winding([(20.02, 5.72), (20.20, 5.63), (20.33, 5.60), nearest_point(sarvo, (20.45, 5.58))], rng)
    mira = winding([(20.05, 5.46), (20.18, 5.34), (20.26, 5.20), _mouth(20.32)], rng)
    daro = winding([(20.97, 5.48), (20.86, 5.34), (20.82, 5.20), _mouth(20.80)], rng)
    return (
        DemoRiver("Sarvo", sarvo, (0.022, 0.045), (14.0, 62.0)),
        DemoRiver("Tavi", tavi, (0.018, 0.034), (8.0, 27.0)),
        DemoRiver("Orun", orun, (0.012, 0.018), (4.0, 8.0)),
        DemoRiver("Lesk", lesk, (0.014, 0.020), (5.0, 11.0)),
        DemoRiver("Mira", mira, (0.014, 0.028), (5.0, 16.0)),
        DemoRiver("Daro", daro, (0.014, 0.028), (6.0, 15.0)),
    )


@cache
def stations() -> tuple[DemoStation, ...]:
    """Eight stations, among them every oddity that real station lists have."""
    edge_lat = 5.35
    edge_lon = _lon_at("Sarvo", edge_lat)
    return (
        _on_river("G9001", "Sarvo at Kelim", "Sarvo", 0.26),
        _on_river("G9002", "Sarvo at Port-Saint-Élie", "Sarvo", 0.86),
        _on_river("G9003", "Tavi near the confluence", "Tavi", 0.86),
        _on_river("G9004", "Mira", "Mira", 0.62),
        _on_river("G9005", "Mira", "Lesk", 0.55, fid=""),
        _on_river("G9006", "Daro at Beles", "Daro", 0.50),
        DemoStation("G9007", "Nuun wells", 5.7731, 20.1294, 0.84, "G9007"),
        DemoStation("G9008", "Sarvo below the confluence", edge_lat, edge_lon, 49.0, "G9008"),
    )


NOT_ON_A_RIVER = "G9007"
"""its cell carries no water"""
UNMAPPED = "G9006"
"""no area is mapped to it"""
ON_A_CELL_EDGE = "G9008"
"""its latitude is the edge between two cells; the convention gives it the southern one"""


def thresholds() -> xr.DataArray:
    """Thresholds (station, return_period) in m3/s: Gumbel quantiles of the yearly floods."""
    reduced = np.array([-math.log(-math.log(1 - 1 / years)) for years in RETURN_PERIODS])
    ordinary = np.array([station.ordinary_discharge for station in stations()])
    levels = ordinary[:, np.newaxis] * (_FLOOD_MEAN + _FLOOD_SPREAD * reduced)
    return xr.DataArray(
        np.round(levels, 4),
        dims=("station", "return_period"),
        coords={"station": [station.code for station in stations()], "return_period": list(RETURN_PERIODS)},
        attrs={"units": "m3/s"},
    )


def station_cells() -> Mapping[str, tuple[int, int]]:
    """Row and column of each station in `GLOFAS_WINDOW`."""
    return {station.code: locate(station.lat, station.lon, GLOFAS_WINDOW) for station in stations()}


@cache
def background() -> NDArray[np.float64]:
    """Discharge (row, column) in m3/s of the window's cells: small on rivers, 0 on land, NaN at sea."""
    cells = _BACKGROUND * river_discharge(rivers(), GLOFAS_WINDOW)
    lat, lon = centres(GLOFAS_WINDOW)
    cells[lat[:, np.newaxis] < coast(lon)[np.newaxis, :]] = np.nan
    return cells


def coast(lon: NDArray[np.float64]) -> NDArray[np.float64]:
    """Latitude of the southern coast at these longitudes, degrees."""
    return 5.075 + 0.02 * np.sin(9.0 * lon) + 0.012 * np.sin(31.0 * lon)


def _mouth(lon: float) -> tuple[float, float]:
    return lon, float(coast(np.array(lon)))


def river(name: str) -> DemoRiver:
    """The river of this name."""
    return next(river for river in rivers() if river.name == name)


def _on_river(code: str, name: str, river_name: str, share: float, fid: str | None = None) -> DemoStation:
    lon, lat = river(river_name).at(share)
    ordinary = float(river(river_name).ordinary_discharge(share))
    return DemoStation(code, name, round(lat, 5), round(lon, 5), ordinary, code if fid is None else fid)


def _lon_at(river_name: str, lat: float) -> float:
    points, _ = river(river_name).samples()
    return round(float(points[np.argmin(np.abs(points[:, 1] - lat)), 0]), 5)
