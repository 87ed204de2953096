"""An invented library of flash floods: scenarios of rain with their ranks, and the water that each one brings."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from rasterio.windows import Window
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.discharge.cells import Grid
from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.synthetic.flood_depth import DRY, height_above_river
from ibf_pipeline.synthetic.noise import row_blocks
from ibf_pipeline.synthetic.rasters import create_raster
from ibf_pipeline.synthetic.rivers import FAR, River, river_tree

STEPS: Final[Mapping[int, tuple[int, ...]]] = {
    1: tuple(range(10, 61, 10)),
    2: tuple(range(10, 71, 10)),
    4: tuple(range(10, 71, 10)),
    12: tuple(range(10, 101, 10)),
    24: tuple(range(50, 201, 25)),
    48: tuple(range(50, 201, 50)),
}
"""duration (hours) -> amounts (mm), those of Malawi's library"""

_STAGE: Final = 2.2
"""metres of water above the dry river bed per unit of severity"""
_LEAST_DEPTH: Final = 0.03
"""metres"""


def scenarios(steps: Mapping[int, Iterable[int]] = STEPS) -> tuple[Scenario, ...]:
    """Every amount of every duration, the worst last: that is their rank."""
    amounts = [(hours, mm) for hours, many in steps.items() for mm in many]
    amounts.sort(key=lambda each: (severity(*each), each))
    return tuple(Scenario(f"{mm}mm_{hours}hr", hours, mm, rank) for rank, (hours, mm) in enumerate(amounts, 1))


def severity(duration_h: float, amount_mm: float) -> float:
    """How bad so much rain in so many hours is: about 1 where it is rare. Grows with the amount, and with its haste as
    curves of depth, duration and frequency do.
    """
    return float(amount_mm / (30.0 * duration_h**0.45))


def write_library(
    folder: Path, rivers: Sequence[River], grid: Grid, chosen: Sequence[Scenario], *, seed: int = 0
) -> Path:
    """Write `scenarios.csv` and `depth/<scenario>.tif` (float32 metres, to the cm) and return the folder.

    Water is deepest in the middle of a valley; a worse scenario is deeper and wider than the ones below it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "scenarios.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("scenario", "duration_h", "amount_mm", "rank"))
        writer.writerows((each.name, each.duration_h, f"{each.amount_mm:g}", each.rank) for each in chosen)
    with ExitStack() as stack:
        rasters = [stack.enter_context(create_raster(folder / "depth" / f"{s.name}.tif", grid, DRY)) for s in chosen]
        for rows in row_blocks(grid):
            height = height_above_river(rivers, grid, rows, seed)
            if not (height < FAR).any():
                continue
            for raster, scenario in zip(rasters, chosen, strict=True):
                water = _STAGE * severity(scenario.duration_h, scenario.amount_mm) - height
                depth = np.round(water, 2)
                depth[depth < _LEAST_DEPTH] = DRY
                raster.write(depth, 1, window=Window(0, rows.start, grid.width, rows.stop - rows.start))
    return folder


def rivers_through(
    name: str,
    areas: Sequence[BaseGeometry],
    *,
    valley: tuple[float, float] = (0.004, 0.012),
    seed: int = 0,
) -> list[River]:
    """Rivers that pass a point inside every area and join in the lowest latitude's; `valley`: half width, degrees."""
    points = np.array([(point.x, point.y) for point in (area.representative_point() for area in areas)])
    outlet = int(points[:, 1].argmin())
    rest = np.delete(points, outlet, axis=0)
    mouth = (float(points[outlet, 0]), float(points[outlet, 1]))
    start = rest if len(rest) else points + np.array([[0.0, 3 * valley[0]]])
    return river_tree(name, mouth, start, np.random.default_rng([seed, len(areas)]), valley=valley)
