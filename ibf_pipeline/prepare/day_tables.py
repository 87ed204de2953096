"""The tables that a run reads of a country: areas and stations, who lives where each flood map is wet, what is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from ibf_pipeline.domain.country import Area
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.netcdf import write_netcdf
from ibf_pipeline.prepare.counted_layers import counts_name
from ibf_pipeline.prepare.map_doubts import dry_doubt
from ibf_pipeline.prepare.station_data import StationData


@dataclass(frozen=True, slots=True)
class DayTables:
    """What they are made of, besides the counts and wet blocks that lie in the folder as parts."""

    iso3: str
    areas: tuple[Area, ...]
    """of every level"""
    place_codes: Sequence[str]
    """of the deepest level, in the order of the counts"""
    return_periods: Sequence[float]
    """of the flood maps, smallest first"""
    indicators: Sequence[str]
    rivers: StationData
    mapping_is_proposed: bool
    findings: Sequence[str]
    """in words"""
    doubts: Sequence[str]
    """in words"""

    def write(self, folder: Path) -> None:
        """Write `tables.nc`, `wet_blocks.npy` and `country.json`."""
        per_period = [np.load(folder / f"wet_RP{period:g}.npy") for period in self.return_periods]
        blocks = np.concatenate(
            [np.column_stack([rows, np.full(len(rows), place)]) for place, rows in enumerate(per_period)]
        ).astype(np.int32)
        dry = [period for period, rows in zip(self.return_periods, per_period, strict=True) if not len(rows)]
        doubts = [*self.doubts, *map(dry_doubt, dry)]
        content = {
            "iso3": self.iso3,
            "areas": [asdict(area) for area in self.areas],
            "stations": [asdict(station) for station in self.rivers.stations],
            "mapping": self.rivers.mapping,
            "mapping_is_proposed": self.mapping_is_proposed,
            "return_periods": list(self.return_periods),
            "findings": list(dict.fromkeys([*self.findings, *doubts])),
            "doubts": doubts,
        }
        tables = xr.Dataset({**self.rivers.thresholds, "exposure": self._exposure(folder)})
        with write_errors(folder):
            np.save(folder / "wet_blocks.npy", blocks)
            write_netcdf(tables, folder / "tables.nc")
            (folder / "country.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    def _exposure(self, folder: Path) -> xr.DataArray:
        """(indicator, area, flood map)."""
        counts = [
            [np.load(folder / counts_name(indicator, f"RP{period:g}")) for period in self.return_periods]
            for indicator in self.indicators
        ]
        return xr.DataArray(
            np.array(counts).transpose(0, 2, 1),
            dims=("indicator", "area", "flood_map"),
            coords={
                "indicator": list(self.indicators),
                "area": list(self.place_codes),
                "flood_map": list(self.return_periods),
            },
        )
