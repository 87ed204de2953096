"""A prepared folder brought up to date, whole or not at all: of any hazard, whatever it is made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from os.path import abspath
from pathlib import Path
from typing import Any

from ibf_pipeline.errors import InputInvalid, WriteFailed
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.locks import file_lock, lock_file_of
from ibf_pipeline.prepare.parts import BuildProgress, PartBuilder, matches_notes
from ibf_pipeline.prepare.raster_blocks import bounded_gdal
from ibf_pipeline.prepare.raster_files import files_behind
from ibf_pipeline.prepare.shared_layers import brought, replace_folder, share, share_first
from ibf_pipeline.prepare.stamp import (
    InputStamp,
    LayersStamp,
    changed_since,
    name_of,
    read_stamp,
    stamp_inputs,
    stamp_outputs,
    write_stamp,
)
from ibf_pipeline.storage.shared_folder import SharedFolder

Make = Callable[[Path, Mapping[str, str], PartBuilder], None]
"""(folder, hashes of the inputs by path below the static folder, workshop): makes every part in the folder"""


@dataclass(frozen=True, slots=True)
class BuildInputs:
    """What a prepared folder is made from."""

    static: Path
    files: tuple[Path, ...]
    """that are read, rasters among them"""
    rasters: tuple[Path, ...]
    """those of which GDAL may read further files"""
    settings: Mapping[str, Any]
    steps: int
    """of the workshop"""


def build_changed_parts(
    material: BuildInputs, prepared: Path, make: Make, progress: BuildProgress, shared: SharedFolder | None = None
) -> tuple[str, ...]:
    """Names of the parts that were made, none where inputs, settings and outputs are as they were.

    An interrupted build goes on from its finished parts in `<prepared>.part`; the prepared folder itself changes at the
    end, all at once. InputInvalid if inputs change meanwhile. `shared`: where machines that made it of the same
    inputs and settings have put it; one at a time makes it, and puts it there.
    """
    static, settings = material.static, material.settings
    behind = {raster: files_behind(raster) for raster in material.rasters}
    further = {file for files in behind.values() for file in files} - {Path(abspath(file)) for file in material.files}
    files = [*material.files, *sorted(further)]
    if _is_current(static, files, settings, prepared):
        share_first(shared, prepared)
        return ()
    with ExitStack() as stack:
        stack.enter_context(file_lock(lock_file_of(prepared), f"is preparing {prepared.name}"))
        if _is_current(static, files, settings, prepared):
            return ()
        earlier = read_stamp(prepared / "stamp.json")
        inputs = stamp_inputs(static, files, earlier.inputs if earlier else {})
        if shared is not None:
            stack.enter_context(shared.exclusive(f"is preparing {prepared.name}"))
            found = brought(shared, prepared, lambda stamp: stamp.describes(inputs, settings))
            if found is not None:
                with write_errors(prepared):
                    write_stamp(prepared / "stamp.json", replace(found, inputs=inputs))
                return ()
        partial = prepared.with_name(prepared.name + ".part")
        with write_errors(partial):
            partial.mkdir(parents=True, exist_ok=True)
        workshop = PartBuilder(partial, prepared, material.steps, progress)
        with bounded_gdal():
            make(partial, _identities(static, inputs, behind), workshop)
        _require_unchanged(static, inputs)
        outputs = stamp_outputs(partial, workshop.outputs()) or {}
        with write_errors(prepared):
            write_stamp(partial / "stamp.json", LayersStamp(settings, inputs, outputs))
        replace_folder(prepared, partial)
        share(shared, prepared)
        return tuple(workshop.built)


def _is_current(static: Path, files: list[Path], settings: Mapping[str, object], prepared: Path) -> bool:
    """Sizes and times first, hashes if those differ; of the inputs and of the prepared files alike."""
    stamp = read_stamp(prepared / "stamp.json")
    if stamp is None or {name_of(file, static) for file in files} != set(stamp.inputs):
        return False
    outputs = stamp_outputs(prepared, stamp.outputs)
    if outputs is None or any(outputs[name].size != known.size for name, known in stamp.outputs.items()):
        return False
    inputs = stamp_inputs(static, files, stamp.inputs)
    touched = [name for name, known in stamp.outputs.items() if outputs[name] != known]
    if not stamp.describes(inputs, settings) or not matches_notes(prepared, touched):
        return False
    if (inputs, outputs) != (stamp.inputs, stamp.outputs):
        with suppress(WriteFailed):  # only spares the next one the hashes
            write_stamp(prepared / "stamp.json", LayersStamp(stamp.settings, inputs, outputs))
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


def _require_unchanged(static: Path, inputs: Mapping[str, InputStamp]) -> None:
    changed = changed_since(static, inputs)
    if changed:
        raise InputInvalid(
            f"{', '.join(changed)} changed while the country was prepared",
            where=static,
            expected="static data that stay as they are for that long",
            remedy="run `prepare` again when they are complete",
        )
