"""Where the rasters of extents are, whichever way a hazard names its floods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np

Flood = TypeVar("Flood")
"""what names a flood: its return period, its scenario"""


@dataclass(frozen=True, slots=True)
class FloodTiles(Generic[Flood]):
    """Where the rasters of extents are, and which blocks have water for which area in which flood."""

    areas: Path
    """area number + 1 in every cell, 0 outside"""
    depths: Mapping[Flood, Path]
    """flood -> depth in metres on the grid of `areas`, 0 where dry"""
    wet: np.ndarray
    """(n, 4): block row, block column, area number, position of the flood in `depths`"""
    place_codes: tuple[str, ...]
    """by area number"""
