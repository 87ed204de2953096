"""Finished runs of the country of squares, for tests and for looking at reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import CountryLayers
from ibf_pipeline.hazards.floods.day import find
from ibf_pipeline.hazards.floods.findings import FloodFindings
from ibf_pipeline.hazards.floods.impact.extents import wet_areas
from ibf_pipeline.prepare.build import prepare_floods
from ibf_pipeline.prepare.store import ExtentTiles, read_prepared
from ibf_pipeline.report.writer import write_report
from ibf_pipeline.runs.extents import write_extent
from ibf_pipeline.runs.findings import write_flood_findings
from ibf_pipeline.runs.findings_staging import begin_findings, keep_findings
from ibf_pipeline.runs.folder import RunFolder
from tests.worlds.countries.square_country import COUNTRY, Rises, square_config, square_discharge
from tests.worlds.countries.square_files import write_square_country
from tests.worlds.runs import flood_run


@dataclass(frozen=True, slots=True)
class SquareCountry:
    """The country of squares, prepared, with a place for its runs."""

    folder: Path
    config: FloodCountry
    layers: CountryLayers
    tiles: ExtentTiles

    @property
    def prepared(self) -> Path:
        """Its prepared layers."""
        return self.folder / "prepared"

    def run(
        self, issue_date: date, rises: Mapping[str, Rises], *, blind: Sequence[str] = (), exercise: bool = False
    ) -> tuple[FloodFindings, RunFolder]:
        """A finished run with its report."""
        cube = square_discharge(self.layers, issue_date, rises, blind=blind)
        found = find(cube, self.layers, self.config, exercise=exercise)
        run = flood_run(self.folder / "runs", COUNTRY, issue_date)
        partial = begin_findings(run)
        wet = wet_areas(found.publishable_events, self.config.deepest_admin_level)
        for extent in found.extents:
            write_extent(wet[extent.lead_time], self.tiles, partial / "extents" / extent.file_name)
        write_flood_findings(found, cube, partial)
        manifest: dict[str, Any] = {
            "inputs": [{"name": f"dis_00_{issue_date:%Y%m%d}00.nc", "size": 1234567, "sha256": "0123456789abcdef" * 4}],
            "static": [{"name": "population.tif", "size": 7654321, "sha256": "fedcba9876543210" * 4}],
            "versions": {"ibf-pipeline": "0"},
            "configuration": self.config.model_dump(mode="json"),
        }
        write_report(found, partial, self.prepared, run, manifest)
        keep_findings(run, partial, manifest)
        return found, run


def make_square_country(
    folder: Path, stations: int, names: Sequence[str] = (), area_names: Sequence[str] = (), **changes: object
) -> SquareCountry:
    """Write and prepare the country below a folder; `changes` as of `square_config`."""
    config = square_config(**changes)
    static = write_square_country(folder / "static", stations, names, area_names)
    prepare_floods(config, static, folder / "prepared")
    layers, tiles = read_prepared(folder / "prepared", COUNTRY)
    return SquareCountry(folder, config, layers, tiles)
