"""The ground of all areas in a prepared folder, and what is said of such a folder if it is missing or damaged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import InputInvalid, InputMissing, errors_as
from ibf_pipeline.prepare.grids import Bounds

GROUND: Final = "ground.txt"


@dataclass(frozen=True, slots=True, kw_only=True)
class PreparedGround:
    """The ground of a prepared country's areas."""

    shapes: str
    """its hash: whatever is kept of it stands for as long as this is the same"""
    bounds: Bounds
    """degrees, around all areas"""
    ground: Callable[[], Sequence[BaseGeometry]]
    """reads the polygons of all areas, in the order of the layers' `areas`; no two of them overlap"""


def require_prepared(folder: Path, iso3: str, hazard: str) -> None:
    """InputMissing if a country was not prepared for a hazard."""
    if not (folder / "stamp.json").is_file():
        raise InputMissing(
            f"{iso3} is not prepared for {hazard}",
            where=folder,
            expected="prepared layers with their stamp.json",
            remedy=f"run `ibf-pipeline prepare {iso3}`",
        )


def read_ground(folder: Path) -> list[BaseGeometry]:
    """As `write_ground` wrote it."""
    with undamaged(folder, folder.name):
        return list(shapely.from_wkb((folder / GROUND).read_text(encoding="ascii").split()))


def write_ground(ground: Sequence[BaseGeometry], folder: Path) -> None:
    """The polygons of all areas, one a line."""
    (folder / GROUND).write_text("\n".join(shapely.to_wkb(np.array(ground), hex=True)), encoding="ascii")


def undamaged(folder: Path, iso3: str) -> Any:
    """Whatever goes wrong within it is InputInvalid: the prepared layers are damaged."""
    return errors_as(
        InputInvalid,
        f"the prepared layers of {iso3} are damaged ({{}})",
        where=folder,
        expected="the layers as `prepare` wrote them",
        remedy=f"delete the folder and run `ibf-pipeline prepare {iso3}`",
    )
