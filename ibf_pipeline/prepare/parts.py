"""The parts of a prepared folder: each remembers what it was made of, so that only what changed is made again."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ibf_pipeline.io.atomic_files import write_errors, write_text
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.prepare.stamp import LAYERS_FORMAT

log = logging.getLogger(__name__)

NOTES: Final = "parts"
"""folder below the prepared one: a note for each finished part"""


@dataclass(frozen=True, slots=True)
class PreparedPart:
    """Files that are made together."""

    name: str
    files: tuple[str, ...]
    """below the prepared folder"""
    made_from: Mapping[str, Any]
    """hashes of inputs, settings, keys of other parts; the part is made again if any of it changed"""

    @property
    def key(self) -> str:
        """Short for everything that the part was made from."""
        content = {"format": LAYERS_FORMAT, "part": self.name, "files": self.files, "made_from": self.made_from}
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class BuildStep:
    """Where `prepare` is."""

    words: str
    number: int
    """1 for the first"""
    of: int
    kept: bool
    """true if it was there already and nothing has to be made"""

    def __str__(self) -> str:
        return self.words + (" (kept)" if self.kept else "")


BuildProgress = Callable[[BuildStep], None]
"""Told about every step when it begins."""


def log_progress(step: BuildStep) -> None:
    """Progress as lines of the log."""
    log.info("%d of %d: %s", step.number, step.of, step)


class PartBuilder:
    """Makes parts in a folder; finished ones of an interrupted or of the last whole build are taken over.

    A part is finished when its note is there and every file is, byte for byte, what the note says.
    """

    def __init__(self, folder: Path, earlier: Path, steps: int, progress: BuildProgress) -> None:
        self._folder = folder
        self._earlier = earlier
        self._steps = steps
        self._progress = progress
        self._number = 0
        self._parts: list[PreparedPart] = []
        self.built: list[str] = []
        """names of the parts that were made, in their order"""

    def step(self, words: str, parts: Sequence[PreparedPart], build: Callable[[list[PreparedPart]], None]) -> None:
        """Have all of `parts`; `build` is called once with those that have to be made."""
        self._number += 1
        stale = [part for part in parts if not self._take_over(part)]
        self._progress(BuildStep(words, self._number, self._steps, kept=not stale))
        if stale:
            for part in stale:
                self._remove(part)
            build(stale)
            for part in stale:
                self._finish(part)
        self._parts += parts

    def outputs(self) -> list[str]:
        """Every file; whatever else lies in the folder is removed."""
        files = [name for part in self._parts for name in part.files]
        notes = {f"{part.name}.json" for part in self._parts}
        for path in self._folder.iterdir():
            if path.is_file() and path.name not in files:
                path.unlink()
        for path in (self._folder / NOTES).iterdir():
            if path.name not in notes:
                path.unlink()
        return files

    def _take_over(self, part: PreparedPart) -> bool:
        if _is_finished(self._folder, part):
            return True
        if not _is_finished(self._earlier, part):
            return False
        self._remove(part)
        with write_errors(self._folder):
            for name in (*part.files, f"{NOTES}/{part.name}.json"):
                _link(self._earlier / name, self._folder / name)
        return True

    def _remove(self, part: PreparedPart) -> None:
        """Files are removed before they are made again: they may be shared with the earlier folder."""
        with write_errors(self._folder):
            (self._folder / NOTES).mkdir(parents=True, exist_ok=True)
            for name in (f"{NOTES}/{part.name}.json", *part.files):
                (self._folder / name).unlink(missing_ok=True)

    def _finish(self, part: PreparedPart) -> None:
        with write_errors(self._folder):
            content = {"key": part.key, "files": {name: sha256(self._folder / name) for name in part.files}}
        write_text(self._folder / NOTES / f"{part.name}.json", json.dumps(content))
        self.built.append(part.name)


def _is_finished(folder: Path, part: PreparedPart) -> bool:
    try:
        note = json.loads((folder / NOTES / f"{part.name}.json").read_text(encoding="utf-8"))
        return bool(note["key"] == part.key) and all(
            sha256(folder / name) == note["files"][name] for name in part.files
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def matches_notes(folder: Path, names: Iterable[str]) -> bool:
    """Whether files of a prepared folder are, byte for byte, what the notes of their parts say."""
    try:
        notes = [json.loads(note.read_text(encoding="utf-8"))["files"] for note in (folder / NOTES).glob("*.json")]
        known = {name: digest for files in notes for name, digest in files.items()}
        return all(known.get(name) == sha256(folder / name) for name in names)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without hard links
        shutil.copy2(source, target)
