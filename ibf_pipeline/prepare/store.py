"""Prepared layers of a country, read back for a day: tables only, no boundary polygons and no population raster."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from ibf_pipeline.discharge.reader import StationCells
from ibf_pipeline.domain.country import Area, CountryLayers, Station
from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.io.netcdf import open_netcdf
from ibf_pipeline.prepare.extent_tiles import FloodTiles
from ibf_pipeline.prepare.prepared_ground import require_prepared, undamaged
from ibf_pipeline.prepare.stations import cells_of_stations
from ibf_pipeline.prepare.threshold_sets import later_sets

ExtentTiles = FloodTiles[float]
"""by return period"""


def read_prepared(folder: Path, iso3: str) -> tuple[CountryLayers, ExtentTiles]:
    """The tables and the extent tiles of a prepared country.

    Raises InputMissing if it was not prepared, InputInvalid if the folder is damaged.
    """
    require_prepared(folder, iso3, "floods")
    with undamaged(folder, iso3):
        content = json.loads((folder / "country.json").read_text(encoding="utf-8"))
        with open_netcdf(folder / "tables.nc") as tables:
            thresholds, exposure = tables["thresholds"].load(), tables["exposure"].load()
            later = later_sets(tables)
        wet = np.load(folder / "wet_blocks.npy")
        areas = {entry["place_code"]: Area(**entry) for entry in content["areas"]}
        layers = CountryLayers(
            iso3=content["iso3"],
            areas=areas,
            stations=tuple(Station(**entry) for entry in content["stations"]),
            thresholds=thresholds,
            mapping={station: tuple(codes) for station, codes in content["mapping"].items()},
            exposure=exposure,
            mapping_is_proposed=bool(content.get("mapping_is_proposed", False)),
            findings=tuple(content["findings"]),
            doubts=tuple(content["doubts"]),
            later_thresholds=later,
        )
        tiles = FloodTiles(
            areas=folder / "areas.tif",
            depths={float(period): folder / f"depth_RP{period:g}.tif" for period in content["return_periods"]},
            wet=wet,
            place_codes=tuple(str(code) for code in exposure["area"].values),
        )
    return layers, tiles


def station_cells(layers: CountryLayers) -> StationCells:
    """The stations' cells as the discharge reader takes them."""
    return cells_of_stations(layers.stations)


PlaceCodes = Callable[[Path, Findings], Mapping[int, Sequence[str]]]
"""(a country's prepared layers, findings): the place codes of all areas, by the findings' levels"""


def prepared_codes(prepared: Path, findings: Findings) -> Mapping[int, Sequence[str]]:
    """Those of the layers that `prepare` has made; InputMissing or InputInvalid if these cannot be read."""
    layers, _ = read_prepared(prepared, findings.country)
    return {level: tuple(area.place_code for area in layers.level(level)) for level in findings.admin_levels}
