"""How files reach a folder: a day is shown whole or not at all, and a new revision takes its place by two renames."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.io.atomic_files import atomic_path, sync_folder, write_errors, write_json
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.publish.call import Call, FileBody
from ibf_pipeline.publish.publisher import Answer, FileOf
from ibf_pipeline.targets.files.planner import PUT

_DAY_FILE = "day.json"
"""what a shown day is: its revision's date and the hash of every file"""


def shown_day(day: Path) -> dict[str, Any]:
    """What the folder of a day says of itself; empty if there is none or it says nothing."""
    return read_json_or_empty(day / _DAY_FILE)


class FilesTransport:
    """The calls of a plan carried out below a folder."""

    def __init__(self, root: Path, file_of: FileOf) -> None:
        self._root = root
        self._file_of = file_of

    def send(self, call: Call) -> Answer:
        """Bring a file, or show the day.

        Raises
        ------
        WriteFailed
            If the folder or the disk does not take it.
        """
        path = self._root / call.path.lstrip("/")
        if call.method == PUT and call.file is not None:
            hidden = _hidden(path.parent)
            self._put(call.file, hidden / path.name)
            return Answer(201, "")
        with write_errors(path):
            return Answer(200 if self._show(path, dict(call.body or {})) else 208, "")

    def _put(self, file: FileBody, place: Path) -> None:
        """Copy a file of the revision; whole on disk before it gets its name."""
        source = self._file_of(file.path)
        with atomic_path(place) as partial:
            shutil.copyfile(source, partial)
            if sha256(partial) != file.sha256:
                raise InputInvalid(
                    "this file is not the one that was planned",
                    where=source,
                    expected="the file as it was when the revision was made",
                    remedy="give the revision up with `ibf-pipeline resume --abort` and run the day again",
                )

    def _show(self, day: Path, about: dict[str, Any]) -> bool:
        """False if the day is shown already, by a call whose answer was lost."""
        hidden = _hidden(day)
        if shown_day(day) == about:
            shutil.rmtree(hidden, ignore_errors=True)
            return False
        hidden.mkdir(parents=True, exist_ok=True)
        files: dict[str, str] = about["files"]
        for name, digest in files.items():
            if not (hidden / name).is_file() or sha256(hidden / name) != digest:  # somebody has cleaned up
                self._put(FileBody(f"files/{name}", name, digest), hidden / name)
        for other in hidden.iterdir():
            if other.name not in files:
                shutil.rmtree(other) if other.is_dir() else other.unlink()
        write_json(hidden / _DAY_FILE, about)
        _replace(hidden, day)
        return True


def _hidden(day: Path) -> Path:
    """Where a day is put together: beside its place, so that it can be moved there."""
    return day.with_name(f".{day.name}.part")


def _replace(new: Path, old: Path) -> None:
    """Put a folder in the place of another, which comes back if the disk does not take that. A process that dies
    between the two renames leaves none: `resume` shows the day again.
    """
    aside = new.with_name(new.name + ".old")
    shutil.rmtree(aside, ignore_errors=True)
    if old.exists():
        old.rename(aside)
    try:
        new.rename(old)
    except OSError:
        if aside.exists():
            aside.rename(old)
        raise
    sync_folder(old.parent)
    if aside.exists():
        shutil.rmtree(aside)
