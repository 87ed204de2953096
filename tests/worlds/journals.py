"""A journal by itself: its revision is of no run."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, update

from ibf_pipeline.publish.call import Call
from ibf_pipeline.publish.journal import Journal
from ibf_pipeline.records.open import beside, open_records
from ibf_pipeline.records.schema import REVISION
from ibf_pipeline.runs.folder import RunFolder
from ibf_pipeline.runs.revision import Revision, RevisionAbout
from tests.worlds.countries.made_found import found


def journal_in(folder: Path, clock: Callable[[], datetime], number: int = 1) -> Journal:
    """The journal of a revision in the records of a folder; the same one for the same number."""
    database = open_records(beside(folder))
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
    staging = run.stage(revision.target, number)
    shutil.copytree(revision.folder, staging, dirs_exist_ok=True)
    (staging / "journal.jsonl").unlink(missing_ok=True)
    return run.allot(revision.target, number, staging, revision.found(), revision.calls(), revision.about())


def planned(run: RunFolder, about: RevisionAbout | None = None) -> Revision:
    """The first revision of a day without alerts, and not a call made."""
    about = about or RevisionAbout(
        f"{run.issue_date}T00:00:00Z", "portal", "http://portal", "current", "asked", True, "hash"
    )
    calls = [Call(1, "exposure", "POST", "/exposure", body={})]
    return run.allot("portal", 1, run.stage("portal", 1), found([], []), calls, about)
