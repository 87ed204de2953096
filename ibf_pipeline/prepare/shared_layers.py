"""Prepared layers that one machine has made, for all others: looked for by their stamp, brought whole or not at all."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.wording import utc_text
from ibf_pipeline.errors import ForbiddenByRule, errors_logged
from ibf_pipeline.io.atomic_files import write_errors
from ibf_pipeline.io.locks import file_lock, lock_file_of
from ibf_pipeline.prepare.parts import NOTES, matches_notes
from ibf_pipeline.prepare.stamp import LayersStamp, read_stamp, stamp_of, stamp_outputs, write_stamp
from ibf_pipeline.storage.file_sets import FileSet
from ibf_pipeline.storage.shared_folder import SharedFolder

log = logging.getLogger(__name__)

_LOOKED_AT: Final = 5
"""newest sets: machines whose static data differ put theirs in turn"""
_STAMP: Final = "stamp.json"


def have_layers(
    shared: SharedFolder | None,
    prepared: Path,
    made_of: Iterable[str] | None = None,
    free: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> None:
    """Have prepared layers in their folder, for one that reads them and does not make them.

    `made_of`: SHA-256 of the static data that a run was made of; its layers are meant. Else those that are there, or
    the newest. Where none can be had, the folder stays as it is, and whoever reads it says what is wrong with it.
    `free`: held while layers take the place of sound ones; ForbiddenByRule if a run is at work with these, which
    then stay.
    """
    wanted = None if made_of is None else sorted(made_of)
    if shared is None or _is_sound(prepared, wanted):
        return
    with file_lock(lock_file_of(prepared), f"is preparing {prepared.name}"):
        if _is_sound(prepared, wanted):
            return
        is_sound = _is_sound(prepared, None)
        if wanted is not None and _brought_instead(shared, prepared, wanted, free if is_sound else nullcontext):
            return
        if not is_sound:
            brought(shared, prepared, lambda stamp: True)


def _brought_instead(
    shared: SharedFolder, prepared: Path, wanted: list[str], free: Callable[[], AbstractContextManager[object]]
) -> bool:
    try:
        with free():
            return brought(shared, prepared, lambda stamp: _made_of(stamp) == wanted) is not None
    except ForbiddenByRule as error:
        log.warning("%s: other layers than those of the run are used: %s", shared.name, error.found)
        return False


def brought(shared: SharedFolder, prepared: Path, fits: Callable[[LayersStamp], bool]) -> LayersStamp | None:
    """Bring the newest layers whose stamp fits; None if there are none, or none that can be had."""
    with errors_logged(log, "%s: its layers cannot be brought from the store", shared.name):
        for kept in shared.sets(_LOOKED_AT):
            text = shared.text_of(kept, _STAMP)
            stamp = None if text is None else stamp_of(text)
            if stamp is not None and fits(stamp):
                return _bring(shared, kept, prepared, stamp)
    return None


def share_first(shared: SharedFolder | None, prepared: Path) -> None:
    """Put layers that are there into the store if it has none of the place yet."""
    if shared is not None and not shared.sets():
        with file_lock(lock_file_of(prepared)), shared.exclusive(f"is sharing {prepared.name}"):
            if not shared.sets():
                share(shared, prepared)


def share(shared: SharedFolder | None, prepared: Path) -> None:
    """Put layers into the store; an unreachable store is only logged: other machines then make their own."""
    stamp = read_stamp(prepared / _STAMP)
    if shared is None or stamp is None:
        return
    notes = (f"{NOTES}/{note.name}" for note in sorted((prepared / NOTES).glob("*.json")))
    with errors_logged(log, "%s: its layers could not be shared", shared.name):
        shared.share(prepared, [*stamp.outputs, *notes, _STAMP])


def replace_folder(prepared: Path, ready: Path) -> None:
    """Let another folder take the place of the prepared one, all at once."""
    with write_errors(prepared):
        old = prepared.with_name(prepared.name + ".old")
        shutil.rmtree(old, ignore_errors=True)
        if prepared.exists():
            prepared.rename(old)
        ready.rename(prepared)
    shutil.rmtree(old, ignore_errors=True)


def _bring(shared: SharedFolder, kept: FileSet, prepared: Path, stamp: LayersStamp) -> LayersStamp | None:
    arriving = prepared.with_name(prepared.name + ".brought")
    shutil.rmtree(arriving, ignore_errors=True)
    try:
        shared.bring(kept, arriving)
        outputs = stamp_outputs(arriving, stamp.outputs)
        if outputs is None or not matches_notes(arriving, outputs):
            log.warning("%s: its layers in the store of %s are not whole", shared.name, utc_text(kept.at))
            return None
        here = replace(stamp, outputs=outputs)
        write_stamp(arriving / _STAMP, here)
        replace_folder(prepared, arriving)
    finally:
        shutil.rmtree(arriving, ignore_errors=True)
    log.info("%s: the layers of %s were brought from the store", shared.name, utc_text(kept.at))
    return here


def _is_sound(prepared: Path, made_of: list[str] | None) -> bool:
    """Whether every file is there as it was written, by size and time; by its content if the time differs."""
    stamp = read_stamp(prepared / _STAMP)
    outputs = None if stamp is None else stamp_outputs(prepared, stamp.outputs)
    if stamp is None or outputs is None or (made_of is not None and _made_of(stamp) != made_of):
        return False
    touched = [name for name, known in stamp.outputs.items() if outputs[name] != known]
    return not touched or matches_notes(prepared, touched)


def _made_of(stamp: LayersStamp) -> list[str]:
    return sorted(each.sha256 for each in stamp.inputs.values())
