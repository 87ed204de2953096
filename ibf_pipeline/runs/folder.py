"""The folder of a run: what the day found, and the revisions that were published of it."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, exists, select

from ibf_pipeline.domain.findings import Findings
from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.profile import HazardProfile
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.hazards.known import known_hazard
from ibf_pipeline.io.digest import sha256
from ibf_pipeline.io.notes import read_note
from ibf_pipeline.io.sql import Database, is_there
from ibf_pipeline.io.writing import sync_folder, write_text, writing
from ibf_pipeline.publish.call import Call, FileBody, as_lines
from ibf_pipeline.records.lease import Lease, lease
from ibf_pipeline.records.open import beside, open_records
from ibf_pipeline.records.schema import ENTRY, REVISION, RUN
from ibf_pipeline.runs.findings import read_found, write_found
from ibf_pipeline.runs.revision import Revision, RevisionAbout, as_text
from ibf_pipeline.runs.taken_over import EARLIER_HAZARD, EXERCISES, real_runs, require_taken_over
from ibf_pipeline.storage.kept import Kind as KindOfFiles
from ibf_pipeline.storage.place import Place, below
from ibf_pipeline.storage.storage import Storage

log = logging.getLogger(__name__)

Kind = TypeVar("Kind", bound=Findings)
PATIENCE_SECONDS = 1800.0
"""for another run of the country: longer than a day of a large country takes"""
MANIFEST: Final = "manifest.json"
REPORT: Final = "report"
"""folder of it below that of the run"""
FOUND_PARTS: Final = ("events.json", "forecast.nc", "extents", REPORT)


class RunFolder:
    """`runs/<ISO3>/<hazard>/<issue time>/`: whole where its manifest is there. Two of one path are the same.

    What an earlier version left in `runs/<ISO3>/<issue date>/` stays there, and is gone on with there.
    """

    def __init__(self, runs: Path, run: RunId, storage: Storage | None = None) -> None:
        """`storage`: records and store; the records beside the runs, and no store, where none is given."""
        self.id = run
        self.runs = runs
        self.path = place_of(runs, run)
        self.storage = storage or Storage()

    @cached_property
    def kept(self) -> Place:
        """What the day found, and short texts about it: on this machine and, with a store, there."""
        return self._place("run", self.place, self.path)

    @cached_property
    def report(self) -> Place:
        """Its report."""
        return self._place("report", f"{self.place}/{REPORT}", self.path / REPORT)

    def _place(self, kind: KindOfFiles, name: str, folder: Path) -> Place:
        return Place(name, kind, self.iso3, folder, lambda: self.records, self.storage.store)

    @property
    def place(self) -> str:
        """What the records and the store call it, such as `UGA/floods/2026-02-15` or `exercises/UGA/...`."""
        return f"{EXERCISES}/{self.id}" if self.is_exercise else str(self.id)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunFolder) and self.path == other.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def iso3(self) -> str:
        """Of its country."""
        return self.id.country

    @property
    def hazard(self) -> str:
        """Name of its hazard."""
        return self.id.hazard

    @property
    def profile(self) -> HazardProfile:
        """Of its hazard."""
        return known_hazard(self.id.hazard).profile

    @property
    def issue_time(self) -> IssueTime:
        """Of its forecast."""
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
        """The records; ForbiddenByRule where journals of an earlier version of the country are not in them yet."""
        database = open_records(self.storage.records or beside(real_runs(self.runs)))
        require_taken_over(real_runs(self.runs), self.iso3, self.hazard, database)
        return database

    def days(self) -> list[RunFolder]:
        """The run folders of the country and hazard of the same kind, this one among them; the oldest first."""
        return runs_of(self.runs, self.iso3, self.hazard, self.storage)

    def lease_name(self, target: str) -> str:
        """Of the right to publish: the same for real days and exercises, whose target may be one."""
        return f"{self.iso3}/{self.hazard}/{target}"

    def right_to_publish(self, target: str, purpose: str) -> AbstractContextManager[Lease]:
        """Held while something is decided or published; ForbiddenByRule that says who holds it already."""
        return lease(self.records, self.lease_name(target), purpose)

    def alone(self, purpose: str, patience_seconds: float = PATIENCE_SECONDS) -> AbstractContextManager[Lease]:
        """Held by a whole run of the country, real day or exercise, and by whoever else writes what a run writes.

        Waits for another one, and says so; ForbiddenByRule that names it where it does not end in time.
        """
        return lease(self.records, f"{self.iso3}/{self.hazard}", purpose, patience_seconds)

    @property
    def is_whole(self) -> bool:
        """Whether a day's findings are there, all of them; with a store, on this machine or not."""
        return self.kept.has(MANIFEST)

    def file(self, name: str) -> Path:
        """A file of the day's findings, such as `events.json`; brought where it is not on this machine.

        InputMissing where it was deleted from the store; StoreUnavailable.
        """
        return self.kept.file(name)

    def begin(self) -> Path:
        """An empty folder for new findings; the old ones stay until `finish`."""
        partial = self.path / ".part"
        shutil.rmtree(partial, ignore_errors=True)
        with writing(partial):
            (partial / "extents").mkdir(parents=True)
        return partial

    def finish(self, partial: Path, manifest: Mapping[str, Any]) -> None:
        """Put new findings in the place of the old ones; the manifest comes last and makes the folder whole."""
        further = sorted({part.name for part in partial.iterdir()} - set(FOUND_PARTS))
        parts = (*FOUND_PARTS, *further, *read_note(self.path / MANIFEST).get("further_parts", ()))
        with writing(self.path):
            content = {**manifest, "further_parts": further} if further else manifest
            write_json(partial / MANIFEST, content)
        row = {
            **self._key, **{name: str(manifest.get(name, "")) for name in ("source", "arrived", "headline")},
            "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        with self.alone("record a run") as held:
            files = self.kept.put(partial, [name for name in below(partial) if not name.startswith(f"{REPORT}/")])
            earlier = self.report.newest()

            def add(connection: Connection, again: bool) -> None:
                held.fence_off(connection)
                if again and is_there(connection, RUN, row):
                    return
                connection.execute(RUN.insert().values(**row))
                self.kept.record(connection, files)
                if earlier is not None and earlier.files:
                    self.report.record(connection, [])  # it is of other findings

            self.records.write(add)
        with writing(self.path):  # only renames are left: nothing needs space on the disk any more
            (self.path / MANIFEST).unlink(missing_ok=True)
            for name in (*dict.fromkeys(parts), MANIFEST):
                old, new = self.path / name, partial / name
                if old.is_dir():
                    old.rename(partial / f"old-{name}")  # in one step, whoever is still writing into it
                elif old.exists():
                    old.unlink()
                if new.exists():
                    new.rename(old)
            shutil.rmtree(partial, ignore_errors=self.storage.store is not None)
        self.kept.is_here(files)

    def found(self) -> Findings:
        """What the day found; InputMissing where the run never got that far."""
        if not self.is_whole:
            self._require_not_elsewhere()
            raise InputMissing(
                f"no finished run of {self.iso3} for {self.issue_time}",
                where=self.path,
                expected="a run folder with its manifest.json",
                remedy=f"run `ibf-pipeline run {self.iso3} --date {self.issue_time}`",
            )
        file = self.file("events.json")
        found = read_found(file)
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
        """What made the findings; InputInvalid where it cannot be read."""
        manifest = read_note(self.file(MANIFEST))
        if not manifest:
            raise InputInvalid(
                "what a run was made from cannot be read",
                where=self.path / MANIFEST,
                expected="the manifest of a finished run",
                remedy="run the day again",
            )
        return manifest

    def _require_not_elsewhere(self) -> None:
        """InputMissing where the day was run and its files are gone: on another machine, or deleted."""
        kept = self.kept.newest()
        if kept is not None:
            kept.require_there()
        mine = (RUN.c[name] == value for name, value in self._key.items())
        if self.storage.records is not None and self.records.rows(select(RUN.c.id).where(*mine).limit(1)):
            self.kept.require_on_this_machine()

    def found_of(self, kind: type[Kind]) -> Kind:
        """The same as the findings of a hazard; InputInvalid where it is another's."""
        found = self.found()
        if not isinstance(found, kind):
            raise InputInvalid(
                f"this is a run of {found.hazard}",
                where=self.path,
                expected=f"what {kind.__name__} are of",
                remedy="name a run of that hazard",
            )
        return found

    def extent(self, file_name: str) -> Path:
        """The raster of a lead time."""
        return self.extents([file_name])[0]

    def extents(self, file_names: Sequence[str]) -> list[Path]:
        """Those of several, brought together."""
        return self.kept.files([f"extents/{name}" for name in file_names]) if file_names else []

    def targets(self) -> list[str]:
        """Names of the targets that something was planned for."""
        return sorted({revision.target for revision in self._published(REVISION.c.issue_time == self._day)})

    def revisions(self, target: str) -> list[Revision]:
        """The revisions of the day on a target, oldest first."""
        return self._published(REVISION.c.issue_time == self._day, REVISION.c.target == target)

    def history(self, target: str) -> list[Revision]:
        """The revisions of the country on a target up to this day, newest first."""
        return self._published(REVISION.c.issue_time <= self._day, REVISION.c.target == target)[::-1]

    def earlier(self, target: str) -> list[Revision]:
        """Those of the days before."""
        return self._published(REVISION.c.issue_time < self._day, REVISION.c.target == target)

    def later(self, target: str) -> list[Revision]:
        """Those of the days after."""
        return self._published(REVISION.c.issue_time > self._day, REVISION.c.target == target)

    def dates(self, target: str) -> set[str]:
        """The `date` of every revision of the country on a target of which at least one call was made, exercises too.

        An upload of a date that is not known counts as somebody else's: refused until a person takes it over, never
        overwritten.
        """
        mine = (REVISION.c.country == self.iso3) & (REVISION.c.hazard == self.hazard) & (REVISION.c.target == target)
        begun = exists().where(ENTRY.c.revision == REVISION.c.id, ENTRY.c.state != "unused")
        rows = self.records.rows(select(REVISION.c.date).where(mine, begun, REVISION.c.date.is_not(None)))
        return {row.date for row in rows}

    @property
    def _day(self) -> str:
        return str(self.issue_time)

    @property
    def _key(self) -> dict[str, object]:
        """Of the run in the records."""
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
        """The number that a new revision gets: 1 for the first."""
        revisions = self.revisions(target)
        return revisions[-1].number + 1 if revisions else 1

    def attach(self, staging: Path, source: Path, name: str) -> FileBody:
        """A file of the run for a call, kept with the revision so that later runs cannot change it."""
        target = staging / "files" / name
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, target)
            except OSError:
                shutil.copyfile(source, target)
        return FileBody(f"files/{name}", name, sha256(target))

    def stage(self, target: str, number: int) -> Path:
        """An empty folder in which a revision is put together."""
        staging = self.path / "targets" / target / f".r{number}.part"
        shutil.rmtree(staging, ignore_errors=True)
        with writing(staging):
            staging.mkdir(parents=True)
        return staging

    def allot(
        self, target: str, number: int, staging: Path, found: Findings, calls: Iterable[Call], about: RevisionAbout
    ) -> Revision:
        """Put a revision's plan in its place: from now on it is resumed and never replaced."""
        final = self.path / "targets" / target / f"r{number}"
        plan, described = as_lines(calls), as_text(about)
        values = {"target": target, "number": number, "date": about.date, "about": described, "plan": plan}
        with self.right_to_publish(target, "plan") as held:
            with writing(final):
                write_found(found, staging / "events.json")
                (staging / "plan.jsonl").write_text(plan, encoding="utf-8")
                (staging / "revision.json").write_text(described, encoding="utf-8")
                sync_folder(staging)
            kept, of_run = self.place_of_revision(target, number), self.kept.newest()
            files = kept.put(staging, known=of_run.files if of_run is not None and of_run.pruned is None else ())

            def add(connection: Connection, again: bool) -> None:
                held.fence_off(connection)
                revision = {**self._key, **values}
                if not (again and is_there(connection, REVISION, revision)):
                    row = connection.execute(REVISION.insert().values(**revision).returning(REVISION.c.id))
                    kept.record(connection, files, row.scalar_one())
                if again and not staging.is_dir():
                    return  # the try before had come so far
                with writing(final):
                    if final.is_dir():
                        shutil.rmtree(final)  # of an attempt that ended before it was recorded: no call was made of it
                    staging.rename(final)
                    sync_folder(final.parent)  # after a power cut its files must be there whenever a call was made

            self.records.write(add)
            kept.is_here(files)
        return self.revisions(target)[-1]

    def place_of_revision(self, target: str, number: int) -> Place:
        """Of what a revision publishes, and of short texts about it."""
        lies = f"targets/{target}/r{number}"
        return self._place("revision", f"{self.place}/{lies}", self.path / lies)


