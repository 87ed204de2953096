"""The folder of a run: the findings of its day, and the revisions that were published of it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import ColumnElement, exists, select

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.run_id import EXERCISES, RunId
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.registry import known_hazard
from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.io.sql import Database
from ibf_pipeline.records.lease import Lease, lease
from ibf_pipeline.records.schema import ENTRY, REVISION, RUN
from ibf_pipeline.runs.findings import read_findings_json
from ibf_pipeline.runs.legacy_journals import LEGACY_HAZARD, real_runs, require_journals_taken_over
from ibf_pipeline.runs.revision import Revision
from ibf_pipeline.storage.file_sets import FileSetKind as KindOfFiles
from ibf_pipeline.storage.storage import Storage
from ibf_pipeline.storage.stored_folder import StoredFolder

AnyFindings = TypeVar("AnyFindings", bound=Findings)
_RUN_WAIT_SECONDS = 1800.0
"""for another run of the country: longer than a day of a large country takes"""
MANIFEST: Final = "manifest.json"
REPORT: Final = "report"
"""folder of it below that of the run"""
FOUND_PARTS: Final = ("events.json", "forecast.nc", "extents", REPORT)


class RunFolder:
    """A run: `runs/<ISO3>/<hazard>/<issue time>/`, complete if its manifest is there. Two of one path are equal.

    What an earlier version left in `runs/<ISO3>/<issue date>/` stays there and is continued there.

    Parameters
    ----------
    runs : Path
        Folder of the real days, or of the exercises.
    run : RunId
        Country, hazard and issue time.
    storage : Storage, optional
        Records and store; by default the records beside the runs, and no store.
    """

    def __init__(self, runs: Path, run: RunId, storage: Storage | None = None) -> None:
        self.id = run
        self.runs = runs
        self.path = run_folder_path(runs, run)
        self.storage = storage or Storage()

    @cached_property
    def kept(self) -> StoredFolder:
        """Its findings and short texts about it: on this machine and, with a store, in the store."""
        return self._place("run", self.place, self.path)

    @cached_property
    def report(self) -> StoredFolder:
        """Its report."""
        return self._place("report", f"{self.place}/{REPORT}", self.path / REPORT)

    def _place(self, kind: KindOfFiles, name: str, folder: Path) -> StoredFolder:
        return StoredFolder(name, kind, self.iso3, folder, lambda: self.records, self.storage.store)

    @property
    def place(self) -> str:
        """Its name in the records and the store, such as `UGA/floods/2026-02-15` or `exercises/UGA/...`."""
        return f"{EXERCISES}/{self.id}" if self.is_exercise else str(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunFolder) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def iso3(self) -> str:
        """Code of its country."""
        return self.id.country

    @property
    def hazard(self) -> str:
        """Name of its hazard."""
        return self.id.hazard

    @property
    def profile(self) -> HazardProfile:
        """Profile of its hazard."""
        return known_hazard(self.id.hazard).profile

    @property
    def issue_time(self) -> IssueTime:
        """Issue time of its forecast."""
        return self.id.issue_time

    @property
    def issue_date(self) -> date:
        """The day of its issue time, UTC."""
        return self.id.issue_time.day

    @property
    def is_exercise(self) -> bool:
        """Whether its forecast was made up."""
        return self.runs.name == EXERCISES

    @cached_property
    def records(self) -> Database:
        """The records.

        Raises
        ------
        ForbiddenByRule
            If journals of an earlier version of the country are not in them yet.
        """
        database = self.storage.database(real_runs(self.runs))
        require_journals_taken_over(real_runs(self.runs), self.iso3, self.hazard, database)
        return database

    def lease_name(self, target: str) -> str:
        """Name of the right to publish: the same for real days and exercises, which may share a target."""
        return f"{self.iso3}/{self.hazard}/{target}"

    def right_to_publish(
        self, target: str, purpose: str, elsewhere_seconds: float = 0
    ) -> AbstractContextManager[Lease]:
        """Hold the right to publish while something is decided or published.

        Parameters
        ----------
        target : str
            Name of the target.
        purpose : str
            What it is held for, for those who wait.
        elsewhere_seconds : float
            For how long a process of another machine is waited for; one that was lost holds the right that long.

        Raises
        ------
        ForbiddenByRule
            If somebody else holds it, saying who.
        """
        return lease(self.records, self.lease_name(target), purpose, elsewhere_seconds=elsewhere_seconds)

    def exclusive(self, purpose: str, wait_seconds: float = _RUN_WAIT_SECONDS) -> AbstractContextManager[Lease]:
        """Hold the country's hazard: for a run, real day or exercise, and for all else that writes what a run writes.

        Parameters
        ----------
        purpose : str
            What it is held for, for those who wait.
        wait_seconds : float
            For how long another run is waited for, which is logged.

        Raises
        ------
        ForbiddenByRule
            If the other one does not end in time, saying which it is.
        """
        return lease(self.records, f"{self.iso3}/{self.hazard}", purpose, wait_seconds)

    @property
    def is_whole(self) -> bool:
        """Whether all findings of the day are there, on this machine or in the store."""
        return self.kept.has(MANIFEST)

    def file(self, name: str) -> Path:
        """A file of the findings, such as `events.json`; it is fetched if it is not on this machine.

        Raises
        ------
        InputMissing
            If it was deleted from the store.
        StoreUnavailable
            If it cannot be fetched.
        """
        return self.kept.file(name)

    def findings(self) -> Findings:
        """The findings of the day.

        Raises
        ------
        InputMissing
            If the run was never finished, or its files are on another machine.
        InputInvalid
            If they are damaged, or those of another run.
        """
        if not self.is_whole:
            self._require_not_elsewhere()
            raise InputMissing(
                f"no finished run of {self.iso3} for {self.issue_time}",
                where=self.path,
                expected="a run folder with its manifest.json",
                remedy=f"run `ibf-pipeline run {self.iso3} --date {self.issue_time}`",
            )
        file = self.file("events.json")
        found = read_findings_json(file)
        said = RunId(found.country, found.hazard, found.issue_time)
        if said != self.id:
            raise InputInvalid(
                f"these are the findings of {said}",
                where=file,
                expected=f"those of {self.id}",
                remedy="put the folder back where it was, or run the day again",
            )
        return found

    def manifest(self) -> dict[str, Any]:
        """What the findings were made from.

        Raises
        ------
        InputInvalid
            If it cannot be read.
        """
        manifest = read_json_or_empty(self.file(MANIFEST))
        if not manifest:
            raise InputInvalid(
                "what a run was made from cannot be read",
                where=self.path / MANIFEST,
                expected="the manifest of a finished run",
                remedy="run the day again",
            )
        return manifest

    def _require_not_elsewhere(self) -> None:
        """InputMissing if the day was run and its files are gone: on another machine, or deleted."""
        kept = self.kept.newest()
        if kept is not None:
            kept.require_there()
        mine = (RUN.c[name] == value for name, value in self.key.items())
        if self.storage.records is not None and self.records.rows(select(RUN.c.id).where(*mine).limit(1)):
            self.kept.require_local()

    def findings_of(self, kind: type[AnyFindings]) -> AnyFindings:
        """The findings as a hazard's class.

        Raises
        ------
        InputInvalid
            If the run is of another hazard; further errors as `findings`.
        """
        found = self.findings()
        if not isinstance(found, kind):
            raise InputInvalid(
                f"this is a run of {found.hazard}",
                where=self.path,
                expected=f"what {kind.__name__} are of",
                remedy="name a run of that hazard",
            )
        return found

    def extent(self, file_name: str) -> Path:
        """The flood extent of a lead time."""
        return self.extents([file_name])[0]

    def extents(self, file_names: Sequence[str]) -> list[Path]:
        """Several flood extents, fetched together."""
        return self.kept.files([f"extents/{name}" for name in file_names]) if file_names else []

    def targets(self) -> list[str]:
        """Names of the targets for which something was planned."""
        return sorted({revision.target for revision in self._published(REVISION.c.issue_time == self._day)})

    def revisions(self, target: str) -> list[Revision]:
        """The revisions of the day on a target, oldest first."""
        return self._published(REVISION.c.issue_time == self._day, REVISION.c.target == target)

    def history(self, target: str) -> list[Revision]:
        """The revisions of the country on a target up to this day, newest first."""
        return self._published(REVISION.c.issue_time <= self._day, REVISION.c.target == target)[::-1]

    def earlier(self, target: str) -> list[Revision]:
        """The revisions of earlier days on a target, oldest first."""
        return self._published(REVISION.c.issue_time < self._day, REVISION.c.target == target)

    def later(self, target: str) -> list[Revision]:
        """The revisions of later days on a target, oldest first."""
        return self._published(REVISION.c.issue_time > self._day, REVISION.c.target == target)

    def dates(self, target: str) -> set[str]:
        """The `date` of every revision of the country on a target with at least one call made, exercises included.

        An upload with an unknown date counts as somebody else's: it is refused until an operator takes it over, and is
        never overwritten.
        """
        mine = (REVISION.c.country == self.iso3) & (REVISION.c.hazard == self.hazard) & (REVISION.c.target == target)
        begun = exists().where(ENTRY.c.revision == REVISION.c.id, ENTRY.c.state != "unused")
        rows = self.records.rows(select(REVISION.c.date).where(mine, begun, REVISION.c.date.is_not(None)))
        return {row.date for row in rows}

    @property
    def _day(self) -> str:
        return str(self.issue_time)

    @property
    def key(self) -> dict[str, object]:
        """Columns that identify the run in the records."""
        return {
            "country": self.iso3, "hazard": self.hazard, "issue_time": self._day, "exercise": self.is_exercise,
        }  # fmt: skip

    def _published(self, *which: ColumnElement[bool]) -> list[Revision]:
        """The one place that asks what was published: revisions by day and number."""
        table = REVISION.c
        mine = (table.country == self.iso3, table.hazard == self.hazard, table.exercise == self.is_exercise)
        wanted = select(table.id, table.issue_time, table.target, table.number).where(*mine, *which)
        return [
            Revision(self._on(IssueTime.parse(row.issue_time)), row.target, row.number, row.id)
            for row in self.records.rows(wanted.order_by(table.issue_time, table.target, table.number))
        ]

    def _on(self, issue_time: IssueTime) -> RunFolder:
        """The folder of another issue time."""
        if issue_time == self.issue_time:
            return self
        return RunFolder(self.runs, replace(self.id, issue_time=issue_time), self.storage)

    def next_number(self, target: str) -> int:
        """The number of the next revision on a target: 1 for the first."""
        revisions = self.revisions(target)
        return revisions[-1].number + 1 if revisions else 1

    def revision_folder(self, target: str, number: int) -> StoredFolder:
        """The folder with what a revision publishes, and short texts about it."""
        lies = f"targets/{target}/r{number}"
        return self._place("revision", f"{self.place}/{lies}", self.path / lies)


def run_folder_path(runs: Path, run: RunId) -> Path:
    """The folder of a run; the one of an earlier version, if the run is there."""
    new, old = runs / str(run), runs / run.country / str(run.issue_time)
    stays = run.hazard == LEGACY_HAZARD and old.is_dir() and not (new / MANIFEST).is_file()
    return old if stays else new
