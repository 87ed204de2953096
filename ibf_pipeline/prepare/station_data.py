"""A country's stations with their thresholds and areas, read together, and what is doubtful about them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import xarray as xr

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.domain.country import Station
from ibf_pipeline.prepare import inputs
from ibf_pipeline.prepare.magnitudes import threshold_doubts
from ibf_pipeline.prepare.stations import mapping_doubts, read_mapping, read_stations, read_thresholds
from ibf_pipeline.prepare.threshold_sets import threshold_tables


@dataclass(frozen=True, slots=True)
class StationData:
    """What the tables of a day hold of them."""

    stations: tuple[Station, ...]
    thresholds: Mapping[str, xr.DataArray]
    """as from `threshold_tables`"""
    mapping: Mapping[str, tuple[str, ...]]
    """station code -> place codes of the deepest level"""
    findings: tuple[str, ...]
    """in words"""
    doubts: tuple[str, ...]
    """in words"""


def read_station_data(country: FloodCountry, static: Path, place_codes: Collection[str]) -> StationData:
    """Stations, the thresholds of every GloFAS version, and the mapping to areas; `place_codes`: of the deepest level.

    Raises InputInvalid as `read_stations`, `read_thresholds` and `read_mapping`.
    """
    stations = read_stations(static / inputs.STATIONS)
    needed = inputs.needed_return_periods(country)
    first = read_thresholds(static / inputs.THRESHOLDS, stations, needed)
    later = [(each, read_thresholds(static / each.file, stations, needed)) for each in country.later_thresholds]
    mapping_file = inputs.mapping_file(static)
    mapping, findings = read_mapping(mapping_file, stations, place_codes)
    doubts = mapping_doubts(mapping_file, stations) + threshold_doubts(first, stations, "")
    for each, table in later:
        doubts += threshold_doubts(table, stations, each.file)
    sets = threshold_tables(first, {each.version: table for each, table in later})
    return StationData(stations, sets, mapping, tuple(findings), tuple(doubts))