def place_of(runs: Path, run: RunId) -> Path:
    """The folder of a run; where an earlier version left it, if that is where it is."""
    new, old = runs / str(run), runs / run.country / str(run.issue_time)
    stays = run.hazard == EARLIER_HAZARD and old.is_dir() and not (new / MANIFEST).is_file()
    return old if stays else new


def runs_of(runs: Path, iso3: str, hazard: str, storage: Storage | None = None) -> list[RunFolder]:
    """The runs of a country and hazard, oldest first: those that were recorded, on whatever machine they ran, and
    without a store those that are in the folder. A folder whose name is no issue time is left out.
    """
    storage = storage or Storage()
    mine = (RUN.c.country == iso3, RUN.c.hazard == hazard)
    found = {IssueTime.parse(text) for text in _recorded(runs, storage, RUN.c.issue_time, *mine)}
    places = [runs / iso3 / hazard, *([runs / iso3] if hazard == EARLIER_HAZARD else [])]
    for entry in (entry for place in places if storage.store is None for entry in place.glob("????-??-??*")):
        try:
            issue_time = IssueTime.parse(entry.name)
        except ValueError:
            log.warning("%s is the folder of no day: left out", entry)
            continue
        if entry.is_dir():
            found.add(issue_time)
    return [RunFolder(runs, RunId(iso3, hazard, issue_time), storage) for issue_time in sorted(found)]


