"""The prepared layers of typhoon, part by part, in their order and with what each is made from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.domain.country import Area
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.netcdf import write_netcdf
from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.count_statistics import CountStatistics
from ibf_pipeline.prepare.fetch_records import doubts_of_files
from ibf_pipeline.prepare.inputs import POPULATION, total_files
from ibf_pipeline.prepare.layer_maker import LayerMaker
from ibf_pipeline.prepare.outlines import write_boundaries
from ibf_pipeline.prepare.parts import PreparedPart
from ibf_pipeline.prepare.people import area_populations
from ibf_pipeline.prepare.prepared_ground import GROUND, write_ground
from ibf_pipeline.prepare.totals import read_totals
from ibf_pipeline.prepare.typhoon.cells import AreaPieces, cut_areas, middle, settled_cells
from ibf_pipeline.prepare.typhoon.consistency import monitoring_doubts, parent_doubts, require_known_areas
from ibf_pipeline.prepare.typhoon.inputs import level_files, levels_of, parents_used, settings_of, table_files
from ibf_pipeline.prepare.typhoon.store import CELLS, COUNTRY_FILE, LAND_FILE, write_land
from ibf_pipeline.prepare.typhoon.tables import houses_doubt, read_houses, read_names, without_houses
from ibf_pipeline.prepare.zonal_sums import sums_in

COUNTING_ARCSEC: Final = 10
"""of the grid on which a raster that is not in degrees is counted: a 36th of the wind's usual cell"""
_HALF_TURN: Final = 180.0
"""degrees; a country that is wider lies on both sides of the line at which areas are cut"""
_LAND_TOLERANCE: Final = 0.0005
"""degrees, some 50 m: a coast needs no more where a pass within kilometres of it is a landfall"""


