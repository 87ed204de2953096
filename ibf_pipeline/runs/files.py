"""The files of a run, wherever they are: on this machine, in the store, or deleted from it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy import select

from ibf_pipeline.errors import InputMissing
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.store import together
from ibf_pipeline.io.writing import whole
from ibf_pipeline.records.schema import KEPT
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.storage.kept import ALWAYS
from ibf_pipeline.storage.retention import Row, row_of

PARTS: Final = {"report": "report/", "extents": "extents/", "observations": "observations/", "revisions": "targets/"}
"""parts of a run -> what names of their files begin with; whatever else there is are its findings"""
FINDINGS: Final = "findings"


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
    """in the store; None where it was never there"""
    sha256: str | None = None
    is_pruned: bool = False
    """it was deleted from the store"""

    @property
    def part(self) -> str:
        """Which part of the run it is of."""
        return next((part for part, begins in PARTS.items() if self.name.startswith(begins)), FINDINGS)

    @property
    def can_be_had(self) -> bool:
        """Whether it is here or in the store."""
        return self.is_here or (self.key is not None and not self.is_pruned)


def files_of(run: RunFolder) -> list[RunFile]:
    """Every file of a run that the records know or that lies in its folder, by name."""
    found = _stored(run)
    for file in run.path.rglob("*") if run.path.is_dir() else ():
        name = file.relative_to(run.path).as_posix()
        hidden = any(part.startswith(".") for part in Path(name).parts)
        if name not in found and not hidden and file.is_file():
            found[name] = RunFile(name, file.stat().st_size, True)
    return [found[name] for name in sorted(found)]


def sets_of(run: RunFolder) -> list[Row]:
    """The newest set of each place of a run in the store; none without one."""
    if run.storage.store is None:
        return []
    within = (KEPT.c.place == run.place) | KEPT.c.place.startswith(f"{run.place}/", autoescape=True)
    rows = run.records.rows(select(KEPT).where(within).order_by(KEPT.c.id))
    return list({row.place: row for row in map(row_of, rows)}.values())


def _stored(run: RunFolder) -> dict[str, RunFile]:
    found = dict[str, RunFile]()
    for row in sets_of(run):
        below = row.place.removeprefix(run.place).lstrip("/")
        for each in row.files:
            name = f"{below}/{each.name}" if below else each.name
            is_pruned = row.is_pruned and each.name not in ALWAYS
            found[name] = RunFile(name, each.size, (run.path / name).is_file(), each.key, each.sha256, is_pruned)
    return found


def pull(run: RunFolder, files: Sequence[RunFile], folder: Path, told: Callable[[int], None]) -> list[Path]:
    """Have files of a run below a folder, those of the store with the content that was put there. `told`: of each that
    is done, its bytes.

    InputMissing where one of them cannot be had; nothing is fetched then.
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
            with whole(target) as part:
                shutil.copyfile(here, part)
        elif run.storage.store is not None and file.key is not None and file.sha256 is not None:
            run.storage.store.get(file.key, target, file.sha256)
        told(file.size)

    together(have, files)
    return [folder / file.name for file in files]


def _is(path: Path, file: RunFile) -> bool:
    """Whether a path is that file: by its content, where the store knows it."""
    return path.is_file() and (file.sha256 is None or sha256(path) == file.sha256)
