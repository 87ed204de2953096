"""What prepared layers were made of: rebuilt where an input or a setting changed, left alone otherwise."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = 2
"""Version of the prepared folder; another one is rebuilt."""


@dataclass(frozen=True, slots=True)
class InputStamp:
    """A file as it was when it was read."""

    size: int
    """bytes"""
    modified: int
    """nanoseconds"""
    sha256: str


def sha256(file: Path) -> str:
    """Hash of a file's content."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def stamp_inputs(folder: Path, files: Iterable[Path]) -> dict[str, InputStamp]:
    """Size, time and hash of every input, by its path below the static folder."""
    return {
        file.relative_to(folder).as_posix(): InputStamp(file.stat().st_size, file.stat().st_mtime_ns, sha256(file))
        for file in files
    }


def write_stamp(file: Path, inputs: Mapping[str, InputStamp], settings: Mapping[str, Any]) -> None:
    """Write `stamp.json`, the last file of a prepared folder."""
    content = {
        "format": FORMAT,
        "settings": settings,
        "inputs": {
            name: {"size": stamp.size, "modified": stamp.modified, "sha256": stamp.sha256}
            for name, stamp in inputs.items()
        },
    }
    file.write_text(json.dumps(content, indent=1, sort_keys=True), encoding="utf-8")


def is_current(file: Path, folder: Path, files: Iterable[Path], settings: Mapping[str, Any]) -> bool:
    """Whether a stamp still describes the inputs: sizes and times first, hashes where those differ."""
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
        stamped = content["inputs"]
        if content["format"] != FORMAT or content["settings"] != json.loads(json.dumps(settings)):
            return False
        names = {path.relative_to(folder).as_posix(): path for path in files}
        if set(names) != set(stamped):
            return False
        return all(_same(path, stamped[name]) for name, path in names.items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _same(path: Path, stamped: Mapping[str, Any]) -> bool:
    found = path.stat()
    if found.st_size != stamped["size"]:
        return False
    return bool(found.st_mtime_ns == stamped["modified"]) or sha256(path) == stamped["sha256"]
