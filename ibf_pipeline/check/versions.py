"""Two sets of thresholds of a country, of two GloFAS versions, held against each other station by station."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers, Station
from ibf_pipeline.errors import IbfError, InputInvalid
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.prepare.stations import read_thresholds
from ibf_pipeline.static.thresholds import RiverCell


@dataclass(frozen=True, slots=True)
class StationComparison:
    """A station in the set in use and in the other one, at one return period."""

    code: str
    ours: float | None
    """m3/s; None if the set has none"""
    other: float | None
    cell: str = ""
    """what becomes of its cell in the other version's grid; empty if it stays, or no grid was looked at"""

    @property
    def ratio(self) -> float | None:
        """The other threshold by ours."""
        return None if self.ours is None or self.other is None else self.other / self.ours


def of_stations(file: Path, stations: Sequence[Station], period: float) -> dict[str, float | None]:
    """Station code -> m3/s at a return period (years); None if the set has no usable threshold of it.

    Raises InputInvalid if the file has none for any station.
    """
    found: dict[str, float | None] = {}
    errors: list[InputInvalid] = []
    for station in stations:
        try:
            table = read_thresholds(file, [station], {period})
            found[station.code] = float(table.sel(station=station.code, return_period=period))
        except InputInvalid as error:
            found[station.code] = None
            errors.append(error)
    if errors and len(errors) == len(stations):
        raise errors[0]
    return found


def compare_sets(
    ours: Mapping[str, float | None],
    other: Mapping[str, float | None],
    cells: Mapping[str, RiverCell] | None = None,
    other_cells: Mapping[str, RiverCell] | None = None,
) -> list[StationComparison]:
    """Every station of `ours`, in its order; `cells`: by the threshold grids of the two versions, if there are any.

    Rule: a station loses its river if its cell has no value in the other version's grid, or the other set has no
    threshold of it; its cell moves if a neighbour carries the river in the other grid and did not in ours.
    """
    return [
        StationComparison(code, ours[code], other.get(code), _cell(code, other.get(code), cells, other_cells))
        for code in ours
    ]


def _cell(
    code: str,
    other: float | None,
    cells: Mapping[str, RiverCell] | None,
    other_cells: Mapping[str, RiverCell] | None,
) -> str:
    without = "" if other is not None else "loses its river: no threshold in that set"
    if other_cells is None:
        return without
    then, was_beside = other_cells[code], cells is not None and cells[code].beside is not None
    moved = "" if then.beside is None or was_beside else f"the river moves to {then.beside.lat:g}, {then.beside.lon:g}"
    if then.here is None:
        return f"loses its river{': ' + moved if moved else ''}"
    return moved or without


@dataclass(frozen=True, slots=True)
class DayComparison:
    """The alerts of a kept ensemble by both sets."""

    issue_date: date
    version: str
    """of the ensemble"""
    ours: str
    other: str

    @property
    def differs(self) -> bool:
        """Whether people would have been notified differently."""
        return self.ours != self.other


def compare_days(
    cubes: Iterable[xr.DataArray], layers: CountryLayers, country: FloodCountry, version: str
) -> Iterator[DayComparison]:
    """Each kept ensemble (member, lead_time, station; m3/s) judged with today's rules, by both sets of thresholds.

    For a set by which the day would have stopped, the reason is given instead.
    """
    others = country.model_copy(update={"thresholds_version": version})
    for cube in cubes:
        ours = _alerts(cube, layers, country)
        other = _alerts(cube, layers.judged_by(version), others)
        issued = date.fromisoformat(str(cube.attrs["issue_date"]))
        yield DayComparison(issued, str(cube.attrs["glofas_version"]), ours, other)


def _alerts(cube: xr.DataArray, layers: CountryLayers, country: FloodCountry) -> str:
    try:
        events = find(cube, layers, country).events
    except IbfError as error:
        return f"no run: {error.found}"
    return ", ".join(f"{event.name} {event.flags}" for event in events) or "no alert"
