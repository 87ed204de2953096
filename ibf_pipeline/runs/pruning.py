"""Old files are deleted from the store: what the records still need is asked, decided under the lease of each country,
marked, and only then deleted.
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

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.domain.wording import counted
from ibf_pipeline.errors import ForbiddenByRule, InputInvalid, UsageError
from ibf_pipeline.io.sql import Database
from ibf_pipeline.io.store import Store, StoredObject
from ibf_pipeline.records.lease import lease
from ibf_pipeline.records.open import beside, open_records
from ibf_pipeline.records.schema import KEPT, REVISION, RUN
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.runs.taken_over import EXERCISES
from ibf_pipeline.storage.notes import owner_of
from ibf_pipeline.storage.retention import LEASE, Decision, Needs, Row, decide, freed, left_over, row_of
from ibf_pipeline.storage.storage import Storage

log = logging.getLogger(__name__)

NEWEST_RUNS: Final = 10
"""of each country and hazard that stay whole: the report of the next one is compared with them"""
_PATIENCE_SECONDS: Final = 60.0
"""for a run of the country that is at work"""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person or the configuration wants to be deleted."""

    days: Mapping[str, int | None]
    """kind -> for how many days it is kept; None: for ever"""
    country: str | None = None
    kind: str | None = None

    @property
    def is_partial(self) -> bool:
        """Whether it is about some sets of files alone."""
        return self.country is not None or self.kind is not None

    def includes(self, row: Row) -> bool:
        """Whether a set may be deleted by it."""
        return (self.country is None or row.country == self.country) and (self.kind is None or row.kind == self.kind)


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was deleted."""

    sets: tuple[Row, ...]
    size: int
    """bytes"""
    left_over: int
    """files that no set named, or that an earlier prune had not come to"""
    passed_over: tuple[str, ...]
    """in words: why something was not deleted that could have been"""

    @property
    def words(self) -> str:
        """For people: `2 sets of files deleted, 1.2 MB`."""
        more = f", {counted(self.left_over, 'file')} of no set among them" if self.left_over else ""
        return f"{counted(len(self.sets), 'set')} of files deleted, {self.size / 1e6:,.1f} MB{more}"


@dataclass(frozen=True, slots=True)
class Pruning:
    """The files of an installation in its store."""

    runs: Path
    """the folder of the real days"""
    storage: Storage
    now: Callable[[], datetime]

    @property
    def store(self) -> Store:
        """UsageError where there is none."""
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
        return open_records(self.storage.records or beside(self.runs))

    def decisions(self, asked: Asked) -> list[Decision]:
        """What would become of each set that is there, the oldest first; nothing is changed."""
        return self._decided(self.rows(), asked)

    def rows(self) -> list[Row]:
        """Every set that was ever put into the store."""
        return [row_of(each) for each in self._records.rows(select(KEPT).order_by(KEPT.c.id))]

    def _decided(self, rows: Sequence[Row], asked: Asked) -> list[Decision]:
        of_age = [each.row for each in decide(rows, Needs(), asked.days, self.now()) if each.deletes]
        decided = decide(rows, self._needs({row.run for row in of_age if row.run}), asked.days, self.now())
        return [each for each in decided if asked.includes(each.row)]

    def prune(self, asked: Asked) -> Pruned:
        """Delete what may be deleted. What is done can be repeated, whatever ended it before."""
        store, gone, size, passed = self.store, list[Row](), 0, list[str]()
        with lease(self._records, LEASE, "prune", _PATIENCE_SECONDS):
            for name in _names(each.row for each in self.decisions(asked) if each.deletes):
                try:
                    deleted, freed_bytes = self._prune_of(name, asked)
                except ForbiddenByRule as error:
                    passed.append(f"{name}: {error.found}")
                    continue
                gone += deleted
                size += freed_bytes
            try:
                left = self.left_over(asked)
            except ForbiddenByRule as error:
                left = []
                passed.append(str(error))
            store.remove([each.key for each in left])
        return Pruned(tuple(gone), size + sum(each.size for each in left), len(left), tuple(passed))

    def left_over(self, asked: Asked) -> list[StoredObject]:
        """Files in the store that no set needs; none where only some sets are asked about. ForbiddenByRule where there
        are many.
        """
        if asked.is_partial:
            return []
        objects = list(self.store.objects())  # before the rows: what is put meanwhile is in both, or in none
        return left_over(objects, self.rows(), self.now(), owner_of(self._records))

    def _prune_of(self, lease_name: str, asked: Asked) -> tuple[list[Row], int]:
        """Mark and delete what may be deleted while no run of the country is at work: the sets, and their bytes."""
        with lease(self._records, lease_name, "prune", _PATIENCE_SECONDS) as held:
            rows = self.rows()
            deleted = [
                each.row for each in self._decided(rows, asked) if each.deletes and each.row.lease_name == lease_name
            ]
            at = self.now().isoformat(timespec="seconds")
            with self._records.transaction() as connection:
                held.fence_off(connection)
                for row in deleted:
                    connection.execute(update(KEPT).where(KEPT.c.id == row.number).values(pruned=at))
            keys = freed(rows, deleted)
            self.store.remove(keys)
            return deleted, sum(keys.values())

    def _needs(self, places: set[str]) -> Needs:
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
        return Needs(runs, days)

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
        newest = func.max(REVISION.c.issue_time).label("newest")
        for row in self._records.rows(select(*key, newest).group_by(*key)):
            run = RunId(row.country, row.hazard, IssueTime.parse(row.newest))
            runs = self.runs / EXERCISES if row.exercise else self.runs
            yield RunFolder(runs, run, self.storage).history(row.target)


def _unsettled(revision: Revision) -> tuple[str | None, bool]:
    """Why a person or a run may still go on with a revision, in words; and whether its target shows it."""
    try:
        state = revision.state()
        if state.unknown_end is not None:
            return "its notification is unconfirmed", state.is_uploaded
        if state.is_closed or state.is_finished:
            return None, state.is_uploaded
        held = revision.about().hold_until is not None
        return "its notification is held" if held else "it is not finished", state.is_uploaded
    except InputInvalid as error:
        log.warning("%s is damaged, and its files are kept: %s", revision.folder, error)
        return "it cannot be read", False


def _names(rows: Iterable[Row]) -> list[str]:
    return sorted({row.lease_name for row in rows})
