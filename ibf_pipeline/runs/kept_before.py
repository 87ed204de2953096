"""What lies in the folders of one machine alone, from before there was a store: put there."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import select

from ibf_pipeline.domain.issue_time import IssueTime
from ibf_pipeline.domain.run_id import RunId
from ibf_pipeline.io.notes import read_note
from ibf_pipeline.records.open import beside, open_records
from ibf_pipeline.records.schema import REVISION, RUN
from ibf_pipeline.runs.folder import FOUND_PARTS, MANIFEST, REPORT, RunFolder
from ibf_pipeline.runs.observations import FOLDER, shared_event
from ibf_pipeline.runs.taken_over import EXERCISES
from ibf_pipeline.storage.notes import keep_note, note_of
from ibf_pipeline.storage.place import Place, below
from ibf_pipeline.storage.storage import Storage

_OF_REVISION = ("events.json", "plan.jsonl", "revision.json", "expected.json", "files")
_TEXTS_OF_RUN = ("comparisons/*.json",)
_TEXTS_OF_REVISION = ("*.json", "withdrawal.txt")
"""notes by now, which earlier versions had in these files alone"""


def put_earlier(runs: Path, iso3: str, storage: Storage) -> int:
    """Put the runs and revisions of a country that are only in the folders of this machine into the store; how many.

    It can be repeated, on each machine. `runs`: the folder of the real days. ForbiddenByRule while a run of the country
    is at work; StoreUnavailable.
    """
    return sum(_put(run) for run in _recorded(runs, iso3, storage))


def _recorded(runs: Path, iso3: str, storage: Storage) -> list[RunFolder]:
    database = open_records(storage.records or beside(runs))
    found = set()
    for table in (RUN, REVISION):
        wanted = select(table.c.hazard, table.c.issue_time, table.c.exercise).where(table.c.country == iso3)
        found |= {tuple(row) for row in database.rows(wanted.distinct())}
    return [
        RunFolder(runs / EXERCISES if exercise else runs, RunId(iso3, hazard, IssueTime.parse(text)), storage)
        for hazard, text, exercise in sorted(found)
    ]


def _put(run: RunFolder) -> int:
    with run.alone("put files into the store", patience_seconds=0):
        parts = {MANIFEST, *FOUND_PARTS, *read_note(run.path / MANIFEST).get("further_parts", ())} - {REPORT}
        done = (run.path / MANIFEST).is_file() and _keep(run.kept, parts)
        revisions = [revision for target in run.targets() for revision in run.revisions(target)]
        _keep_texts(run.kept, _TEXTS_OF_RUN)
        for each in revisions:
            _keep_texts(each.kept, _TEXTS_OF_REVISION)
        _share_observations(run)
        return int(done) + sum(_keep(each.kept, _OF_REVISION, each.row) for each in revisions)


def _keep(place: Place, parts: Collection[str], revision: int | None = None) -> bool:
    """Whether there was something that the store did not have."""
    names = [name for name in below(place.folder) if name.split("/")[0] in parts]
    if not names or not place.is_of_this_machine() or place.newest() is not None:
        return False
    files = place.put(place.folder, names)
    with place.records().transaction() as connection:
        place.record(connection, files, revision)
    place.is_here(files)
    return True


def _keep_texts(place: Place, patterns: Collection[str]) -> None:
    """Let the records have the short texts about a place that lie in its folder alone."""
    for file in (file for pattern in patterns for file in sorted(place.folder.glob(pattern))):
        name = file.relative_to(place.folder).as_posix()
        if name not in _OF_REVISION and not name.startswith(".") and note_of(place.records(), place.name, name) is None:
            keep_note(place.records(), place.name, name, file.read_text(encoding="utf-8"))


def _share_observations(run: RunFolder) -> None:
    """Let other machines have what was observed of events."""
    for folder in sorted((run.path / FOLDER).glob("*/")):
        shared = shared_event(run, folder)
        if shared is not None and not shared.place.sets():
            with shared.place.alone(f"is sharing {folder.name}"):
                shared.share()
