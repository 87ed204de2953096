"""Rasters of counts: where they lie, what they add up to, and known totals."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from ibf_pipeline.check.cover import check_elsewhere
from ibf_pipeline.check.finding import Finding, error_finding, finding, fine
from ibf_pipeline.domain.country import POPULATION_AFFECTED
from ibf_pipeline.errors import IbfError, InputInvalid, InputMissing
from ibf_pipeline.prepare.boundaries import Boundaries
from ibf_pipeline.prepare.count_statistics import CountStatistics
from ibf_pipeline.prepare.counts import read_counts, write_on_grid
from ibf_pipeline.prepare.cover import Cover, bounds_of_areas, cover_of
from ibf_pipeline.prepare.grids import Bounds, require_degrees, require_plain_band
from ibf_pipeline.prepare.national_grid import counting_grid
from ibf_pipeline.prepare.people import AreaPopulations, area_populations
from ibf_pipeline.prepare.raster_blocks import bounded_gdal, open_raster
from ibf_pipeline.prepare.raster_files import files_behind
from ibf_pipeline.prepare.totals import TOTALS, Totals, compared, read_totals, total_doubts, unknown_places
from ibf_pipeline.prepare.zonal_sums import area_sums, require_people

_REFUSED = "`prepare` refuses it: nobody could be counted"


def known_totals(static: Path, levels: Sequence[int]) -> Generator[Finding, None, Totals | None]:
    """The known totals of the admin `levels`; None if there are none, or none that can be read: that is a finding."""
    try:
        return read_totals(static, levels)
    except IbfError as error:
        meaning = "`prepare` refuses it: the population raster could be compared with nothing"
        yield error_finding("rasters", error, meaning)
        return None


def check_layer(
    file: Path, indicator: str, totals: Totals | None, levels: Mapping[int, Boundaries], grid: Path | None
) -> Iterator[Finding]:
    """A raster of counts, as `prepare` takes it: its total in the country on the flood maps' grid, the known total.

    `levels`: highest first; `grid`: a flood map, None if none could be read: then no area is looked at.
    """
    people, areas = indicator == POPULATION_AFFECTED, list(levels.values())[-1]
    what = "population raster" if people else f"raster of {indicator}"
    try:
        files_behind(file)  # refuses what `prepare` cannot watch for changes
        with open_raster(file, what) as raster:
            if raster.crs is None:
                require_degrees(file, raster, what)
            require_plain_band(file, raster, what)
            yield from check_elsewhere(file, raster, bounds_of_areas(areas))
        counts, sums = _counted(file, what, areas, grid, people=people)
        if people and sums is not None:
            require_people(sums, file)
    except (InputMissing, InputInvalid) as error:
        yield error_finding("rasters", error, _REFUSED)
        return
    if people and sums is not None:
        yield from _people(file, list(levels.values()), sums, counts, totals)
        return
    cover = Cover() if sums is None else cover_of(file, what, areas, sums, counts)
    for doubt in cover.doubts:
        yield finding("counts doubtful", doubt=doubt)
    for doubt in counts.doubts(file.name):
        yield finding("cells doubtful", doubt=doubt, file=file.name)


def check_counted_layer(
    file: Path, indicator: str, totals: Totals | None, levels: Mapping[int, Boundaries], country: Bounds, arcsec: float
) -> Iterator[Finding]:
    """`check_layer` on the grid that `prepare` counts all areas of a country on."""
    with TemporaryDirectory() as folder:
        grid = None
        with suppress(IbfError):  # the check of the layer says why
            grid = counting_grid(file, Path(folder, "grid.tif"), country, arcsec)
        yield from check_layer(file, indicator, totals, levels, grid)


def _people(
    file: Path, levels: list[Boundaries], sums: np.ndarray, counts: CountStatistics, totals: Totals | None
) -> Iterator[Finding]:
    try:
        found = area_populations(file, levels, sums, counts, totals)
    except InputInvalid as error:
        yield error_finding("rasters", error, "`prepare` refuses it: people affected would be off by as much")
        return
    yield from _doubts(file, found, counts, totals)
    if totals is None:
        yield finding("no known total", file=file.name, total=float(sums.sum()), totals_file=TOTALS)
        return
    common, known = compared(found.areas, totals)
    total = sum(area.population for area in common)
    if known and not any(TOTALS in doubt for doubt in found.doubts):
        apart = f"{abs(total / known - 1):.2%} apart"
        yield fine("rasters", f"{file.name} adds up to {total:,.0f}, {TOTALS} to {known:,.0f} ({apart})")


def _doubts(file: Path, found: AreaPopulations, counts: CountStatistics, totals: Totals | None) -> Iterator[Finding]:
    """Each with the remedy of what it is about: the totals, the raster's cells, or what the raster covers."""
    unknown = [] if totals is None else unknown_places(file, found.areas, totals)
    of_totals = [] if totals is None else total_doubts(file, found.areas, totals)
    for doubt in found.doubts:
        if doubt in unknown:
            yield finding("totals of unknown areas", doubt=doubt, file=TOTALS)
        elif doubt in of_totals:
            yield finding("totals doubtful", doubt=doubt)
        elif doubt in counts.doubts(file.name):
            yield finding("cells doubtful", doubt=doubt, file=file.name)
        else:
            yield finding("counts doubtful", doubt=doubt)


def _counted(
    file: Path, what: str, areas: Boundaries, grid: Path | None, *, people: bool
) -> tuple[CountStatistics, np.ndarray | None]:
    """What the raster holds, and how much of it each area; without a grid nothing of areas."""
    box = bounds_of_areas(areas)
    with bounded_gdal():
        if grid is None:
            return read_counts(file, what, box, people=people), None
        with TemporaryDirectory() as folder:
            layer, scratch = Path(folder, "layer.tif"), Path(folder, "scratch.tif")
            counts = write_on_grid(file, grid, layer, what, country=box, people=people)
            return counts, area_sums(layer, [], areas, scratch)[:, 0]
