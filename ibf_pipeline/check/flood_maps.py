"""Flood maps and permanent water: their headers, and then every pixel once, block by block, as `prepare` reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from ibf_pipeline.check.cover import check_cover
from ibf_pipeline.check.finding import Finding, error_finding, finding, fine, first_few
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing
from ibf_pipeline.prepare.depths import DepthFacts, read_depths, require_water_mask
from ibf_pipeline.prepare.grids import Bounds, grid_of, require_degrees, require_same_grid
from ibf_pipeline.prepare.map_doubts import doubts_about, dry_doubt, masked_doubt, much_masked, wetter, wetter_doubt
from ibf_pipeline.prepare.raster_blocks import bounded_gdal, open_raster
from ibf_pipeline.prepare.raster_files import files_behind

_REFUSED: Final = "`prepare` refuses it, so no run can say who is affected"


def check_flood_maps(
    maps: Mapping[float, Path], country: Bounds, minimum_depth: float, water: Path | None
) -> Iterator[Finding]:
    """CRS, one grid for all, nodata, cover of the country's bounding box; depths, water in every map, growth.

    `maps`: return period -> file, smallest first; `minimum_depth` metres; `water`: the raster of permanent water.
    """
    first = next(iter(maps.values()))
    sound: dict[float, Path] = {}
    undeclared: list[str] = []
    for period, file in maps.items():
        found = list(header(file, first, "flood map", country if file == first else None, undeclared))
        yield from found
        if all(finding.level != "error" for finding in found):
            sound[period] = file
    yield from no_nodata(undeclared, "a depth; more than 300 m is refused")
    if water is not None and water.is_file():
        unmarked: list[str] = []
        found = list(header(water, first, "permanent water", None, unmarked))
        yield from found
        yield from no_nodata(unmarked, "water that is always there")
        water = None if any(finding.level == "error" for finding in found) else water
        if water is not None:
            try:
                require_water_mask(water)
            except InputInvalid as error:
                yield error_finding("rasters", error, _REFUSED)
    facts: dict[float, DepthFacts] = {}
    refused: list[tuple[str, IbfError]] = []
    for period, file in sound.items():
        try:
            with bounded_gdal():
                facts[period] = read_depths(file, first, minimum_depth, water)
        except (InputMissing, InputInvalid) as error:
            refused.append((file.name, error))
    yield from merge_refusals(refused)
    yield from _doubtful(facts)
    if water is not None and facts:
        yield from _masked(facts, water)
    if len(facts) == len(maps):
        with open_raster(first, "flood map") as grid:
            words = f"{grid.width * grid.height / 1e6:.1f} million cells of {grid.transform.a * 3600:.4g} arc-seconds"
        yield fine("rasters", f"{len(maps)} flood maps on one grid, {words}")


def is_grid(file: Path) -> bool:
    """Whether a flood map can be read, so that others are brought onto its grid."""
    try:
        grid_of(file)
    except InputInvalid:
        return False
    return True


def header(file: Path, grid_file: Path, what: str, country: Bounds | None, undeclared: list[str]) -> Iterator[Finding]:
    """What the header of one raster shows; its name is put to the `undeclared` if it declares no nodata value."""
    try:
        files_behind(file)  # refuses what `prepare` cannot watch for changes
        with open_raster(file, what) as raster:
            require_degrees(file, raster, what)
            with open_raster(grid_file, "flood map") as grid:
                require_same_grid(file, raster, grid, what)
            if raster.nodata is None:
                undeclared.append(file.name)
            if country is not None:
                yield from check_cover(file, raster, country)
    except (InputMissing, InputInvalid) as error:
        yield error_finding("rasters", error, _REFUSED)


def _doubtful(maps: Mapping[float, DepthFacts]) -> Iterator[Finding]:
    for period, facts in maps.items():
        if not facts.wet:
            yield finding("flood map dry", file=facts.name, period=period).doubted(dry_doubt(period))
        for doubt in facts.doubts:
            yield finding("depths doubtful", doubt=doubt)
    try:
        for doubt in doubts_about(maps):
            yield finding("flood maps doubtful", doubt=doubt)
    except InputInvalid as error:
        yield error_finding("rasters", error, _REFUSED)
    for smaller, larger in wetter(maps):
        yield finding(
            "flood maps shrink",
            smaller_map=maps[smaller].name,
            larger_map=maps[larger].name,
            fewer=maps[smaller].wet,
            more=maps[larger].wet,
            smaller=smaller,
            larger=larger,
        ).doubted(wetter_doubt(maps[smaller], maps[larger]))


def _masked(maps: Mapping[float, DepthFacts], water: Path) -> Iterator[Finding]:
    much = much_masked(maps)
    if much is not None:
        said = finding("water covers much", water=water.name, share=much[1], map=much[0].name)
        yield said.doubted(masked_doubt(*much))
        return
    share = max(facts.masked / max(facts.wet, 1) for facts in maps.values())
    yield fine("rasters", f"{water.name} covers at most {share:.0%} of a flood map's wet cells")


def no_nodata(files: Sequence[str], reading: str) -> Iterator[Finding]:
    """Rasters that declare no nodata value; `reading`: what stands for it is read as that."""
    if files:
        yield finding(
            "no nodata", files=first_few(files), declare="declares" if len(files) == 1 else "declare", reading=reading
        )


def merge_refusals(refused: Sequence[tuple[str, IbfError]]) -> Iterator[Finding]:
    """One finding for the files that are refused for one reason, with the words of the first and the others' names."""
    files: dict[tuple[str, str], list[str]] = {}
    for name, error in refused:
        files.setdefault((str(error.expected), str(error.remedy)), []).append(name)
    for name, error in refused:
        same = files[str(error.expected), str(error.remedy)]
        if name == same[0]:
            found = error_finding("rasters", error, _REFUSED)
            others = f"; the same in {first_few(same[1:], len(same))}" if same[1:] else ""
            yield replace(found, found=found.found + others)
