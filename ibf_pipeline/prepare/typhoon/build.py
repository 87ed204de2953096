"""`prepare` of typhoon: the static data of a country to `prepared/typhoon/<ISO3>/`, whole or not at all."""

from __future__ import annotations

from pathlib import Path

from ibf_pipeline.config.typhoon import TyphoonCountry
from ibf_pipeline.prepare.fetch_records import fetch_record_files
from ibf_pipeline.prepare.incremental_build import BuildInputs, build_changed_parts
from ibf_pipeline.prepare.inputs import POPULATION
from ibf_pipeline.prepare.parts import BuildProgress, log_progress
from ibf_pipeline.prepare.typhoon.inputs import require_files, settings_of
from ibf_pipeline.prepare.typhoon.layers import TyphoonMaker
from ibf_pipeline.storage.shared_folder import SharedFolder


def prepare_typhoon(
    country: TyphoonCountry,
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
    files = require_files(static, country)
    material = BuildInputs(
        static,
        files=(*files, *fetch_record_files(static)),
        rasters=(static / POPULATION,),
        settings=settings_of(country),
        steps=3,
    )

    return build_changed_parts(
        material, prepared, lambda *given: TyphoonMaker(country, static, *given).make(), progress, shared
    )
