"""`prepare`: the static data of a country to `prepared/<ISO3>/`, whole or not at all, and only what has changed."""

from __future__ import annotations

from pathlib import Path

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ForbiddenByRule
from ibf_pipeline.prepare.fetch_records import fetch_record_files
from ibf_pipeline.prepare.incremental_build import BuildInputs, build_changed_parts
from ibf_pipeline.prepare.inputs import (
    NO_RIVER,
    STATIONS,
    has_no_river,
    layer_files,
    raster_files,
    require_files,
    settings_of,
    total_files,
)
from ibf_pipeline.prepare.layers import FloodMaker
from ibf_pipeline.prepare.parts import BuildProgress, log_progress
from ibf_pipeline.storage.shared_folder import SharedFolder


def prepare_floods(
    country: FloodCountry,
    static: Path,
    prepared: Path,
    progress: BuildProgress = log_progress,
    shared: SharedFolder | None = None,
) -> tuple[str, ...]:
    """Bring a country's prepared layers up to date; returns the names of the parts that were made, none if it was.

    A part is made again only if something changed that it was made from. An interrupted build goes on from its
    finished parts in `<prepared>.part`; the prepared folder itself changes at the end, all at once.
    `shared`: where machines put what they have made; None if this one is alone.
    Raises InputInvalid with the file and the remedy; an older prepared folder is left as it was. ForbiddenByRule if
    the country has no river to forecast: nobody may take its silence for "no flood".
    """
    no_river = has_no_river(static)
    files = require_files(static, country, no_river=no_river)
    if no_river:
        raise ForbiddenByRule(
            NO_RIVER,
            where=static / STATIONS,
            expected="a country with stations",
            remedy="nothing has to be done: leave the country out of what runs; or list its stations",
        )
    material = BuildInputs(
        static,
        files=(*files, *total_files(static), *fetch_record_files(static)),
        rasters=tuple(raster_files(static, country)),
        settings=settings_of(country),
        steps=5 + len(country.flood_maps.return_periods) + 2 * len(layer_files(static, country)),
    )

    return build_changed_parts(
        material, prepared, lambda *given: FloodMaker(country, static, *given).make(), progress, shared
    )
