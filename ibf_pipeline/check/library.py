"""The rasters of a library of floods: their headers, and then every pixel once, as `prepare` reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from ibf_pipeline.check.finding import Finding, error_finding, finding, fine, first_few
from ibf_pipeline.check.flood_maps import header, merge_refusals, no_nodata
from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.domain.flash_flood_layers import Scenario
from ibf_pipeline.errors import IbfError
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.depths import DepthFacts, read_depths
from ibf_pipeline.prepare.flash_floods.districts import counted_bounds
from ibf_pipeline.prepare.flash_floods.extents import cover_doubt, dry_areas
from ibf_pipeline.prepare.flash_floods.inputs import depth_files
from ibf_pipeline.prepare.flash_floods.tables import wetter_doubts
from ibf_pipeline.prepare.raster_blocks import bounded_gdal

_REFUSED: Final = "`prepare` refuses it, so no run can say who is affected"


def check_library(
    country: FlashFloodCountry, static: Path, scenarios: Sequence[Scenario], districts: Boundaries
) -> Iterator[Finding]:
    """Grid, values and reach of every raster that is there. `districts`: the areas that floods are counted in."""
    maps = {name: file for name, file in depth_files(static, country, scenarios).items() if file.is_file()}
    if not maps:
        return
    first, facts = next(iter(maps.values())), dict[str, DepthFacts]()
    refused: list[tuple[str, IbfError]] = []
    undeclared: list[str] = []
    for name, file in maps.items():
        found = list(header(file, first, "flood map", None, undeclared))
        yield from found
        if any(one.level == "error" for one in found):
            continue
        try:
            with bounded_gdal():
                facts[name] = read_depths(file, first, country.minimum_depth_m, None)
        except IbfError as error:
            refused.append((file.name, error))
    yield from no_nodata(undeclared, "a depth; more than 300 m is refused")
    yield from merge_refusals(refused)
    if len(facts) < len(scenarios):
        return
    try:
        counted_bounds(districts, first)
    except IbfError as error:
        yield error_finding("library", error, _REFUSED)
        return
    yield from _values(facts, scenarios)
    yield from _reach(maps, facts, districts, country.minimum_depth_m)
    yield fine("library", f"{len(maps)} floods on one grid")


def _values(facts: dict[str, DepthFacts], scenarios: Sequence[Scenario]) -> Iterator[Finding]:
    dry = [name for name, found in facts.items() if not found.wet]
    if dry:
        yield finding("scenarios dry", scenarios=first_few(dry))
    for found in facts.values():
        for doubt in found.doubts:
            yield finding("depths doubtful", doubt=doubt)
    for doubt in wetter_doubts(scenarios, facts):
        yield finding("library doubtful", doubt=doubt)


def _reach(
    maps: dict[str, Path], facts: dict[str, DepthFacts], districts: Boundaries, minimum: float
) -> Iterator[Finding]:
    areas, doubt = cover_doubt(next(iter(maps.values())), districts)
    if areas:
        yield finding("library ends inside", areas=first_few(areas)).doubted(doubt)
    dry = dry_areas(districts, [(maps[name], found) for name, found in facts.items()], minimum)
    if dry:
        total = len(districts.place_codes)
        yield finding("areas without flood", count=len(dry), total=total, areas=first_few(dry))
