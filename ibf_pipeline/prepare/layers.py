"""The prepared layers of a country, part by part, in their order and with what each is made from."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.io.atomic_files import write_errors, write_text
from ibf_pipeline.prepare import inputs
from ibf_pipeline.prepare.boundaries import Boundaries, read_boundaries
from ibf_pipeline.prepare.counted_layers import CountedLayers
from ibf_pipeline.prepare.day_tables import DayTables
from ibf_pipeline.prepare.depths import facts_file, read_facts, require_water_mask, write_depth
from ibf_pipeline.prepare.fetch_records import doubts_of_files
from ibf_pipeline.prepare.grids import Bounds, grid_of, wet_blocks, write_labels
from ibf_pipeline.prepare.layer_maker import LayerMaker
from ibf_pipeline.prepare.map_doubts import depth_notes
from ibf_pipeline.prepare.outlines import write_boundaries
from ibf_pipeline.prepare.parts import PartBuilder, PreparedPart
from ibf_pipeline.prepare.people import AreaPopulations, area_populations
from ibf_pipeline.prepare.reach import reach_doubts
from ibf_pipeline.prepare.station_data import read_station_data
from ibf_pipeline.prepare.station_places import NEAR, distance_outside, place_doubts, require_in_country
from ibf_pipeline.prepare.stations import read_stations
from ibf_pipeline.prepare.totals import read_totals
from ibf_pipeline.prepare.zonal_sums import require_people

PROPOSAL = "the mapping is a proposal that no person has confirmed: for rehearsals only"


class FloodMaker(LayerMaker[FloodCountry]):
    """Makes the layers of a country with stations."""

    def __init__(
        self, country: FloodCountry, static: Path, target: Path, hashes: Mapping[str, str], workshop: PartBuilder
    ) -> None:
        super().__init__(country, static, target, hashes, workshop)
        self._maps = inputs.flood_map_files(static, country)
        self._rasters = inputs.layer_files(static, country)
        self._mapping = inputs.mapping_file(static)
        self._is_proposed = self._mapping.name == inputs.PROPOSED
        self._grid_file = next(iter(self._maps.values()))
        self._layers = CountedLayers(self._rasters, self._grid_file, "flood maps", target, self._have, self._hash)
        self._shapes = ""
        """hash of the deepest areas' outlines: a renamed area needs no new count"""

    def make(self) -> None:
        """Every part; text first, so that a wrong table is found before the rasters are read."""
        outlines = self._outlines()
        boundaries = self._outlined
        levels = boundaries["levels"]
        self._shapes = str(levels[-1]["shapes"])
        outside = self._stations_outside()
        rivers = read_station_data(self._country, self._static, levels[-1]["place_codes"])
        places = json.loads((self._target / "stations_outside.json").read_text(encoding="utf-8"))
        findings = [*rivers.findings, *([boundaries["note"]] if boundaries["note"] else [])]
        findings += [f"station {code} lies outside the country's boundaries" for code in places["outside"]]
        doubts = [PROPOSAL] if self._is_proposed else []
        doubts += [*boundaries["doubts"], *places["doubts"], *rivers.doubts]
        west, south, east, north = levels[-1]["bounds"]
        bounds = (west, south, east, north)
        grid = grid_of(self._grid_file)
        depths = [self._depth(period, grid) for period in self._maps]
        noted = doubts_of_files(self._static, self._hashes)
        facts = {period: read_facts(self._target / _depth_name(period)) for period in self._maps}
        doubts += [*noted, *reach_doubts(self._grid_file, bounds), *depth_notes(facts)]
        columns = [column for indicator in self._rasters for column in self._columns(indicator, bounds, depths)]
        doubts += [*self._people.doubts, *self._layers.doubts(self._deepest)]
        areas = self._area_grid(grid)
        wet = self._wet(areas, depths)
        day = DayTables(
            iso3=self._country.iso3,
            areas=self._people.areas,
            place_codes=levels[-1]["place_codes"],
            return_periods=list(self._maps),
            indicators=list(self._rasters),
            rivers=rivers,
            mapping_is_proposed=self._is_proposed,
            findings=findings,
            doubts=doubts,
        )
        tables = self._tables(noted, [outlines, outside, *columns, areas, *wet])
        self._one("tables of a day", tables, lambda: day.write(self._target))

    def _tables(self, noted: Sequence[str], parts: Sequence[PreparedPart]) -> PreparedPart:
        """Those of a day; `noted`: what is doubtful about the origin of files."""
        needed = inputs.needed_return_periods(self._country)
        return PreparedPart(
            "tables",
            ("tables.nc", "wet_blocks.npy", "country.json"),
            {
                "tables": [self._hash(self._static / name) for name in (inputs.STATIONS, inputs.THRESHOLDS)],
                "mapping": self._hash(self._mapping),
                **({"noted": noted} if noted else {}),
                **({"proposed": True} if self._is_proposed else {}),
                **{each.file: self._hash(self._static / each.file) for each in self._country.later_thresholds},
                "totals": [self._hash(file) for file in inputs.total_files(self._static)],
                "settings": [self._country.iso3, sorted(needed), list(self._maps), list(self._rasters)],
                "parts": [part.key for part in parts],
            },
        )

    @cached_property
    def _people(self) -> AreaPopulations:
        sums, counts = self._layers.counted(POPULATION_AFFECTED)
        totals = read_totals(self._static, self._country.admin_levels)
        levels = list(self._boundaries.values())
        return area_populations(self._rasters[POPULATION_AFFECTED], levels, sums, counts, totals)

    def _columns(self, indicator: str, bounds: Bounds, depths: Sequence[PreparedPart]) -> list[PreparedPart]:
        """The areas' totals of a raster, and one column for each flood map."""
        made_from = {"layer": self._layers.layer(indicator, bounds).key, "areas": self._shapes}
        maps = {f"RP{period:g}": depth for period, depth in zip(self._maps, depths, strict=True)}
        require = partial(require_people, raster=self._rasters[indicator]) if indicator == POPULATION_AFFECTED else None
        return self._layers.columns(indicator, "return period", made_from, maps, self._deepest, require)

    @cached_property
    def _boundaries(self) -> dict[int, Boundaries]:
        return read_boundaries(self._static / "admin_areas", self._country.admin_levels)

    @property
    def _deepest(self) -> Boundaries:
        return self._boundaries[self._country.deepest_admin_level]

    @cached_property
    def _water(self) -> Path | None:
        """The raster of permanent water, looked at once before the first flood map is made."""
        water = inputs.water_file(self._static, self._country)
        if water is not None:
            require_water_mask(water)
        return water

    def _outlines(self) -> PreparedPart:
        files = inputs.boundary_files(self._static, self._country)
        names = tuple(f"outlines_adm{level}.geojson" for level in files)
        made_from = {str(level): self._hash(file) for level, file in files.items()}
        made_from |= {file.name: self._hash(file) for file in inputs.parent_files(self._static)}
        made_from["overlaps"] = "to the smallest"  # earlier ones counted twice, and noted every area separately
        return self._one(
            "boundaries",
            PreparedPart("boundaries", ("boundaries.json", *names), made_from),
            lambda: write_boundaries(self._boundaries, self._country.iso3, self._target),
        )

    def _stations_outside(self) -> PreparedPart:
        file = self._static / inputs.STATIONS
        made_from = {"stations": self._hash(file), "areas": self._shapes}
        part = PreparedPart("stations", ("stations_outside.json",), made_from)
        return self._one("stations", part, partial(self._write_stations_outside, file))

    def _write_stations_outside(self, file: Path) -> None:
        stations = read_stations(file)
        require_in_country(stations, self._deepest, file)
        far = zip(stations, distance_outside(stations, self._deepest), strict=True)
        outside = [station.code for station, degrees in far if degrees > NEAR]
        content = {"outside": outside, "doubts": place_doubts(stations, self._deepest)}
        write_text(self._target / "stations_outside.json", json.dumps(content))

    def _depth(self, period: float, grid: Sequence[float]) -> PreparedPart:
        source, minimum = self._maps[period], self._country.flood_maps.minimum_depth
        water = inputs.water_file(self._static, self._country)
        made_from = {
            "map": self._hash(source),
            "grid": grid,
            "minimum_depth": minimum,
            "water": None if water is None else self._hash(water),
        }
        name = _depth_name(period)
        part = PreparedPart(f"depth_RP{period:g}", (name, facts_file(Path(name)).name), made_from)

        def build() -> None:
            write_depth(source, self._grid_file, self._target / name, minimum, self._water)

        return self._one(f"flood map of {period:g} years", part, build)

    def _area_grid(self, grid: Sequence[float]) -> PreparedPart:
        part = PreparedPart("areas", ("areas.tif",), {"areas": self._shapes, "grid": grid})
        target = self._target / "areas.tif"
        return self._one("area grid", part, lambda: write_labels(self._deepest, self._grid_file, target))

    def _wet(self, areas: PreparedPart, depths: Sequence[PreparedPart]) -> list[PreparedPart]:
        parts = {
            period: PreparedPart(
                f"wet_RP{period:g}", (f"wet_RP{period:g}.npy",), {"areas": areas.key, "depth": depth.key}
            )
            for period, depth in zip(self._maps, depths, strict=True)
        }

        def build(stale: list[PreparedPart]) -> None:
            periods = [period for period, part in parts.items() if part in stale]
            rows = wet_blocks(self._target / "areas.tif", [self._target / _depth_name(period) for period in periods])
            with write_errors(self._target):
                for period, blocks in zip(periods, rows, strict=True):
                    np.save(self._target / parts[period].files[0], blocks)

        self._have("blocks with water", list(parts.values()), build)
        return list(parts.values())


def _depth_name(period: float) -> str:
    return f"depth_RP{period:g}.tif"
