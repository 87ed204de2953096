"""The tables that a block reads of a country, and what is said of its library and its assets."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import xarray as xr

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.country import Area
from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.domain.wording import counted, some
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.netcdf import write_netcdf
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.counted_layers import counts_name
from ibf_pipeline.prepare.depths import DepthFacts
from ibf_pipeline.prepare.flash_floods.asset_files import INDICATOR_OF_ASSETS, AssetFile, asset_files, shared_words
from ibf_pipeline.prepare.flash_floods.catchments import read_area_thresholds, read_upstream
from ibf_pipeline.prepare.flash_floods.extents import cover_doubt
from ibf_pipeline.prepare.flash_floods.inputs import scenarios_file
from ibf_pipeline.prepare.flash_floods.library import scenario_doubts, unused_durations
from ibf_pipeline.prepare.flash_floods.store import COUNTRY_FILE, TABLES, amounts_name, fids_name

_NAMED: Final = 5


class BlockTables:
    """What they are made of, besides the counts that lie in the folder as parts."""

    def __init__(
        self, country: FlashFloodCountry, static: Path, scenarios: Sequence[Scenario], areas: Boundaries
    ) -> None:
        """InputInvalid if a table of areas is wrong, or a raster stands for what is counted from assets."""
        self._country = country
        self._scenarios = scenarios
        self._categories = list(asset_files(static))
        taken = {INDICATOR_OF_ASSETS[category] for category in self._categories} & set(country.further_indicators)
        if taken:
            raise InputInvalid(
                f"{min(taken)} is counted from a file of assets and from a raster of further_layers",
                where=static / "assets",
                expected="one of the two for each indicator",
                remedy="remove the file, or name the raster's indicator otherwise",
            )
        self._catchments = {} if country.upstream is None else read_upstream(static / country.upstream, areas)
        thresholds = country.area_thresholds
        self._thresholds = {} if thresholds is None else read_area_thresholds(static / thresholds, areas)

    @property
    def settings(self) -> dict[str, Any]:
        """What of the configuration is in them."""
        country = self._country
        small_lag = None if country.small_lag is None else list(country.small_lag)
        return {"iso3": country.iso3, "districts": dict(country.districts), "small_lag": small_lag}

    def write(
        self,
        folder: Path,
        areas: Sequence[Area],
        rasters: Sequence[str],
        findings: Sequence[str],
        doubts: Sequence[str],
    ) -> None:
        """Write them. `areas`: of the level, with their people; `rasters`: indicators that are counted from one."""
        boundaries = json.loads((folder / "boundaries.json").read_text(encoding="utf-8"))
        level = boundaries["levels"][-1]
        own = [*([boundaries["note"]] if boundaries["note"] else []), *findings]
        all_doubts = [*boundaries["doubts"], *doubts]
        content = {
            **self.settings,
            "areas": [asdict(area) for area in areas],
            "shapes": level["shapes"],
            "bounds": level["bounds"],
            "scenarios": [asdict(each) for each in self._scenarios],
            "extents": [each.name for each in self._scenarios],
            "thresholds": self._thresholds,
            "catchments": self._catchments,
            "assets": {category: read_reached(folder, category)["fids"] for category in self._categories},
            "findings": list(dict.fromkeys([*own, *all_doubts])),
            "doubts": all_doubts,
        }
        with write_errors(folder):
            write_netcdf(xr.Dataset({"exposure": self._exposure(folder, rasters)}), folder / TABLES)
            (folder / COUNTRY_FILE).write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    def _exposure(self, folder: Path, rasters: Sequence[str]) -> xr.DataArray:
        """(indicator, area, scenario), the areas those of districts."""
        names = [each.name for each in self._scenarios]
        counts = [
            np.stack([np.load(folder / counts_name(indicator, name)) for name in names], 1) for indicator in rasters
        ]
        counts += [np.load(folder / amounts_name(category)) for category in self._categories]
        return xr.DataArray(
            np.array(counts),
            dims=("indicator", "area", "scenario"),
            coords={
                "indicator": [*rasters, *(INDICATOR_OF_ASSETS[category] for category in self._categories)],
                "area": [code for codes in self._country.districts.values() for code in codes],
                "scenario": names,
            },
        )


@dataclass(frozen=True, slots=True)
class LibraryNotes:
    """What is said of a library."""

    findings: tuple[str, ...]
    doubts: tuple[str, ...]
    """by which numbers may be wrong"""


def library_notes(
    districts: Boundaries,
    static: Path,
    library: Path,
    facts: Mapping[str, DepthFacts],
    scenarios: Sequence[Scenario],
    country: FlashFloodCountry,
) -> LibraryNotes:
    """What runs say of it. `library`: a raster of it, on whose grid all are; `facts`: what was found in each."""
    _, beyond = cover_doubt(library, districts)
    dry = [name for name, found in facts.items() if not found.wet]
    unused = unused_durations(scenarios_file(static, country), country.durations_h)
    return LibraryNotes(
        findings=(
            *([f"no water in the flood of {some(dry, _NAMED)}"] if dry else []),
            *([f"scenarios of {some([str(hours) for hours in unused], _NAMED)} hours are not used"] if unused else []),
        ),
        doubts=(
            *(words for found in facts.values() for words in found.doubts),
            *wetter_doubts(scenarios, facts),
            *scenario_doubts(scenarios),
            *([beyond] if beyond else []),
        ),
    )


def wetter_doubts(scenarios: Sequence[Scenario], facts: Mapping[str, DepthFacts]) -> list[str]:
    """Floods of more rain in the same hours that wet less."""
    words = []
    for hours in sorted({each.duration_h for each in scenarios}):
        own = sorted((each for each in scenarios if each.duration_h == hours), key=lambda each: each.amount_mm)
        words += [
            f"the flood of {less.name} is wetter than that of {more.name}"
            for less, more in pairwise(own)
            if facts[less.name].wet > facts[more.name].wet
        ]
    return words


def file_notes(file: Path, found: AssetFile) -> list[str]:
    """What is said of a file of assets."""
    lines = f"{file.name}: {counted(found.repeated, 'line')} that say what others do count once"
    return [*([lines] if found.repeated else []), *filter(None, [shared_words(file, found)])]


def asset_notes(folder: Path, categories: Collection[str]) -> list[str]:
    """What is said of the files of assets, and of those that are not there."""
    words = [note for category in categories for note in read_reached(folder, category)["notes"]]
    without = [category for category in INDICATOR_OF_ASSETS if category not in categories]
    if without:
        words.append(f"no file of {some(without, _NAMED)} below assets/: they are neither counted nor sent")
    return words


def read_reached(folder: Path, category: str) -> dict[str, Any]:
    """`fids`: lists of place code, scenario, fids; `notes`: what is said of the file."""
    content: dict[str, Any] = json.loads((folder / fids_name(category)).read_text(encoding="utf-8"))
    return content
