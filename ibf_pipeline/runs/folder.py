"""The folder of a run: what the day found, and the revisions that were published of it."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ibf_pipeline.domain.found import Found
from ibf_pipeline.errors import InputInvalid, InputMissing
from ibf_pipeline.io.writing import sync_folder, write_text, writing
from ibf_pipeline.prepare.stamp import sha256
from ibf_pipeline.publish.call import Call, FileBody, read_plan, write_plan
from ibf_pipeline.runs.findings import read_found, write_found

log = logging.getLogger(__name__)


EXERCISES = "exercises"
"""folder below that of the runs, and below that of the sandbox: exercises leave nothing among real days"""


_FOUND_PARTS = ("events.json", "forecast.nc", "extents", "report")


@dataclass(frozen=True, slots=True)
class Revision:
    """The n-th publication of a country for one issue date on one target."""

    folder: Path
    number: int

    @property
    def journal_file(self) -> Path:
        """What happened to each call."""
        return self.folder / "journal.jsonl"

    @property
    def notices_file(self) -> Path:
        """What people must be told beside the target's own messages."""
        return self.folder / "notices.json"

    @property
    def preview_file(self) -> Path:
        """The server's preview of the mail, as it answered."""
        return self.folder / "preview.json"

    def calls(self) -> list[Call]:
        """Its plan."""
        return read_plan(self.folder / "plan.jsonl")

    def about(self) -> RevisionAbout:
        """What it was planned with; InputInvalid where it is damaged."""
        file = self.folder / "revision.json"
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
            lists = {name: tuple(content.get(name, ())) for name in ("withdraws", "left_out", "issued_today")}
            return RevisionAbout(**{**content, **lists})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise InputInvalid(
                f"what the revision was planned with cannot be read ({type(error).__name__})",
                where=file,
                expected="revision.json as it was written",
                remedy="bring it back from a back-up",
            ) from None

    def found(self) -> Found:
        """What is published with it; a later run of the day does not change it."""
        return read_found(self.folder / "events.json")


@dataclass(frozen=True, slots=True)
class RevisionAbout:
    """What a revision was planned with."""

    date: str
    """the `date` of every call"""
    target: str
    url: str
    capabilities: str
    reason: str
    """why these capabilities"""
    notify: bool
    content: str
    """hash of what is published, without the date"""
    hold_until: str | None = None
    """the notification waits for a person's approval until then (UTC); afterwards nobody is notified"""
    withdraws: tuple[str, ...] = ()
    """events that this revision takes back"""
    left_out: tuple[str, ...] = ()
    """what the country wants and the target does not get, with the reason"""
    before: dict[str, str] = field(default_factory=dict)
    """events that were active on the target before: name -> alert level"""
    stations: dict[str, str] = field(default_factory=dict)
    """the stations that these belong to: name -> station code"""
    issued_today: tuple[str, ...] = ()
    """those of them that were first issued on this very day: the server issues them anew"""
    unconfirmed: dict[str, str] = field(default_factory=dict)
    """events of earlier days whose notification is unconfirmed and given up by this revision: name -> issue date"""
    last_upload: str | None = None
    """the server's last upload when it was planned, empty where there was none; None: not kept"""


class RunFolder:
    """`runs/<ISO3>/<issue date>/`: whole where its manifest is there."""

    def __init__(self, runs: Path, iso3: str, issue_date: date) -> None:
        self.path = runs / iso3 / issue_date.isoformat()
        self.iso3 = iso3
        self.issue_date = issue_date

    @property
    def run_lock(self) -> Path:
        """Held by a whole run of the country, and by whoever else writes what a run writes.

        Beside the country's real days, also for an exercise: one target may be that of both.
        """
        return real_runs(self.path.parents[1]) / self.iso3 / ".floods.lock"

    @property
    def is_whole(self) -> bool:
        """Whether a day's findings are there, all of them."""
        return (self.path / "manifest.json").is_file()

    def begin(self) -> Path:
        """An empty folder for new findings; the old ones stay until `finish`."""
        partial = self.path / ".part"
        shutil.rmtree(partial, ignore_errors=True)
        with writing(partial):
            (partial / "extents").mkdir(parents=True)
        return partial

    def finish(self, partial: Path, manifest: Mapping[str, Any]) -> None:
        """Put new findings in the place of the old ones; the manifest comes last and makes the folder whole."""
        with writing(self.path):
            write_json(partial / "manifest.json", manifest)  # the last thing that can need space on the disk
            (self.path / "manifest.json").unlink(missing_ok=True)
            for name in (*_FOUND_PARTS, "manifest.json"):
                old, new = self.path / name, partial / name
                if old.is_dir():
                    old.rename(partial / f"old-{name}")  # in one step, whoever is still writing into it
                elif old.exists():
                    old.unlink()
                if new.exists():
                    new.rename(old)
            shutil.rmtree(partial)

    def found(self) -> Found:
        """What the day found; InputMissing where the run never got that far."""
        if not self.is_whole:
            raise InputMissing(
                f"no finished run of {self.iso3} for {self.issue_date}",
                where=self.path,
                expected="a run folder with its manifest.json",
                remedy=f"run `ibf-pipeline run {self.iso3} --date {self.issue_date}`",
            )
        return read_found(self.path / "events.json")

    def extent(self, file_name: str) -> Path:
        """The raster of a lead time."""
        return self.path / "extents" / file_name

    def targets(self) -> list[str]:
        """Names of the targets that something was planned for."""
        return sorted(entry.name for entry in (self.path / "targets").glob("*") if entry.is_dir())

    def revisions(self, target: str) -> list[Revision]:
        """The revisions of a target whose plan is on disk, oldest first."""
        folder = self.path / "targets" / target
        numbers = [int(match.group(1)) for entry in folder.glob("r*") if (match := re.fullmatch(r"r(\d+)", entry.name))]
        return [Revision(folder / f"r{number}", number) for number in sorted(numbers)]

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
        self, target: str, number: int, staging: Path, found: Found, calls: Iterable[Call], about: RevisionAbout
    ) -> Revision:
        """Put a revision's plan in its place: from now on it is resumed and never replaced."""
        final = self.path / "targets" / target / f"r{number}"
        with writing(final):
            write_plan(calls, staging / "plan.jsonl")
            write_found(found, staging / "events.json")
            write_json(staging / "revision.json", asdict(about))
            sync_folder(staging)
            staging.rename(final)
            sync_folder(final.parent)  # after a power cut the plan must be there whenever one of its calls was made
        return Revision(final, number)


def with_exercises(runs: Path, iso3: str) -> list[RunFolder]:
    """The run folders of a country, real days and exercises, whichever of the two `runs` is the folder of."""
    real = real_runs(runs)
    return [*runs_of(real, iso3), *runs_of(real / EXERCISES, iso3)]


def real_runs(runs: Path) -> Path:
    """The folder of the real days, whichever of the two `runs` is."""
    return runs.parent if runs.name == EXERCISES else runs


def runs_of(runs: Path, iso3: str) -> list[RunFolder]:
    """The run folders of a country, oldest issue date first; a folder whose name is no date is left out."""
    found = []
    for entry in sorted((runs / iso3).glob("????-??-??")):
        try:
            issue_date = date.fromisoformat(entry.name)
        except ValueError:
            log.warning("%s is the folder of no day: left out", entry)
            continue
        if entry.is_dir():
            found.append(RunFolder(runs, iso3, issue_date))
    return found


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
    write_text(file, json.dumps(content, indent=1, ensure_ascii=False, default=_plain))


def _plain(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a manifest")
