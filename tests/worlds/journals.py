"""A journal by itself: its revision is of no run; and a target that counts."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, update

from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.publish.publisher import Answer
from ibf_pipeline.records.database import open_records, records_url
from ibf_pipeline.records.schema import REVISION
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision, RevisionMetadata
from ibf_pipeline.runs.revision_staging import begin_revision, keep_revision
from tests.worlds.countries.flood_findings import found


class Counting:
    """A target that carries everything out and counts it, and what happens at a call."""

    def __init__(self, on_call: Callable[[int], None] = lambda number: None) -> None:
        self.sent: Counter[int] = Counter()
        self.on_call = on_call

    def send(self, call: Call) -> Answer:
        self.sent[call.number] += 1
        self.on_call(call.number)
        return Answer(201, "")


def journal_in(folder: Path, clock: Callable[[], datetime], number: int = 1) -> Journal:
    """The journal of a revision in the records of a folder; the same one for the same number."""
    database = open_records(records_url(folder))
    key = {
        "country": "XTY", "hazard": "floods", "issue_time": "2026-02-15", "exercise": False, "target": "portal",
        "number": number,
    }  # fmt: skip
    with database.transaction() as connection:
        there = select(func.count()).select_from(REVISION).where(REVISION.c.number == number)
        if not connection.execute(there).scalar_one():
            connection.execute(REVISION.insert().values(id=number, **key))
    return Journal(database, number, "XTY/floods/portal", folder / "journal.jsonl", clock)


def change_record(revision: Revision, **values: str | None) -> None:
    """Let the records say something else of a revision: `about`, `plan` or `date`."""
    with revision.run.records.transaction() as connection:
        connection.execute(update(REVISION).where(REVISION.c.id == revision.row).values(**values))


def once_more(revision: Revision) -> Revision:
    """The next revision of a day, planned like this one, and not a call made."""
    run, number = revision.run, revision.number + 1
    staging = begin_revision(run, revision.target, number)
    shutil.copytree(revision.folder, staging, dirs_exist_ok=True)
    (staging / "journal.jsonl").unlink(missing_ok=True)
    return keep_revision(run, revision.target, number, staging, revision.findings(), revision.calls(), revision.about())


def planned(run: RunFolder, about: RevisionMetadata | None = None) -> Revision:
    """The first revision of a day without alerts, and not a call made."""
    about = about or RevisionMetadata(
        f"{run.issue_date}T00:00:00Z", "portal", "http://portal", "current", "asked", True, "hash"
    )
    calls = [Call(1, "exposure", "POST", "/exposure", body={})]
    return keep_revision(run, "portal", 1, begin_revision(run, "portal", 1), found([], []), calls, about)
