"""Runs at a glance: how far each revision came, whether people were notified, and where the files are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.files import sets_of
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.recorded import RecordedRun, recorded_runs
from ibf_pipeline.runs.revision import Revision, RevisionState
from ibf_pipeline.storage.retention import Row
from ibf_pipeline.storage.storage import Storage


@dataclass(frozen=True, slots=True)
class RevisionSeen:
    """A revision at a glance."""

    target: str
    number: int
    state: str
    """`finished`, `held until ...`, `unconfirmed`, `given up`, `not finished`, `withdrawal of ...`, `damaged`"""
    notified: str
    """`notified`, `nobody notified`, `nobody was mailed`; empty where that is not decided yet"""


@dataclass(frozen=True, slots=True)
class RunSeen:
    """A run at a glance."""

    recorded: RecordedRun
    revisions: tuple[RevisionSeen, ...]
    files: str
    """where they are: `here`, `in the store`, both, `pruned`, `on another machine`, `nowhere any more`"""
    size: int
    """bytes: in the store, else here"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs a person asks for."""

    country: str | None = None
    hazard: str | None = None
    since: date | None = None
    until: date | None = None
    """the last day"""
    target: str | None = None
    """only runs that something was planned for on it, and its revisions alone"""
    most: int = 30


def runs_seen(runs: Path, storage: Storage, wanted: Wanted) -> list[RunSeen]:
    """Runs of whatever machine, the newest issue time first. `runs`: the folder of the real days."""
    found = list[RunSeen]()
    for each in recorded_runs(
        runs, storage, wanted.country, hazard=wanted.hazard, since=wanted.since, until=wanted.until
    ):
        revisions = _revisions(each.run, wanted.target)
        if wanted.target is None or revisions:
            files, size = where(each.run, sets_of(each.run))
            found.append(RunSeen(each, revisions, files, size))
        if len(found) == wanted.most:
            break
    return found


def where(run: RunFolder, sets: Sequence[Row]) -> tuple[str, int]:
    """Where the files of a run are, in words, and their bytes. `sets`: those that the store has of it."""
    if not any(each.files for each in sets):
        here = _bytes_here(run.path)
        return ("here" if here else "on another machine" if run.storage.records else "nowhere any more"), here
    stored = {file.key: file.size for each in sets if not each.is_pruned for file in each.files}
    of_run = next((each for each in sets if each.kind == "run"), None)
    if of_run is not None and of_run.is_pruned:
        return "pruned", sum(stored.values())
    is_here = any((run.path / file.name).is_file() for file in of_run.files) if of_run is not None else False
    return "here and in the store" if is_here else "in the store", sum(stored.values())


def _bytes_here(folder: Path) -> int:
    files = {entry.st_ino: entry.st_size for entry in map(os.stat, _files(folder))}
    return sum(files.values())


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and not file.name.startswith(".")]


def _revisions(run: RunFolder, target: str | None) -> tuple[RevisionSeen, ...]:
    targets = run.targets() if target is None else [target]
    return tuple(seen(revision) for each in targets for revision in run.revisions(each))


def seen(revision: Revision) -> RevisionSeen:
    """A revision at a glance; one that cannot be read says so."""
    state = revision.state()
    try:
        words, notified = _words(state), _notified(state)
    except InputInvalid:
        words, notified = "damaged", ""
    return RevisionSeen(revision.target, revision.number, words, notified)


def _words(state: RevisionState) -> str:
    about = state.revision.about()
    if state.unknown_end is not None:
        return "unconfirmed" + (", given up" if state.is_closed else "")
    if state.is_closed:
        return "given up" if state.was_begun else "given up before its first call"
    if state.is_finished:
        return f"withdrawal of {', '.join(about.withdraws)}" if about.withdraws else "finished"
    if about.hold_until is not None and state.is_uploaded:
        return f"held until {about.hold_until[:16].replace('T', ' ')} UTC"
    return f"not finished: {len(state.left)} of {len(state.revision.calls())} calls left"


def _notified(state: RevisionState) -> str:
    if state.has_notified:
        return "notified"
    if state.progress.is_unmailed:
        return "nobody was mailed"
    settled = state.unknown_end is None and (state.is_closed or state.is_finished)
    return "nobody notified" if settled else ""
