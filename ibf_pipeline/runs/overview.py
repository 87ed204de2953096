"""Runs at a glance: how far each revision came, whether people were notified, and where the files are."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ibf_pipeline.domain.wording import counted, utc_text
from ibf_pipeline.errors import InputInvalid
from ibf_pipeline.runs.files import file_sets_of
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision, RevisionState
from ibf_pipeline.runs.run_index import RecordedRun, RunQuery, recorded_runs
from ibf_pipeline.storage.file_sets import FileSet
from ibf_pipeline.storage.storage import Storage

FINISHED, WITHDRAWAL, HELD_UNTIL = "finished", "withdrawal of", "held until"
"""how the states of revisions begin that a reader goes by"""


@dataclass(frozen=True, slots=True)
class RevisionOverview:
    """A revision at a glance."""

    target: str
    number: int
    state: str
    """`finished`, `held until ...`, `unconfirmed`, `given up`, `not finished`, `withdrawal of ...`, `damaged`"""
    notified: str
    """`notified`, `nobody notified`, `nobody was mailed`; empty if that is not decided yet"""


@dataclass(frozen=True, slots=True)
class RunOverview:
    """A run at a glance."""

    recorded: RecordedRun
    revisions: tuple[RevisionOverview, ...]
    files: str
    """where they are: `here`, `in the store`, both, `pruned`, `on another machine`, `nowhere any more`"""
    size: int
    """bytes: in the store, else here"""


def run_overviews(runs: Path, storage: Storage, wanted: RunQuery, target: str | None, most: int) -> list[RunOverview]:
    """The newest runs of all machines, newest issue time first.

    Parameters
    ----------
    runs : Path
        Folder of the real days.
    storage : Storage
        Records and store.
    wanted : RunQuery
        Which runs.
    target : str or None
        Only runs with a revision on this target, and only those revisions.
    most : int
        Number of runs at most.
    """
    found = list[RunOverview]()
    for each in recorded_runs(runs, storage, wanted):
        revisions = _revisions(each.run, target)
        if target is None or revisions:
            files, size = file_location(each.run, file_sets_of(each.run))
            found.append(RunOverview(each, revisions, files, size))
        if len(found) == most:
            break
    return found


def file_location(run: RunFolder, sets: Sequence[FileSet]) -> tuple[str, int]:
    """Where the files of a run are, in words, and their size in bytes. `sets`: those of the run in the store."""
    if not any(each.files for each in sets):
        here = _bytes_here(run.path)
        return ("here" if here else "on another machine" if run.storage.records else "nowhere any more"), here
    stored = {file.key: file.size for each in sets if each.pruned is None for file in each.files}
    of_run = next((each for each in sets if each.kind == "run"), None)
    if of_run is not None and of_run.pruned is not None:
        return "pruned", sum(stored.values())
    is_here = any((run.path / file.name).is_file() for file in of_run.files) if of_run is not None else False
    return "here and in the store" if is_here else "in the store", sum(stored.values())


def _bytes_here(folder: Path) -> int:
    files = {entry.st_ino: entry.st_size for entry in map(os.stat, _files(folder))}
    return sum(files.values())


def _files(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file() and not file.name.startswith(".")]


def _revisions(run: RunFolder, target: str | None) -> tuple[RevisionOverview, ...]:
    targets = run.targets() if target is None else [target]
    return tuple(revision_overview(revision) for each in targets for revision in run.revisions(each))


def revision_overview(revision: Revision) -> RevisionOverview:
    """A revision at a glance; `damaged` if it cannot be read."""
    state = revision.state()
    try:
        words, notified = _words(state), _notified(state)
    except InputInvalid:
        words, notified = "damaged", ""
    return RevisionOverview(revision.target, revision.number, words, notified)


def _words(state: RevisionState) -> str:
    about = state.revision.about()
    if state.unconfirmed_call is not None:
        return "unconfirmed" + (", given up" if state.is_closed else "")
    if state.is_closed:
        return "given up" if state.was_begun else "given up before its first call"
    if state.is_finished:
        return f"{WITHDRAWAL} {_these(about.withdraws)}" if about.withdraws else FINISHED
    if about.hold_until is not None and state.is_uploaded:
        return f"{HELD_UNTIL} {utc_text(about.hold_until)}"
    return f"not finished: {len(state.remaining_calls)} of {len(state.revision.calls())} calls left"


def _these(events: tuple[str, ...]) -> str:
    """The name of one event, the number of several."""
    return events[0] if len(events) == 1 else counted(len(events), "event")


def _notified(state: RevisionState) -> str:
    if state.has_notified:
        return "notified"
    if state.progress.is_unmailed:
        return "nobody was mailed"
    return "nobody notified" if state.unconfirmed_call is None and (state.is_closed or state.is_finished) else ""
