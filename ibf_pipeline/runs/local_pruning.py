"""Old files of runs that are only on this machine: without a store, they are deleted from the run folders.

The rules are those of a store.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ibf_pipeline.domain.run_id import EXERCISES
from ibf_pipeline.hazards.registry import HAZARDS
from ibf_pipeline.io.file_store import StoredObject
from ibf_pipeline.records.lease import lease
from ibf_pipeline.runs.folder import REPORT, RunFolder
from ibf_pipeline.runs.pruning import PRUNE_WAIT_SECONDS, PruneRequest, Pruning
from ibf_pipeline.runs.run_index import countries_with_runs, runs_of
from ibf_pipeline.storage.file_sets import FileEntry, FileSet, FileSetKind

_PARTS: Final[dict[FileSetKind, tuple[str, ...]]] = {
    "run": ("extents", "forecast.nc"),
    "report": (REPORT,),
    "observation": ("observations",),
}
"""kind -> what of a run's folder may go; findings, manifest, plans and journals stay"""


@dataclass(frozen=True, slots=True)
class LocalPruning(Pruning):
    """Deletes from the run folders of an installation without a store."""

    def sets(self) -> list[FileSet]:
        """The files of each run that can be deleted, by kind; a set is as old as its newest file."""
        found = list[FileSet]()
        for run in self._runs():
            for kind, names in _PARTS.items():
                if files := _files(run, names):
                    at = datetime.fromtimestamp(max(each.stat().st_mtime for each in files), UTC)
                    found.append(FileSet(len(found), f"{run.place}/{kind}", kind, run.iso3, at, _as_kept(run, files)))
        return found

    def orphans(self, asked: PruneRequest) -> list[StoredObject]:
        """None: unknown files in these folders are left alone."""
        return []

    def _delete_orphans(self, asked: PruneRequest, passed: list[str]) -> list[StoredObject]:
        return []

    def _prune_of(self, lease_name: str, asked: PruneRequest) -> tuple[list[FileSet], int]:
        """Delete what may be deleted while no run of the country is at work: the sets, and their bytes."""
        with lease(self._records, lease_name, "prune", PRUNE_WAIT_SECONDS):
            decided = [each.kept for each in self._decided(self.sets(), asked) if each.deletes]
            deleted = [each for each in decided if each.lease_name == lease_name]
            for path in (Path(file.key) for each in deleted for file in each.files):
                path.unlink(missing_ok=True)
                _without_empty(path.parent)
        return deleted, sum(file.size for each in deleted for file in each.files)

    def _runs(self) -> Iterator[RunFolder]:
        for runs in (self.runs, self.runs / EXERCISES):
            for hazard in HAZARDS:
                for iso3 in countries_with_runs(runs, hazard, self.storage):
                    yield from runs_of(runs, iso3, hazard, self.storage)


def _files(run: RunFolder, names: Sequence[str]) -> list[Path]:
    paths = [run.path / name for name in names]
    return [file for path in paths for file in (path, *path.rglob("*")) if file.is_file()]


def _as_kept(run: RunFolder, files: Sequence[Path]) -> tuple[FileEntry, ...]:
    return tuple(FileEntry(file.relative_to(run.path).as_posix(), str(file), file.stat().st_size, "") for file in files)


def _without_empty(folder: Path) -> None:
    """Delete a folder that has nothing in it any more."""
    with suppress(OSError):
        folder.rmdir()
