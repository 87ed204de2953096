"""Ground on which nobody is counted because no area of the deepest level keeps it (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Final

from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.prepare.boundaries import Boundaries

_FILLED: Final = 0.9
"""share of an area that those below it have to fill; real editions differ by a few percent"""
_NAMED: Final = 4
"""areas"""


def covered(layer: Boundaries) -> list[str]:
    """Place codes of areas that smaller ones of their level cover wholly."""
    return [code for code, ground in zip(layer.place_codes, layer.ground, strict=True) if ground.is_empty]


def unfilled(above: Boundaries, below: Boundaries) -> dict[str, float]:
    """Place code -> share of its ground, of areas that those of the next level below leave empty, in all or in part."""
    filled = dict.fromkeys(above.place_codes, 0.0)
    for parent, geometry in zip(below.parents, below.ground, strict=True):
        filled[str(parent)] += geometry.area
    sizes = {code: own.area for code, own in zip(above.place_codes, above.ground, strict=True) if own.area}
    return {code: filled[code] / size for code, size in sizes.items() if filled[code] < _FILLED * size}


def uncounted_doubts(levels: Mapping[int, Boundaries]) -> list[str]:
    """What runs say of it."""
    gone = ((codes, layer) for layer in levels.values() if (codes := covered(layer)))
    partly = (
        (list(shares), above, below) for above, below in pairwise(levels.values()) if (shares := unfilled(above, below))
    )
    return [
        *(covered_doubt(codes, layer) for codes, layer in gone),
        *(unfilled_doubt(codes, above, below) for codes, above, below in partly),
    ]


def covered_doubt(codes: list[str], layer: Boundaries) -> str:
    """What runs say of areas that are `covered`."""
    return f"{_areas(codes, layer)} covered by smaller ones: nobody is counted there"


def unfilled_doubt(codes: list[str], above: Boundaries, below: Boundaries) -> str:
    """What runs say of areas that are `unfilled`."""
    return f"{_areas(codes, above)} not filled by those of level {below.admin_level}: nobody is counted in the rest"


def _areas(codes: list[str], layer: Boundaries) -> str:
    return f"{counted(len(codes), 'area')} of level {layer.admin_level} ({some(codes, _NAMED)})"
