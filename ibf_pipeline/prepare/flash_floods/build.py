"""`prepare` of flash floods: the static data of a country to `prepared/flash-floods/<ISO3>/`, whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ibf_pipeline.config.flash_floods import FlashFloodCountry
from ibf_pipeline.prepare.fetch_records import fetch_record_files
from ibf_pipeline.prepare.flash_floods.asset_files import asset_files
from ibf_pipeline.prepare.flash_floods.inputs import (
    depth_files,
    layer_files,
    require_files,
    scenarios_file,
    settings_of,
)
from ibf_pipeline.prepare.flash_floods.layers import FlashMaker
from ibf_pipeline.prepare.flash_floods.library import read_scenarios
from ibf_pipeline.prepare.incremental_build import BuildInputs, build_changed_parts
from ibf_pipeline.prepare.parts import BuildProgress, PartBuilder, log_progress
from ibf_pipeline.storage.shared_folder import SharedFolder


def prepare_flash_floods(
    country: FlashFloodCountry,
    static: Path,
    prepared: Path,
    progress: BuildProgress = log_progress,
    shared: SharedFolder | None = None,
) -> tuple[str, ...]:
    """Bring a country's prepared layers up to date; returns the names of the parts that were made, none if it was.

    A part is made again only if something changed that it was made from; the folder changes at the end, all at once.
    `shared`: where machines put what they have made; None if this one is alone.
    Raises InputInvalid with the file and the remedy; an older prepared folder is left as it was.
    """
    scenarios = read_scenarios(scenarios_file(static, country), country.durations_h)
    files, layers = require_files(static, country, scenarios), layer_files(static, country)
    depths, assets = depth_files(static, country, scenarios), asset_files(static)
    material = BuildInputs(
        static,
        files=(*files, *fetch_record_files(static)),
        rasters=(*layers.values(), *depths.values()),
        settings=settings_of(country),
        steps=5 + len(depths) + 2 * len(layers) + len(assets),
    )

    def make(folder: Path, hashes: Mapping[str, str], workshop: PartBuilder) -> None:
        FlashMaker(country, static, folder, hashes, workshop, scenarios).make()

    return build_changed_parts(material, prepared, make, progress, shared)
