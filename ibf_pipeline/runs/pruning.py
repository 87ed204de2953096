"""Old files are deleted from the store: decided by the records under the lease of each country, marked, and only then
deleted.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

from sqlalchemy import func, select, update

from ibf_pipeline.domain.run_id import EXERCISES
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid, UsageError
from ibf_pipeline.io.file_store import FileStore, StoredObject
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.lease import lease
from ibf_pipeline.records.schema import KEPT_FILES, REVISION, RUN
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.run_index import run_of
from ibf_pipeline.storage.file_sets import PRUNE, FileSet, every_set
from ibf_pipeline.storage.notes import owner_of
from ibf_pipeline.storage.retention import PruningNeeds, RetentionDecision, freed, orphaned_objects, retention_decisions
from ibf_pipeline.storage.storage import Storage

log = logging.getLogger(__name__)

NEWEST_RUNS: Final = 10
"""of each country and hazard that stay whole: the report of the next one is compared with them"""
PRUNE_WAIT_SECONDS: Final = 60.0
"""for a run of the country that is at work"""


@dataclass(frozen=True, slots=True)
class PruneRequest:
    """What an operator or the configuration wants to delete."""

    days: Mapping[str, int | None]
    """kind -> for how many days it is kept; None: for ever"""
    country: str | None = None
    kind: str | None = None

    @property
    def is_partial(self) -> bool:
        """Whether it is about some sets of files only."""
        return self.country is not None or self.kind is not None

    def includes(self, kept: FileSet) -> bool:
        """Whether it may delete this set."""
        return self.country in (None, kept.country) and self.kind in (None, kept.kind)


@dataclass(frozen=True, slots=True)
class PruneResult:
    """What was deleted."""

    sets: tuple[FileSet, ...]
    size: int
    """bytes"""
    orphans: int
    """files that no set named, or that an earlier prune had not come to"""
    passed_over: tuple[str, ...]
    """in words: why something was not deleted that could have been"""

    @property
    def words(self) -> str:
        """For people: `2 sets of files deleted, 1.2 MB`."""
        more = f", {counted(self.orphans, 'file')} of no set among them" if self.orphans else ""
        return f"{counted(len(self.sets), 'set')} of files deleted, {self.size / 1e6:,.1f} MB{more}"


@dataclass(frozen=True, slots=True)
class Pruning:
    """The files of an installation in its store."""

    runs: Path
    """the folder of the real days"""
    storage: Storage
    now: Callable[[], datetime]

    @property
    def store(self) -> FileStore:
        """The store of the installation.

        Raises
        ------
        UsageError
            If there is none.
        """
        if self.storage.store is None:
            raise UsageError(
                "there is no store: runs lie in the folders of this machine, and nothing deletes them",
                where="settings.yaml: store",
                expected="an installation whose files are in a store",
                remedy="set up a store, or delete folders yourself: docs/operate.md says which",
            )
        return self.storage.store

    @property
    def _records(self) -> Database:
        return self.storage.database(self.runs)

    def decisions(self, asked: PruneRequest) -> list[RetentionDecision]:
        """What would happen to each set that is there, oldest first; nothing is changed."""
        return self._decided(self.sets(), asked)

    def sets(self) -> list[FileSet]:
        """Every set that was ever put into the store, the oldest first."""
        return every_set(self._records)

    def _decided(self, sets: Sequence[FileSet], asked: PruneRequest) -> list[RetentionDecision]:
        of_age = retention_decisions(sets, PruningNeeds(), asked.days, self.now())
        needs = self._needs({each.kept.run for each in of_age if each.deletes and each.kept.run})
        decided = retention_decisions(sets, needs, asked.days, self.now())
        return [each for each in decided if asked.includes(each.kept)]

    def prune(self, asked: PruneRequest) -> PruneResult:
        """Delete what may be deleted; it can be repeated after any interruption.

        Raises
        ------
        ForbiddenByRule
            If another process prunes. A country that is at work is skipped, and the result says so.
        StoreUnavailable, WriteFailed
            If the store or the records cannot be used.
        """
        gone, size, passed = list[FileSet](), 0, list[str]()
        with lease(self._records, PRUNE, "prune", PRUNE_WAIT_SECONDS):
            for name in _names(each.kept for each in self.decisions(asked) if each.deletes):
                try:
                    deleted, freed_bytes = self._prune_of(name, asked)
                except ForbiddenByRule as error:
                    passed.append(f"{name}: {error.found}")
                    continue
                gone += deleted
                size += freed_bytes
            left = self._delete_orphans(asked, passed)
        return PruneResult(tuple(gone), size + sum(each.size for each in left), len(left), tuple(passed))

    def orphans(self, asked: PruneRequest) -> list[StoredObject]:
        """Files in the store that no set needs; none if the request is partial.

        Raises
        ------
        ForbiddenByRule
            If there are so many that the records must be an older copy.
        """
        if asked.is_partial:
            return []
        objects = list(self.store.objects())  # before the sets: what is put meanwhile is in both, or in none
        return orphaned_objects(objects, self.sets(), self.now(), owner_of(self._records))

    def _delete_orphans(self, asked: PruneRequest, passed: list[str]) -> list[StoredObject]:
        """Files that no set needs, now deleted; none if that is refused, which `passed` then says."""
        try:
            left = self.orphans(asked)
            self.store.remove([each.key for each in left])
        except ForbiddenByRule as error:
            passed.append(str(error))
            return []
        return left

    def _prune_of(self, lease_name: str, asked: PruneRequest) -> tuple[list[FileSet], int]:
        """Mark and delete what may be deleted while no run of the country is at work: the sets, and their bytes."""
        with lease(self._records, lease_name, "prune", PRUNE_WAIT_SECONDS) as held:
            sets = self.sets()
            deleted = [
                each.kept for each in self._decided(sets, asked) if each.deletes and each.kept.lease_name == lease_name
            ]
            at = self.now().isoformat(timespec="seconds")
            with self._records.transaction() as connection:
                held.fence_off(connection)
                for each in deleted:
                    connection.execute(update(KEPT_FILES).where(KEPT_FILES.c.id == each.row).values(pruned=at))
            keys = freed(sets, deleted)
            self.store.remove(keys)
            return deleted, sum(keys.values())

    def _needs(self, places: set[str]) -> PruningNeeds:
        """What the records still need of runs, the newest of each country and those of `places`."""
        runs, days = dict[str, str](), dict[str, str]()
        for run in self._newest_runs():
            runs.setdefault(run, f"one of the newest {NEWEST_RUNS} runs")
        for history in self._histories():
            shown = False
            for revision in history:
                place = revision.run.place
                if shown and place not in places:
                    continue
                why, uploaded = _unsettled(revision)
                if why is not None:
                    runs[place] = days[f"{revision.issue_time.day:%Y%m%d}"] = why
                elif not shown:
                    runs.setdefault(place, f"{revision.target} shows it, or it came since")
                shown = shown or uploaded
        return PruningNeeds(runs, days)

    def _newest_runs(self) -> Iterator[str]:
        key = (RUN.c.exercise, RUN.c.country, RUN.c.hazard)
        found = defaultdict[tuple[bool, str, str], list[str]](list)
        for row in self._records.rows(select(*key, RUN.c.issue_time).distinct().order_by(RUN.c.issue_time.desc())):
            of = found[row.exercise, row.country, row.hazard]
            if len(of) < NEWEST_RUNS:
                of.append(row.issue_time)
                yield f"{EXERCISES}/" * row.exercise + f"{row.country}/{row.hazard}/{row.issue_time}"

    def _histories(self) -> Iterator[list[Revision]]:
        """The revisions on each target, newest first."""
        key = (REVISION.c.exercise, REVISION.c.country, REVISION.c.hazard, REVISION.c.target)
        newest = func.max(REVISION.c.issue_time).label("issue_time")
        for row in self._records.rows(select(*key, newest).group_by(*key)):
            yield run_of(self.runs, self.storage, row).history(row.target)


def _unsettled(revision: Revision) -> tuple[str | None, bool]:
    """Why an operator or a run may still go on with a revision, in words; and whether its target shows it."""
    try:
        state = revision.state()
        if state.unconfirmed_call is not None:
            return "its notification is unconfirmed", state.is_uploaded
        if state.is_closed or state.is_finished:
            return None, state.is_uploaded
        held = revision.about().hold_until is not None
        return "its notification is held" if held else "it is not finished", state.is_uploaded
    except InputInvalid as error:
        log.warning("%s is damaged, and its files are kept: %s", revision.folder, error)
        return "it cannot be read", False


def _names(sets: Iterable[FileSet]) -> list[str]:
    return sorted({each.lease_name for each in sets})
