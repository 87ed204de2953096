"""Rasters of counts on the grid of the floods, and what each has in areas and floods: the parts that hazards share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.count_statistics import (
    CountStatistics,
    counts_file,
    read_count_statistics,
    write_count_statistics,
)
from ibf_pipeline.prepare.counts import write_on_grid
from ibf_pipeline.prepare.cover import cover_of
from ibf_pipeline.prepare.grids import Bounds, grid_of
from ibf_pipeline.prepare.parts import PreparedPart
from ibf_pipeline.prepare.zonal_sums import area_sums

Have = Callable[[str, Sequence[PreparedPart], Callable[[list[PreparedPart]], None]], None]
"""`Workshop.step`"""


@dataclass(frozen=True, slots=True)
class CountedLayers:
    """The rasters of one country."""

    rasters: Mapping[str, Path]
    """indicator -> raster of counts"""
    grid_file: Path
    """a flood, whose grid all floods have"""
    floods: str
    """what they are called, for people"""
    target: Path
    """folder of the prepared layers"""
    have: Have
    hash_of: Callable[[Path], str]

    def layer(self, indicator: str, bounds: Bounds) -> PreparedPart:
        """A raster on the grid of the floods, within a country's or a library's bounds."""
        source, target, what = self.rasters[indicator], self.target / _layer_name(indicator), what_is(indicator)
        made_from = {"raster": self.hash_of(source), "grid": grid_of(self.grid_file), "bounds": bounds}
        part = PreparedPart(f"layer_{indicator}", (target.name, counts_file(target).name), made_from)
        people = indicator == POPULATION_AFFECTED

        def build(_: list[PreparedPart]) -> None:
            write_count_statistics(
                write_on_grid(source, self.grid_file, target, what, country=bounds, people=people), target
            )

        self.have(f"{what} on the grid of the {self.floods}", [part], build)
        return part

    def columns(
        self,
        indicator: str,
        by: str,
        made_from: Mapping[str, Any],
        floods: Mapping[str, PreparedPart],
        areas: Boundaries,
        require: Callable[[np.ndarray], None] | None = None,
    ) -> list[PreparedPart]:
        """What a layer has in each area in all and in each flood; all that are needed in one pass.

        `by`: what distinguishes floods; `floods`: name -> the part of its depths; `require`: raises if the
        sums in all cannot be right.
        """
        total = PreparedPart(f"total_{indicator}", (_total_name(indicator),), made_from)
        counts = {
            name: PreparedPart(
                f"counts_{indicator}_{name}", (counts_name(indicator, name),), {**made_from, "depth": depth.key}
            )
            for name, depth in floods.items()
        }

        def build(stale: list[PreparedPart]) -> None:
            names = [name for name, part in counts.items() if part in stale]
            wet = [self.target / floods[name].files[0] for name in names]
            sums = area_sums(self.target / _layer_name(indicator), wet, areas, self.target / "scratch.tif")
            if require is not None:
                require(sums[:, 0])
            with write_errors(self.target):
                if total in stale:
                    np.save(self.target / total.files[0], sums[:, 0])
                for place, name in enumerate(names, 1):
                    np.save(self.target / counts[name].files[0], sums[:, place])

        self.have(f"{indicator} by area and {by}", [total, *counts.values()], build)
        return [total, *counts.values()]

    def counted(self, indicator: str) -> tuple[np.ndarray, CountStatistics]:
        """What a raster holds in each of the areas, and what was found in it."""
        return np.load(self.target / _total_name(indicator)), read_count_statistics(
            self.target / _layer_name(indicator)
        )

    def doubts(self, areas: Boundaries) -> list[str]:
        """What is doubtful about all rasters but that of people."""
        doubts = []
        for indicator, raster in self.rasters.items():
            if indicator != POPULATION_AFFECTED:
                sums, counts = self.counted(indicator)
                cover = cover_of(raster, what_is(indicator), areas, sums, counts)
                doubts += [*cover.doubts, *counts.doubts(raster.name)]
        return doubts


def what_is(indicator: str) -> str:
    """The raster of an indicator, for people."""
    return "population raster" if indicator == POPULATION_AFFECTED else f"raster of {indicator}"


def counts_name(indicator: str, flood: str) -> str:
    """File of one column: what a flood has of an indicator in each area."""
    return f"counts_{indicator}_{flood}.npy"


def _layer_name(indicator: str) -> str:
    return f"layer_{indicator}.tif"


def _total_name(indicator: str) -> str:
    return f"total_{indicator}.npy"
