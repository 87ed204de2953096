"""A country's people by its population raster: of every area, with what is unknown or doubtful about them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ibf_pipeline.domain.country import Area
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.count_statistics import CountStatistics
from ibf_pipeline.prepare.cover import cover_of
from ibf_pipeline.prepare.totals import Totals, total_doubts
from ibf_pipeline.prepare.zonal_sums import parent_totals


@dataclass(frozen=True, slots=True)
class AreaPopulations:
    """What is known of them."""

    areas: tuple[Area, ...]
    """of every level, the deepest first"""
    doubts: tuple[str, ...]
    """in words"""


def area_populations(
    raster: Path, levels: Sequence[Boundaries], sums: np.ndarray, counts: CountStatistics, totals: Totals | None
) -> AreaPopulations:
    """What a population raster says of a country, doubtful or not; `check` and `prepare` say the same.

    `levels`: highest first; `sums`: what the raster holds in each of the deepest areas; `counts`: what was found in it.
    Raises InputInvalid if these cannot be the country's people (`total_doubts`).
    """
    cover = cover_of(raster, "population raster", levels[-1], sums, counts)
    areas = tuple(_areas(levels, sums, cover.unknown))
    of_totals = [] if totals is None else total_doubts(raster, areas, totals)
    return AreaPopulations(areas, (*cover.doubts, *counts.doubts(raster.name), *of_totals))


def _areas(levels: Sequence[Boundaries], sums: np.ndarray, unknown: Collection[str]) -> Iterable[Area]:
    """Of the levels above, what those below have together, known if they all are."""
    totals, doubtful = dict(zip(levels[-1].place_codes, sums.tolist(), strict=True)), set(unknown)
    for layer in reversed(levels):
        values = [totals.get(code, 0.0) for code in layer.place_codes]
        for code, name, parent, value in zip(layer.place_codes, layer.names, layer.parents, values, strict=True):
            yield Area(code, name, layer.admin_level, parent, value, people_known=code not in doubtful)
        totals = parent_totals(values, layer.parents)
        doubtful = {
            str(parent) for code, parent in zip(layer.place_codes, layer.parents, strict=True) if code in doubtful
        }
