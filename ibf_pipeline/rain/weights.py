"""How much of each area lies in which cell of a grid: exact shares, made once for a grid and a set of areas."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from exactextract import exact_extract
from exactextract.raster import NumPyRasterSource
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.io.atomic_files import atomic_path
from ibf_pipeline.rain.fields import Moment
from ibf_pipeline.rain.grid import Floats64, RainGrid, rotated
from ibf_pipeline.rain.steps import GriddedRain

_LEAST_SHARE: Final = 0.8
"""of an area's ground that must have a value; with less of it the area's rain is missing"""
_AT_ONCE: Final = 4_000_000
"""numbers that are multiplied at once: 32 MB"""
_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class AreaWeights:
    """A sparse matrix, area by area: what its rows hold is the part of the area's ground in each cell."""

    areas: tuple[str, ...]
    begins: npt.NDArray[np.int64]
    """(area + 1,) where each area's entries begin"""
    cells: npt.NDArray[np.int64]
    """(entry,) row * width + column"""
    shares: Floats64
    """(entry,) 0..1; those of an area add up to 1, to less where it reaches out of the grid"""

    def means(self, fields: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(..., row, column) to (..., area): the mean over the part of an area that has values.

        NaN where that is less than LEAST_SHARE of its ground.
        """
        flat = fields.reshape(-1, fields.shape[-2] * fields.shape[-1])
        found = np.full((len(flat), len(self.areas)), np.nan, dtype=np.float32)
        some = np.flatnonzero(np.diff(self.begins))
        many = max(1, _AT_ONCE // max(1, len(self.cells)))
        for first in range(0, len(flat) if len(some) else 0, many):
            values = flat[first : first + many, self.cells].astype(np.float64)
            has = np.isfinite(values)
            total = np.add.reduceat(np.where(has, values, 0.0) * self.shares, self.begins[some], axis=1)
            seen = np.add.reduceat(has * self.shares, self.begins[some], axis=1)
            enough = seen >= _LEAST_SHARE - 1e-9
            found[first : first + many, some] = np.where(enough, total / np.where(enough, seen, 1.0), np.nan)
        return found.reshape(*fields.shape[:-2], len(self.areas))


@dataclass(frozen=True, slots=True)
class AreaSteps:
    """Rain of areas in the steps of a source."""

    areas: tuple[str, ...]
    members: tuple[int, ...]
    starts: npt.NDArray[np.datetime64]
    ends: npt.NDArray[np.datetime64]
    amount: npt.NDArray[np.float32]
    """(member, step, area) mm; NaN where missing"""
    cycle: Moment | None = None


def area_steps(rain: GriddedRain, weights: AreaWeights) -> AreaSteps:
    """Area means of gridded rain; `weights` are those of its grid."""
    means = weights.means(rain.amount)
    return AreaSteps(weights.areas, rain.members, rain.starts, rain.ends, means, rain.cycle)


def weigh(grid: RainGrid, areas: Sequence[str], ground: Sequence[BaseGeometry]) -> AreaWeights:
    """Shares of areas in cells, by what each covers of a cell on the sphere.

    `ground`: of each area, EPSG:4326; an area without extent has the cell that it lies in, an empty one none.
    """
    if grid.pole is not None:
        turned = partial(rotated, pole=grid.pole)
        ground = [shapely.transform(shapely.segmentize(each, 0.05), turned) for each in ground]
    bottom, right = grid.top - grid.dy * grid.height, grid.left + grid.dx * grid.width
    ground = [_turned(each, (grid.left + right) / 2) for each in ground]
    source = NumPyRasterSource(
        np.zeros((grid.height, grid.width)), xmin=grid.left, ymin=bottom, xmax=right, ymax=grid.top
    )
    wide = [number for number, each in enumerate(ground) if each.area > 0]
    entries = {
        number: _cell_of_point(grid, each) for number, each in enumerate(ground) if each.area == 0 and not each.is_empty
    }
    if wide:
        frame = gpd.GeoDataFrame({"number": wide}, geometry=[ground[number] for number in wide], crs=4326)
        rows = exact_extract(source, frame, ["cell_id", "coverage"], include_cols=["number"], output="pandas")
        for number, cells, coverage in rows[["number", "cell_id", "coverage"]].itertuples(index=False):
            entries[int(number)] = _shares(grid, ground[int(number)], np.asarray(cells, np.int64), np.asarray(coverage))
    nothing = (np.empty(0, np.int64), np.empty(0))
    parts = [entries.get(number, nothing) for number in range(len(ground))]
    begins = np.concatenate([[0], np.cumsum([len(cells) for cells, _ in parts])]).astype(np.int64)
    cells, shares = (np.concatenate([part[side] for part in parts] or [nothing[side]]) for side in (0, 1))
    return AreaWeights(tuple(areas), begins, cells.astype(np.int64), shares.astype(np.float64))


def _turned(area: BaseGeometry, middle: float) -> BaseGeometry:
    """An area by whole turns of 360 degrees where the grid counts its longitudes."""
    if area.is_empty:
        return area
    turn = 360.0 * round((middle - (area.bounds[0] + area.bounds[2]) / 2) / 360.0)
    return shapely.transform(area, lambda points: points + np.array([turn, 0.0])) if turn else area


def _shares(
    grid: RainGrid, area: BaseGeometry, cells: npt.NDArray[np.int64], coverage: Floats64
) -> tuple[npt.NDArray[np.int64], Floats64]:
    inside = coverage > 0
    cells, coverage = cells[inside], coverage[inside].astype(float)
    ground = coverage * np.cos(np.radians(grid.top - (cells // grid.width + 0.5) * grid.dy))
    within = min(1.0, float(coverage.sum()) * grid.dx * grid.dy / area.area)
    return cells, ground / ground.sum() * within if len(cells) else ground


def _cell_of_point(grid: RainGrid, area: BaseGeometry) -> tuple[npt.NDArray[np.int64], Floats64]:
    point = area.representative_point()
    row, column = int((grid.top - point.y) // grid.dy), int((point.x - grid.left) // grid.dx)
    inside = 0 <= row < grid.height and 0 <= column < grid.width
    return np.array([row * grid.width + column] * inside, dtype=np.int64), np.ones(int(inside))


def kept_weights(
    folder: Path, grid: RainGrid, areas: Sequence[str], shapes: str, ground: Callable[[], Sequence[BaseGeometry]]
) -> AreaWeights:
    """The weights of a grid: those of an earlier day if grid and areas are the same, else made and kept.

    `folder`: for rain, below the country's prepared one; `shapes`: hash of the areas' outlines, as `prepare` notes it;
    `ground`: reads the outlines, called only if weights have to be made.
    """
    stamp = hashlib.sha256(repr((_FORMAT, astuple(grid), tuple(areas), shapes)).encode()).hexdigest()
    file = folder / f"weights_{stamp[:12]}.npz"
    kept = _read(file, stamp, areas)
    if kept is not None:
        return kept
    made = weigh(grid, areas, ground())
    with atomic_path(file) as partial, partial.open("wb") as stream:
        np.savez_compressed(stream, stamp=stamp, begins=made.begins, cells=made.cells, shares=made.shares)
    return made


def _read(file: Path, stamp: str, areas: Sequence[str]) -> AreaWeights | None:
    """None if there is none, it is damaged or of something else: then it is made anew."""
    try:
        with file.open("rb") as stream, np.load(stream) as kept:
            if str(kept["stamp"]) == stamp:
                return AreaWeights(tuple(areas), kept["begins"], kept["cells"], kept["shares"])
    except Exception:  # numpy and zipfile have no common error for a file that was cut off
        return None
    return None
