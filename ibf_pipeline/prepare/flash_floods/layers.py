"""The prepared layers of flash floods, part by part, in their order and with what each is made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.counted_layers import CountedLayers
from ibf_pipeline.prepare.cover import bounds_of_areas
from ibf_pipeline.prepare.depths import DepthFacts, facts_file, read_facts, write_depth
from ibf_pipeline.prepare.fetch_records import doubts_of_files
from ibf_pipeline.prepare.flash_floods.asset_exposure import measure_asset_exposure
from ibf_pipeline.prepare.flash_floods.asset_files import asset_files, read_asset_file
from ibf_pipeline.prepare.flash_floods.districts import counted_bounds, require_known_districts
from ibf_pipeline.prepare.flash_floods.extents import write_coarse
from ibf_pipeline.prepare.flash_floods.inputs import depth_files, layer_files
from ibf_pipeline.prepare.flash_floods.store import (
    AREA_GRID,
    COUNTRY_FILE,
    TABLES,
    WET_BLOCKS,
    amounts_name,
    assets_name,
    extent_name,
    fids_name,
    write_assets,
)
from ibf_pipeline.prepare.flash_floods.tables import BlockTables, asset_notes, file_notes, library_notes
from ibf_pipeline.prepare.grids import grid_of, wet_blocks, write_labels
from ibf_pipeline.prepare.inputs import boundary_files, total_files
from ibf_pipeline.prepare.layer_maker import LayerMaker
from ibf_pipeline.prepare.national_grid import national_grid, write_grid
from ibf_pipeline.prepare.outlines import write_boundaries
from ibf_pipeline.prepare.parts import PartBuilder, PreparedPart
from ibf_pipeline.prepare.people import AreaPopulations, area_populations
from ibf_pipeline.prepare.prepared_ground import GROUND, write_ground
from ibf_pipeline.prepare.totals import read_totals
from ibf_pipeline.prepare.zonal_sums import area_sums

_GRID: Final = "grid.tif"


class FlashMaker(LayerMaker[FlashFloodCountry]):
    """Makes the layers of a country with a library of floods."""

    def __init__(
        self,
        country: FlashFloodCountry,
        static: Path,
        target: Path,
        hashes: Mapping[str, str],
        workshop: PartBuilder,
        scenarios: Sequence[Scenario],
    ) -> None:
        super().__init__(country, static, target, hashes, workshop)
        self._scenarios = scenarios
        self._maps = depth_files(static, country, scenarios)
        self._rasters = layer_files(static, country)
        self._grid_file = next(iter(self._maps.values()))
        self._layers = CountedLayers(self._rasters, self._grid_file, "library", target, self._have, self._hash)

    def make(self) -> None:
        """Every part; text first, so that a wrong table is found before the rasters are read."""
        tables = BlockTables(self._country, self._static, self._scenarios, self._areas)
        outlines = self._outlines()
        require_known_districts(self._country, self._areas.place_codes, self._static)
        made = [outlines, grid := self._area_grid(), self._people_part(grid)]
        depths = [self._depth(name) for name in self._maps]
        made += [part for indicator in self._rasters for part in self._columns(indicator, depths)]
        made += [self._assets(category, file, depths) for category, file in asset_files(self._static).items()]
        made += self._extents(grid, depths)
        noted = library_notes(
            self._districts, self._static, self._grid_file, self._facts, self._scenarios, self._country
        )
        of_files = doubts_of_files(self._static, self._hashes)
        doubts = [*of_files, *self._people.doubts, *self._layers.doubts(self._districts), *noted.doubts]
        findings = [*noted.findings, *asset_notes(self._target, list(asset_files(self._static)))]
        text = {file.name: self._hash(file) for file in self._texts()}
        made_from = {"text": text, "settings": tables.settings, "noted": of_files, "parts": [p.key for p in made]}
        part = PreparedPart("tables", (TABLES, COUNTRY_FILE), made_from)
        self._one(
            "tables of a block",
            part,
            lambda: tables.write(self._target, self._people.areas, list(self._rasters), findings, doubts),
        )

    def _texts(self) -> list[Path]:
        names = [self._country.upstream, self._country.area_thresholds, f"{self._country.library}/scenarios.csv"]
        return [*(self._static / name for name in names if name is not None), *total_files(self._static)]

    @cached_property
    def _levels(self) -> dict[int, Boundaries]:
        return read_boundaries(self._static / "admin_areas", self._country.admin_levels)

    @property
    def _areas(self) -> Boundaries:
        return self._levels[self._country.default_admin_level]

    @cached_property
    def _districts(self) -> Boundaries:
        """Only the areas of districts: nobody else is counted."""
        return self._areas.only([code for codes in self._country.districts.values() for code in codes])

    @cached_property
    def _ground(self) -> dict[str, Any]:
        """What the areas of districts are, for keys of parts."""
        return {"shapes": self._outlined["levels"][-1]["shapes"], "districts": list(self._districts.place_codes)}

    @property
    def _facts(self) -> dict[str, DepthFacts]:
        return {name: read_facts(self._target / _depth_name(name)) for name in self._maps}

    @cached_property
    def _people(self) -> AreaPopulations:
        sums, counts = self._counted_people()
        totals = read_totals(self._static, self._country.admin_levels)
        return area_populations(self._rasters[POPULATION_AFFECTED], list(self._levels.values()), sums, counts, totals)

    def _outlines(self) -> PreparedPart:
        files = boundary_files(self._static, self._country)
        names = tuple(f"outlines_adm{level}.geojson" for level in files)
        made_from = {str(level): self._hash(file) for level, file in files.items()}

        def build() -> None:
            write_boundaries(self._levels, self._country.iso3, self._target)
            with write_errors(self._target):
                write_ground(self._areas.ground, self._target)

        return self._one(
            "boundaries", PreparedPart("boundaries", ("boundaries.json", *names, GROUND), made_from), build
        )

    def _area_grid(self) -> PreparedPart:
        arcsec = self._country.raster_arcsec
        part = PreparedPart("areas", (AREA_GRID, _GRID), {**self._ground, "arcsec": arcsec})

        def build() -> None:
            write_grid(national_grid(bounds_of_areas(self._areas), arcsec), self._target / _GRID)
            write_labels(self._districts, self._target / _GRID, self._target / AREA_GRID)

        return self._one("area grid", part, build)

    def _people_part(self, grid: PreparedPart) -> PreparedPart:
        """Who lives in every area of the level, of districts or not."""
        return self._count_people(
            "people of all areas",
            {"grid": grid.key},
            self._areas,
            self._country.raster_arcsec,
            lambda layer, scratch: area_sums(layer, [], self._areas, scratch)[:, 0],
        )

    def _depth(self, name: str) -> PreparedPart:
        source, minimum, target = self._maps[name], self._country.minimum_depth_m, self._target / _depth_name(name)
        made_from = {"map": self._hash(source), "grid": grid_of(self._grid_file), "minimum_depth": minimum}
        part = PreparedPart(f"depth_{name}", (target.name, facts_file(target).name), made_from)
        return self._one(f"flood of {name}", part, lambda: write_depth(source, self._grid_file, target, minimum, None))

    def _columns(self, indicator: str, depths: Sequence[PreparedPart]) -> list[PreparedPart]:
        """A raster as far as districts and library reach, what each area has of it in all, and in each flood."""
        layer = self._layers.layer(indicator, counted_bounds(self._districts, self._grid_file))
        floods = dict(zip(self._maps, depths, strict=True))
        made_from = {"layer": layer.key, **self._ground}
        return [layer, *self._layers.columns(indicator, "scenario", made_from, floods, self._districts)]

    def _assets(self, category: str, file: Path, depths: Sequence[PreparedPart]) -> PreparedPart:
        made_from = {"file": self._hash(file), **self._ground, "depths": [part.key for part in depths]}
        files = assets_name(category), amounts_name(category), fids_name(category)

        def build() -> None:
            read = read_asset_file(file, category)
            maps = {name: self._target / _depth_name(name) for name in self._maps}
            found = measure_asset_exposure(read.places, category, self._districts, maps, list(self._facts.values()))
            fids = [[area, scenario, own] for (area, scenario), own in found.fids.items()]
            content = {"fids": fids, "notes": file_notes(file, read)}
            with write_errors(self._target):
                write_assets(found.table, self._target / files[0])
                np.save(self._target / files[1], found.amounts)
                (self._target / files[2]).write_text(json.dumps(content), encoding="utf-8")

        return self._one(f"{category} in each flood", PreparedPart(f"assets_{category}", files, made_from), build)

    def _extents(self, grid: PreparedPart, depths: Sequence[PreparedPart]) -> list[PreparedPart]:
        parts = {
            name: PreparedPart(f"extent_{name}", (extent_name(name),), {"areas": grid.key, "depth": depth.key})
            for name, depth in zip(self._maps, depths, strict=True)
        }
        wet = PreparedPart("wet", (WET_BLOCKS,), {"areas": grid.key, "extents": [part.key for part in parts.values()]})
        labels = self._target / AREA_GRID

        def build(stale: list[PreparedPart]) -> None:
            for name, part in parts.items():
                if part in stale:
                    write_coarse(self._target / _depth_name(name), labels, self._target / extent_name(name))
            rows = wet_blocks(labels, [self._target / extent_name(name) for name in parts])
            blocks = [np.column_stack([own, np.full(len(own), place)]) for place, own in enumerate(rows)]
            with write_errors(self._target):
                np.save(self._target / WET_BLOCKS, np.concatenate(blocks).astype(np.int32))

        self._have("extents on the national grid", [*parts.values(), wet], build)
        return [*parts.values(), wet]


def _depth_name(scenario: str) -> str:
    return f"depth_{scenario}.tif"
