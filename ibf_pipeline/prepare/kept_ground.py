"""The ground of all areas in a prepared folder, and what is said of such a folder where it is damaged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.errors import InputInvalid, turned_into

GROUND: Final = "ground.txt"


def read_ground(folder: Path) -> list[BaseGeometry]:
    """As `write_ground` wrote it."""
    with undamaged(folder, folder.name):
        return list(shapely.from_wkb((folder / GROUND).read_text(encoding="ascii").split()))


def write_ground(ground: Sequence[BaseGeometry], folder: Path) -> None:
    """The polygons of all areas, one a line."""
    (folder / GROUND).write_text("\n".join(shapely.to_wkb(np.array(ground), hex=True)), encoding="ascii")


def undamaged(folder: Path, iso3: str) -> Any:
    """Whatever goes wrong within it is InputInvalid: the prepared layers are damaged."""
    return turned_into(
        InputInvalid,
        f"the prepared layers of {iso3} are damaged ({{}})",
        where=folder,
        expected="the layers as `prepare` wrote them",
        remedy="delete the folder and run `ibf-pipeline prepare` again",
    )