def countries_run(runs: Path, hazard: str, storage: Storage) -> list[str]:
    """ISO3 codes of the countries that have runs of a hazard; of those in the folder the hazard is not known."""
    found = set(_recorded(runs, storage, RUN.c.country, RUN.c.hazard == hazard))
    if storage.store is None:
        found |= {path.name for path in runs.glob("[A-Z][A-Z][A-Z]") if path.is_dir()}
    return sorted(found)


def _recorded(runs: Path, storage: Storage, what: Column[str], *which: ColumnElement[bool]) -> list[str]:
    """What the records tell of runs; those of one machine lie beside its folders, which tell the same."""
    if storage.records is None and storage.store is None:
        return []
    wanted = select(what.label("what")).where(RUN.c.exercise == (runs.name == EXERCISES), *which).distinct()
    return [row.what for row in open_records(storage.records or beside(real_runs(runs))).rows(wanted)]


def content_hash(calls: Iterable[Call]) -> str:
    """Hash of what calls publish, whatever their `date` and numbers: equal for a repeated run of the same content."""
    digest = hashlib.sha256()
    for call in calls:
        body = {key: value for key, value in (call.body or {}).items() if key != "date"}
        file = call.file.sha256 if call.file else None
        digest.update(json.dumps([call.method, call.path, dict(call.query), body, file], sort_keys=True).encode())
    return digest.hexdigest()


def write_json(file: Path, content: Mapping[str, Any]) -> None:
    """Write JSON, whole or not at all."""
    write_text(file, as_json(content))


def as_json(content: Mapping[str, Any]) -> str:
    """As it is written for people."""
    return json.dumps(content, indent=1, ensure_ascii=False, default=_plain)


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a manifest")
