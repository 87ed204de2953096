"""Thresholds of stations sampled from the GloFAS threshold grids, at the cells that forecasts are read at too.

Grids: `flood_threshold_glofas_v4_rl_<rp>.nc` of the CEMS auxiliary data, one for each return period, m3/s on the 0.05
degree grid, a Gumbel fit (L-moments) to the annual maxima of 1979-2022.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.discharge.cells import indices_in
from ibf_pipeline.domain.country import Station
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.static.threshold_grids import ThresholdGrids, open_grid

_SPELLINGS: Final = ("{0:.1f}", "{0:g}")
"""how file names write a return period: 2.0 or 2"""
_BESIDE: Final = 3.0
"""times: a neighbouring cell with so much larger a threshold carries the river"""


@dataclass(frozen=True, slots=True)
class NeighbouringRiver:
    """A station whose river flows through a neighbouring cell."""

    code: str
    here: float | None
    """m3/s at the smallest return period; None if the grid has no river at all"""
    there: float
    lat: float
    """degrees, centre of the neighbouring cell"""
    lon: float

    def __str__(self) -> str:
        here = "no river" if self.here is None else f"{self.here:.3g} m3/s"
        return f"{self.code} ({here} here, {self.there:.3g} m3/s at {self.lat:g}, {self.lon:g})"


def sample_thresholds(
    place: ThresholdGrids, stations: Sequence[Station], periods: Sequence[float], major_version: str
) -> tuple[dict[str, dict[float, float]], list[NeighbouringRiver]]:
    """Station code -> return period (years) -> m3/s, and the stations that seem to lie beside their river.

    Raises InputMissing if a grid is not there, InputInvalid if it cannot be read or a station's cell has no
    value in it.
    """
    tables: dict[str, dict[float, float]] = {station.code: {} for station in stations}
    beside: list[NeighbouringRiver] = []
    for number, period in enumerate(sorted(periods)):
        file = grid_file(place, period, major_version)
        around = _around(file, stations)
        here = around[:, 1, 1]
        if number == 0:
            beside = _beside(stations, around)
        without = [station.code for station, value in zip(stations, here, strict=True) if not value > 0]
        if without:
            hints = [str(entry) for entry in beside if entry.code in without]
            raise InputInvalid(
                f"no river in the cells of {', '.join(without)}",
                where=file,
                expected="stations on river cells" + (f"; there is one beside: {', '.join(hints)}" if hints else ""),
                remedy="move these stations onto the river in stations.csv, or remove them",
            )
        for station, value in zip(stations, here.tolist(), strict=True):
            tables[station.code][period] = round(value, 3)
    return tables, beside


@dataclass(frozen=True, slots=True)
class RiverCell:
    """A station's cell in a threshold grid."""

    here: float | None
    """m3/s; None if the grid has no river"""
    beside: NeighbouringRiver | None
    """where a neighbouring cell seems to carry the river"""


def sample_river_cells(
    place: ThresholdGrids, stations: Sequence[Station], period: float, major_version: str
) -> dict[str, RiverCell]:
    """Station code -> its cell in the grid of a return period (years); raises as `sample_thresholds`, but takes cells
    without a river.
    """
    around = _around(grid_file(place, period, major_version), stations)
    beside = {each.code: each for each in _beside(stations, around)}
    return {
        station.code: RiverCell(value if value > 0 else None, beside.get(station.code))
        for station, value in zip(stations, around[:, 1, 1].tolist(), strict=True)
    }


def write_thresholds(file: Path, stations: Sequence[Station], tables: Mapping[str, Mapping[float, float]]) -> None:
    """Write `thresholds.json`."""
    entries = [
        {
            "station_code": station.code,
            "station_name": station.name,
            "lat": station.lat,
            "lon": station.lon,
            "thresholds": [
                {"return_period": period, "threshold_value": value} for period, value in tables[station.code].items()
            ],
        }
        for station in stations
    ]
    write_text(file, json.dumps(entries, ensure_ascii=False, indent=1) + "\n")


def grid_file(place: ThresholdGrids, period: float, major_version: str) -> Path:
    """The grid of a return period (years) on this machine; InputMissing if there is none."""
    names = list(
        dict.fromkeys(f"flood_threshold_glofas_v{major_version}_rl_{form.format(period)}.nc" for form in _SPELLINGS)
    )
    for name in names:
        try:
            return place.file(name)
        except InputMissing:
            continue
    raise InputMissing(
        f"there is no threshold grid of {period:g} years",
        where=place.where,
        expected=" or ".join(names),
        remedy="fetch the grids of thresholds_version, or correct static_sources.thresholds and threshold_periods",
    )


def _around(file: Path, stations: Sequence[Station]) -> npt.NDArray[np.float64]:
    """(station, 3, 3) m3/s of each station's cell and its neighbours, north first; NaN where there is no value."""
    with open_grid(file) as (variable, lat, lon):
        rows = indices_in(lat, np.array([station.cell_lat for station in stations]))
        columns = indices_in(lon, np.array([station.cell_lon for station in stations]))
        outside = [s.code for s, row, column in zip(stations, rows, columns, strict=True) if min(row, column) < 0]
        if outside:
            raise InputInvalid(
                f"stations outside the grid: {', '.join(outside)}",
                where=file,
                expected="a grid that covers the country, of 0.05 degree",
                remedy="take the global grid",
            )
        down = 1 if lat[0] > lat[-1] else -1
        places = zip(rows.tolist(), columns.tolist(), strict=True)
        windows = [_window(variable, row, column, down) for row, column in places]
        return np.array(windows, dtype=float).reshape(-1, 3, 3)


def _window(variable: Any, row: int, column: int, down: int) -> npt.NDArray[np.float64]:
    values = np.full((3, 3), np.nan)
    top, left = max(row - 1, 0), max(column - 1, 0)
    first_of_each = (0,) * (len(variable.shape) - 2)
    part = variable[(*first_of_each, slice(top, row + 2), slice(left, column + 2))]
    line, place = top - row + 1, left - column + 1
    values[line : line + part.shape[0], place : place + part.shape[1]] = np.ma.filled(part.astype(float), np.nan)
    return values[::down]


def _beside(stations: Sequence[Station], around: npt.NDArray[np.float64]) -> list[NeighbouringRiver]:
    found = []
    for station, values in zip(stations, around, strict=True):
        here = values[1, 1] if values[1, 1] > 0 else None
        if not np.isfinite(values).any():
            continue
        line, place = np.unravel_index(np.nanargmax(values), values.shape)
        there = float(values[line, place])
        if there > 0 and (here is None or there > _BESIDE * here):
            lat = round(station.cell_lat - 0.05 * (int(line) - 1), 3)
            lon = round(station.cell_lon + 0.05 * (int(place) - 1), 3)
            found.append(NeighbouringRiver(station.code, None if here is None else float(here), there, lat, lon))
    return found
