"""`prepare`: the static data of a country to `prepared/<ISO3>/`, whole or not at all, and only what has changed."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from contextlib import suppress
from os.path import abspath
from pathlib import Path

from ibf_pipeline.config.floods import FloodCountry
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid, WriteFailed
from ibf_pipeline.io.locks import alone, beside
from ibf_pipeline.io.writing import writing
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
from ibf_pipeline.prepare.layers import Layers
from ibf_pipeline.prepare.origins import origin_files
from ibf_pipeline.prepare.parts import Progress, Workshop, is_whole, log_progress
from ibf_pipeline.prepare.raster_files import files_behind
from ibf_pipeline.prepare.stamp import (
    InputStamp,
    Stamp,
    changed_since,
    name_of,
    read_stamp,
    stamp_inputs,
    stamp_outputs,
    write_stamp,
)
from ibf_pipeline.prepare.tiles import bounded_gdal


def prepare(country: FloodCountry, static: Path, prepared: Path, progress: Progress = log_progress) -> tuple[str, ...]:
    """Bring a country's prepared layers up to date; returns the names of the parts that were made, none if it was.

    A part is made again only where something changed that it was made from. An interrupted build goes on from its
    finished parts in `<prepared>.part`; the prepared folder itself changes at the end, all at once.
    Raises InputInvalid with the file and the remedy; an older prepared folder is left as it was. ForbiddenByRule where
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
    files += [*total_files(static), *origin_files(static)]
    behind = {raster: files_behind(raster) for raster in raster_files(static, country)}
    files += sorted({file for further in behind.values() for file in further} - {Path(abspath(f)) for f in files})
    settings = settings_of(country)
    if _is_current(static, files, settings, prepared):
        return ()
    with alone(beside(prepared), f"is preparing {prepared.name}"):
        if _is_current(static, files, settings, prepared):
            return ()
        earlier = read_stamp(prepared / "stamp.json")
        inputs = stamp_inputs(static, files, earlier.inputs if earlier else {})
        return _build(country, static, prepared, inputs, behind, progress)


def _is_current(static: Path, files: list[Path], settings: Mapping[str, object], prepared: Path) -> bool:
    """Sizes and times first, hashes where those differ; of the inputs and of the prepared files alike."""
    stamp = read_stamp(prepared / "stamp.json")
    if stamp is None or {name_of(file, static) for file in files} != set(stamp.inputs):
        return False
    outputs = stamp_outputs(prepared, stamp.outputs)
    if outputs is None or any(outputs[name].size != known.size for name, known in stamp.outputs.items()):
        return False
    inputs = stamp_inputs(static, files, stamp.inputs)
    touched = [name for name, known in stamp.outputs.items() if outputs[name] != known]
    if not stamp.describes(inputs, settings) or not is_whole(prepared, touched):
        return False
    if (inputs, outputs) != (stamp.inputs, stamp.outputs):
        with suppress(WriteFailed):  # only spares the next one the hashes
            write_stamp(prepared / "stamp.json", Stamp(stamp.settings, inputs, outputs))
    return True


def _identities(
    static: Path, inputs: Mapping[str, InputStamp], behind: Mapping[Path, tuple[Path, ...]]
) -> dict[str, str]:
    """The hash of every input; of a raster, over everything that GDAL reads for it."""
    hashes = {name: stamp.sha256 for name, stamp in inputs.items()}
    whole = {
        name_of(raster, static): hashlib.sha256(
            "".join(hashes[name_of(file, static)] for file in (raster, *further)).encode()
        ).hexdigest()
        for raster, further in behind.items()
        if further
    }
    return hashes | whole


def _build(
    country: FloodCountry,
    static: Path,
    prepared: Path,
    inputs: Mapping[str, InputStamp],
    behind: Mapping[Path, tuple[Path, ...]],
    progress: Progress,
) -> tuple[str, ...]:
    partial = prepared.with_name(prepared.name + ".part")
    with writing(partial):
        partial.mkdir(parents=True, exist_ok=True)
    steps = 5 + len(country.flood_maps.return_periods) + 2 * len(layer_files(static, country))
    workshop = Workshop(partial, prepared, steps, progress)
    with bounded_gdal():
        Layers(country, static, partial, _identities(static, inputs, behind), workshop).make()
    changed = changed_since(static, inputs)
    if changed:
        raise InputInvalid(
            f"{', '.join(changed)} changed while the country was prepared",
            where=static,
            expected="static data that stay as they are for that long",
            remedy="run `prepare` again when they are complete",
        )
    outputs = stamp_outputs(partial, workshop.outputs()) or {}
    with writing(prepared):
        write_stamp(partial / "stamp.json", Stamp(settings_of(country), inputs, outputs))
        old = prepared.with_name(prepared.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if prepared.exists():
            prepared.rename(old)
        partial.rename(prepared)
    shutil.rmtree(old, ignore_errors=True)
    return tuple(workshop.built)
