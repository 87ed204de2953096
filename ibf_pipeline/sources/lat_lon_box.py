"""The part of the globe that a country's stations need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ibf_pipeline.discharge.cells import GLOFAS_CELL
from ibf_pipeline.discharge.file_discharge import StationCells

_ROUNDING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class LatLonBox:
    """Edges in degrees, EPSG:4326, on cell edges; in the order that Copernicus services take them."""

    north: float
    west: float
    south: float
    east: float

    def holds(self, other: LatLonBox) -> bool:
        """Whether another area lies within."""
        return (
            self.north >= other.north - _ROUNDING
            and self.west <= other.west + _ROUNDING
            and self.south <= other.south + _ROUNDING
            and self.east >= other.east - _ROUNDING
        )

    def as_list(self) -> list[float]:
        """[north, west, south, east]."""
        return [self.north, self.west, self.south, self.east]

    @classmethod
    def of(cls, edges: Sequence[float]) -> LatLonBox:
        """From [north, west, south, east]."""
        return cls(*map(float, edges))

    @property
    def cells(self) -> int:
        """GloFAS cells within."""
        return round((self.north - self.south) / GLOFAS_CELL) * round((self.east - self.west) / GLOFAS_CELL)

    @property
    def corners(self) -> StationCells:
        """The cells in its north-western and south-eastern corner."""
        half = GLOFAS_CELL / 2
        lat, lon = np.array([self.north - half, self.south + half]), np.array([self.west + half, self.east - half])
        return StationCells(("north-west", "south-east"), lat, lon)


def box_around(cells: StationCells, margin: float) -> LatLonBox:
    """The stations' cells with a margin (degrees, made up to whole cells) on every side, within the globe."""
    cell = GLOFAS_CELL
    around = np.ceil(margin / cell - 1e-6) * cell
    edges = (
        min(90.0, float(cells.lat.max()) + cell / 2 + around),
        max(-180.0, float(cells.lon.min()) - cell / 2 - around),
        max(-90.0, float(cells.lat.min()) - cell / 2 - around),
        min(180.0, float(cells.lon.max()) + cell / 2 + around),
    )
    return LatLonBox.of([round(edge, 6) for edge in edges])