class TyphoonMaker(LayerMaker[TyphoonCountry]):
    """Makes the layers of a country with cyclones."""

    def make(self) -> None:
        """Every part; text first, so that a wrong table is found before the raster is read."""
        country, areas = self._country, self._areas
        require_known_areas(country, self._levels, self._static)
        houses = {} if country.housing is None else read_houses(self._static / country.housing, areas.place_codes)
        names = {} if country.names is None else read_names(self._static / country.names)
        outlines = self._boundaries()
        people = self._people()
        of_files = doubts_of_files(self._static, self._hashes)
        texts = (*table_files(self._static, country), *total_files(self._static))
        made_from = {
            "text": {file.name: self._hash(file) for file in texts},
            "settings": settings_of(country),
            "noted": of_files,
            "parts": [outlines.key, people.key],
        }
        tables = PreparedPart("tables", (COUNTRY_FILE, CELLS), made_from)
        self._one("tables of a cycle", tables, lambda: self._tables(houses, names, of_files))

    @cached_property
    def _levels(self) -> dict[int, Boundaries]:
        with_parents = bool(parents_used(self._static, self._country))
        return read_boundaries(self._static / "admin_areas", levels_of(self._country), with_parent_file=with_parents)

    @property
    def _areas(self) -> Boundaries:
        return self._levels[self._country.default_admin_level]

    @cached_property
    def _pieces(self) -> AreaPieces:
        return cut_areas(self._areas, self._country.wind.cell_degrees)

    def _boundaries(self) -> PreparedPart:
        files = [*level_files(self._static, self._country).values(), *parents_used(self._static, self._country)]
        names = tuple(f"outlines_adm{level}.geojson" for level in levels_of(self._country))
        made_from = {file.name: self._hash(file) for file in files}
        part = PreparedPart("boundaries", ("boundaries.json", *names, GROUND, LAND_FILE), made_from)

        def build() -> None:
            write_boundaries(self._levels, self._country.iso3, self._target)
            with write_errors(self._target):
                write_ground(self._areas.ground, self._target)
                write_land(land_of(self._areas), self._target)

        return self._one("boundaries and land", part, build)

    def _people(self) -> PreparedPart:
        """Who lives in every piece of an area on the wind's grid."""
        return self._count_people(
            "people on the grid of the wind",
            {"cell": self._country.wind.cell_degrees, "shapes": self._outlined["levels"][-1]["shapes"]},
            self._areas,
            COUNTING_ARCSEC,
            lambda layer, scratch: sums_in(layer, [], self._pieces.shapes, scratch)[:, 0],
        )

    def _tables(self, houses: Mapping[str, float], names: Mapping[str, str], of_files: list[str]) -> None:
        country, pieces, areas = self._country, self._pieces, self._areas
        lives, counts = self._counted_people()
        known, of_people = self._known_people(lives, counts)
        boundaries = self._outlined
        own = boundaries["levels"][-1]
        doubts = [
            *boundaries["doubts"], *of_files, *of_people, *parent_doubts(self._levels),
            *monitoring_doubts(country, areas), *self._of_houses(houses),
        ]  # fmt: skip
        notes = [boundaries["note"]] if boundaries["note"] else []
        if country.housing is None:
            notes.append("no file of houses: damage is told as a share, and no house is counted")
        content = {
            "iso3": country.iso3,
            "areas": [asdict(area) for area in known],
            "provinces": self._names(country.province_level),
            "regions": self._names(country.region_level),
            "region_of": self._region_of(),
            "centres": {code: middle(pieces, lives, areas, number) for number, code in enumerate(areas.place_codes)},
            "houses": houses,
            "names": names,
            "shapes": own["shapes"],
            "bounds": own["bounds"],
            "findings": list(dict.fromkeys([*notes, *doubts])),
            "doubts": doubts,
        }
        with write_errors(self._target):
            write_netcdf(settled_cells(pieces, lives, areas), self._target / CELLS)
            (self._target / COUNTRY_FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    def _known_people(self, lives: np.ndarray, counts: CountStatistics) -> tuple[list[Area], list[str]]:
        """The areas with their people, and what is doubtful of these."""
        sums = np.bincount(self._pieces.area, weights=lives, minlength=len(self._areas.place_codes))
        totals = read_totals(self._static, levels_of(self._country))
        people = area_populations(self._static / POPULATION, list(self._levels.values()), sums, counts, totals)
        own = [area for area in people.areas if area.admin_level == self._country.default_admin_level]
        return own, list(people.doubts)

    def _of_houses(self, houses: Mapping[str, float]) -> list[str]:
        missing = without_houses(houses, self._areas.place_codes) if self._country.housing is not None else []
        return [houses_doubt(missing, self._static / str(self._country.housing))] if missing else []

    def _names(self, level: int | None) -> dict[str, str]:
        layer = self._levels[level] if level is not None else None
        return {} if layer is None else dict(zip(layer.place_codes, layer.names, strict=True))

    def _region_of(self) -> dict[str, str]:
        if self._country.region_level is None or self._country.province_level is None:
            return {}
        provinces = self._levels[self._country.province_level]
        return {code: str(parent) for code, parent in zip(provinces.place_codes, provinces.parents, strict=True)}


def land_of(areas: Boundaries) -> BaseGeometry:
    """All land of a country, its coast simplified by LAND_TOLERANCE at most; no island is lost.

    Of a country on both sides of 180 degrees, what is cut there is joined: longitudes go on beyond 180.
    """
    shapes = np.array(areas.geometries)
    west, _, east, _ = shapely.total_bounds(shapes)
    if east - west > _HALF_TURN:
        shapes = np.array([_eastward(part) for part in shapely.get_parts(shapes)])
    return shapely.simplify(shapely.union_all(shapes), _LAND_TOLERANCE, preserve_topology=True)


def _eastward(part: BaseGeometry) -> BaseGeometry:
    """A part west of Greenwich, as it lies east of 180 degrees; others as they are."""
    return shapely.transform(part, lambda at: at + np.array([360, 0])) if part.bounds[2] <= 0 else part
