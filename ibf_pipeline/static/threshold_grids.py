"""GloFAS threshold grids, cut to a country as they arrive: a global one is 173 MB, a country's part some kilobytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ibf_pipeline.discharge.names import find_coordinate
from ibf_pipeline.errors import InputInvalid, errors_as
from ibf_pipeline.io.atomic_files import atomic_path, write_text
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.netcdf import netcdf_file
from ibf_pipeline.sources.lat_lon_box import LatLonBox
from ibf_pipeline.sources.subset import cells_within, columns_within, write_part
from ibf_pipeline.static.origin import OriginFolder, require_data

_MARGIN: Final = 0.1
"""degrees around the country: a station on its border has neighbouring cells, too"""
_REMEDY: Final = "correct static_sources.thresholds, or download the grids with a browser into a folder and name that"
Axis = npt.NDArray[np.float64]


class CountryGrids:
    """A country's part of the grids of a place; of a remote one nothing else stays on this machine.

    `area` is asked when the first grid arrives. A grid is fetched again if the remote file or the area changed;
    `say` gets a line about each.
    """

    def __init__(
        self,
        place: OriginFolder,
        folder: Path,
        area: Callable[[], LatLonBox],
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.where = place.where
        self._place = place
        self._folder = folder
        self._area = area
        self._say = say
        self._cut_to: LatLonBox | None = None

    @property
    def arrived(self) -> int:
        """Bytes that were fetched so far."""
        return self._place.arrived

    def file(self, name: str) -> Path:
        """The country's part of a grid; raises as the place does, InputInvalid if it is not a grid."""
        if not self._place.is_remote:
            return self._place.file(name)
        if self._cut_to is None:
            self._cut_to = self._area()
        area = self._cut_to
        target, note = self._folder / name, self._folder / f"{name}.json"
        about = {"of": self._place.version_tag(name), "area": area.as_list()}
        if not target.is_file() or read_json_or_empty(note) != about:
            complete = self._place.file(name)
            try:
                require_data(complete, "threshold grid", f"{self.where}/{name}", _REMEDY)
                cut_grid(complete, area, target)
            finally:
                self._place.drop_copy(name)
            write_text(note, json.dumps(about))
            self._say(f"{name}: arrived, and cut to the country: {target.stat().st_size / 1e3:,.0f} kB")
        return target


ThresholdGrids = OriginFolder | CountryGrids
"""a folder with the grids"""


@dataclass(frozen=True, slots=True)
class _Cell:
    """A cell of a threshold grid."""

    lat: float
    """degrees, its centre"""
    lon: float
    threshold: float
    """m3/s"""


@contextmanager
def open_grid(file: Path) -> Iterator[tuple[Any, Axis, Axis]]:
    """The variable of a grid with its latitudes and longitudes (degrees); InputInvalid if it cannot be read."""
    damaged = errors_as(
        InputInvalid,
        "the threshold grid cannot be read ({})",
        where=file,
        expected="a whole netCDF file",
        remedy="fetch it again",
    )
    with damaged, netcdf_file(file) as data:
        lat, lon = (np.asarray(data[find_coordinate(role, data.variables, file)][:], float) for role in ("lat", "lon"))
        yield _variable(data, file), lat, lon


def cut_grid(file: Path, area: LatLonBox, target: Path) -> None:
    """Write an area's part of a global grid as a file of the same layout; it appears when it is whole."""
    with open_grid(file) as (variable, lat, lon):
        if len(variable.dimensions) != 2:
            raise InputInvalid(
                f"dimensions {', '.join(variable.dimensions)}",
                where=file,
                expected="latitude, longitude",
                remedy="check that this is a GloFAS threshold grid",
            )
        rows, columns = cells_within(lat, area.south, area.north), columns_within(lon, area)
        variable.set_auto_maskandscale(False)
        data, values = variable.group(), variable[rows, columns]
        axis = {role: find_coordinate(role, data.variables, file) for role in ("lat", "lon")}
        with atomic_path(target) as partial:
            write_part(partial, data, variable, axis, {"lat": rows, "lon": columns}, values)


def area_around(bounds: Sequence[float]) -> LatLonBox:
    """`bounds`: west, south, east, north in degrees."""
    west, south, east, north = bounds
    return LatLonBox(
        min(90.0, north + _MARGIN), max(-180.0, west - _MARGIN), max(-90.0, south - _MARGIN), min(180.0, east + _MARGIN)
    )


def river_cells(file: Path, bounds: Sequence[float], smallest: float) -> list[_Cell]:
    """Cells within bounds (west, south, east, north) whose threshold is at least `smallest` m3/s, from the north."""
    area = area_around(bounds)
    with open_grid(file) as (variable, lat, lon):
        rows, columns = cells_within(lat, area.south, area.north), columns_within(lon, area)
        first_of_each = (0,) * (len(variable.shape) - 2)
        values = np.ma.filled(variable[(*first_of_each, rows, columns)].astype(float), np.nan)
    lat, lon = lat[rows], (lon[columns] + 180.0) % 360.0 - 180.0
    found = [
        _Cell(round(float(lat[row]), 4), round(float(lon[column]), 4), float(values[row, column]))
        for row, column in zip(*np.nonzero(values >= smallest), strict=True)
    ]
    return sorted(found, key=lambda cell: (-cell.lat, cell.lon))


def _variable(data: Any, file: Path) -> Any:
    found = [variable for variable in data.variables.values() if len(variable.dimensions) >= 2]
    if len(found) != 1:
        raise InputInvalid(
            f"{len(found)} variables on a grid",
            where=file,
            expected="one: the threshold in m3/s",
            remedy="check that this is a GloFAS threshold grid",
        )
    return found[0]
