"""What prepared layers were made of: rebuilt where an input or a setting changed, left alone otherwise."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.atomic_files import write_text
from ibf_pipeline.io.digest import sha256

LAYERS_FORMAT = 10
"""Version of the prepared folder; another one is rebuilt."""


@dataclass(frozen=True, slots=True)
class OutputStamp:
    """A file of the prepared folder as it was written; its hash is in the note of its part."""

    size: int
    """bytes"""
    modified: int
    """nanoseconds"""


@dataclass(frozen=True, slots=True)
class InputStamp(OutputStamp):
    """A file as it was when it was read."""

    changed: int
    """nanoseconds, of its content or of where it lies (ctime): tools that copy keep the other time, or set it"""
    sha256: str


@dataclass(frozen=True, slots=True)
class LayersStamp:
    """Everything that a prepared folder was made of, and what it consists of."""

    settings: Mapping[str, Any]
    inputs: Mapping[str, InputStamp]
    """by path below the static folder; what lies elsewhere by its whole path"""
    outputs: Mapping[str, OutputStamp]
    """by file name"""

    def describes(self, inputs: Mapping[str, InputStamp], settings: Mapping[str, Any]) -> bool:
        """Whether inputs and settings are still the same; times of files may differ.

        What lies outside of the static folder may lie elsewhere on another machine: it has the same name and content.
        """
        return self.settings == json.loads(json.dumps(settings)) and _hashes(self.inputs) == _hashes(inputs)


def stamp_inputs(folder: Path, files: Iterable[Path], known: Mapping[str, InputStamp]) -> dict[str, InputStamp]:
    """Size, time and hash of every input, by its name as in `name_of`.

    The hash is taken over from `known` if size and times are the same, and counted anew if they differ.

    Raises InputInvalid if a file may not be read, or is gone meanwhile.
    """
    return {name_of(file, folder): _stamp(file, known.get(name_of(file, folder))) for file in files}


def name_of(file: Path, folder: Path) -> str:
    """An input's path below the static folder, or its whole path if it lies elsewhere."""
    path, below = Path(os.path.abspath(file)), Path(os.path.abspath(folder))
    return (path.relative_to(below) if path.is_relative_to(below) else path).as_posix()


def _stamp(file: Path, earlier: InputStamp | None) -> InputStamp:
    try:
        found = file.stat()
        kept = earlier is not None and _is_unchanged(file, earlier)
        digest = earlier.sha256 if earlier is not None and kept else sha256(file)
    except OSError as error:
        raise InputInvalid(
            f"the file cannot be read ({error.strerror or error})",
            where=file,
            expected="static data that the pipeline may read",
            remedy="give the user that runs the pipeline the right to read it",
        ) from error
    return InputStamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns, digest)


def stamp_outputs(folder: Path, names: Iterable[str]) -> dict[str, OutputStamp] | None:
    """Size and time of files of the prepared folder; None if one is not there."""
    stamps = {}
    for name in names:
        try:
            found = (folder / name).stat()
        except OSError:
            return None
        stamps[name] = OutputStamp(found.st_size, found.st_mtime_ns)
    return stamps


def changed_since(folder: Path, inputs: Mapping[str, InputStamp]) -> list[str]:
    """Inputs that are gone, or whose size or times are no longer those of their stamp."""
    return [name for name, stamp in inputs.items() if not _is_unchanged(folder / name, stamp)]


def _is_unchanged(file: Path, stamp: InputStamp) -> bool:
    try:
        found = file.stat()
    except OSError:
        return False
    return (stamp.size, stamp.modified, stamp.changed) == (found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def read_stamp(file: Path) -> LayersStamp | None:
    """The stamp of a prepared folder; None if there is none that can be trusted."""
    try:
        return stamp_of(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def stamp_of(text: str) -> LayersStamp | None:
    """The stamp that is written in a text; None if it is not of this version."""
    try:
        content = json.loads(text)
        if content["format"] != LAYERS_FORMAT:
            return None
        inputs = {name: InputStamp(**entry) for name, entry in content["inputs"].items()}
        outputs = {name: OutputStamp(**entry) for name, entry in content["outputs"].items()}
        return LayersStamp(content["settings"], inputs, outputs)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def write_stamp(file: Path, stamp: LayersStamp) -> None:
    """Write `stamp.json`, the last file of a prepared folder, whole or not at all."""
    write_text(file, json.dumps({"format": LAYERS_FORMAT, **asdict(stamp)}, indent=1, sort_keys=True))


def _hashes(inputs: Mapping[str, InputStamp]) -> list[tuple[str, str]]:
    names = ((os.path.basename(name) if os.path.isabs(name) else name, stamp) for name, stamp in inputs.items())
    return sorted((name, stamp.sha256) for name, stamp in names)
