"""What is prepared of the boundaries; simplified areas for pictures are all of it if a hazard needs no more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import geopandas as gpd
import numpy as np
import shapely

from ibf_pipeline.config.country import CountryHazard
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.prepare.boundaries import Boundaries, boundary_note, read_boundaries
from ibf_pipeline.prepare.boundary_gaps import uncounted_doubts
from ibf_pipeline.prepare.inputs import boundary_files

_OUTLINE_TOLERANCE: Final = 0.003
"""degrees; pictures need no more"""


def prepare_outlines(static: Path, country: CountryHazard, folder: Path) -> None:
    """Write the outlines of every level if they are missing or older than the boundaries.

    InputMissing or InputInvalid if the boundaries cannot be read.
    """
    files = {level: outlines_file(folder, level) for level in country.admin_levels}
    sources = boundary_files(static, country).values()
    newest = max((source.stat().st_mtime for source in sources if source.is_file()), default=float("inf"))
    if all(file.is_file() and file.stat().st_mtime >= newest for file in files.values()):
        return
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for level, layer in read_boundaries(static / "admin_areas", country.admin_levels).items():
            write_outlines(layer, files[level])


def outlines_file(folder: Path, admin_level: int) -> Path:
    """Of a level, in a folder of prepared layers."""
    return folder / f"outlines_adm{admin_level}.geojson"


def write_boundaries(levels: Mapping[int, Boundaries], iso3: str, folder: Path) -> None:
    """Of the levels, highest first: `boundaries.json`, with what is remarkable about them, and their outlines."""
    content = {
        "levels": [
            {
                "admin_level": layer.admin_level,
                "place_codes": layer.place_codes,
                "names": layer.names,
                "parents": layer.parents,
                "shapes": hashlib.sha256(b"".join(shapely.to_wkb(np.array(layer.ground)))).hexdigest(),
                "bounds": shapely.total_bounds(layer.geometries).tolist(),
            }
            for layer in levels.values()
        ],
        "note": boundary_note(levels.values(), iso3),
        "doubts": uncounted_doubts(levels),
    }
    with write_errors(folder):
        (folder / "boundaries.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
        for level, layer in levels.items():
            write_outlines(layer, outlines_file(folder, level))


def write_outlines(layer: Boundaries, file: Path) -> None:
    """Simplified areas, neighbours still touching each other."""
    frame = gpd.GeoDataFrame(
        {"place_code": layer.place_codes, "name": layer.names},
        geometry=list(shapely.coverage_simplify(np.array(layer.geometries), _OUTLINE_TOLERANCE)),
        crs=4326,
    )
    frame.to_file(file, driver="GeoJSON", COORDINATE_PRECISION=5)
