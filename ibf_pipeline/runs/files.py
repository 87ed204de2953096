"""The files of a run, wherever they are: on this machine, in the store, or deleted from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.atomic_files import atomic_path
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.transfers import transfer_all
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.storage.file_sets import FileSet, newest_below

_PARTS: Final = {"report": "report/", "extents": "extents/", "observations": "observations/", "revisions": "targets/"}
"""parts of a run -> what names of their files begin with; whatever else there is are its findings"""
_FINDINGS: Final = "findings"


@dataclass(frozen=True, slots=True)
class RunFile:
    """A file of a run."""

    name: str
    """below the folder of the run, such as `report/report.html`"""
    size: int
    """bytes"""
    is_here: bool
    """on this machine, in the folder of the run"""
    key: str | None = None
    """in the store; None if it was never there"""
    sha256: str | None = None
    is_pruned: bool = False
    """it was deleted from the store"""

    @property
    def part(self) -> str:
        """The part of the run that it belongs to: a key of `_PARTS`, or `findings`."""
        return next((part for part, begins in _PARTS.items() if self.name.startswith(begins)), _FINDINGS)

    @property
    def can_be_had(self) -> bool:
        """Whether it is on this machine or in the store."""
        return self.is_here or (self.key is not None and not self.is_pruned)


def files_of(run: RunFolder) -> list[RunFile]:
    """Every file of a run that the records know or that lies in its folder, sorted by name."""
    found = _stored(run)
    for file in run.path.rglob("*") if run.path.is_dir() else ():
        name = file.relative_to(run.path).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if name not in found and not hidden and file.is_file():
            found[name] = RunFile(name, file.stat().st_size, True)
    return [found[name] for name in sorted(found)]


def file_sets_of(run: RunFolder) -> list[FileSet]:
    """The newest set of files in the store for each folder of a run; none without a store."""
    return [] if run.storage.store is None else newest_below(run.records, run.place)


def _stored(run: RunFolder) -> dict[str, RunFile]:
    found = dict[str, RunFile]()
    for kept in file_sets_of(run):
        below = kept.place.removeprefix(run.place).lstrip("/")
        for each in kept.files:
            name = f"{below}/{each.name}" if below else each.name
            is_here, is_pruned = (run.path / name).is_file(), not kept.has(each.name)
            found[name] = RunFile(name, each.size, is_here, each.key, each.sha256, is_pruned)
    return found


def pull(run: RunFolder, files: Sequence[RunFile], folder: Path, told: Callable[[int], None]) -> list[Path]:
    """Copy files of a run below a folder; those of the store have the content that was put there.

    Parameters
    ----------
    run : RunFolder
        The run.
    files : Sequence[RunFile]
        Some of `files_of(run)`.
    folder : Path
        Where to put them, under their names.
    told : Callable[[int], None]
        Called with the bytes of each file that is done.

    Returns
    -------
    list of Path
        The copies, in the order of `files`.

    Raises
    ------
    InputMissing
        If one of them is neither here nor in the store; then nothing is fetched.
    StoreUnavailable, InputInvalid, WriteFailed
        As `FileStore.get`.
    """
    gone = [each for each in files if not each.can_be_had]
    if gone:
        raise InputMissing(
            f"{len(gone)} files of {run.id} were deleted from the store, such as {gone[0].name}",
            where=run.place,
            expected="files that are still kept",
            remedy="name the parts that are left with --only; `ibf-pipeline runs show` lists them",
        )

    def have(file: RunFile) -> None:
        target, here = folder / file.name, run.path / file.name
        if _is(target, file):
            pass
        elif _is(here, file):
            with atomic_path(target) as part:
                shutil.copyfile(here, part)
        elif run.storage.store is not None and file.key is not None and file.sha256 is not None:
            run.storage.store.get(file.key, target, file.sha256)
        told(file.size)

    transfer_all(have, files)
    return [folder / file.name for file in files]


def _is(path: Path, file: RunFile) -> bool:
    """Whether a path is that file: by its content, if the store knows it."""
    return path.is_file() and (file.sha256 is None or sha256(path) == file.sha256)
