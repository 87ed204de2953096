"""Files in the folders of one machine, from before there was a store: they are put into the store."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from sqlalchemy import select, union

from ibf_pipeline.io.json_files import read_json_or_empty
from ibf_pipeline.records.schema import REVISION, RUN
from ibf_pipeline.runs.folder import FOUND_PARTS, MANIFEST, REPORT, RunFolder
from ibf_pipeline.runs.observations import OBSERVATIONS, shared_event
from ibf_pipeline.runs.run_index import run_of
from ibf_pipeline.storage.notes import keep_note, note_of
from ibf_pipeline.storage.storage import Storage
from ibf_pipeline.storage.stored_folder import StoredFolder, below

_OF_REVISION = ("events.json", "plan.jsonl", "revision.json", "expected.json", "files")
_TEXTS_OF_RUN = ("comparisons/*.json",)
_TEXTS_OF_REVISION = ("*.json", "withdrawal.txt")
"""notes by now, which earlier versions had in these files alone"""


def store_local_runs(runs: Path, iso3: str, storage: Storage) -> int:
    """Put the runs and revisions of a country that are only on this machine into the store; it can be repeated.

    Parameters
    ----------
    runs : Path
        Folder of the real days.
    iso3 : str
        The country.
    storage : Storage
        With a store.

    Returns
    -------
    int
        Number of runs and revisions that were put there.

    Raises
    ------
    ForbiddenByRule
        While a run of the country is at work.
    StoreUnavailable
        If the store cannot be used.
    """
    return sum(_put(run) for run in _recorded(runs, iso3, storage))


def _recorded(runs: Path, iso3: str, storage: Storage) -> list[RunFolder]:
    of_country = (
        select(table.c.country, table.c.hazard, table.c.issue_time, table.c.exercise).where(table.c.country == iso3)
        for table in (RUN, REVISION)
    )
    rows = storage.database(runs).rows(union(*of_country))
    return [run_of(runs, storage, row) for row in sorted(rows)]


def _put(run: RunFolder) -> int:
    with run.exclusive("put files into the store", wait_seconds=0):
        parts = {MANIFEST, *FOUND_PARTS, *read_json_or_empty(run.path / MANIFEST).get("further_parts", ())} - {REPORT}
        done = (run.path / MANIFEST).is_file() and _keep(run.kept, parts)
        revisions = [revision for target in run.targets() for revision in run.revisions(target)]
        _keep_texts(run.kept, _TEXTS_OF_RUN)
        for each in revisions:
            _keep_texts(each.kept, _TEXTS_OF_REVISION)
        _share_observations(run)
        return int(done) + sum(_keep(each.kept, _OF_REVISION, each.row) for each in revisions)


def _keep(place: StoredFolder, parts: Collection[str], revision: int | None = None) -> bool:
    """Whether there was something that the store did not have."""
    names = [name for name in below(place.folder) if name.split("/")[0] in parts]
    if not names or not place.is_local() or place.newest() is not None:
        return False
    files = place.put(place.folder, names)
    with place.records().transaction() as connection:
        place.record(connection, files, revision)
    place.mark_local(files)
    return True


def _keep_texts(place: StoredFolder, patterns: Collection[str]) -> None:
    """Let the records have the short texts about a place that lie in its folder alone."""
    for file in (file for pattern in patterns for file in sorted(place.folder.glob(pattern))):
        name = file.relative_to(place.folder).as_posix()
        if name not in _OF_REVISION and not name.startswith(".") and note_of(place.records(), place.name, name) is None:
            keep_note(place.records(), place.name, name, file.read_text(encoding="utf-8"))


def _share_observations(run: RunFolder) -> None:
    """Let other machines have what was observed of events."""
    for folder in sorted((run.path / OBSERVATIONS).glob("*/")):
        shared = shared_event(run, folder)
        if shared is not None and not shared.place.sets():
            with shared.place.exclusive(f"is sharing {folder.name}"):
                shared.share()
